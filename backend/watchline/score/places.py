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
    """Metres from each target to the nearest track, for each second in which one is within
    `gate_m`. Tracks of nothing are counted elsewhere.
    """
    at_us = np.array([place.at_us for place in places], np.int64)
    xy = np.array([place[1:] for place in places]).reshape(-1, 2)
    found: list[Floats] = []
    for path in truth:
        there = np.flatnonzero((at_us >= path.at_us[0]) & (at_us <= path.at_us[-1]))
        lon = np.interp(at_us[there], path.at_us, path.lon)
        lat = np.interp(at_us[there], path.at_us, path.lat)
        off = np.hypot(*(np.stack(plane.to_plane(lon, lat), axis=-1) - xy[there]).T)
        seconds, index = np.unique(at_us[there] // 1_000_000, return_inverse=True)
        least = np.full(len(seconds), np.inf)
        np.minimum.at(least, index, off)
        found.append(least[least <= gate_m])
    return np.concatenate(found) if found else np.zeros(0)
