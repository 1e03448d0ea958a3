"""absence: no unit has been in an area for a time, or no sensor that works has stood there."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from watchline.geofences.model import Geofence
from watchline.rules.events import Sign, Silent
from watchline.rules.kind import AREA, Kind
from watchline.rules.model import UnitFix
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No `of` for `seconds`."""

    of: Literal["unit", "sensor"]
    seconds: Annotated[float, Meta(ge=10, le=604_800)]


def expected(params: Params) -> Sequence[tuple[str, float]]:
    """The time runs from when the rule begins."""
    return ((params.of, params.seconds),)


def signs(sign: Sign, params: Params) -> Sequence[tuple[str, float]]:
    """Any unit there, or any sensor there that works, will do."""
    if (params.of == "unit") != isinstance(sign, UnitFix):
        return ()
    if not isinstance(sign, UnitFix) and not sign.working:
        return ()
    return expected(params)


def judge(event: Silent, geofence: Geofence, params: Params) -> dict[str, Any]:
    """Told once; the next sign of life arms it again."""
    return {"of": params.of, "since_us": event.since_us, "seconds": params.seconds}


KIND = Kind(
    name="absence", geofences=AREA, params=Params, signs=signs, expected=expected, judge=judge
)
