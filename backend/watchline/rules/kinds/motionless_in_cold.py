"""motionless_in_cold: a person lies or sits still in an area and it is cold: life at risk."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Held
from watchline.rules.kind import AREA, Kind
from watchline.rules.qualify import Metres, Qualifiers, Share
from watchline.rules.watch import Condition, Watch
from watchline_sensors.contract import ObjectClass

Month = Annotated[int, Meta(ge=1, le=12)]


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person within `radius_m` for `seconds`, in air below `below_c`.

    Unknown air counts as cold in `months`. Our own people freeze too: all are judged alike.
    """

    classes: dict[ObjectClass, Share] = msgspec.field(
        default_factory=lambda: {ObjectClass.PERSON: 0.5, ObjectClass.GROUP: 0.5}
    )
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 600.0
    radius_m: Metres = 15.0
    below_c: Annotated[float, Meta(ge=-60, le=40)] = 5.0
    months: tuple[Month, ...] = (10, 11, 12, 1, 2, 3, 4)
    affiliation: Literal["other", "any"] = "any"


def watch(params: Params) -> Watch:
    """Stay near one place."""
    return Watch(condition=Condition.STAY, for_s=params.seconds, most=params.radius_m)


def cold(params: Params, air_c: float | None, at_us: int) -> bool:
    """Whether the air is cold, or may be."""
    if air_c is not None:
        return air_c < params.below_c
    return datetime.fromtimestamp(at_us / 1e6, UTC).month in params.months


def judge(event: Held, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once per stay, as soon as it is both long and cold."""
    return {
        "since_us": event.since_us,
        "seconds": params.seconds,
        "radius_m": params.radius_m,
        "moved_m": round(event.value, 1),
        "air_c": event.air_c,
        "below_c": params.below_c,
    }


KIND = Kind(
    name="motionless_in_cold", geofences=AREA, params=Params, watch=watch, judge=judge, cold=cold,
    life_at_risk=True,
)  # fmt: skip
