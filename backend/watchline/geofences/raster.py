"""Put edges into the cells of one level of a grid."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats, is_left
from watchline.geofences.runs import grown, grown_pairs, grown_rows

#: A window of so many cells takes its owner whole.
_FEW = 9
#: Slack against rounding when an edge is put into cells, in cells.
_SLACK = 1e-6


@compiled
def raster(
    edges: Floats,
    owner_start: NDArray[np.int64],
    boxes: Floats,
    closed: bool,
    frame: tuple[float, float, float, float, int, int],
    finest: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """(cells, entries, listed) of the level with this (x0, y0, cell, margin, columns, rows).

    As `grid.Grid` describes them; `listed` will stand behind the edges. Only the finest level
    keeps the edges in a cell apart from those in its margin.
    """
    x0, y0, cell, margin, columns, rows = frame
    outer, inner = margin + _SLACK * cell, _SLACK * cell
    used, listed_n, offset = 0, 0, len(edges)
    entries = np.empty((1024, 4), np.int32)
    home = np.empty(1024, np.int32)
    listed = np.empty(4096, np.int32)
    # Per cell of the owner's window: edges in reach and in the cell, later where they go.
    slots = np.zeros((1024, 2), np.int32)
    odds = np.zeros(1024, np.uint8)
    # Which edge came to which cell of the window, twice the cell and one if into it.
    visits = np.empty((1024, 2), np.int32)
    for owner in range(len(owner_start) - 1):
        first, end = owner_start[owner], owner_start[owner + 1]
        c0 = _floor((boxes[owner, 0] - outer - x0) / cell, 0, columns - 1)
        c1 = _floor((boxes[owner, 2] + outer - x0) / cell, 0, columns - 1)
        r0 = _floor((boxes[owner, 1] - outer - y0) / cell, 0, rows - 1)
        r1 = _floor((boxes[owner, 3] + outer - y0) / cell, 0, rows - 1)
        width = c1 - c0 + 1
        n = width * (r1 - r0 + 1)
        if not finest and n <= _FEW:
            # Small beside the cells: they take it whole, and only its inside has to be found.
            for row in range(r0, r1 + 1):
                for column in range(c0, c1 + 1):
                    x, y = x0 + (column + 0.5) * cell, y0 + (row + 0.5) * cell
                    odd = 1 if closed and _holds(edges, first, end, x, y) else 0
                    if used == len(home):
                        entries, home = grown_rows(entries), grown(home)
                    home[used] = row * columns + column
                    entries[used, 0] = 2 * owner + odd
                    entries[used, 1], entries[used, 2], entries[used, 3] = first, end, end
                    used += 1
            continue
        if n > len(odds):
            slots = np.zeros((2 * n, 2), np.int32)
            odds = np.zeros(2 * n, np.uint8)
        for at in range(n):
            slots[at, 0], slots[at, 1], odds[at] = 0, 0, 0
        visited = 0
        for e in range(first, end):
            ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            low, high = min(ay, by), max(ay, by)
            row_a = _floor((low - outer - y0) / cell, r0, r1 + 1)
            row_b = _floor((high + outer - y0) / cell, r0 - 1, r1)
            for row in range(row_a, row_b + 1):
                bottom = y0 + row * cell
                left, right = _span(ax, ay, bx, by, bottom - outer, bottom + cell + outer)
                col_a = _floor((left - outer - x0) / cell, c0, c1 + 1)
                col_b = _floor((right + outer - x0) / cell, c0 - 1, c1)
                in_a, in_b = 1, 0
                if low <= bottom + cell + inner and high >= bottom - inner:
                    left, right = _span(ax, ay, bx, by, bottom - inner, bottom + cell + inner)
                    in_a = _floor((left - inner - x0) / cell, c0, c1 + 1)
                    in_b = _floor((right + inner - x0) / cell, c0 - 1, c1)
                while visited + col_b - col_a + 1 > len(visits):
                    visits = grown_pairs(visits)
                for column in range(col_a, col_b + 1):
                    at = (row - r0) * width + column - c0
                    in_cell = 1 if in_a <= column <= in_b else 0
                    slots[at, 0] += 1
                    slots[at, 1] += in_cell
                    visits[visited, 0], visits[visited, 1] = 2 * at + in_cell, e
                    visited += 1
            if closed:
                _mark_centres(ax, ay, bx, by, odds, frame, c0, c1, r0, r1)
        for row in range(r0, r1 + 1):
            odd = 0
            for column in range(c0, c1 + 1):
                at = (row - r0) * width + column - c0
                odd ^= odds[at]
                total, in_cell = slots[at, 0], slots[at, 1]
                if total == 0 and odd == 0:
                    continue
                if used == len(home):
                    entries, home = grown_rows(entries), grown(home)
                home[used] = row * columns + column
                entries[used, 0] = 2 * owner + odd
                if total == 0:
                    entries[used, 1], entries[used, 2], entries[used, 3] = 0, 0, 0
                elif 2 * total > end - first and (in_cell == 0 or not finest):
                    # Nearly all edges: point at the owner's own stretch.
                    entries[used, 1] = first
                    entries[used, 2] = end if in_cell > 0 else first
                    entries[used, 3] = end
                    slots[at, 0] = -1
                else:
                    while listed_n + total > len(listed):
                        listed = grown(listed)
                    entries[used, 1] = offset + listed_n
                    entries[used, 2] = offset + listed_n + in_cell
                    entries[used, 3] = offset + listed_n + total
                    slots[at, 1] = listed_n
                    slots[at, 0] = listed_n + in_cell
                    listed_n += total
                used += 1
        for v in range(visited):
            at, in_cell = visits[v, 0] >> 1, visits[v, 0] & 1
            if slots[at, 0] >= 0:
                listed[slots[at, in_cell]] = visits[v, 1]
                slots[at, in_cell] += 1
    cells, entries = _sorted(entries[:used], home[:used], columns * rows)
    return cells, entries, listed[:listed_n]


@compiled
def _holds(edges: Floats, first: int, end: int, x: float, y: float) -> bool:
    """Whether a point lies inside the rings made of `edges[first:end]`."""
    odd = False
    for e in range(first, end):
        ay, by = edges[e, 1], edges[e, 3]
        if (ay <= y) != (by <= y):
            odd ^= is_left(edges[e, 0], ay, edges[e, 2], by, x, y) == (by > ay)
    return odd


@compiled
def _floor(value: float, low: int, high: int) -> int:
    """The floor, clamped before it becomes an integer."""
    return int(min(max(math.floor(value), float(low)), float(high)))


@compiled
def _span(
    ax: float, ay: float, bx: float, by: float, low: float, high: float
) -> tuple[float, float]:
    """West and east end of the part of an edge between two heights."""
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    west, east = min(ax, bx), max(ax, bx)
    if ay < low:
        ax += (low - ay) * (bx - ax) / (by - ay)
        ay = low
    if by > high and by > ay:
        bx = ax + (high - ay) * (bx - ax) / (by - ay)
    return max(min(ax, bx), west), min(max(ax, bx), east)


@compiled
def _mark_centres(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    odds: NDArray[np.uint8],
    frame: tuple[float, float, float, float, int, int],
    c0: int,
    c1: int,
    r0: int,
    r1: int,
) -> Any:
    """In each row whose centre line the edge spans, mark the first centre to the east of it."""
    x0, y0, cell = frame[0], frame[1], frame[2]
    row_a = _floor((min(ay, by) - y0) / cell - 1.0, r0, r1 + 1)
    row_b = _floor((max(ay, by) - y0) / cell + 1.0, r0 - 1, r1)
    for row in range(row_a, row_b + 1):
        y = y0 + (row + 0.5) * cell
        if (ay <= y) == (by <= y):
            continue
        x = ax + (y - ay) * (bx - ax) / (by - ay)
        column = _floor((x - x0) / cell, c0, c1 + 1)
        falls = by < ay
        while column > c0 and is_left(ax, ay, bx, by, x0 + (column - 0.5) * cell, y) == falls:
            column -= 1
        while column <= c1 and is_left(ax, ay, bx, by, x0 + (column + 0.5) * cell, y) != falls:
            column += 1
        if column <= c1:
            odds[(row - r0) * (c1 - c0 + 1) + column - c0] ^= 1


@compiled
def _sorted(
    entries: NDArray[np.int32], home: NDArray[np.int32], n_cells: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(cells, entries by cell): in each cell first those that a plain question needs."""
    counts = np.zeros((n_cells + 1, 2), np.int32)
    for i in range(len(home)):
        plain = (entries[i, 0] & 1) == 1 or entries[i, 2] > entries[i, 1]
        counts[home[i], 1 - plain] += 1
    cells = np.empty((n_cells, 3), np.int32)
    total = 0
    for c in range(n_cells):
        plain_n, rest = counts[c, 0], counts[c, 1]
        cells[c, 0], cells[c, 1], cells[c, 2] = total, total + plain_n, total + plain_n + rest
        counts[c, 0], counts[c, 1] = total, total + plain_n
        total += plain_n + rest
    ordered = np.empty((len(home), 4), np.int32)
    for i in range(len(home)):
        plain = (entries[i, 0] & 1) == 1 or entries[i, 2] > entries[i, 1]
        at = counts[home[i], 1 - plain]
        for column in range(4):
            ordered[at, column] = entries[i, column]
        counts[home[i], 1 - plain] += 1
    # Neighbours far from all edges say the same: let them share, so that more fits the cache.
    used = 0
    for c in range(n_cells):
        first, n = cells[c, 0], cells[c, 2] - cells[c, 0]
        same = c > 0 and cells[c - 1, 2] - cells[c - 1, 0] == n
        for k in range(n):
            if same:
                for column in range(4):
                    same &= ordered[cells[c - 1, 0] + k, column] == ordered[first + k, column]
        target = cells[c - 1, 0] if same else used
        if not same:
            for k in range(n):  # never ahead of what is still to be read
                for column in range(4):
                    ordered[used + k, column] = ordered[first + k, column]
            used += n
        cells[c, 0], cells[c, 1] = target, target + cells[c, 1] - first
        cells[c, 2] = target + n
    return cells, ordered[:used].copy()
