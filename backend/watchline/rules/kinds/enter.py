"""enter: a track has come into an area, or is seen inside it for the first time."""

from typing import Any

from watchline.geofences.model import Geofence
from watchline.rules.events import Entered
from watchline.rules.kind import AREA, Kind
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what every rule may ask."""


def judge(event: Entered, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Each entry counts; `weak` tells that a small area was entered below p_in."""
    return {
        "p": round(event.p, 4),
        "threshold": round(event.threshold, 4),
        "p_deepest": round(event.p_deepest, 4),
        "weak": event.p < geofence.p_in,
        "first_sight": event.first_sight,
    }


KIND = Kind(name="enter", geofences=AREA, events=(Entered,), params=Params, judge=judge)
