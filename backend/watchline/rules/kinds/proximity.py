"""proximity: a track comes near another track, one of our units, or an asset."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import shapely

from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules.events import Entered, Held
from watchline.rules.kind import AREA, LINE, Kind
from watchline.rules.qualify import Metres, Qualifiers, Seconds
from watchline.rules.watch import Condition, Watch


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Within `metres` of another `track` or of a `unit`, both in the area, for `seconds`; or of
    the `asset` that the geofence outlines.
    """

    metres: Metres
    to: Literal["track", "unit", "asset"]
    seconds: Seconds = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to == "asset" and self.seconds:
            raise ValueError("an asset is come near to at once")


def fits(params: Params) -> frozenset[GeofenceKind]:
    """An asset may be a line too: a fence, a pipeline."""
    return AREA | LINE if params.to == "asset" else AREA


def watch(params: Params) -> Watch | None:
    """Near the other."""
    if params.to == "asset":
        return None
    condition = Condition.NEAR_TRACK if params.to == "track" else Condition.NEAR_UNIT
    return Watch(condition=condition, for_s=params.seconds, most=params.metres)


def shape(geofence: Geofence, params: Params) -> Geofence | None:
    """An asset grown by the distance, a quarter of a round corner in 8 steps."""
    if params.to != "asset":
        return None
    drawn = (
        shapely.Polygon(geofence.rings[0])
        if geofence.kind is GeofenceKind.AREA
        else shapely.LineString(geofence.rings[0])
    )
    grown = drawn.buffer(params.metres, quad_segs=8)
    return replace(
        geofence,
        kind=GeofenceKind.AREA,
        rings=tuple(np.array(ring.coords) for ring in (grown.exterior, *grown.interiors)),
        directions=(),
    )


def judge(event: Entered | Held, geofence: Geofence, params: Params) -> dict[str, Any] | None:
    """Two tracks that meet are told once, by the one whose plot showed it."""
    evidence: dict[str, Any] = {"to": params.to, "metres": params.metres}
    if isinstance(event, Entered):
        if params.to != "asset":
            return None
        return evidence | {
            "p": round(event.p, 4),
            "threshold": round(event.threshold, 4),
            "first_sight": event.first_sight,
        }
    evidence |= {"since_us": event.since_us, "distance_m": round(event.value, 1)}
    return evidence | ({"unit": event.other} if params.to == "unit" else {"track": event.other_no})


KIND = Kind(
    name="proximity", geofences=AREA | LINE, fits=fits, params=Params, watch=watch, shape=shape,
    events=(Entered,), judge=judge,
)  # fmt: skip
