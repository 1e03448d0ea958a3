"""The compiled index: which areas hold a point, and with what probability."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.check import defects
from watchline.geofences.compiled import compiled
from watchline.geofences.crossing import lines_cut
from watchline.geofences.deepest import deepest_points
from watchline.geofences.flat import area_edges, flatten
from watchline.geofences.grid import Grid, build_grid, locate, owner_boxes
from watchline.geofences.mass import MIN_VARIANCE, NUDGE_X, NUDGE_Y, REACH, shut_off, whitener
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.geofences.predicates import Floats, cuts
from watchline.geofences.runs import CHUNK, grown, in_order, starts, visiting_order

Ints = NDArray[np.int32]

#: Pairs below this are not told.
LEAST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Which areas each of n points concerns: those of point i at `start[i]:start[i + 1]`."""

    start: NDArray[np.int64]  # (n + 1,)
    area: Ints  # index into GeofenceIndex.areas
    p: Floats  # probability of being inside; areas that are not listed have less than 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceIndex:
    """Areas and lines of one sector, compiled; indices count `areas` and `lines` apart.

    `deepest` rows are (x, y, distance to the nearest edge) of each area's deepest point.
    """

    areas: tuple[Geofence, ...]
    lines: tuple[Geofence, ...]
    area_grid: Grid
    line_grid: Grid
    deepest: Floats

    def inside(self, x_m: Floats, y_m: Floats) -> tuple[NDArray[np.int64], Ints]:
        """(start, area) of the areas that hold each point, uncertainty left out."""
        x, y = _columns(x_m, y_m)
        return inside(self.area_grid, visiting_order(self.area_grid.levels[-1], x, y), x, y)

    def probabilities(
        self, x_m: Floats, y_m: Floats, var_x_m2: Floats, cov_xy_m2: Floats, var_y_m2: Floats
    ) -> Pairs:
        """The areas that each uncertain point may be in; points with NaN concern none."""
        columns = _columns(x_m, y_m, var_x_m2, cov_xy_m2, var_y_m2)
        order = visiting_order(self.area_grid.levels[-1], columns[0], columns[1])
        start, area, p = probabilities(self.area_grid, order, *columns)
        return Pairs(start=start, area=area, p=p)

    def lines_cut(
        self, x_m: Floats, y_m: Floats, to_x_m: Floats, to_y_m: Floats
    ) -> tuple[NDArray[np.int64], Ints]:
        """(start, line) of the lines that each straight path cuts, uncertainty left out."""
        return lines_cut(self.line_grid, *_columns(x_m, y_m, to_x_m, to_y_m))


def compile_index(geofences: Sequence[Geofence]) -> GeofenceIndex:
    """Compile the geofences of a sector; raises GeofenceInvalid for the first of `defects`."""
    for defect in defects(geofences).values():
        raise defect
    return compile_sound(geofences)


def compile_sound(geofences: Sequence[Geofence]) -> GeofenceIndex:
    """Compile geofences that have no `defects`, on two threads that leave others the GIL."""
    areas = tuple(g for g in geofences if g.kind is GeofenceKind.AREA)
    lines = tuple(g for g in geofences if g.kind is GeofenceKind.LINE)
    flat = flatten(areas)
    edges, start = area_edges(flat.xy, flat.ring_start, flat.owner_start)
    with ThreadPoolExecutor(2, thread_name_prefix="geofences") as pool:
        deepest = pool.submit(deepest_points, edges, start, owner_boxes(edges, start))
        return GeofenceIndex(
            areas=areas,
            lines=lines,
            area_grid=build_grid(edges, start, pool, closed=True),
            line_grid=build_grid(*_line_edges(lines), pool, closed=False),
            deepest=deepest.result(),
        )


def _line_edges(lines: Sequence[Geofence]) -> tuple[Floats, NDArray[np.int64]]:
    edges, counts = flatten(lines).edges()
    return edges, starts(counts)


def _columns(*columns: Floats) -> list[Floats]:
    return [np.ascontiguousarray(column, dtype=np.float64) for column in columns]


@compiled
def inside(
    grid: Grid, order: NDArray[np.int64], x: Floats, y: Floats
) -> tuple[NDArray[np.int64], Ints]:
    """As GeofenceIndex.inside; a point exactly on an edge counts as a little east of it."""
    counts = np.zeros(len(x), np.int64)
    area = np.empty(2 * len(x) + 16, np.int32)
    at, used = _inside(grid, order, x, y, 0, counts, area, 0)
    while at < len(order):
        area = grown(area)
        at, used = _inside(grid, order, x, y, at, counts, area, used)
    start = starts(counts)
    return start, in_order(start, order, area)


