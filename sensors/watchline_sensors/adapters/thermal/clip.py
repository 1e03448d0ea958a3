"""Shots as moving pictures: WebM with VP8, which every browser plays and nobody has to license.

Each frame is shown at its own time, counted from the first; a frame is whole each 2 s, so that a
player can jump.
"""

import io
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.segment import Shot

#: Bits a second at most.
BITRATE = 1_000_000
_LEAST_BITRATE = 50_000
_KEY_US = 2_000_000
#: Wider pictures are halved until they are not.
_MAX_SIDE = 1920
#: Share of the octets that the first try aims at.
_AIM = 0.8
#: Video's usual range for what is 0..255 in the pictures.
_RANGE = np.rint(16.0 + np.arange(256) * (219.0 / 255.0)).astype(np.uint8)
_MS = Fraction(1, 1000)


class Clip(NamedTuple):
    """A film, the times of its first and last frame (µs since 1970 UTC), and how many it has."""

    octets: bytes
    from_us: int
    until_us: int
    frames: int


def clip(shots: Callable[[], Iterable[Shot]], *, length_us: int, max_bytes: int) -> Clip | None:
    """A film of the shots that every call of `shots` gives, of about `length_us`; None of none.

    When it is larger than `max_bytes` it is made again, coarser and then smaller. One thread,
    and the quickest of VP8's settings: it shares its processor with detection.
    """
    seconds = max(1.0, length_us / 1e6)
    bitrate = int(min(BITRATE, _AIM * 8 * max_bytes / seconds))
    part = 1
    while True:
        made = _encoded(shots(), bitrate, part)
        if made is None or len(made.octets) <= max_bytes or part >= 64:
            return made
        bitrate = max(_LEAST_BITRATE, int(bitrate * 0.8 * max_bytes / len(made.octets)))
        part *= 2


def _encoded(shots: Iterable[Shot], bitrate: int, part: int) -> Clip | None:
    box = io.BytesIO()
    first_us = last_us = key_us = 0
    frames = 0
    size: tuple[int, int] | None = None
    # Exact: the same shots are the same octets, without numbers drawn by lot.
    with av.open(box, "w", format="webm", options={"fflags": "+bitexact"}) as out:
        stream: VideoStream | None = None
        for shot in shots:
            # Two frames of a millisecond are one to the format.
            if frames and shot.at_us // 1000 <= last_us // 1000:
                continue
            luma = _luma(shot.jpeg, part, size)
            if stream is None:
                size = luma.shape[1], luma.shape[0]
                stream = _stream(out.add_stream("libvpx", rate=1000), size, bitrate)
                first_us = key_us = shot.at_us
            frame = _frame(luma)
            frame.pts, frame.time_base = shot.at_us // 1000 - first_us // 1000, _MS
            if not frames or shot.at_us - key_us >= _KEY_US:
                frame.pict_type, key_us = PictureType.I, shot.at_us
            out.mux(stream.encode(frame))
            last_us = shot.at_us
            frames += 1
        if stream is None:
            return None
        out.mux(stream.encode(None))
    return Clip(box.getvalue(), first_us, last_us, frames)


def _stream(stream: VideoStream, size: tuple[int, int], bitrate: int) -> VideoStream:
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.bit_rate = bitrate
    stream.codec_context.time_base = _MS
    stream.codec_context.thread_count = 1
    stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    return stream


def _luma(jpeg: bytes, part: int, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """The grey values, sides even; a picture of another size than the first takes its size."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.load()
        while max(image.size) // part > _MAX_SIDE:
            part *= 2
        small = image.convert("L").reduce(part) if part > 1 else image.convert("L")
    even = max(2, small.width // 2 * 2), max(2, small.height // 2 * 2)
    size = even if size is None else size
    if even != size or 1 in small.size:
        small = small.resize(size)
    return np.asarray(small)[: size[1], : size[0]]


def _frame(luma: NDArray[np.uint8]) -> av.VideoFrame:
    high, wide = luma.shape
    planes = np.full((high * 3 // 2, wide), 128, np.uint8)
    np.take(_RANGE, luma, out=planes[:high])
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")
