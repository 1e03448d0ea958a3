"""One sighting by one sensor at one instant, with its uncertainty."""

import math
from enum import StrEnum

import msgspec

MAX_EXTRAS = 16
MAX_TEXT = 64
#: 2100-01-01: no stamp beyond it is believed; 1970 is (a device without a clock battery).
MAX_AT_US = 4_102_444_800_000_000
#: Nothing that is watched here is as fast.
MAX_MPS = 1e4


def is_plain_text(text: str, limit: int = MAX_TEXT) -> bool:
    """Whether `text` is short enough and free of NUL, which PostgreSQL cannot hold."""
    return len(text) <= limit and "\x00" not in text


class ObjectClass(StrEnum):
    """The kind of object seen; never who it is."""

    PERSON = "person"
    GROUP = "group"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    UNKNOWN = "unknown"


#: The order in which class probabilities stand wherever they are packed into arrays.
CLASS_ORDER = tuple(ObjectClass)


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point on WGS 84 with the 2x2 covariance of its local east and north errors (m²)."""

    lon_deg: float
    lat_deg: float
    var_east_m2: float
    cov_east_north_m2: float = 0.0
    var_north_m2: float
    height_m: float | None = None


class Bearing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A direction from the sensor, clockwise from true north, with an optional slant range."""

    bearing_deg: float
    sigma_deg: float
    range_m: float | None = None
    range_sigma_m: float | None = None


class Velocity(msgspec.Struct, frozen=True, kw_only=True):
    """Ground velocity in local east and north, one sigma per axis."""

    east_mps: float
    north_mps: float
    sigma_mps: float


class Detection(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="detection"
):
    """One sighting; `at_us` is when it was so (µs since 1970 UTC, leap seconds not counted).

    Either `position` (placed on the ground) or `bearing` (a direction only), or both.
    `sensor_track` is the device's own track number. `extras` keeps device facts that
    have no field of their own: at most 16, text at most 64 characters.
    """

    sensor: str
    at_us: int
    position: Position | None = None
    bearing: Bearing | None = None
    velocity: Velocity | None = None
    classes: dict[ObjectClass, float] | None = None
    score: float | None = None
    sensor_track: str | None = None
    extras: dict[str, int | float | str] | None = None

    def defect(self) -> str | None:
        """The code of the first thing that makes this detection unusable, or None.

        >>> Detection(sensor="r", at_us=0).defect()
        'detection.no_place'
        """
        if self.position is None and self.bearing is None:
            return "detection.no_place"
        if not 0 <= self.at_us < MAX_AT_US:
            return "detection.time_out_of_range"
        p = self.position
        if p is not None:
            # NaN fails every comparison, so each test states what must hold.
            if not (-180.0 <= p.lon_deg <= 180.0 and -90.0 <= p.lat_deg <= 90.0):
                return "detection.position_out_of_range"
            if not (
                0.0 < p.var_east_m2 < 1e12
                and 0.0 < p.var_north_m2 < 1e12
                and p.cov_east_north_m2**2 < p.var_east_m2 * p.var_north_m2
            ):
                return "detection.covariance_invalid"
        b = self.bearing
        if b is not None and not (0.0 <= b.bearing_deg < 360.0 and 0.0 < b.sigma_deg <= 180.0):
            return "detection.bearing_invalid"
        if b is not None and b.range_m is not None and not 0.0 <= b.range_m < 1e7:
            return "detection.range_invalid"
        v = self.velocity
        if v is not None and not (
            abs(v.east_mps) < MAX_MPS and abs(v.north_mps) < MAX_MPS and 0.0 < v.sigma_mps < 1e6
        ):
            return "detection.velocity_invalid"
        if self.classes is not None:
            total = sum(self.classes.values())
            if not (total <= 1.0 + 1e-6 and all(0.0 <= q <= 1.0 for q in self.classes.values())):
                return "detection.classes_invalid"
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            return "detection.score_invalid"
        if self.extras is not None and not extras_hold(self.extras):
            return "detection.extras_too_large"
        if not (
            self.sensor and is_plain_text(self.sensor) and is_plain_text(self.sensor_track or "")
        ):
            return "detection.name_invalid"
        return None


def extras_hold(extras: dict[str, int | float | str]) -> bool:
    """Whether these device facts are few, short and finite enough to be kept."""
    return len(extras) <= MAX_EXTRAS and all(
        is_plain_text(key)
        and (is_plain_text(value) if isinstance(value, str) else math.isfinite(value))
        for key, value in extras.items()
    )
