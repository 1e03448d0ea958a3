"""Arrays that grow inside compiled loops, and runs of results brought into order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats

#: Fewer points than this all fit the cache anyway.
_SORTED_FROM = 4096
#: So many points look up their cells before the first is answered: the memory can fetch
#: the next while it waits for one.
CHUNK = 64


def visiting_order(level: Floats, x: Floats, y: Floats) -> NDArray[np.int64]:
    """In which order to ask: neighbours together, so that they find their cells in the cache.

    `level` is the (x0, y0, size, …) of the square that tiles are counted in.
    """
    if len(x) < _SORTED_FROM:
        return np.arange(len(x))
    return np.argsort(tiles(x, y, level), kind="stable")  # 16 bits: a radix sort


@compiled
def tiles(x: Floats, y: Floats, level: Floats) -> NDArray[np.uint16]:
    """The tile of each point among 256 x 256; NaN stands in the first."""
    found = np.zeros(len(x), np.uint16)
    for i in range(len(x)):
        if np.isfinite(x[i] + y[i]):
            column = min(max(256.0 * (x[i] - level[0]) / level[2], 0.0), 255.0)
            row = min(max(256.0 * (y[i] - level[1]) / level[2], 0.0), 255.0)
            found[i] = int(row) * 256 + int(column)
    return found


@compiled
def grown(array: Any) -> Any:
    """A copy with room for twice as much."""
    more = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):  # compiles ten times as fast as an assignment to a slice
        more[i] = array[i]
    return more


@compiled
def grown_rows(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """As `grown`, for rows of four."""
    more = np.empty((2 * len(rows), 4), np.int32)
    for i in range(len(rows)):
        for column in range(4):
            more[i, column] = rows[i, column]
    return more


@compiled
def grown_pairs(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """As `grown`, for rows of two."""
    more = np.empty((2 * len(rows), 2), np.int32)
    for i in range(len(rows)):
        more[i, 0], more[i, 1] = rows[i, 0], rows[i, 1]
    return more


@compiled
def starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each run begins when they stand one after the other, and where the last one ends."""
    start = np.empty(len(counts) + 1, np.int64)
    start[0] = 0
    for i in range(len(counts)):
        start[i + 1] = start[i] + counts[i]
    return start


@compiled
def in_order(start: NDArray[np.int64], order: NDArray[np.int64], found: Any) -> Any:
    """Runs that were found in `order`, put into the points' own order."""
    placed = np.empty(start[-1], found.dtype)
    at = 0
    for i in order:
        for k in range(start[i], start[i + 1]):
            placed[k] = found[at]
            at += 1
    return placed
