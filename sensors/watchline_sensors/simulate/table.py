"""What a scenario file's tables are made of: strict tables, places, names, numbers and spans."""

from typing import Annotated

import msgspec
from msgspec import Meta

from watchline_sensors.contract import ObjectClass

#: [km, m]
Place = tuple[float, float]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,47}$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
#: One number, or two between which the scenario's seed draws.
Span = float | Annotated[list[float], Meta(min_length=2, max_length=2)]
#: How often a radar's classifier takes the thing for a class; for the rest it is as good as ever.
TakenFor = dict[ObjectClass, Share]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TOML table in which a misspelt key is an error."""


def bounds(span: Span) -> tuple[float, float]:
    """The least and the most of a span."""
    if isinstance(span, list):
        return min(span), max(span)
    return span, span


def below_zero(span: Span) -> bool:
    """Whether a span reaches below zero."""
    return bounds(span)[0] < 0
