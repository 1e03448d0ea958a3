"""Where everything truly is at any time: pure in (scenario, area, time).

Every mover is compiled once into knots (time, place); a position is a straight interpolation
between them. Waiting, swaying and erratic animals are all in the knots, drawn from the
scenario's seed and the mover's id, so that one mover's path does not depend on another's.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.movers import MoverSpec
from watchline_sensors.simulate.scenario import Scenario
from watchline_sensors.simulate.table import TakenFor

Floats = NDArray[np.float64]

_SWAY_STEP_M = 12.0
_ERRATIC_LEG_M = (12.0, 40.0)
_ERRATIC_OFFSET_M = 14.0
_ERRATIC_SPEED = (0.35, 1.9)
_ERRATIC_PAUSE_SHARE = 0.2
_ERRATIC_PAUSE_S = (2.0, 12.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One mover: its knots are seconds since the cycle began and metres in the plane."""

    id: str
    object: ObjectClass
    size: int
    unit: str | None
    taken_for: TakenFor
    t_s: Floats  # (k,)
    xy_m: Floats  # (k, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """n targets, each at its own time: place, velocity, and whether it is there at all."""

    xy_m: Floats  # (n, 2)
    velocity_mps: Floats  # (n, 2)
    present: NDArray[np.bool_]  # (n,)


class World:
    """All movers of a scenario. With a loop, time goes round after `duration_s`."""

    def __init__(self, scenario: Scenario, area: Area) -> None:
        self.duration_s = scenario.duration_s
        self.loop = scenario.loop
        self.targets = [_compile(mover, scenario.seed, area) for mover in scenario.movers]
        self._begin_s = np.array([target.t_s[0] for target in self.targets])
        self._end_s = np.array([target.t_s[-1] for target in self.targets])

    def cycle(self, t_s: float) -> int:
        """How many times the scenario has begun again by now."""
        return int(t_s // self.duration_s) if self.loop else 0

    def name(self, index: int, t_s: float) -> str:
        """A target's id, with the number of the cycle after the first: "deer-1/2"."""
        cycle = self.cycle(t_s)
        return self.targets[index].id + (f"/{cycle + 1}" if cycle else "")

    def near(self, from_s: float, to_s: float) -> NDArray[np.int64]:
        """The indexes of all targets that may be there at some time of a stretch."""
        if self.loop:
            return np.arange(len(self.targets))
        return np.flatnonzero((self._begin_s <= to_s) & (self._end_s > from_s))

    def at(self, t_s: ArrayLike, which: NDArray[np.int64] | None = None) -> Moment:
        """Targets at times of their own, or at one time (seconds since the start): all of them,
        or those with the indexes `which`."""
        chosen = np.arange(len(self.targets)) if which is None else which
        t = np.broadcast_to(np.asarray(t_s, float), (len(chosen),))
        t = t % self.duration_s if self.loop else t
        xy, velocity = np.zeros((len(t), 2)), np.zeros((len(t), 2))
        present = np.zeros(len(t), bool)
        for n in np.flatnonzero((self._begin_s[chosen] <= t) & (t < self._end_s[chosen])):
            target = self.targets[chosen[n]]
            k = int(np.searchsorted(target.t_s, t[n], side="right")) - 1
            span = target.t_s[k + 1] - target.t_s[k]
            velocity[n] = (target.xy_m[k + 1] - target.xy_m[k]) / span
            xy[n] = target.xy_m[k] + velocity[n] * (t[n] - target.t_s[k])
            present[n] = t[n] < self.duration_s
        return Moment(xy_m=xy, velocity_mps=velocity, present=present)


def _compile(mover: MoverSpec, seed: int, area: Area) -> Target:
    rng = np.random.default_rng([seed, zlib.crc32(mover.id.encode())])
    if mover.path is not None:
        places = np.array([point[:2] for point in mover.path])
        xy = area.border.point(places[:, 0], places[:, 1])
        waits = np.array([point[2] if len(point) == 3 else 0.0 for point in mover.path])
    else:
        xy = _road(mover, area)
        waits = np.zeros(len(xy))
    waits[-1] += mover.stay_s
    times, knots = [mover.start_s], [xy[0]]

    def go(place: Floats, speed_mps: float) -> None:
        length = float(np.hypot(*(place - knots[-1])))
        if length > 0.0:
            times.append(times[-1] + length / speed_mps)
            knots.append(place)

    def wait(seconds: float) -> None:
        if seconds > 0.0:
            times.append(times[-1] + seconds)
            knots.append(knots[-1])

    wait(waits[0])
    for start, end, pause_s in zip(xy[:-1], xy[1:], waits[1:], strict=True):
        if mover.erratic:
            for place, speed, rest_s in _erratic_legs(start, end, mover.speed_mps, rng):
                go(place, speed)
                wait(rest_s)
        else:
            for place in _swaying(start, end, mover.sway_m, rng):
                go(place, mover.speed_mps)
        wait(float(pause_s))
    if len(times) < 2:
        raise ScenarioError([f"mover {mover.id}: its path has no length"])
    return Target(
        id=mover.id,
        object=mover.object,
        size=mover.size,
        unit=mover.unit,
        taken_for=mover.taken_for,
        t_s=np.array(times),
        xy_m=np.array(knots),
    )


def _road(mover: MoverSpec, area: Area) -> Floats:
    """The road's own points between those nearest to `from` and `to`, in driving order."""
    line = area.roads.get(mover.road or "")
    if line is None:
        known = ", ".join(sorted(area.roads)) or "none"
        raise ScenarioError([f"mover {mover.id}: no road {mover.road!r} (there is: {known})"])
    ends = [
        int(np.argmin(np.hypot(*(line - area.border.point(*place)).T)))
        for place in (mover.from_ or (0.0, 0.0), mover.to or (0.0, 0.0))
    ]
    first, last = ends
    found = line[first : last + 1] if first <= last else line[last : first + 1][::-1]
    if len(found) < 2:
        raise ScenarioError([f"mover {mover.id}: from and to lie at the same point of the road"])
    return found


def _swaying(start: Floats, end: Floats, sway_m: float, rng: np.random.Generator) -> list[Floats]:
    length = float(np.hypot(*(end - start)))
    pieces = max(1, round(length / _SWAY_STEP_M)) if sway_m > 0.0 else 1
    if length == 0.0:
        return []
    aside = np.array([start[1] - end[1], end[0] - start[0]]) / length
    share = np.arange(1, pieces + 1) / pieces
    offset = rng.normal(0.0, sway_m, pieces) if sway_m > 0.0 else np.zeros(pieces)
    offset[-1] = 0.0
    return list(start + (end - start) * share[:, None] + aside * offset[:, None])


def _erratic_legs(
    start: Floats, end: Floats, speed_mps: float, rng: np.random.Generator
) -> list[tuple[Floats, float, float]]:
    """(place, speed, rest) legs that get from start to end, but not straight."""
    length = float(np.hypot(*(end - start)))
    legs: list[tuple[Floats, float, float]] = []
    gone = 0.0
    while gone < length:
        gone = min(length, gone + rng.uniform(*_ERRATIC_LEG_M))
        place = start + (end - start) * (gone / length)
        if gone < length:
            place = place + rng.normal(0.0, _ERRATIC_OFFSET_M, 2)
        pauses = rng.random() < _ERRATIC_PAUSE_SHARE
        rest_s = rng.uniform(*_ERRATIC_PAUSE_S) if pauses else 0.0
        legs.append((place, speed_mps * rng.uniform(*_ERRATIC_SPEED), rest_s))
    return legs
