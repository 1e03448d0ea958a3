"""cross: a track has crossed a line in a direction that the cut segment forbids."""

from typing import Any

from watchline.geofences.model import Direction, Geofence
from watchline.rules.events import Crossed, Stand
from watchline.rules.kind import LINE, Kind
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what every rule may ask: the directions belong to the line's segments."""


def judge(event: Crossed, geofence: Geofence, params: Params) -> dict[str, Any] | None:
    """A crossing counts when its direction is one of the cut segment's."""
    if geofence.directions[event.segment] not in (Direction.BOTH, event.direction):
        return None
    return {
        "direction": event.direction.value,
        "segment": event.segment,
        "cuts": event.cuts,
        "before": _stand(event.before),
        "after": _stand(event.after),
    }


def _stand(stand: Stand) -> dict[str, Any]:
    return {
        "at_us": stand.at_us,
        "x_m": round(stand.x_m, 2),
        "y_m": round(stand.y_m, 2),
        "p": round(stand.p, 4),
    }


KIND = Kind(name="cross", geofences=LINE, events=(Crossed,), params=Params, judge=judge)
