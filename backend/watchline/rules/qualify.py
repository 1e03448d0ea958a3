"""What every rule may ask beside its own condition: how good a track must be, and when."""

import math
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline_sensors.contract import CLASS_ORDER, ObjectClass

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Metres = Annotated[float, Meta(gt=0, le=100_000)]
#: Minutes of a week from Monday 00:00 in the sector's time zone.
WeekMinute = Annotated[int, Meta(ge=0, le=10_080)]


class Qualifiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each kind's parameters are these and its own.

    `classes` asks for one of these classes with at least this probability; `min_hits`,
    `min_age_s` and `max_sigma_m` (the larger half-axis at 1 σ) for a good track: what has happened
    waits up to `wait_s` for its track to become one. `armed` false switches the rule off.
    `hours` are stretches of the week in which it is on, all if none. `affiliation` other leaves
    out who is one of our own; any judges all alike.
    """

    classes: dict[ObjectClass, Share] = {}
    min_hits: Annotated[int, Meta(ge=0, le=10_000)] = 0
    min_age_s: Seconds = 0.0
    max_sigma_m: Metres | None = None
    wait_s: Seconds = 30.0
    armed: bool = True
    hours: Annotated[tuple[tuple[WeekMinute, WeekMinute], ...], Meta(max_length=64)] = ()
    affiliation: Literal["other", "any"] = "other"

    def __post_init__(self) -> None:
        if any(low >= high for low, high in self.hours):
            raise ValueError("an hour ends before it begins")


class Bars(NamedTuple):
    """The qualifiers of n rules as columns: what a track must reach."""

    hits: NDArray[np.int64]
    age_us: NDArray[np.int64]
    sigma_m: NDArray[np.float64]
    classes: NDArray[np.float64]  # (n, 5); above 1: this class does not count
    any_class: NDArray[np.bool_]


def bars(rules: list[Qualifiers]) -> Bars:
    """The columns of these rules."""
    classes = np.full((len(rules), len(CLASS_ORDER)), 2.0)
    for row, rule in enumerate(rules):
        for name, share in rule.classes.items():
            classes[row, CLASS_ORDER.index(name)] = share
    return Bars(
        hits=np.array([rule.min_hits for rule in rules], np.int64),
        age_us=np.array([round(rule.min_age_s * 1e6) for rule in rules], np.int64),
        sigma_m=np.array([rule.max_sigma_m or math.inf for rule in rules], np.float64),
        classes=classes,
        any_class=np.array([not rule.classes for rule in rules], np.bool_),
    )


@compiled
def unmet(
    bars: Bars,
    rule: int,
    hits: int,
    age_us: int,
    var_x: float,
    cov_xy: float,
    var_y: float,
    classes: NDArray[np.float32],
) -> int:
    """0 when the track is good enough; else 1 hits, 2 age, 3 sigma, 4 class: the first unmet."""
    if hits < bars.hits[rule]:
        return 1
    if age_us < bars.age_us[rule]:
        return 2
    half = 0.5 * (var_x - var_y)
    most = 0.5 * (var_x + var_y) + math.sqrt(half * half + cov_xy * cov_xy)
    if not most <= bars.sigma_m[rule] * bars.sigma_m[rule]:
        return 3
    if not bars.any_class[rule]:
        for k in range(len(classes)):
            if classes[k] >= bars.classes[rule, k]:
                return 0
        return 4
    return 0


#: What `unmet` names, as explain tells it.
UNMET = ("", "min_hits", "min_age_s", "max_sigma_m", "classes")


def schema_of(params: type[Qualifiers]) -> dict[str, Any]:
    """The JSON schema of a kind's parameters, from which an editor can be made."""
    return msgspec.json.schema(params)
