"""How far tracks were from what they show, and whether they said so. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.score.truth import TruePath
from watchline.sectors.plane import SectorPlane

Floats = NDArray[np.float64]


#: Squared Mahalanobis distance within which 95 % of a plane's normal errors lie: −2 ln 0.05.
_INSIDE = 5.991


class Place(NamedTuple):
    """Where a confirmed track was at the time of a plot, and its variances there.

    Metres, and square metres, in the sector's plane.
    """

    at_us: int
    x_m: float
    y_m: float
    var_x_m2: float
    cov_xy_m2: float
    var_y_m2: float


class Errors(NamedTuple):
    """Of n places: metres to the truth, and whether that lies in the track's own 95 % ellipse."""

    off_m: Floats  # (n,)
    inside: NDArray[np.bool_]  # (n,)


def position_errors(
    truth: Sequence[TruePath], places: Sequence[Place], plane: SectorPlane, *, gate_m: float = 60.0
) -> Errors:
    """From each target to the nearest track, for each second in which one is within `gate_m`.

    Tracks of nothing are counted elsewhere.
    """
    at_us = np.array([place.at_us for place in places], np.int64)
    x, y, var_x, cov, var_y = np.array([place[1:] for place in places]).reshape(-1, 5).T
    off, inside = [np.zeros(0)], [np.zeros(0, np.bool_)]
    for path in truth:
        there = np.flatnonzero((at_us >= path.at_us[0]) & (at_us <= path.at_us[-1]))
        lon = np.interp(at_us[there], path.at_us, path.lon)
        lat = np.interp(at_us[there], path.at_us, path.lat)
        true_x, true_y = plane.to_plane(lon, lat)
        dx, dy = true_x - x[there], true_y - y[there]
        # The nearest of each second: the first of it in the order of second and distance.
        second = at_us[there] // 1_000_000
        order = np.lexsort((np.hypot(dx, dy), second))
        nearest = order[np.unique(second[order], return_index=True)[1]]
        nearest = nearest[np.hypot(dx, dy)[nearest] <= gate_m]
        at, dx, dy = there[nearest], dx[nearest], dy[nearest]
        squared = (var_y[at] * dx**2 - 2.0 * cov[at] * dx * dy + var_x[at] * dy**2) / (
            var_x[at] * var_y[at] - cov[at] ** 2
        )
        off.append(np.hypot(dx, dy))
        inside.append(squared <= _INSIDE)
    return Errors(np.concatenate(off), np.concatenate(inside))
