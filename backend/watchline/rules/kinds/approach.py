"""approach: a track will reach a line within a time if it goes on as it does."""

from typing import Annotated, Any

from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Held
from watchline.rules.kind import LINE, Kind
from watchline.rules.qualify import Qualifiers, Seconds
from watchline.rules.watch import Condition, Watch


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Within `within_s` of the line, at `least_mps` or more, for `seconds`.

    The way counts where it cuts a segment in a direction that the segment forbids.
    """

    within_s: Annotated[float, Meta(gt=0, le=600)] = 60.0
    least_mps: Annotated[float, Meta(ge=0.1, le=1000)] = 0.5
    seconds: Seconds = 3.0


def watch(params: Params) -> Watch:
    """On the way to the line."""
    return Watch(
        condition=Condition.REACH,
        for_s=params.seconds,
        least=params.least_mps,
        most=params.within_s,
    )


def judge(event: Held, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once, and again only after it has clearly turned away."""
    return {
        "since_us": event.since_us,
        "reaches_in_s": round(event.value, 1),
        "within_s": params.within_s,
    }


KIND = Kind(name="approach", geofences=LINE, params=Params, watch=watch, judge=judge)
