"""A frame as a JPEG to look at. What is masked in the frame is one grey in the picture, too."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.detect import normalise

QUALITY = 85
#: A JPEG's blocks; what rings, rings within one.
_BLOCK = 8
#: Of a 16-bit frame is shown what lies between these, in spreads from its middle value. Warm is
#: more of interest than cold.
_DARKEST, _BRIGHTEST = -1.0, 2.0
#: How a picture is made smaller: at first its quality, then its sides.
_SMALLER = ((60, 1), (40, 1), (60, 2), (40, 2), (40, 4), (40, 8), (40, 16))


def whole_blocks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask grown to whole blocks of a JPEG, so that none holds masked pixels and others."""
    high, wide = mask.shape
    padded = np.pad(mask, ((0, -high % _BLOCK), (0, -wide % _BLOCK)))
    rows, columns = (side // _BLOCK for side in padded.shape)
    blocks = padded.reshape(rows, _BLOCK, columns, _BLOCK).any(axis=(1, 3))
    return np.repeat(np.repeat(blocks, _BLOCK, axis=0), _BLOCK, axis=1)[:high, :wide]


def shown(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """(h, w) of 8 bits as they are; of 16 bits stretched over what most of the frame holds.

    Raises FrameRefused.
    """
    if pixels.dtype == np.uint8:
        return pixels
    flat = normalise(pixels)[0, 0]
    flat -= np.float32(_DARKEST)
    flat *= np.float32(255.0 / (_BRIGHTEST - _DARKEST))
    return np.rint(np.clip(flat, 0.0, 255.0, out=flat)).astype(np.uint8)


def jpeg(pixels: NDArray[Any], blocks: NDArray[np.bool_] | None = None) -> bytes:
    """The picture of a frame that is masked already; raises FrameRefused.

    `blocks` are its mask grown by `whole_blocks`: they become one grey each, the frame's middle
    one, so that a decoded picture has no other value there.
    """
    grey = shown(pixels)
    if blocks is not None and blocks.any():
        clear = grey[~blocks]
        grey = np.where(blocks, np.uint8(np.median(clear)) if clear.size else np.uint8(0), grey)
    return _coded(Image.fromarray(grey), QUALITY)


def within(picture: bytes, max_bytes: int) -> bytes:
    """The same JPEG, or a coarser, then a smaller one of at most so many octets."""
    for quality, part in _SMALLER:
        if len(picture) <= max_bytes:
            break
        with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
            smaller = image.reduce(part) if part > 1 else image
            coded = _coded(smaller, quality)
        if len(coded) <= max_bytes or (quality, part) == _SMALLER[-1]:
            return coded
    return picture


def _coded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
