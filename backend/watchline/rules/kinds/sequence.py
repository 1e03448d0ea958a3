"""sequence: a track has met one geofence and then this one, within a time."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchline.rules.events import Crossed, Entered, Happening, Mark
from watchline.rules.kind import AREA, LINE, Kind
from watchline.rules.qualify import Qualifiers

#: A track's first plots may be told so long after they were so: when it is confirmed.
LATE_US = 60_000_000


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First geofence `first` (an id) is entered or crossed, then the rule's, within `within_s`."""

    first: Annotated[str, Meta(min_length=1, max_length=64)]
    within_s: Annotated[float, Meta(gt=0, le=86_400)]


def others(params: Params) -> tuple[str, ...]:
    """The geofence that comes first."""
    return (params.first,)


def remember(
    happening: Happening, marks: Sequence[Mark], params: Params
) -> tuple[dict[str, Any] | None, Sequence[Mark]]:
    """The latest time at the first geofence counts, once."""
    track, at_us = happening.track_id, happening.at_us
    oldest_us = at_us - params.within_s * 1e6 - LATE_US
    rest = [mark for mark in marks if mark.track_id != track and mark.at_us >= oldest_us]
    mine = [mark for mark in marks if mark.track_id == track and mark.at_us <= at_us]
    if not happening.own:
        return None, [*rest, Mark(track_id=track, at_us=at_us)]
    if not mine:
        return None, marks
    if at_us - mine[-1].at_us > params.within_s * 1e6:
        return None, rest
    return {"first": params.first, "first_at_us": mine[-1].at_us, "within_s": params.within_s}, rest


KIND = Kind(
    name="sequence", geofences=AREA | LINE, params=Params, events=(Entered, Crossed),
    remember=remember, others=others,
)  # fmt: skip
