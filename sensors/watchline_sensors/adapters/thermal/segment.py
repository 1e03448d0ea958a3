"""A file of shots: records one after the other, each whole or not there.

A record is a head (mark, length of the body, time, CRC-32 of time and body) and a body (outlines
and JPEG as msgpack). What a power cut has torn off fails its CRC and is left out by who reads;
nothing is ever written behind it, since every start begins a new file.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from watchline_sensors.contract import Outline

#: A record's body at most; a longer one is a length that has come to harm.
MAX_BODY = 32_000_000
_MARK = b"WLs1"
_HEAD = struct.Struct("<4sIqI")
_TIME = struct.Struct("<q")


class Shot(NamedTuple):
    """One kept frame: its time (µs since 1970 UTC), its picture, and the tracklets in it."""

    at_us: int
    jpeg: bytes
    outlines: tuple[Outline, ...] = ()


class _Body(msgspec.Struct, frozen=True, array_like=True):
    outlines: tuple[Outline, ...]
    jpeg: bytes


class Place(NamedTuple):
    """Where a shot lies: file, the octet its record begins at, its time."""

    path: Path
    offset: int
    at_us: int


def record(shot: Shot) -> bytes:
    """A shot as it lies in the file; raises ValueError when it is too large for one."""
    body = msgspec.msgpack.encode(_Body(shot.outlines, shot.jpeg))
    if len(body) > MAX_BODY:
        raise ValueError(f"a shot of {len(body)} octets")
    return _HEAD.pack(_MARK, len(body), shot.at_us, _crc(shot.at_us, body)) + body


def places(path: Path) -> Iterator[Place]:
    """Where the file's shots lie, without their pictures; a torn end is left out.

    Only heads are read: whether a body is sound, `read` finds out. Raises OSError.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        offset = 0
        while offset + _HEAD.size <= size:
            file.seek(offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            mark, length, at_us, _ = _HEAD.unpack(head)
            end = offset + _HEAD.size + length
            if mark != _MARK or length > MAX_BODY or end > size:
                return
            yield Place(path, offset, at_us)
            offset = end


def read(place: Place) -> Shot | None:
    """The shot at a place; None when it has come to harm. Raises OSError."""
    with place.path.open("rb") as file:
        file.seek(place.offset)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        mark, length, at_us, crc = _HEAD.unpack(head)
        if mark != _MARK or length > MAX_BODY:
            return None
        octets = file.read(length)
    if len(octets) < length or _crc(at_us, octets) != crc:
        return None
    try:
        body = msgspec.msgpack.decode(octets, type=_Body)
    except msgspec.DecodeError:
        return None
    return Shot(at_us, body.jpeg, body.outlines)


def _crc(at_us: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_TIME.pack(at_us)))
