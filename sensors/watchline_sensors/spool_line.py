"""The line before the spool: puts get their numbers here and wait for the commit they share.

A group closes at 64 rows, 50 ms after its first put, or as soon as everybody who has been
putting lately waits in it, whichever comes first: a lone producer never waits for company,
and fifty radars do not sync the disk five hundred times a second.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from watchline_sensors.clock import steady_us
from watchline_sensors.contract import Detection, Health, Item, SensorInfo
from watchline_sensors.errors import SpoolClosed, SpoolError
from watchline_sensors.spool_model import (
    KIND_DETECTION,
    KIND_HEALTH,
    KIND_SENSOR_INFO,
    DeadLetter,
    Row,
)

GROUP_ROWS = 64
GROUP_US = 50_000
MAX_ITEM_BYTES = 16 * 1024
_ACTIVE_US = 200_000
_KINDS = {SensorInfo: KIND_SENSOR_INFO, Detection: KIND_DETECTION, Health: KIND_HEALTH}

_encoder = msgspec.msgpack.Encoder()

#: Called with a put's last seq and its rows, before they are on disk.
Numbered = Callable[[int, Sequence[Row]], None]


@dataclass(slots=True, kw_only=True)
class Put:
    """Items under consecutive seqs; `letters` are those that cannot be sent.

    `own`: the edge's own words, which are sent even when the disk refuses them.
    """

    first_seq: int
    last_seq: int
    rows: list[Row]
    letters: list[DeadLetter]
    own: bool
    done: asyncio.Future[None]

    def finish(self, answer: SpoolError | None) -> None:
        """Wake whoever waits, unless it was cancelled meanwhile."""
        if self.done.done():
            return
        if answer is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(answer)


class PutLine:
    """Puts in the order of their seqs, which count from 1."""

    def __init__(self, on_numbered: Numbered | None) -> None:
        self.closed = False
        self._on_numbered = on_numbered
        self._numbered_seq = 0
        self._waiting: list[Put] = []
        self._producers: dict[int, int] = {}
        self._arrived = asyncio.Event()

    def join(self, items: Sequence[Item], *, own: bool = False) -> Put:
        """Number these items and let them wait; raises SpoolClosed.

        Does not await, so that seqs and line have one order.
        """
        if self.closed:
            raise SpoolClosed
        first_seq = self._numbered_seq + 1
        self._numbered_seq += len(items)
        encoded = [encode_item(seq, item) for seq, item in enumerate(items, start=first_seq)]
        put = Put(
            first_seq=first_seq,
            last_seq=self._numbered_seq,
            rows=[one for one in encoded if isinstance(one, Row)],
            letters=[one for one in encoded if isinstance(one, DeadLetter)],
            own=own,
            done=asyncio.get_running_loop().create_future(),
        )
        if self._on_numbered is not None:
            self._on_numbered(put.last_seq, put.rows)
        self._waiting.append(put)
        self._producers[id(asyncio.current_task())] = steady_us()
        self._arrived.set()
        return put

    async def next_group(self) -> list[Put]:
        """The puts to commit together; empty only when the line is closed and through."""
        await self._arrived.wait()
        deadline_us = steady_us() + GROUP_US
        while not self.closed and (now_us := steady_us()) < deadline_us and not self._ripe(now_us):
            self._arrived.clear()
            with suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it may swallow a cancellation.
                async with asyncio.timeout((deadline_us - now_us) / 1e6):
                    await self._arrived.wait()
        group, self._waiting = self._waiting, []
        if not self.closed:
            self._arrived.clear()
        return group

    def _ripe(self, now_us: int) -> bool:
        self._producers = {
            who: at_us for who, at_us in self._producers.items() if now_us - at_us < _ACTIVE_US
        }
        return (
            len(self._waiting) >= max(1, len(self._producers))
            or sum(len(put.rows) for put in self._waiting) >= GROUP_ROWS
        )

    def close(self) -> None:
        """Take no more; what waits still comes out."""
        self.closed = True
        self._arrived.set()


def encode_item(seq: int, item: Item) -> Row | DeadLetter:
    """An item as it is spooled, or as a dead letter when no hub could ever take it."""
    body = b""
    try:
        kind, at_us = _KINDS[type(item)], item.at_us
        body = _encoder.encode(item)
    except (KeyError, AttributeError, TypeError, ValueError, OverflowError, RecursionError):
        code = "item.unencodable"
    else:
        if len(body) > MAX_ITEM_BYTES:
            code = "item.too_large"
        elif not isinstance(at_us, int) or abs(at_us) >= 2**60:
            code = "item.time_invalid"
        else:
            return Row(seq=seq, at_us=at_us, kind=kind, body=body)
    return DeadLetter(seq=seq, at_us=0, kind=-1, body=body or repr(item).encode(), code=code)
