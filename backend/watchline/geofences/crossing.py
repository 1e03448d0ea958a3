"""Where a point stands to a line, and where a path cuts one."""

import math

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.grid import Grid, locate
from watchline.geofences.predicates import Floats, cuts
from watchline.geofences.runs import CHUNK, grown, starts

_MIN_VARIANCE = 1e-12


@compiled
def stand(
    edges: Floats,
    listed: NDArray[np.int32],
    first: int,
    end: int,
    x: float,
    y: float,
    var_x: float,
    cov_xy: float,
    var_y: float,
) -> tuple[float, float]:
    """(z, distance) of an uncertain point from the line made of the edges `listed[first:end]`.

    z is the distance to the nearest point of the line over the standard deviation in that
    direction (to a segment: along its normal), positive to the left as seen along the line.
    Without any edge the distance is infinite.
    Where two segments meet, the one that the point lies more squarely beside tells the side.
    """
    nearest, beside, left = np.inf, 0.0, True
    nx, ny = 0.0, 0.0
    for k in range(first, end):
        j = listed[k]
        ax, ay, bx, by = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        along = min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
        rx, ry = x - (ax + along * dx), y - (ay + along * dy)
        distance = rx * rx + ry * ry
        cross = dx * (y - ay) - dy * (x - ax)
        off = cross * cross / square
        if distance < nearest * (1.0 - 1e-12) or (
            distance <= nearest * (1.0 + 1e-12) and off > beside
        ):
            nearest, beside, left = min(distance, nearest), off, cross > 0.0
            nx, ny = rx, ry
    if nearest <= 0.0 or first >= end:
        return 0.0, math.sqrt(nearest)
    variance = (nx * nx * var_x + 2.0 * nx * ny * cov_xy + ny * ny * var_y) / nearest
    z = math.sqrt(nearest / max(variance, _MIN_VARIANCE))
    return (z if left else -z), math.sqrt(nearest)


@compiled
def cut_at(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, to_x: float, to_y: float
) -> tuple[float, bool]:
    """(share of the path before the cut, whether it leads from left to right) of a true cut."""
    dx, dy = bx - ax, by - ay
    before = dx * (y - ay) - dy * (x - ax)
    after = dx * (to_y - ay) - dy * (to_x - ax)
    share = before / (before - after) if before != after else 0.5
    return min(max(share, 0.0), 1.0), before > after


@compiled
def lines_cut(
    grid: Grid, x: Floats, y: Floats, to_x: Floats, to_y: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(start, line): the lines that each straight path cuts, one way or the other."""
    counts = np.zeros(len(x), np.int64)
    line = np.empty(len(x) + 16, np.int32)
    at, used = _lines_cut(grid, x, y, to_x, to_y, 0, counts, line, 0)
    while at < len(x):
        line = grown(line)
        at, used = _lines_cut(grid, x, y, to_x, to_y, at, counts, line, used)
    return starts(counts), line[:used].copy()


@compiled
def _lines_cut(
    grid: Grid,
    x: Floats,
    y: Floats,
    to_x: Floats,
    to_y: Floats,
    at: int,
    counts: NDArray[np.int64],
    line: NDArray[np.int32],
    used: int,
) -> tuple[int, int]:
    """As index._inside, in the paths' own order: fill `line` from path `at` on until it is full."""
    cells, entries, listed, edges = grid.cells, grid.entries, grid.listed, grid.edges
    first, end = np.empty(CHUNK, np.int64), np.empty(CHUNK, np.int64)
    for base in range(at, len(x), CHUNK):
        size = min(CHUNK, len(x) - base)
        for q in range(size):
            x0, y0, x1, y1 = x[base + q], y[base + q], to_x[base + q], to_y[base + q]
            reach = 0.5 * max(abs(x1 - x0), abs(y1 - y0))
            cell = -1
            if math.isfinite(reach):
                cell, _, _ = locate(grid, 0.5 * (x0 + x1), 0.5 * (y0 + y1), reach)
            first[q] = cells[cell, 0] if cell >= 0 else 0
            end[q] = cells[cell, 2] if cell >= 0 else 0
        for q in range(size):
            if first[q] == end[q]:
                continue
            i = base + q
            if used + end[q] - first[q] > len(line):
                return i, used
            before = used
            for e in range(first[q], end[q]):
                cut = False
                for k in range(entries[e, 1], entries[e, 3]):
                    j = listed[k]
                    ax, ay, bx, by = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
                    cut |= cuts(ax, ay, bx, by, x[i], y[i], to_x[i], to_y[i])
                line[used] = entries[e, 0] >> 1  # kept only if cut
                used += cut
            counts[i] = used - before
    return len(x), used
