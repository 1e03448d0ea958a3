"""Find people and vehicles in one thermal frame, on a processor alone.

The network lies in data/models/thermal (how it was made, and how good it is, stands there). It
takes a normalised frame and gives a grid: cells of 4 × 4 pixels, each with a logit per class, the
offset of an object's middle from the cell's (x, y) and the logarithm of its width and height, all
in cells.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.errors import ConfigError

#: Classes in the order of the grid's first channels.
CLASSES = ("person", "vehicle", "animal", "other")
STRIDE = 4
#: The network's own grain: sides are padded to multiples of this.
GRAIN = 32
#: Frames beyond this are refused before anything is made of them: 4K has 8.3 million.
MAX_PIXELS = 10_000_000
#: The one network that this version knows (data/models/thermal/thermal.onnx).
SHA256 = "105cfd67f4bd82252d6c0406438894de16cfaa55a8658248dfd6848bd0a4496e"
#: Two boxes of a class that overlap more are one object.
OVERLAP = 0.5
#: A frame's usual grey values lie between these shares of it, which become one apart.
LOW, MID, HIGH = 0.1, 0.5, 0.9
_LEAST_SPREAD = 4.0
_LIMITS = -4.0, 8.0

#: (k, 6): x0, y0, x1, y1 in pixels, score 0..1, index of the class; best first.
Found = NDArray[np.float32]


class FrameRefused(ValueError):
    """A frame that cannot be looked at; `args[0]` is a code."""


class Model(NamedTuple):
    """A network on disk and what its octets must hash to."""

    path: Path
    sha256: str = SHA256


def normalise(frame: NDArray[Any]) -> NDArray[np.float32]:
    """(h, w) grey values of 8 or 16 bits to (1, 1, h, w), independent of gain and offset.

    What a camera's automatic gain does to a frame as a whole is undone: the middle value becomes
    0 and the distance between the 10 % and 90 % values 1. Raises FrameRefused
    (`frame.shape`, `frame.depth`, `frame.size`).
    """
    if frame.ndim != 2 or not frame.size:
        raise FrameRefused("frame.shape")
    if frame.dtype not in (np.uint8, np.uint16):
        raise FrameRefused("frame.depth")
    if frame.size > MAX_PIXELS:
        raise FrameRefused("frame.size")
    some = np.ascontiguousarray(frame).ravel()[::7]
    low, mid, high = np.quantile(some, (LOW, MID, HIGH))
    scale = 1.0 / max(high - low, _LEAST_SPREAD)
    flat = (frame.astype(np.float32) - np.float32(mid)) * np.float32(scale)
    return np.clip(flat, *_LIMITS, out=flat)[None, None]


def found(grid: NDArray[np.float32], *, least: float, most: int = 200) -> Found:
    """What one grid (classes + 4, gh, gw) tells, from a score of `least` on."""
    logits, box = grid[: len(CLASSES)], grid[len(CLASSES) :]
    bar = np.log(least / (1.0 - least))
    kind, row, column = np.nonzero(logits > bar)
    value = logits[kind, row, column]
    peak = value >= _highest_around(logits)[kind, row, column]
    kind, row, column, value = kind[peak], row[peak], column[peak], value[peak]
    order = np.argsort(-value, kind="stable")[:most]
    kind, row, column, value = kind[order], row[order], column[order], value[order]
    dx, dy, w, h = box[:, row, column]
    x, y = column + 0.5 + dx, row + 0.5 + dy
    w, h = np.exp(np.clip(w, -4.0, 5.0)), np.exp(np.clip(h, -4.0, 5.0))
    score = 1.0 / (1.0 + np.exp(-value))
    sides = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * STRIDE
    return _alone(np.concatenate([sides, score[None], kind[None]]).T.astype(np.float32))


def _highest_around(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The greatest of each cell and its eight neighbours."""
    rows = np.maximum(logits[:, 1:], logits[:, :-1])
    tall = logits.copy()
    tall[:, 1:] = np.maximum(tall[:, 1:], rows)
    tall[:, :-1] = np.maximum(tall[:, :-1], rows)
    columns = np.maximum(tall[:, :, 1:], tall[:, :, :-1])
    wide = tall.copy()
    wide[:, :, 1:] = np.maximum(wide[:, :, 1:], columns)
    wide[:, :, :-1] = np.maximum(wide[:, :, :-1], columns)
    return wide


def overlaps(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """(n, m) intersections over unions of boxes whose first four columns are x0, y0, x1, y1."""
    a, b = a[:, :4].astype(np.float64), b[:, :4].astype(np.float64)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0.0, None), axis=2)
    whole = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None] + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return both / np.maximum(whole - both, 1e-9)


def _alone(rows: Found) -> Found:
    """Of boxes of a class that overlap, the best."""
    same = (overlaps(rows, rows) > OVERLAP) & (rows[:, None, 5] == rows[None, :, 5])
    kept = np.zeros(len(rows), np.bool_)
    for k in range(len(rows)):
        kept[k] = not (same[k] & kept).any()
    return rows[kept]


class Detector:
    """The network, ready; one is used by one thread at a time."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        """Read it; raises ConfigError when it is missing, altered, or onnxruntime is."""
        try:
            octets = model.path.read_bytes()
        except OSError as error:
            raise ConfigError([f"thermal model {model.path}: {error.strerror}"]) from error
        if hashlib.sha256(octets).hexdigest() != model.sha256:
            raise ConfigError([f"thermal model {model.path}: not the one this version knows"])
        try:
            import onnxruntime
        except ImportError as error:
            needed = "thermal cameras need: pip install watchline-sensors[thermal]"
            raise ConfigError([needed]) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            octets, options, providers=["CPUExecutionProvider"]
        )

    def grid(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's answer to a normalised frame (1, 1, h, w)."""
        high, wide = (-side % GRAIN for side in x.shape[2:])
        if high or wide:
            x = np.pad(x, ((0, 0), (0, 0), (0, high), (0, wide)), mode="edge")
        answer: NDArray[np.float32] = self._session.run(None, {"frame": x})[0][0]
        return answer

    def find(self, frame: NDArray[Any], *, least: float) -> Found:
        """What is in a frame, from a score of `least` on; raises FrameRefused."""
        return found(self.grid(normalise(frame)), least=least)
