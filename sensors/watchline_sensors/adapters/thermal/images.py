"""Frames kept as images: a folder of them in the order of their names, or one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock, Frame

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
_FORMATS = ("PNG", "JPEG", "TIFF")
#: Pillow's modes of grey values; colour is for cameras that save grey that way.
_EIGHT, _SIXTEEN = ("L", "RGB"), ("I;16", "I;16L", "I;16B")
_MOST_OCTETS = 64 << 20


def image_frames(where: Path, *, start_us: int, fps: float) -> Iterator[Frame | FrameUnreadable]:
    """The images of a folder, or the one that `where` is: the first at `start_us`, `fps` a second.

    An image that cannot be read comes as its error and takes its turn, so that those after it
    keep their times. Raises FrameUnreadable when there is no image at all.
    """
    if where.is_dir():
        paths = sorted(p for p in where.iterdir() if p.suffix.lower() in SUFFIXES)
    else:
        paths = [where]
    if not paths:
        raise FrameUnreadable(f"{where.name}: no images in it")
    for k, path in enumerate(paths):
        try:
            yield Frame(image(path), start_us + round(k * 1e6 / fps), Clock.FILE)
        except FrameUnreadable as error:
            yield error


def image(path: Path) -> NDArray[Any]:
    """(h, w) uint8 or uint16 of a PNG, JPEG or TIFF file; raises FrameUnreadable."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_OCTETS:
            raise FrameUnreadable(f"{path.name}: no file of at most {_MOST_OCTETS >> 20} MB")
        with Image.open(path, formats=_FORMATS) as picture:
            return pixels(picture, path.name)
    except FrameUnreadable:
        raise
    except Exception as error:  # a damaged file makes Pillow raise nearly anything
        raise FrameUnreadable(f"{path.name}: {type(error).__name__}") from error


def pixels(picture: Image.Image, name: str) -> NDArray[Any]:
    """(h, w) uint8 or uint16 of an image not loaded yet; raises FrameUnreadable and Pillow's."""
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise FrameUnreadable(f"{name}: {width} × {height} pixels, {MAX_PIXELS:,} is the limit")
    if picture.mode in _SIXTEEN:
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in _EIGHT:
        return np.asarray(picture.convert("L"))
    raise FrameUnreadable(f"{name}: grey values of 8 or 16 bits are read, not {picture.mode}")
