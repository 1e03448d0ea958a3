"""Which side of an edge a point lies on, told the same way by every edge that meets there."""

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled

Floats = NDArray[np.float64]


@compiled
def is_left(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    """Whether a point lies to the left of the directed edge from a to b.

    A point on the edge's line counts as lying a little to the east and, far less, to the
    north of it, so that the edges of a ring agree about every point.
    """
    dx, dy = bx - ax, by - ay
    cross = dx * (y - ay) - dy * (x - ax)
    # Bitwise, here and below: branches that nobody can foresee cost more than the products.
    return (cross > 0.0) | ((cross == 0.0) & ((dy < 0.0) | ((dy == 0.0) & (dx > 0.0))))


@compiled
def cuts(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, to_x: float, to_y: float
) -> bool:
    """Whether the path (x, y) → (to_x, to_y) cuts the edge.

    Two edges that share a vertex ask about it in the same words, so that rounding cannot
    make a ring's count odd where it is even.
    """
    dx, dy = to_x - x, to_y - y
    a_left = dx * (ay - y) - dy * (ax - x) > 0.0
    b_left = dx * (by - y) - dy * (bx - x) > 0.0
    before, after = is_left(ax, ay, bx, by, x, y), is_left(ax, ay, bx, by, to_x, to_y)
    return (a_left != b_left) & (before != after)
