"""What a track did to a geofence: the raw facts that rule kinds judge."""

from dataclasses import dataclass

from watchline.geofences.model import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A track is inside an area with p at or above `threshold`, and was not held to be before.

    `threshold` is the area's p_in, or 0.9 × `p_deepest` where the area is too small for it.
    """

    row: int  # index into the updates
    area: int  # index into GeofenceIndex.areas
    p: float
    threshold: float
    p_deepest: float
    first_sight: bool  # the track's first plot


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A track that was inside an area has fallen to or below `threshold`."""

    row: int
    area: int
    p: float
    threshold: float
    since_us: int  # when it came in


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A confident state on one side of a line: `p` is the probability of being on that side."""

    at_us: int
    x_m: float
    y_m: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """A track has come from one side of a line to the other, through it."""

    row: int
    line: int  # index into GeofenceIndex.lines
    segment: int  # the segment of the last cut in this direction
    direction: Direction  # left_to_right or right_to_left
    at_us: int  # time and place of that cut, interpolated between two plots
    x_m: float
    y_m: float
    cuts: int  # how often the path cut the line on its way, an odd number
    before: Stand
    after: Stand


Event = Entered | Left | Crossed
