"""Hand a sector's frames to every hub that follows it; a slow one gets a fresh snapshot."""

import asyncio
from collections.abc import AsyncIterator

from watchline.live.model import Frame, TrackRow, encode

#: Frames a follower may lag before it is sent the whole picture instead.
_MAX_LAG = 64


class Broadcaster:
    """One sector's picture in the worker and the queues of those who follow it.

    Lives in the event loop; the pipeline's thread hands frames over by `call_soon_threadsafe`.
    """

    def __init__(self, sector: str) -> None:
        self._sector = sector
        self._rows: dict[int, TrackRow] = {}
        self._last: Frame | None = None
        self._followers: set[asyncio.Queue[bytes | None]] = set()

    def publish(self, frame: Frame) -> None:
        """Keep the picture and pass the frame on."""
        if frame.snapshot:
            self._rows.clear()
        for row in frame.up:
            self._rows[row[0]] = row
        for no in frame.gone:
            self._rows.pop(no, None)
        self._last = frame
        data = _framed(frame)
        for queue in self._followers:
            if queue.qsize() < _MAX_LAG:
                queue.put_nowait(data)
            else:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(_framed(self.snapshot()))

    def snapshot(self) -> Frame:
        """The whole picture as one frame."""
        last = self._last
        return Frame(
            sector=self._sector,
            epoch=0 if last is None else last.epoch,
            rev=0 if last is None else last.rev,
            at_us=0 if last is None else last.at_us,
            snapshot=True,
            up=list(self._rows.values()),
            changed=["incidents", "sensors", "geofences"],
        )

    async def follow(self) -> AsyncIterator[bytes]:
        """Length-prefixed frames, a snapshot first, until closed."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        queue.put_nowait(_framed(self.snapshot()))
        self._followers.add(queue)
        try:
            while (data := await queue.get()) is not None:
                yield data
        finally:
            self._followers.discard(queue)

    def close(self) -> None:
        """End every follower's stream."""
        for queue in self._followers:
            queue.put_nowait(None)


def _framed(frame: Frame) -> bytes:
    data = encode(frame)
    return len(data).to_bytes(4, "big") + data
