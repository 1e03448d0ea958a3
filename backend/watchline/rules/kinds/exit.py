"""exit: a track that was inside an area has left it; a track that ends inside has not."""

from typing import Any

import msgspec

from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules.events import Left
from watchline.rules.kind import Kind


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing to set."""


def judge(event: Left, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Each exit counts."""
    return {
        "p": round(event.p, 4),
        "threshold": round(event.threshold, 4),
        "entered_at_us": event.since_us,
    }


KIND = Kind(name="exit", geofence=GeofenceKind.AREA, event=Left, params=Params, judge=judge)
