"""When a geofence is in force: between two times, by the week and by the light; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from watchline.geofences.sun import Light, light_at

MINUTE_US = 60_000_000

#: "22:00"; 24:00 is the end of a day.
_Clock = Annotated[str, Field(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Where a sector's clocks and its sun are: its time zone, and its origin in degrees.

    One sun for the sector: 20 km further east it rises a minute earlier.
    """

    zone: tzinfo
    lon_deg: float
    lat_deg: float


GREENWICH = Local(zone=UTC, lon_deg=0.0, lat_deg=51.48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """From `from_us` up to `until_us` a geofence is disarmed or under maintenance."""

    from_us: int
    until_us: int


class Window(BaseModel):
    """A part of a day, Monday being 0, by the clock on the wall.

    If `end` is not after `start` it ends on the next day. When the clocks go back, the hour that
    comes twice counts twice; when they go forward, the hour that is left out does not come.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: int = Field(ge=0, le=6)
    start: _Clock
    end: _Clock


class Schedule(BaseModel):
    """In force from `valid_from` up to `valid_until`, in `weekly`'s windows, when it is `light`.

    What is left out does not matter: no window is the whole week.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    weekly: tuple[Window, ...] = Field(default=(), max_length=100)
    light: tuple[Light, ...] = Field(default=tuple(Light), min_length=1, max_length=len(Light))

    @field_validator("light")
    @classmethod
    def _in_order(cls, light: tuple[Light, ...]) -> tuple[Light, ...]:
        return tuple(one for one in Light if one in light)

    @model_validator(mode="after")
    def _ordered(self) -> "Schedule":
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until must be after valid_from")
        return self


def holds(schedule: Schedule | None, at_us: int, local: Local) -> bool:
    """Whether an instant (µs since 1970 UTC) is in the schedule; light is told by the minute."""
    if schedule is None:
        return True
    if schedule.valid_from is not None and at_us < as_us(schedule.valid_from):
        return False
    if schedule.valid_until is not None and at_us >= as_us(schedule.valid_until):
        return False
    minute = at_us // MINUTE_US
    if schedule.weekly and not any(
        _in_span(minute_of_week(minute, local), *span(window)) for window in schedule.weekly
    ):
        return False
    return len(schedule.light) == len(Light) or light_at_minute(minute, local) in schedule.light


def as_us(at: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def minute_of_week(minute: int, local: Local) -> int:
    """Minutes since Monday 0:00 on the wall, at a minute since 1970 UTC."""
    wall = datetime.fromtimestamp(minute * 60, local.zone)
    return (wall.weekday() * 24 + wall.hour) * 60 + wall.minute


def light_at_minute(minute: int, local: Local) -> Light:
    """The light at a minute since 1970 UTC."""
    return light_at(minute * 60, local.lon_deg, local.lat_deg)


def span(window: Window) -> tuple[int, int]:
    """(start, end) in minutes of the week; the end may lie in the next week."""
    start, end = (
        window.day * 1440 + int(clock[:2]) * 60 + int(clock[3:])
        for clock in (window.start, window.end)
    )
    return start, end if end > start else end + 1440


def _in_span(minute: int, start: int, end: int) -> bool:
    return start <= minute < end or start <= minute + 7 * 1440 < end
