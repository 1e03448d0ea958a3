"""An area's deepest point: the inside point that is furthest from every edge."""

import math

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats

#: The search ends when no point can be deeper than the best by more than this share of it,
#: or after so many looks (a long corridor of even width has no deepest point to find).
_PRECISION = 0.05
_MAX_LOOKS = 1000


@compiled
def deepest_points(edges: Floats, owner_start: NDArray[np.int64], boxes: Floats) -> Floats:
    """(x, y, depth) of each area; edges (n, 4) are grouped by area.

    Squares are split as long as they may hold a deeper point, the most promising first: the
    depth at the centre plus half the diagonal bounds what is inside (the
    pole-of-inaccessibility search).
    """
    areas = len(owner_start) - 1
    found = np.empty((areas, 3))
    open_ = np.empty((_MAX_LOOKS + 64, 4))  # x, y, half a side, the most that can be inside
    for k in range(areas):
        own = edges[owner_start[k] : owner_start[k + 1]]
        per_square = 1.0 / ((own[:, 2] - own[:, 0]) ** 2 + (own[:, 3] - own[:, 1]) ** 2)
        wide, tall = boxes[k, 2] - boxes[k, 0], boxes[k, 3] - boxes[k, 1]
        half = max(0.5 * min(wide, tall), max(wide, tall) / 64.0)
        columns, rows = math.ceil(wide / (2.0 * half)), math.ceil(tall / (2.0 * half))
        best_x, best_y = boxes[k, 0] + 0.5 * wide, boxes[k, 1] + 0.5 * tall
        best = _depth(own, per_square, best_x, best_y, -np.inf)
        looks, used = 1, 0
        for square in range(columns * rows):
            open_[used, 0] = boxes[k, 0] + (2 * (square % columns) + 1) * half
            open_[used, 1] = boxes[k, 1] + (2 * (square // columns) + 1) * half
            open_[used, 2], open_[used, 3] = half, np.inf
            used += 1
        while used > 0 and looks < _MAX_LOOKS:
            top = 0
            for at in range(1, used):
                if open_[at, 3] > open_[top, 3]:
                    top = at
            x, y, size, most = open_[top, 0], open_[top, 1], open_[top, 2], open_[top, 3]
            if most <= best + _PRECISION * abs(best):
                break
            used -= 1
            for column in range(4):
                open_[top, column] = open_[used, column]
            first = most == np.inf
            if not first:
                size *= 0.5
            for quarter in range(1 if first else 4):
                qx, qy = x, y
                if not first:
                    qx += size if quarter % 2 else -size
                    qy += size if quarter // 2 else -size
                diagonal = size * math.sqrt(2.0)
                enough = best + _PRECISION * abs(best) - diagonal
                depth = _depth(own, per_square, qx, qy, enough)
                looks += 1
                if depth > best:
                    best_x, best_y, best = qx, qy, depth
                open_[used, 0], open_[used, 1] = qx, qy
                open_[used, 2], open_[used, 3] = size, depth + diagonal
                used += 1
        found[k, 0], found[k, 1], found[k, 2] = best_x, best_y, best
    return found


@compiled
def _depth(edges: Floats, per_square: Floats, x: float, y: float, enough: float) -> float:
    """Distance to the nearest edge, negative outside; `per_square` is one over each length².

    Once it is clear that the depth is below `enough`, anything below that is answered.
    """
    nearest = np.inf
    least = enough * enough if enough > 0.0 else -1.0
    inside = False
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) * per_square[e]
        along = min(max(along, 0.0), 1.0)
        rx, ry = ax + along * dx - x, ay + along * dy - y
        nearest = min(nearest, rx * rx + ry * ry)
        if nearest < least:
            return -np.inf
        if (ay <= y) != (by <= y) and (x < ax + (y - ay) * dx / dy):
            inside = not inside
    depth = math.sqrt(nearest)
    return depth if inside else -depth
