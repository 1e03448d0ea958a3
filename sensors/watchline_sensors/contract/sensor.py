"""What a sensor is, where it stands and how it fares."""

from enum import StrEnum

import msgspec

from watchline_sensors.contract.detection import MAX_AT_US, is_plain_text


class SensorKind(StrEnum):
    """The device family, as the console draws it."""

    RADAR = "radar"
    THERMAL = "thermal"
    CAMERA = "camera"
    OTHER = "other"


class NorthReference(StrEnum):
    """Which north the device's own azimuths count from; `place.py` turns all into true north."""

    TRUE = "true"
    GRID = "grid"
    MAGNETIC = "magnetic"
    PLATFORM = "platform"


class HealthState(StrEnum):
    """How a sensor says it fares."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"
    GOODBYE = "goodbye"


class FieldOfView(msgspec.Struct, frozen=True, kw_only=True):
    """The horizontal sector a sensor covers; `width_deg` 360 is all round."""

    azimuth_deg: float
    width_deg: float
    min_range_m: float
    max_range_m: float


class SensorInfo(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="type",
    tag="sensor_info",
):
    """A sensor's description: pose (WGS 84, metres above ellipsoid), north reference, coverage.

    `north_offset_deg` is added to the device's azimuths to make them true.
    Sent by the edge at each start and after each change of its configuration.
    """

    sensor: str
    at_us: int
    kind: SensorKind
    name: str
    lon_deg: float
    lat_deg: float
    height_m: float
    north: NorthReference = NorthReference.TRUE
    north_offset_deg: float = 0.0
    field_of_view: FieldOfView | None = None
    site: str | None = None
    simulated: bool = False

    def defect(self) -> str | None:
        """The code of what makes this description unusable, or None."""
        if not (-180.0 <= self.lon_deg <= 180.0 and -90.0 <= self.lat_deg <= 90.0):
            return "sensor.position_out_of_range"
        if not (-1e4 < self.height_m < 1e5 and -360.0 <= self.north_offset_deg <= 360.0):
            return "sensor.pose_invalid"
        if not (self.sensor and self.name and is_plain_text(self.name, 128)):
            return "sensor.name_invalid"
        if not is_plain_text(self.sensor) or not is_plain_text(self.site or ""):
            return "sensor.name_invalid"
        if not 0 <= self.at_us < MAX_AT_US:
            return "sensor.time_out_of_range"
        fov = self.field_of_view
        if fov is not None and not (
            0.0 <= fov.azimuth_deg <= 360.0
            and 0.0 < fov.width_deg <= 360.0
            and 0.0 <= fov.min_range_m < fov.max_range_m < 1e7
        ):
            return "sensor.field_of_view_invalid"
        return None


class Health(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="health"
):
    """A heartbeat of one sensor: its state, one code that says why, and running counters.

    Counters count since the edge process started, e.g. `datablocks_in`, `decoded`, `bad`.
    """

    sensor: str
    at_us: int
    state: HealthState
    code: str = "health.ok"
    counters: dict[str, int] = {}

    def defect(self) -> str | None:
        """The code of what makes this heartbeat unusable, or None."""
        if not (self.sensor and is_plain_text(self.sensor) and is_plain_text(self.code)):
            return "health.name_invalid"
        if len(self.counters) > 64 or not all(map(is_plain_text, self.counters)):
            return "health.counters_too_large"
        if not 0 <= self.at_us < MAX_AT_US:
            return "health.time_out_of_range"
        return None
