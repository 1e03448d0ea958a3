"""An area's deepest point: the inside point that is furthest from every edge."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchline.geofences.predicates import Floats

#: The search ends when no point can be deeper than the best by more than this share of it.
_PRECISION = 0.02
_MAX_STACK = 4096


@njit(cache=True, nogil=True)
def deepest_points(edges: Floats, owner_start: NDArray[np.int64], boxes: Floats) -> Floats:
    """(x, y, depth) of each area; edges (n, 4) are grouped by area.

    Squares are split as long as they may hold a deeper point: the depth at the centre plus
    half the diagonal bounds what is inside (the pole-of-inaccessibility search).
    """
    areas = len(owner_start) - 1
    found = np.empty((areas, 3))
    stack = np.empty((_MAX_STACK, 4))
    for k in range(areas):
        own = edges[owner_start[k] : owner_start[k + 1]]
        wide, tall = boxes[k, 2] - boxes[k, 0], boxes[k, 3] - boxes[k, 1]
        half = 0.5 * min(wide, tall)
        half = max(half, max(wide, tall) / 64.0)
        best_x, best_y = boxes[k, 0] + 0.5 * wide, boxes[k, 1] + 0.5 * tall
        best = _depth(own, best_x, best_y)
        used = 0
        columns = math.ceil(wide / (2.0 * half))
        rows = math.ceil(tall / (2.0 * half))
        for row in range(rows):
            for column in range(columns):
                x = boxes[k, 0] + (2 * column + 1) * half
                y = boxes[k, 1] + (2 * row + 1) * half
                stack[used, 0], stack[used, 1], stack[used, 2] = x, y, half
                stack[used, 3] = _depth(own, x, y)
                used += 1
        while used > 0:
            used -= 1
            x, y, size, depth = stack[used]
            if depth > best:
                best_x, best_y, best = x, y, depth
            bound = depth + size * math.sqrt(2.0)
            if bound <= best + _PRECISION * abs(best) or used + 4 > _MAX_STACK:
                continue
            half_size = 0.5 * size
            # The most promising quarter comes off the stack first.
            for dx in (-half_size, half_size):
                for dy in (-half_size, half_size):
                    stack[used, 0], stack[used, 1] = x + dx, y + dy
                    stack[used, 2] = half_size
                    stack[used, 3] = _depth(own, x + dx, y + dy)
                    used += 1
        found[k, 0], found[k, 1], found[k, 2] = best_x, best_y, best
    return found


@njit(cache=True, nogil=True)
def _depth(edges: Floats, x: float, y: float) -> float:
    """Distance to the nearest edge, negative outside."""
    nearest = np.inf
    inside = False
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e]
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
        along = min(max(along, 0.0), 1.0)
        rx, ry = ax + along * dx - x, ay + along * dy - y
        nearest = min(nearest, rx * rx + ry * ry)
        if (ay <= y) != (by <= y) and (x < ax + (y - ay) * dx / dy):
            inside = not inside
    depth = math.sqrt(nearest)
    return depth if inside else -depth
