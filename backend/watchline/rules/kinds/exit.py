"""exit: a track that was inside an area has left it; a track that ends inside has not."""

from typing import Any

from watchline.geofences.model import Geofence
from watchline.rules.events import Left
from watchline.rules.kind import AREA, Kind
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what every rule may ask."""


def judge(event: Left, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Each exit counts."""
    return {
        "p": round(event.p, 4),
        "threshold": round(event.threshold, 4),
        "entered_at_us": event.since_us,
    }


KIND = Kind(name="exit", geofences=AREA, events=(Left,), params=Params, judge=judge)
