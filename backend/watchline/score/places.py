"""How far tracks were from what they show. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.score.truth import TruePath
from watchline.sectors.plane import SectorPlane

Floats = NDArray[np.float64]


class Place(NamedTuple):
    """Where a confirmed track was at the time of a plot; metres in the sector's plane."""

    at_us: int
    x_m: float
    y_m: float


def position_errors(
    truth: Sequence[TruePath], places: Sequence[Place], plane: SectorPlane, *, gate_m: float = 60.0
) -> Floats:
    """Metres from each place to the nearest target at that time, up to `gate_m`.

    What is further from every target is a false track, which is counted elsewhere.
    """
    at_us = np.array([place.at_us for place in places], np.int64)
    xy = np.array([place[1:] for place in places]).reshape(-1, 2)
    least = np.full(len(places), np.inf)
    for path in truth:
        there = (at_us >= path.at_us[0]) & (at_us <= path.at_us[-1])
        lon = np.interp(at_us[there], path.at_us, path.lon)
        lat = np.interp(at_us[there], path.at_us, path.lat)
        off = np.stack(plane.to_plane(lon, lat), axis=-1) - xy[there]
        least[there] = np.minimum(least[there], np.hypot(*off.T))
    near: Floats = least[least <= gate_m]
    return near
