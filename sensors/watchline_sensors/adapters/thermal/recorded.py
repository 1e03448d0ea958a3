"""The frames of a recorded video file, 8 or 16 bits, at the times the file gives them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av

from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.grey import grey

#: Containers only: a playlist would send the reader to other files, or over the network.
_FORMATS = "matroska,webm,mov,mp4,avi,mpegts"


def recorded_frames(path: Path, *, start_us: int, counts: Counter[str]) -> Iterator[Frame]:
    """The frames of mp4, mkv (FFV1 gray16le keeps 16 bits exactly), avi or ts; the first is at
    `start_us`.

    `counts` gains: frames, undecoded (packets), untimed (frames without a time, left out).
    Raises FrameUnreadable (no file, no video, damaged so that nothing can follow, or
    more than MAX_PIXELS), FrameTooLarge (a later frame has).
    """
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    options["max_pixels"] = str(MAX_PIXELS)
    try:
        with av.open(f"file:{path.resolve()}", options=options) as container:
            if not container.streams.video:
                raise FrameUnreadable(f"{path.name}: no video in it")
            stream = container.streams.video[0]
            if not stream.width:  # FFmpeg forgets it when the limit is passed
                raise FrameUnreadable(f"{path.name}: damaged, or more than {MAX_PIXELS:,} pixels")
            first: int | None = None
            for packet in container.demux(stream):
                try:
                    pictures = packet.decode()
                except av.InvalidDataError:
                    counts["undecoded"] += 1
                    continue
                for picture in pictures:
                    if picture.pts is None or picture.time_base is None:
                        counts["untimed"] += 1
                        continue
                    first = picture.pts if first is None else first
                    at_us = start_us + int((picture.pts - first) * picture.time_base * 1_000_000)
                    counts["frames"] += 1
                    yield Frame(grey(picture), at_us, Clock.FILE)
    except (av.FFmpegError, OSError) as error:
        raise FrameUnreadable(f"{path.name}: {error.strerror}") from error
