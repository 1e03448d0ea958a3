"""dwell: a track has stayed in an area for a time, or loitered: within a radius of one place."""

import math
from typing import Annotated, Any

from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Held
from watchline.rules.kind import AREA, Kind
from watchline.rules.qualify import Metres, Qualifiers
from watchline.rules.watch import Condition, Watch


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seconds` inside the area; with `radius_m`, within so far of where it began to loiter."""

    seconds: Annotated[float, Meta(gt=0, le=86_400)]
    radius_m: Metres | None = None


def watch(params: Params) -> Watch:
    """Stay, where told near one place."""
    return Watch(condition=Condition.STAY, for_s=params.seconds, most=params.radius_m or math.inf)


def judge(event: Held, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once per stay; one that moves on and settles again loiters again."""
    evidence: dict[str, Any] = {"since_us": event.since_us, "seconds": params.seconds}
    if params.radius_m is not None:
        evidence |= {"radius_m": params.radius_m, "moved_m": round(event.value, 1)}
    return evidence


KIND = Kind(name="dwell", geofences=AREA, params=Params, watch=watch, judge=judge)
