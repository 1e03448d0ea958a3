"""CPTV, version 2: the recordings of the Cacophony Project's thermal cameras, 16 bits, lossless.

Gzip around sections of fields: "H" describes the recording and each "F" a frame. A field is the
length of its value, one letter and the value, little-endian. A frame is told as differences:
between neighbours, on a path that turns back at each line's end, of what changed since the frame
before.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock, Frame

_MAGIC = b"CPTV\x02"
_DAMAGED = (EOFError, OSError, zlib.error, struct.error)
_DEPTH = 65_535

Fields = dict[str, bytes]


def cptv_frames(path: Path) -> Iterator[Frame]:
    """The frames, at the recording's own times; its picture of the background is left out.

    No more than one frame is in memory, however far the file unpacks. Raises FrameUnreadable,
    where the damage is: the frames before it have come.
    """
    try:
        with gzip.open(path) as file:
            head = _head(file)
            width, height = _number(head, "X"), _number(head, "Y")
            if not 0 < width * height <= MAX_PIXELS:
                raise FrameUnreadable(f"{path.name}: {width} × {height} pixels")
            before = np.zeros((height, width), np.int64)
            start_us, first_ms = _number(head, "T"), None
            while fields := _section(file, b"F"):
                before = _frame(fields, _read(file, _size(fields, before.size)), before)
                if fields.get("g", b"\0") != b"\0":
                    continue
                on_ms = _number(fields, "t")  # since the camera was switched on
                first_ms = on_ms if first_ms is None else first_ms
                at_us = start_us + (on_ms - first_ms) * 1000
                yield Frame(before.astype(np.uint16), at_us, Clock.FILE)
    except _DAMAGED as error:
        raise FrameUnreadable(f"{path.name}: {type(error).__name__}") from error


def _head(file: io.BufferedIOBase) -> Fields:
    if _read(file, len(_MAGIC)) != _MAGIC:
        raise FrameUnreadable("no CPTV of version 2")
    return _section(file, b"H") or {}


def _section(file: io.BufferedIOBase, kind: bytes) -> Fields | None:
    """None at the end of the file."""
    found = file.read(1)
    if not found:
        return None
    if found != kind:
        raise FrameUnreadable(f"section {found!r} where {kind!r} was due")
    fields = {}
    for _ in range(_read(file, 1)[0]):
        length, letter = _read(file, 2)
        fields[chr(letter)] = _read(file, length)
    return fields


def _read(file: io.BufferedIOBase, count: int) -> bytes:
    octets = file.read(count)
    if len(octets) != count:
        raise EOFError
    return octets


def _number(fields: Fields, letter: str) -> int:
    if letter not in fields:
        raise FrameUnreadable(f"no field {letter!r}")
    return int.from_bytes(fields[letter], "little")


def _size(fields: Fields, pixels: int) -> int:
    """How many octets a frame takes: told, and checked before any is read."""
    told, bits = _number(fields, "f"), _number(fields, "w")
    if not 1 <= bits <= 32 or told != 4 + ((pixels - 1) * bits + 7) // 8:
        raise FrameUnreadable(f"{told} octets for {pixels} pixels of {bits} bits")
    return told


def _frame(fields: Fields, packed: bytes, before: NDArray[np.int64]) -> NDArray[np.int64]:
    steps = np.empty(before.size, np.int64)
    steps[0] = struct.unpack_from("<i", packed)[0]
    steps[1:] = _signed(packed[4:], _number(fields, "w"), before.size - 1)
    change = np.cumsum(steps).reshape(before.shape)
    change[1::2] = change[1::2, ::-1].copy()
    pixels = before + change
    if pixels.min() < 0 or pixels.max() > _DEPTH:
        raise FrameUnreadable("grey values beyond 16 bits")
    return pixels


def _signed(packed: bytes, bits: int, count: int) -> NDArray[np.int64]:
    """Two's complements of so many bits each, the highest first."""
    if bits == 8:
        return np.frombuffer(packed, np.int8, count).astype(np.int64)
    ones = np.unpackbits(np.frombuffer(packed, np.uint8), count=count * bits)
    weights = np.int64(1) << np.arange(bits - 1, -1, -1, dtype=np.int64)
    weights[0] = -weights[0]
    return ones.reshape(count, bits).astype(np.int64) @ weights
