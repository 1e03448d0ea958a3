"""Who moves in a scenario: each by a table of its own, or many drawn from the seed.

A crowd is a recipe. What it gives depends on the seed and its own id alone, so that a fresh
seed is a night that nobody has seen, and another crowd changes nothing of this one.
"""

import zlib
from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.table import (
    Id,
    Place,
    Span,
    Table,
    TakenFor,
    below_zero,
    bounds,
)

#: [km, m] or [km, m, seconds to wait there]
Waypoint = Annotated[list[float], Meta(min_length=2, max_length=3)]
#: The same as spans, kilometres counted from where the mover begins.
Waypoints = Annotated[
    list[Annotated[list[Span], Meta(min_length=2, max_length=3)]], Meta(min_length=2)
]

_FASTEST_MPS = 60.0
#: Those who go together do not set out in the same instant.
_APART_S = 4.0


class MoverSpec(Table, frozen=True, kw_only=True):
    """Something that moves: along its own `path`, or along a `road` from one place to another.

    `sway_m` lets a walker stray from the straight; `erratic` is how deer go: by fits and
    starts. `unit` names one of our own patrols. `stay_s` keeps it there at the end.
    """

    id: Id
    object: ObjectClass = msgspec.field(name="class")
    start_s: Annotated[float, Meta(ge=0)] = 0.0
    speed_mps: Annotated[float, Meta(gt=0, le=_FASTEST_MPS)]
    path: Annotated[list[Waypoint], Meta(min_length=2)] | None = None
    road: str | None = None
    from_: Place | None = msgspec.field(name="from", default=None)
    to: Place | None = None
    sway_m: Annotated[float, Meta(ge=0, le=50)] = 0.0
    erratic: bool = False
    size: Annotated[int, Meta(ge=1, le=200)] = 1
    unit: str | None = None
    stay_s: Annotated[float, Meta(ge=0)] = 0.0
    taken_for: TakenFor = msgspec.field(default_factory=dict)


class CrowdSpec(Table, frozen=True, kw_only=True):
    """`count` times the same kind of thing, each time drawn anew.

    It sets out at `start_s` (left out: at any time) at the chainage `km`, along a `path` whose
    kilometres count from there, or a `road`. `heads` go together, each `spread_m` (1 σ) off it.
    """

    id: Id
    object: ObjectClass = msgspec.field(name="class")
    count: Annotated[int, Meta(ge=1, le=1000)]
    start_s: Span | None = None
    speed_mps: Span
    km: Span = 0.0
    path: Waypoints | None = None
    road: str | None = None
    from_: Place | None = msgspec.field(name="from", default=None)
    to: Place | None = None
    heads: Span = 1.0
    spread_m: Annotated[float, Meta(ge=0, le=500)] = 0.0
    sway_m: Annotated[float, Meta(ge=0, le=50)] = 0.0
    erratic: bool = False
    size: Span = 1.0
    unit: str | None = None
    stay_s: Span = 0.0
    taken_for: TakenFor = msgspec.field(default_factory=dict)


def draw(crowd: CrowdSpec, seed: int, duration_s: float) -> Iterator[MoverSpec]:
    """The movers of a crowd, called crowd-1, crowd-2, …; of several heads crowd-1a, crowd-1b, …"""
    rng = np.random.default_rng([seed, zlib.crc32(crowd.id.encode())])

    def one_of(span: Span) -> float:
        return float(rng.uniform(*bounds(span)))

    def head_count() -> int:
        low, high = bounds(crowd.heads)
        return int(rng.integers(round(low), round(high) + 1))

    for number in range(1, crowd.count + 1):
        start_s = one_of([0.0, duration_s] if crowd.start_s is None else crowd.start_s)
        speed_mps, km = one_of(crowd.speed_mps), one_of(crowd.km)
        size, stay_s = round(one_of(crowd.size)), one_of(crowd.stay_s)
        path = [[one_of(span) for span in point] for point in crowd.path or ()]
        heads = head_count()
        for head in range(heads):
            late_s, (dkm, dm) = 0.0, (0.0, 0.0)
            if heads > 1:
                late_s = float(rng.uniform(0.0, _APART_S))
                dkm, dm = rng.normal(0.0, crowd.spread_m, 2) * (1e-3, 1.0)
            yield MoverSpec(
                id=f"{crowd.id}-{number}{_letter(head) if heads > 1 else ''}",
                object=crowd.object,
                start_s=start_s + late_s,
                speed_mps=speed_mps,
                path=[[km + p[0] + dkm, p[1] + dm, *p[2:]] for p in path] or None,
                road=crowd.road,
                from_=crowd.from_,
                to=crowd.to,
                sway_m=crowd.sway_m,
                erratic=crowd.erratic,
                size=size,
                unit=crowd.unit and f"{crowd.unit}-{number}",
                stay_s=stay_s,
                taken_for=crowd.taken_for,
            )


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"x{number}"


def mover_problems(mover: MoverSpec, duration_s: float) -> list[str]:
    """What is wrong with a mover beside its form."""
    found = _way(mover)
    if mover.start_s >= duration_s:
        found.append("it starts after the scenario's end")
    if mover.path is not None and any(len(p) == 3 and p[2] < 0 for p in mover.path):
        found.append("a wait cannot be negative")
    return found + _mistaken(mover.taken_for)


def crowd_problems(crowd: CrowdSpec) -> list[str]:
    """What is wrong with a crowd beside its form."""
    found = _way(crowd)
    least = [("speed_mps", crowd.speed_mps), ("heads", crowd.heads), ("size", crowd.size)]
    found += [f"{name} must be above 0" for name, span in least if not bounds(span)[0] > 0]
    if bounds(crowd.speed_mps)[1] > _FASTEST_MPS:
        found.append(f"speed_mps must be at most {_FASTEST_MPS:.0f}")
    waits = [point[2] for point in crowd.path or () if len(point) == 3]
    if any(map(below_zero, [crowd.start_s or 0.0, crowd.stay_s, *waits])):
        found.append("a time cannot be negative")
    return found + _mistaken(crowd.taken_for)


def _way(mover: MoverSpec | CrowdSpec) -> list[str]:
    if (mover.road is not None) == (mover.path is not None):
        return ["give either a path, or a road with from and to"]
    if mover.road is not None and (mover.from_ is None or mover.to is None):
        return ["a road needs from and to"]
    return []


def _mistaken(taken_for: TakenFor) -> list[str]:
    return ["taken_for must not sum to more than 1"] if sum(taken_for.values()) > 1.0 else []
