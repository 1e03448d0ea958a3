"""speed: a track in an area moves within a band of speeds for a time."""

import math
from typing import Annotated, Any

from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Held
from watchline.rules.kind import AREA, Kind
from watchline.rules.qualify import Qualifiers, Seconds
from watchline.rules.watch import Condition, Watch

Speed = Annotated[float, Meta(ge=0, le=1000)]


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `least_mps` to `most_mps`, if told, for `seconds`; at least one bound."""

    least_mps: Speed = 0.0
    most_mps: Speed | None = None
    seconds: Seconds = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least_mps == 0.0 and self.most_mps is None:
            raise ValueError("a band has a bound")
        if self.most_mps is not None and self.most_mps < self.least_mps:
            raise ValueError("a band ends above where it begins")


def watch(params: Params) -> Watch:
    """Inside the band."""
    most = math.inf if params.most_mps is None else params.most_mps
    return Watch(condition=Condition.SPEED, for_s=params.seconds, least=params.least_mps, most=most)


def judge(event: Held, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once, and again only after the speed has clearly left the band."""
    return {
        "since_us": event.since_us,
        "speed_mps": round(event.value, 2),
        "least_mps": params.least_mps,
        "most_mps": params.most_mps,
    }


KIND = Kind(name="speed", geofences=AREA, params=Params, watch=watch, judge=judge)
