"""A geofence: an area or a directed line, what it is for and when it is in force."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.schedule import GREENWICH, Local, Pause, Schedule, holds


class GeofenceKind(StrEnum):
    """How it is judged: circles and corridors are areas. On screen a zone, or a tripwire."""

    AREA = "area"
    LINE = "line"


class Purpose(StrEnum):
    """What a geofence is for; only one for `alarm` carries rules.

    Plots inside an `exclusion` (clutter), and those outside of every `detection_limit` if there
    is one, raise nothing. Where not to look (privacy) and what is covered is only shown.
    """

    ALARM = "alarm"
    DETECTION_LIMIT = "detection_limit"
    EXCLUSION = "exclusion"
    NO_LOOK = "no_look"
    COVERAGE = "coverage"


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
    purpose: Purpose = Purpose.ALARM
    schedule: Schedule | None = None
    pauses: tuple[Pause, ...] = ()
    local: Local = GREENWICH


def in_force(geofence: Geofence, at_us: int) -> bool:
    """Whether a geofence counts at an instant (µs since 1970 UTC): scheduled, and not paused."""
    return holds(geofence.schedule, at_us, geofence.local) and not any(
        pause.from_us <= at_us < pause.until_us for pause in geofence.pauses
    )
