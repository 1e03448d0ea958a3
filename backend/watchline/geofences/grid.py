"""A pyramid of grids over the edges of many geofences: one cell answers any question.

Level k has square cells and a margin of half a cell. A cell lists, for each owner (an area or
a line), the owner's edges that come within the margin of the cell, and whether the cell's
centre lies inside the owner. A question that reaches r metres around a point takes the first
level whose margin is r or more and looks at one cell. The last level is a single cell.
"""

import math
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats
from watchline.geofences.raster import raster

#: Cells grow by this from level to level; of very many edges every other level is left out and
#: all cells are coarser, because each takes its time to build.
GROWTH, MANY_EDGES, COARSE_GROWTH, MANY_COARSER = 1.6, 500_000, 4.0, 1.5
#: Bounds on memory and build time, whatever the geofences look like.
MAX_CELLS = 500_000
MAX_WINDOWS = 6_000_000
_EVERYWHERE = 1e12
#: The usual edge is that of about so many.
_SAMPLE = 50_000


class Grid(NamedTuple):
    """Compiled edges. An arrow names the array that an index points into.

    `edges` rows are (ax, ay, bx, by), grouped by owner: `owner_start[k]:owner_start[k + 1]`.
    `boxes` rows are each owner's (min x, min y, max x, max y).
    `levels` rows are (x0, y0, cell, margin, 1/cell), `sizes` rows (columns, rows, first → cells).
    `cells` rows are (first, end of those with the centre inside or an edge in the cell,
    end → entries); cells that say the same share their entries.
    `entries` rows are (2 · owner + centre inside, first, end of the edges in the cell itself,
    end → listed); `listed` → edges.
    """

    edges: Floats
    owner_start: NDArray[np.int64]
    boxes: Floats
    levels: Floats
    sizes: NDArray[np.int64]
    cells: NDArray[np.int32]
    entries: NDArray[np.int32]
    listed: NDArray[np.int32]


def build_grid(
    edges: Floats, owner_start: NDArray[np.int64], pool: Executor, *, closed: bool
) -> Grid:
    """Compile edges (n, 4) grouped by owner; `closed` when owners have an inside.

    Each owner has at least one edge, all coordinates are finite, rings are valid. The levels are
    made by the threads of `pool`.
    """
    boxes = owner_boxes(edges, owner_start)
    frames = _frames(boxes, edges, closed)
    made = [
        pool.submit(raster, edges, owner_start, boxes, closed, frame, k == 0)
        for k, frame in enumerate(frames)
    ]
    cells, entries = [], []
    # Entries that take all edges of their owner point into this first stretch.
    listed = [np.arange(len(edges), dtype=np.int32)]
    sizes = np.array([(frame[4], frame[5], 0) for frame in frames], np.int64)
    n_entries, n_listed = 0, len(edges)
    for level in made:
        c, e, more = level.result()
        cells.append(c + np.int32(n_entries))
        e[e[:, 1] >= len(edges), 1:] += np.int32(n_listed - len(edges))
        entries.append(e)
        listed.append(more)
        n_entries += len(e)
        n_listed += len(more)
    sizes[1:, 2] = np.cumsum(sizes[:-1, 0] * sizes[:-1, 1])
    return Grid(
        edges=edges,
        owner_start=owner_start,
        boxes=boxes,
        levels=np.array([(*frame[:4], 1.0 / frame[2]) for frame in frames]),
        sizes=sizes,
        cells=np.concatenate(cells),
        entries=np.concatenate(entries),
        listed=np.concatenate(listed),
    )


def owner_boxes(edges: Floats, owner_start: NDArray[np.int64]) -> Floats:
    """Each owner's (min x, min y, max x, max y)."""
    if len(owner_start) == 1:
        return np.zeros((0, 4))
    first = owner_start[:-1]
    return np.column_stack(
        [
            np.minimum.reduceat(np.minimum(edges[:, 0], edges[:, 2]), first),
            np.minimum.reduceat(np.minimum(edges[:, 1], edges[:, 3]), first),
            np.maximum.reduceat(np.maximum(edges[:, 0], edges[:, 2]), first),
            np.maximum.reduceat(np.maximum(edges[:, 1], edges[:, 3]), first),
        ]
    )


def _frames(
    boxes: Floats, edges: Floats, closed: bool
) -> list[tuple[float, float, float, float, int, int]]:
    """(x0, y0, cell, margin, columns, rows) of each level, finest first."""
    if not len(boxes):
        return [(0.0, 0.0, 1.0, _EVERYWHERE, 1, 1)]
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    extent = max(float((high - low).max()), 1.0)
    wide, tall = (boxes[:, 2] - boxes[:, 0]), (boxes[:, 3] - boxes[:, 1])
    cell = _finest(edges, closed)
    while (
        float(((wide / cell + 2.0) * (tall / cell + 2.0)).sum()) > MAX_WINDOWS
        or float(np.prod((high - low) / cell + 2.0)) > MAX_CELLS
    ):
        cell *= 1.25
    if len(edges) >= MANY_EDGES:
        cell *= MANY_COARSER
    growth = GROWTH if len(edges) < MANY_EDGES else COARSE_GROWTH
    frames = []
    while cell < extent:
        margin = cell / 2
        # An origin off the round numbers keeps cell centres off the edges people draw.
        x0, y0 = (float(v) for v in low - margin - cell * 0.2718281828)
        columns = math.ceil((high[0] + margin - x0) / cell)
        rows = math.ceil((high[1] + margin - y0) / cell)
        frames.append((x0, y0, cell, margin, columns, rows))
        cell *= growth
    side = 1.5 * extent
    x0, y0 = (float(v) for v in low - 0.2 * side)
    frames.append((x0, y0, side, _EVERYWHERE, 1, 1))
    return frames


def _finest(edges: Floats, closed: bool) -> float:
    """The finest cell, by the usual edge; measured (tests/bench/bench_fences.py).

    An area's cells want to be seldom touched by an edge; around lines most are empty anyway.
    """
    some = edges[:: max(1, len(edges) // _SAMPLE)]
    lengths = np.hypot(some[:, 2] - some[:, 0], some[:, 3] - some[:, 1])
    return max(float(np.median(lengths)) * (0.33 if closed else 0.7), 5.0)


@compiled
def locate(grid: Grid, x: float, y: float, reach: float) -> tuple[int, float, float]:
    """(cell, its centre) to ask about what lies within `reach` of a point; −1: nothing does."""
    levels, sizes = grid.levels, grid.sizes
    last = len(levels) - 1
    k = 0
    while k < last and levels[k, 3] < reach:
        k += 1
    x0, y0, size = levels[k, 0], levels[k, 1], levels[k, 2]
    column, row = 0, 0
    if k < last:
        fx, fy = (x - x0) * levels[k, 4], (y - y0) * levels[k, 4]
        if not (0.0 <= fx < sizes[k, 0] and 0.0 <= fy < sizes[k, 1]):
            return -1, 0.0, 0.0
        column, row = int(fx), int(fy)
    cell = sizes[k, 2] + row * sizes[k, 0] + column
    return cell, x0 + (column + 0.5) * size, y0 + (row + 0.5) * size
