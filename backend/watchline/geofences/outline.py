"""Circles and corridors as the polygons they are judged by, in the sector's plane (metres).

Round parts become chords. Their corners lie on the curve, so that a chord is up to `CHORD_M`
inside of it (up to 0.5 % of the radius where that is less).
"""

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

CHORD_M = 0.5
#: Nothing rounder than this is taken; its circle has 704 corners.
MAX_RADIUS_M = 50_000.0


def circle(x_m: float, y_m: float, radius_m: float) -> shapely.Polygon:
    """A circle; 0 < `radius_m` <= MAX_RADIUS_M."""
    turn = 2.0 * np.pi * np.arange(_corners(radius_m)) / _corners(radius_m)
    xy = np.column_stack([x_m + radius_m * np.cos(turn), y_m + radius_m * np.sin(turn)])
    return shapely.Polygon(xy)


def corridor(line: NDArray[np.float64], left_m: float, right_m: float) -> BaseGeometry:
    """All within `left_m` of a line on its left and `right_m` on its right; ends are flat.

    `line` is (k, 2), both widths within 0 and MAX_RADIUS_M, one of them > 0. Where a line bends
    more tightly than its width, the inner corner may be cut (GEOS's single-sided buffer), and
    where it comes back upon itself the result may be no valid polygon.
    """
    path = shapely.LineString(line)
    if left_m == right_m:
        return shapely.buffer(path, left_m, quad_segs=_corners(left_m) // 4, cap_style="flat")
    sides = [
        shapely.buffer(path, width, quad_segs=_corners(abs(width)) // 4, single_sided=True)
        for width in (left_m, -right_m)
        if width
    ]
    return shapely.union_all(sides)


def _corners(radius_m: float) -> int:
    """How many corners keep chords within CHORD_M; a multiple of four."""
    share = min(CHORD_M / radius_m, 0.005)
    return 4 * math.ceil(math.pi / math.acos(1.0 - share) / 4)
