"""What moves before a background that was learned: finds what is too small or strange to name.

Each pixel of the normalised frame has a mean and a spread of its own, learned slowly, so that
a swaying branch or a flickering column is nothing new. What differs by many spreads, warm or cold,
in some neighbouring pixels is a find without a class. When much of a frame differs at once, it is
the camera (a shutter, a jump of gain, a knock), not the world: nothing is found, and if it
stays so the background is learned anew.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import CLASSES, Found

Image = NDArray[np.float32]

#: The index of the class of what is found here.
MOVING = len(CLASSES)
#: Seconds in which the background follows what is there: in 15 s it would learn who walks straight
#: towards the camera, a pixel in seven seconds. Where something is found, it waits for
#: a person who has stopped.
_LEARN_S, _LEARN_FOUND_S = 45.0, 180.0
#: Nothing is found before the background has been seen for so long.
_YOUNG_US = 5_000_000
#: The least spread of a pixel, in units of a normalised frame.
_LEAST_SPREAD = 0.03
#: Spreads (of the mean of 3 × 3 pixels) that make a find, and that bound its box.
_PEAK, _EDGE = 5.0, 2.5
_CELL = 4
#: More of a frame than this does not move at once; after so long it is the new background.
_WHOLE, _ANEW_US = 0.05, 5_000_000
#: No score is higher: what moves is not known to be anything.
_MOST_SCORE = 0.6
_MOST_FINDS = 50


class Background:
    """The learned background of a camera that stands still; times must not run back."""

    def __init__(self) -> None:
        self._mean: Image | None = None
        self._spread: Image | None = None
        self._first_us = self._at_us = 0
        self._upset_us: int | None = None

    def find(self, frame: Image, at_us: int) -> Found:
        """Boxes of what moves in a normalised frame (h, w), as `detect.found` tells its own."""
        mean, spread = self._mean, self._spread
        if mean is None or spread is None or mean.shape != frame.shape:
            self._begin(frame, at_us)
            return _none()
        dt_s = max(0.0, (at_us - self._at_us) / 1e6)
        self._at_us = at_us
        off = frame - mean
        off -= np.float32(np.median(off[::8, ::8]))  # a gain that drifts
        smooth = _box(off)
        smooth /= np.maximum(spread, _LEAST_SPREAD / 2)
        np.abs(smooth, out=smooth)
        flagged = _cells(smooth) > _PEAK
        share = float(flagged.mean())
        if share > _WHOLE and at_us - self._first_us > _YOUNG_US:
            self._upset_us = at_us if self._upset_us is None else self._upset_us
            if at_us - self._upset_us > _ANEW_US:
                self._begin(frame, at_us)
            return _none()
        self._upset_us = None
        self._learn(off, flagged, dt_s)
        if at_us - self._first_us <= _YOUNG_US:
            return _none()
        return _boxes(smooth, flagged)

    def _begin(self, frame: Image, at_us: int) -> None:
        self._mean = frame.copy()
        self._spread = np.full_like(frame, 4 * _LEAST_SPREAD)
        self._first_us = self._at_us = at_us
        self._upset_us = None

    def _learn(self, off: Image, flagged: NDArray[np.bool_], dt_s: float) -> None:
        assert self._mean is not None and self._spread is not None
        young_s = (self._at_us - self._first_us) / 1e6
        usual = 1.0 - math.exp(-dt_s / min(_LEARN_S, young_s + 1.0))
        slow = 1.0 - math.exp(-dt_s / _LEARN_FOUND_S)
        rate = np.where(flagged, np.float32(slow), np.float32(usual))
        rate = np.repeat(np.repeat(rate, _CELL, 0), _CELL, 1)[: off.shape[0], : off.shape[1]]
        self._mean += rate * off
        # The mean of |x| of the 3 × 3 mean, as a spread: robust, and no root is needed.
        self._spread += rate * (1.25 * np.abs(_box(off)) - self._spread)


def merged(named: Found, moving: Found) -> Found:
    """Both, but of what moves only what the network has not named."""
    if not len(named) or not len(moving):
        return np.concatenate([named, moving])
    x, y = (moving[:, 0] + moving[:, 2]) / 2, (moving[:, 1] + moving[:, 3]) / 2
    inside = (
        (x[:, None] > named[:, 0] - _CELL)
        & (x[:, None] < named[:, 2] + _CELL)
        & (y[:, None] > named[:, 1] - _CELL)
        & (y[:, None] < named[:, 3] + _CELL)
    )
    return np.concatenate([named, moving[~inside.any(axis=1)]])


def _none() -> Found:
    return np.zeros((0, 6), np.float32)


def _box(image: Image) -> Image:
    """The mean of 3 × 3 pixels; the frame's edge is repeated."""
    tall = np.pad(image, 1, mode="edge")
    rows = tall[:-2] + tall[1:-1]
    rows += tall[2:]
    both = rows[:, :-2] + rows[:, 1:-1]
    both += rows[:, 2:]
    both *= np.float32(1.0 / 9.0)
    return both


def _cells(image: Image) -> Image:
    """The greatest value of each cell of 4 × 4 pixels."""
    rows, columns = (-(-side // _CELL) for side in image.shape)
    if image.shape != (rows * _CELL, columns * _CELL):
        image = np.pad(
            image, ((0, rows * _CELL - image.shape[0]), (0, columns * _CELL - image.shape[1]))
        )
    tall: Image = np.maximum.reduce(image.reshape(rows, _CELL, -1), axis=1)
    cells: Image = np.maximum.reduce(tall.reshape(rows, columns, _CELL), axis=2)
    return cells


def _boxes(smooth: Image, flagged: NDArray[np.bool_]) -> Found:
    found = []
    for low_row, low_column, high_row, high_column in _groups(flagged):
        top, left = low_row * _CELL, low_column * _CELL
        part = smooth[top : (high_row + 1) * _CELL, left : (high_column + 1) * _CELL]
        row, column = np.nonzero(part > _EDGE)
        score = _MOST_SCORE * (1.0 - math.exp(-(float(part.max()) - _PEAK) / 5.0 - 0.5))
        found.append(
            (
                left + column.min(), top + row.min(),
                left + column.max() + 1, top + row.max() + 1,
                score, MOVING,
            )
        )  # fmt: skip
    found.sort(key=lambda row: -row[4])
    return np.array(found[:_MOST_FINDS], np.float32).reshape(-1, 6)


def _groups(flagged: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """(low row, low column, high row, high column) of flagged cells that touch, corners too."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(flagged)), strict=True))
    while left:
        waiting = [left.pop()]
        rows, columns = [], []
        while waiting:
            row, column = waiting.pop()
            rows.append(row)
            columns.append(column)
            for near in ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j):
                if near in left:
                    left.remove(near)
                    waiting.append(near)
        yield min(rows), min(columns), max(rows), max(columns)
