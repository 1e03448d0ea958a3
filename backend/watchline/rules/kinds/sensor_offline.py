"""sensor_offline: a sensor in an area gives no heartbeat, or no detections where it should."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Sign, Silent
from watchline.rules.kind import AREA, Kind
from watchline.rules.model import SensorSign
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No heartbeat for `heartbeat_s`; no detection for `times` its longest usual pause."""

    heartbeat_s: Annotated[float, Meta(ge=5, le=86_400)] = 60.0
    times: Annotated[float, Meta(ge=1, le=1000)] = 5.0


def signs(sign: Sign, params: Params) -> Sequence[tuple[str, float]]:
    """Each sensor by name, its heartbeats and its detections apart."""
    if not isinstance(sign, SensorSign) or not sign.working:
        return ()
    if not sign.detection:
        return ((f"heartbeat {sign.sensor}", params.heartbeat_s),)
    if sign.expected_gap_s is None:
        return ()
    return ((f"detections {sign.sensor}", params.times * sign.expected_gap_s),)


def judge(event: Silent, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once; the next sign of life arms it again."""
    missing, _, sensor = event.subject.partition(" ")
    return {
        "sensor": sensor,
        "missing": missing,
        "since_us": event.since_us,
        "seconds": round((event.at_us - event.since_us) / 1e6, 1),
    }


KIND = Kind(name="sensor_offline", geofences=AREA, params=Params, signs=signs, judge=judge)
