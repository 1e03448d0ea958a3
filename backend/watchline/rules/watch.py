"""Conditions that must hold for a time while a track is in an area or heads for a line."""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.predicates import Floats

Longs = NDArray[np.int64]


class Condition(IntEnum):
    """What must hold."""

    STAY = 0  # inside the area, within `most` metres of where it began to stay
    SPEED = 1  # inside the area, from `least` to `most` m/s
    NEAR_TRACK = 2  # inside the area, another track there within `most` metres
    NEAR_UNIT = 3  # inside the area, a unit within `most` metres
    REACH = 4  # on a straight way that cuts the line within `most` seconds, at `least` m/s


#: No way is drawn out longer than this.
MOST_REACH_M = 5_000.0

#: `row` is the update it was told with, len(updates) with the tick; `seen` the plot that it is
#: of, or −1: the track's last plot before this batch.
HELD = np.dtype(
    [
        ("row", "<i4"), ("slot", "<i4"), ("rule", "<i4"), ("seen", "<i4"),
        ("since_us", "<i8"), ("at_us", "<i8"), ("value", "<f8"),
        ("other", "<i8"), ("unit", "<i4"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A condition with its bounds, and for how many seconds it must hold."""

    condition: Condition
    for_s: float
    least: float = 0.0
    most: float = math.inf


class Watches(NamedTuple):
    """The watches of all rules as columns, and the rules of each area and of each line."""

    condition: NDArray[np.int64]
    for_us: Longs
    least: Floats
    most: Floats
    area_start: Longs
    area_rule: Longs
    line_start: Longs
    line_rule: Longs
    way: NDArray[np.int8]  # of each edge of the line grid: 0 both, 1 to the right, −1 to the left


class Windows(NamedTuple):
    """When each watch may be told: those of rule r are rows `start[r]:start[r + 1]`."""

    start: Longs
    from_us: Longs
    to_us: Longs


class Fixes(NamedTuple):
    """Where units were: those of unit u are rows `start[u]:start[u + 1]`, in time."""

    start: Longs
    at_us: Longs
    x: Floats
    y: Floats
    vx: Floats
    vy: Floats
    sigma_m: Floats


class Plots(NamedTuple):
    """The columns of a batch that watches look at."""

    at_us: Longs
    x: Floats
    y: Floats
    vx: Floats
    vy: Floats
    var_x: Floats
    cov_xy: Floats
    var_y: Floats
    hits: NDArray[np.int32]
    first_us: Longs
    classes: NDArray[np.float32]
    no: Longs


@compiled
def latest(fixes: Fixes, unit: int, at_us: int) -> int:
    """The unit's last fix up to a time, or −1."""
    low, high = fixes.start[unit], fixes.start[unit + 1]
    first = low
    while low < high:
        middle = (low + high) // 2
        if fixes.at_us[middle] <= at_us:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > first else -1