@compiled
def _inside(
    grid: Grid,
    order: NDArray[np.int64],
    x: Floats,
    y: Floats,
    at: int,
    counts: NDArray[np.int64],
    area: Ints,
    used: int,
) -> tuple[int, int]:
    """Fill `area` from point `at` on until it is full: (where it stopped, how much is used).

    A buffer that grew inside the loop would cost the loop half of its speed.
    """
    cells, entries, listed, edges = grid.cells, grid.entries, grid.listed, grid.edges
    first, end = np.empty(CHUNK, np.int64), np.empty(CHUNK, np.int64)
    centre_x, centre_y = np.empty(CHUNK), np.empty(CHUNK)
    for base in range(at, len(order), CHUNK):
        size = min(CHUNK, len(order) - base)
        for q in range(size):
            i = order[base + q]
            cell, centre_x[q], centre_y[q] = locate(grid, x[i], y[i], 0.0)
            first[q] = cells[cell, 0] if cell >= 0 else 0
            end[q] = cells[cell, 1] if cell >= 0 else 0
        for q in range(size):
            if used + end[q] - first[q] > len(area):
                return base + q, used
            i, before = order[base + q], used
            for e in range(first[q], end[q]):
                odd = (entries[e, 0] & 1) == 1
                for k in range(entries[e, 1], entries[e, 2]):
                    j = listed[k]
                    ax, ay, bx, by = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
                    odd ^= cuts(ax, ay, bx, by, x[i], y[i], centre_x[q], centre_y[q])
                area[used] = entries[e, 0] >> 1  # kept only if odd
                used += odd
            counts[i] = used - before
    return len(order), used


@compiled
def probabilities(
    grid: Grid,
    order: NDArray[np.int64],
    x: Floats,
    y: Floats,
    var_x: Floats,
    cov_xy: Floats,
    var_y: Floats,
) -> tuple[NDArray[np.int64], Ints, Floats]:
    """As GeofenceIndex.probabilities: (start, area, p)."""
    counts = np.zeros(len(x), np.int64)
    area = np.empty(2 * len(x) + 16, np.int32)
    p = np.empty(len(area), np.float64)
    at, used = _probabilities(grid, order, x, y, var_x, cov_xy, var_y, 0, counts, area, p, 0)
    while at < len(order):
        area, p = grown(area), grown(p)
        at, used = _probabilities(
            grid, order, x, y, var_x, cov_xy, var_y, at, counts, area, p, used
        )
    start = starts(counts)
    return start, in_order(start, order, area), in_order(start, order, p)


@compiled
def _probabilities(
    grid: Grid,
    order: NDArray[np.int64],
    x: Floats,
    y: Floats,
    var_x: Floats,
    cov_xy: Floats,
    var_y: Floats,
    at: int,
    counts: NDArray[np.int64],
    area: Ints,
    p_of: Floats,
    used: int,
) -> tuple[int, int]:
    """As `_inside`, for uncertain points: `p_of` belongs to `area`."""
    cells, entries, listed, edges = grid.cells, grid.entries, grid.listed, grid.edges
    boxes = grid.boxes
    for at_order in range(at, len(order)):
        i = order[at_order]
        px, py = x[i], y[i]
        if not math.isfinite(px + py + var_x[i] + cov_xy[i] + var_y[i]):
            continue
        a, b, c = whitener(var_x[i], cov_xy[i], var_y[i])
        sigma_x, sigma_y = 1.0 / a, math.sqrt(max(var_y[i], MIN_VARIANCE))
        px, py = px + NUDGE_X * sigma_x, py + NUDGE_Y * sigma_y
        reach_x, reach_y = REACH * sigma_x, REACH * sigma_y
        cell, cx, cy = locate(grid, px, py, max(reach_x, reach_y))
        if cell < 0:
            continue
        if used + cells[cell, 2] - cells[cell, 0] > len(area):
            return at_order, used
        west, east = px - reach_x, px + reach_x
        south, north = py - reach_y, py + reach_y
        before = used
        for e in range(cells[cell, 0], cells[cell, 2]):
            owner = entries[e, 0] >> 1
            odd = (entries[e, 0] & 1) == 1
            first, own, end = entries[e, 1], entries[e, 2], entries[e, 3]
            near = 0.0
            if first < end:
                if (
                    east < boxes[owner, 0]
                    or north < boxes[owner, 1]
                    or west > boxes[owner, 2]
                    or south > boxes[owner, 3]
                ):
                    continue
                for k in range(first, end):
                    j = listed[k]
                    ax, ay, bx, by = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
                    if k < own:  # only in the cell itself is there a way to its centre
                        odd ^= cuts(ax, ay, bx, by, px, py, cx, cy)
                    if (
                        min(ax, bx) < east
                        and max(ax, bx) > west
                        and min(ay, by) < north
                        and max(ay, by) > south
                    ):
                        near += shut_off(ax, ay, bx, by, px, py, a, b, c)
            p = (1.0 if odd else 0.0) - near / (2.0 * math.pi)
            if p > LEAST:
                area[used] = owner
                p_of[used] = min(p, 1.0)
                used += 1
        counts[i] = used - before
    return len(order), used
