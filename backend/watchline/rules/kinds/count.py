"""count: so many different tracks have entered an area or crossed a line within a time."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from watchline.rules.events import Crossed, Entered, Happening, Mark
from watchline.rules.kind import AREA, LINE, Kind
from watchline.rules.qualify import Qualifiers


class Params(Qualifiers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tracks` within `within_s`; one that is a group (p >= 0.5) stands for `group`."""

    tracks: Annotated[int, Meta(ge=2, le=1000)]
    within_s: Annotated[float, Meta(gt=0, le=86_400)]
    group: Annotated[int, Meta(ge=1, le=1000)] = 3


def remember(
    happening: Happening, marks: Sequence[Mark], params: Params
) -> tuple[dict[str, Any] | None, Sequence[Mark]]:
    """Told when the number is reached; those told of are not counted again."""
    at_us = happening.at_us
    weight = params.group if happening.p_group >= 0.5 else 1
    counted = [
        mark
        for mark in marks
        if at_us - mark.at_us <= params.within_s * 1e6 and mark.track_id != happening.track_id
    ]
    counted.append(Mark(track_id=happening.track_id, at_us=at_us, weight=weight))
    total = sum(mark.weight for mark in counted)
    if total < params.tracks:
        return None, counted
    since_us = min(mark.at_us for mark in counted)
    evidence = {"count": total, "tracks": len(counted), "since_us": since_us}
    return evidence | {"within_s": params.within_s}, ()


KIND = Kind(
    name="count", geofences=AREA | LINE, params=Params, events=(Entered, Crossed), remember=remember
)
