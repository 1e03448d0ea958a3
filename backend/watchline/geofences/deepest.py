"""An area's deepest point: the inside point that is furthest from every edge."""

import math

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats

#: The search ends when no point can be deeper than the best by more than this share of it,
#: or after so many looks (a long corridor of even width has no deepest point to find).
_PRECISION = 0.02
_MAX_LOOKS = 1000


@compiled
def deepest_points(edges: Floats, owner_start: NDArray[np.int64], boxes: Floats) -> Floats:
    """(x, y, depth) of each area; edges (n, 4) are grouped by area.

    Squares are split as long as they may hold a deeper point: the depth at the centre plus
    half the diagonal bounds what is inside (the pole-of-inaccessibility search).
    """
    areas = len(owner_start) - 1
    found = np.empty((areas, 3))
    stack = np.empty((_MAX_LOOKS + 4, 4))
    for k in range(areas):
        own = edges[owner_start[k] : owner_start[k + 1]]
        wide, tall = boxes[k, 2] - boxes[k, 0], boxes[k, 3] - boxes[k, 1]
        half = max(0.5 * min(wide, tall), max(wide, tall) / 64.0)
        columns, rows = math.ceil(wide / (2.0 * half)), math.ceil(tall / (2.0 * half))
        best_x, best_y = boxes[k, 0] + 0.5 * wide, boxes[k, 1] + 0.5 * tall
        best = _depth(own, best_x, best_y)
        looks, used = 1, 0
        for square in range(columns * rows):
            x = boxes[k, 0] + (2 * (square % columns) + 1) * half
            y = boxes[k, 1] + (2 * (square // columns) + 1) * half
            depth = _depth(own, x, y)
            if depth > best:
                best_x, best_y, best = x, y, depth
            stack[used, 0], stack[used, 1], stack[used, 2], stack[used, 3] = x, y, half, depth
            looks, used = looks + 1, used + 1
        while used > 0 and looks < _MAX_LOOKS:
            used -= 1
            x, y, size = stack[used, 0], stack[used, 1], 0.5 * stack[used, 2]
            if stack[used, 3] + 2.0 * size * math.sqrt(2.0) <= best + _PRECISION * abs(best):
                continue
            for quarter in range(4):
                qx = x + (size if quarter % 2 else -size)
                qy = y + (size if quarter // 2 else -size)
                depth = _depth(own, qx, qy)
                if depth > best:
                    best_x, best_y, best = qx, qy, depth
                stack[used, 0], stack[used, 1], stack[used, 2], stack[used, 3] = qx, qy, size, depth
                looks, used = looks + 1, used + 1
        found[k, 0], found[k, 1], found[k, 2] = best_x, best_y, best
    return found


@compiled
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
