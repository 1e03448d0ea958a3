"""What tracks, units and sensors did to a geofence: the raw facts that rule kinds judge."""

from dataclasses import dataclass

from watchline.geofences.model import Direction
from watchline.rules.model import SensorSign, UnitFix


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A condition (see watch.Watch) has held for as long as its rule asks.

    The place is that of the track's last plot; `value` is metres from where it began to stay,
    its speed, the distance to the other or the seconds to the line, as the condition has it.
    """

    row: int  # the plot it was told with, or the number of updates: with the tick
    since_us: int
    at_us: int
    value: float
    other_no: int  # the other track's number, or 0
    other: str  # the unit's name, or ""
    air_c: float | None  # the air then, if known


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """No sign of life of `subject` since `since_us`; the time that the rule allows is over."""

    subject: str
    since_us: int
    at_us: int


Event = Entered | Left | Crossed | Held | Silent
Sign = UnitFix | SensorSign


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a rule keeps of an event: which track, when, and how many it stands for."""

    track_id: bytes
    at_us: int
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event as a rule with memory is told it; `own`: of its own geofence, not of another."""

    event: Event
    own: bool
    at_us: int
    track_id: bytes
    p_group: float
