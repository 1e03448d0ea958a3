"""FLIR's radiometric JPEG: the counts of the sensor and the temperatures they stand for.

APP1 segments that begin with "FLIR" are pieces of one FFF file: a head, a directory of blocks and
the blocks. One block is the raw image (plain, or as PNG or TIFF), one describes the camera. FLIR
has published none of it; the places of the fields are those that the ExifTool project lists
(exiftool.org/TagNames/FLIR.html), held here against the files of three cameras.
"""

import io
import math
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.images import pixels

_FLIR = b"FLIR\0"
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_RAW, _CAMERA = 1, 32
_ENTRY = 32
_RAW_HEAD = 32
_MOST_BLOCKS = 64
_MOST_OCTETS = 64 << 20
_KELVIN = 273.15


class Camera(NamedTuple):
    """What turns counts into temperatures: the maker's Planck curve, R1, B, F, O and R2, and more.

    Emissivity is of the object, the reflected temperature of its surroundings.
    """

    emissivity: float
    distance_m: float
    reflected_k: float
    r1: float
    b: float
    f: float
    o: float
    r2: float


class Radiometric(NamedTuple):
    """(h, w) counts, and the same in °C; nan where the curve has no value."""

    raw: NDArray[np.uint16]
    celsius: NDArray[np.float32]
    camera: Camera


def radiometric(jpeg: bytes) -> Radiometric:
    """What a radiometric JPEG holds; raises FrameUnreadable."""
    if len(jpeg) > _MOST_OCTETS:
        raise FrameUnreadable(f"more than {_MOST_OCTETS >> 20} MB")
    try:
        blocks = _blocks(_fff(jpeg))
        camera = _camera(blocks[_CAMERA])
        raw = _raw(blocks[_RAW])
    except KeyError as error:
        raise FrameUnreadable(f"no FLIR block of type {error}") from None
    except struct.error:
        raise FrameUnreadable("a FLIR block is cut short") from None
    return Radiometric(raw, celsius(raw, camera), camera)


def celsius(raw: NDArray[np.uint16], camera: Camera) -> NDArray[np.float32]:
    """Temperatures by Planck's law, T = B / ln(R1 / (R2 (S + O)) + F), without an atmosphere.

    What the object reflects of its surroundings, 1 - emissivity, is taken off first.
    """
    reflected = (1.0 - camera.emissivity) * _counts(camera.reflected_k, camera)
    own = (raw - reflected) / camera.emissivity
    with np.errstate(all="ignore"):
        ratio = camera.r1 / (camera.r2 * (own + camera.o)) + camera.f
        kelvin = camera.b / np.log(ratio)
        kelvin = np.where((own + camera.o > 0) & (kelvin > 0), kelvin, np.nan)
        return (kelvin - _KELVIN).astype(np.float32)


def _counts(kelvin: float, camera: Camera) -> float:
    """What a black body of this temperature makes the sensor count."""
    return camera.r1 / (camera.r2 * (math.exp(camera.b / kelvin) - camera.f)) - camera.o


def _fff(jpeg: bytes) -> bytes:
    """The pieces in their order."""
    pieces: dict[int, bytes] = {}
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker in (_SCAN, _END) or length < 2:
            break
        body = jpeg[at + 4 : at + 2 + length]
        if marker == _APP1 and body.startswith(_FLIR) and len(body) > 8:
            pieces.setdefault(body[6], body[8:])
            last = body[7]
        at += 2 + length
    if not pieces or set(pieces) != set(range(last + 1)):
        raise FrameUnreadable("no FLIR segments, or not all of them")
    return b"".join(pieces[k] for k in range(last + 1))


def _blocks(fff: bytes) -> dict[int, bytes]:
    """The first block of each type."""
    if fff[:4] != b"FFF\0":
        raise FrameUnreadable("the FLIR segments hold no FFF file")
    order = ">" if struct.unpack_from(">I", fff, 20)[0] < 1000 else "<"
    first, count = struct.unpack_from(f"{order}II", fff, 24)
    blocks: dict[int, bytes] = {}
    for k in range(min(count, _MOST_BLOCKS)):
        kind, at, length = struct.unpack_from(f"{order}H10xII", fff, first + k * _ENTRY)
        if kind and at + length <= len(fff):
            blocks.setdefault(kind, fff[at : at + length])
    return blocks


def _order(block: bytes) -> str:
    """The makers' blocks begin with a 2 in their own order of octets."""
    return "<" if block[:2] == b"\2\0" else ">"


def _camera(block: bytes) -> Camera:
    order = _order(block)
    emissivity, distance_m, reflected_k = struct.unpack_from(f"{order}3f", block, 0x20)
    r1, b, f = struct.unpack_from(f"{order}3f", block, 0x58)
    o, r2 = struct.unpack_from(f"{order}if", block, 0x308)
    camera = Camera(emissivity, distance_m, reflected_k, r1, b, f, float(o), r2)
    sound = (
        all(map(math.isfinite, camera))
        and 0.01 <= emissivity <= 1.0
        and 100.0 <= reflected_k <= 2000.0
        and 1.0 <= r1 <= 1e9
        and 100.0 <= b <= 10_000.0
        and 0.0 < f <= 1000.0
        and 1e-9 <= r2 <= 1e3
        and math.exp(b / reflected_k) - f > 1e-6
    )
    if not sound:
        raise FrameUnreadable("its camera has no Planck constants, or senseless ones")
    return camera


def _raw(block: bytes) -> NDArray[np.uint16]:
    order = _order(block)
    width, height = struct.unpack_from(f"{order}HH", block, 2)
    if not 0 < width * height <= MAX_PIXELS:
        raise FrameUnreadable(f"{width} × {height} pixels")
    data = block[_RAW_HEAD:]
    if data[:4] in (b"\x89PNG", b"II*\0", b"MM\0*"):
        raw = _decoded(data)
        raw = raw.byteswap() if data[:1] == b"\x89" else raw  # FLIR's PNGs are little-endian
    elif len(data) >= 2 * width * height:
        raw = np.frombuffer(data, f"{order}u2", width * height).reshape(height, width)
    else:
        raise FrameUnreadable("the raw image is cut short")
    if raw.shape != (height, width) or raw.dtype.itemsize != 2:
        raise FrameUnreadable(f"the raw image is not one of {width} × {height} counts")
    return raw.astype(np.uint16)


def _decoded(data: bytes) -> NDArray[np.uint16]:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "TIFF")) as picture:
            return pixels(picture, "raw image")
    except FrameUnreadable:
        raise
    except Exception as error:  # a damaged image makes Pillow raise nearly anything
        raise FrameUnreadable(f"raw image: {type(error).__name__}") from error
