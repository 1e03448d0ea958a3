"""A geofence: an area or a directed line, with version and validity."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class GeofenceKind(StrEnum):
    """On screen an area is a zone, a line a tripwire."""

    AREA = "area"
    LINE = "line"


class Direction(StrEnum):
    """Which crossings of a line's segment count; left and right as seen along the line."""

    BOTH = "both"
    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    """One version of a geofence in the sector's plane (metres).

    `rings` of an area: the shell, then the holes, each (k, 2) and closed. A line has one
    (k, 2) array and a direction for each of its k − 1 segments. Edges are straight here.
    """

    id: str
    version: int
    kind: GeofenceKind
    rings: tuple[NDArray[np.float64], ...]
    directions: tuple[Direction, ...] = ()
    p_in: float = 0.9
    p_out: float = 0.1
