"""Geofences and rules in force, made ready for the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from statistics import NormalDist
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from watchline.errors import RuleInvalid, WatchlineError
from watchline.geofences.check import defects
from watchline.geofences.force import Force
from watchline.geofences.index import GeofenceIndex, compile_sound
from watchline.geofences.model import Direction, Geofence, Purpose, in_force
from watchline.geofences.silence import SILENCING, Silence
from watchline.rules import budget
from watchline.rules.kind import Kind, all_kinds, read_params
from watchline.rules.model import Rule
from watchline.rules.qualify import Bars, Qualifiers, bars
from watchline.rules.state import Key
from watchline.rules.watch import Condition, Watch, Watches, Windows

_NORMAL = NormalDist()
_MOST_OPENED = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAY = {Direction.BOTH: 0, Direction.LEFT_TO_RIGHT: 1, Direction.RIGHT_TO_LEFT: -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with its kind, its checked parameters and the geofence as drawn."""

    rule: Rule
    kind: Kind
    params: Qualifiers
    geofence: Geofence
    watch: Watch | None
    bar: int = 0  # its row in CompiledRules.bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A rule that is told what happens at a compiled geofence: its own, or another it names."""

    made: CompiledRule
    own: bool


@dataclass(frozen=True, kw_only=True)
class CompiledRules:
    """Everything a step needs of the geofences and rules in force; made by `compile_rules`.

    `p_in` and `p_out` are per area, `z_in` per line; `listeners` are by compiled geofence.
    `made` are all rules, those with a watch first and in the order of `watches`; `reach` are the
    lines of watches, in an index of their own. `places` are the areas where signs of life count,
    each with its `present` rules. The forces say which areas and lines count when, `silence` which
    plots raise nothing, `refused` what was left out because it cannot be judged.
    """

    index: GeofenceIndex
    areas: tuple[Key, ...]
    lines: tuple[Key, ...]
    p_in: NDArray[np.float64]
    p_out: NDArray[np.float64]
    z_in: NDArray[np.float64]
    made: tuple[CompiledRule, ...]
    listeners: Mapping[str, tuple[Listener, ...]]
    watches: Watches
    watch_ids: tuple[str, ...]
    places: GeofenceIndex
    present: tuple[tuple[CompiledRule, ...], ...]
    reach: GeofenceIndex
    reach_s: float
    reach_mps: float
    bars: Bars
    zone: ZoneInfo
    areas_force: Force
    lines_force: Force
    reach_force: Force
    silence: Silence
    refused: tuple[WatchlineError, ...]

    @cached_property
    def by_id(self) -> Mapping[str, CompiledRule]:
        """The rules by their ids."""
        return {made.rule.id: made for made in self.made}

    @cached_property
    def watched(self) -> NDArray[np.bool_]:
        """Whether an area has a watch."""
        return np.diff(self.watches.area_start) > 0

    @cached_property
    def armed(self) -> NDArray[np.bool_]:
        """Whether a watch is armed."""
        return np.array([one.params.armed for one in self.made[: len(self.watch_ids)]], np.bool_)

    @cached_property
    def changing(self) -> tuple[int, ...]:
        """The watches that may hold at some times only."""
        return tuple(
            r
            for r, one in enumerate(self.made[: len(self.watch_ids)])
            if one.params.armed
            and (
                one.kind.cold
                or one.params.hours
                or one.geofence.schedule is not None
                or one.geofence.pauses
            )
        )

    @cached_property
    def windows(self) -> dict[tuple[tuple[int, float | None], ...], Windows]:
        """The last windows made, by the seconds and their air: most steps are of one second."""
        return {}

    @cached_property
    def _opened(self) -> dict[tuple[int, int, float | None], bool]:
        return {}

    def may_hold(self, made: CompiledRule, second: int, air_c: float | None) -> bool:
        """Whether a rule is `open` at a whole second and the air as it wants it."""
        opened = self._opened
        key = (made.bar, second, air_c)
        if key not in opened:
            if len(opened) > _MOST_OPENED:
                opened.clear()
            at_us = second * 1_000_000
            cold = made.kind.cold
            opened[key] = self.open(made, at_us) and (
                cold is None or cold(made.params, air_c, at_us)
            )
        return opened[key]

    def open(self, made: CompiledRule, at_us: int) -> bool:
        """Whether a rule is armed, within its hours, and its geofence in force."""
        params = made.params
        if not params.armed or not in_force(made.geofence, at_us):
            return False
        if not params.hours:
            return True
        local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(self.zone)
        minute = local.weekday() * 1440 + local.hour * 60 + local.minute
        return any(low <= minute < high for low, high in params.hours)


def compile_rules(
    geofences: Sequence[Geofence], rules: Sequence[Rule], *, zone: str = "UTC"
) -> CompiledRules:
    """Compile what is in force; only geofences that a rule watches are judged.

    One bad drawing must not blind a sector: what cannot be judged is left out and told in
    `refused`, as GeofenceInvalid or as RuleInvalid (`id`, `reason` over_budget,
    geofence_unknown, purpose_wrong, kind_unknown, geofence_kind_wrong or params_invalid).
    """
    kept, over = budget.within(geofences, rules)
    refused: list[WatchlineError] = [*over]
    by_id = {geofence.id: geofence for geofence in geofences}
    made = []
    for rule in kept:
        try:
            compiled = compile_rule(rule, by_id.get(rule.geofence_id))
            for other in compiled.kind.others(compiled.params):
                if other not in by_id:
                    raise RuleInvalid(reason="geofence_unknown", id=rule.id, geofence=other)
            made.append(compiled)
        except RuleInvalid as error:
            refused.append(error)
    chosen = {
        id: by_id[id] for one in made for id in (one.rule.geofence_id, *one.kind.others(one.params))
    }
    silencing = [geofence for geofence in geofences if geofence.purpose in SILENCING]
    bad = defects([*(g for g in geofences if g.id in chosen), *silencing])
    refused += bad.values()
    made = [
        one
        for one in made
        if bad.keys().isdisjoint({one.rule.geofence_id, *one.kind.others(one.params)})
    ]
    made.sort(key=lambda one: one.watch is None)  # a stable sort
    made = [replace(one, bar=k) for k, one in enumerate(made)]
    sound = chosen.keys() - bad.keys()
    shapes, listeners = _listeners(made, [g for g in geofences if g.id in sound])
    index = compile_sound(shapes)
    watches, reach = _watches(made, index)
    signs = {one.geofence.id: one.geofence for one in made if one.kind.signs}
    places = compile_sound(list(signs.values()))
    some = [
        (watches.most[r], watches.least[r])
        for r in range(len(watches.most))
        if watches.condition[r] == Condition.REACH
    ]
    return CompiledRules(
        index=index,
        areas=tuple((area.id, area.version) for area in index.areas),
        lines=tuple((line.id, line.version) for line in index.lines),
        p_in=np.array([area.p_in for area in index.areas], np.float64),
        p_out=np.array([area.p_out for area in index.areas], np.float64),
        z_in=np.array([_NORMAL.inv_cdf(max(line.p_in, 0.5)) for line in index.lines], np.float64),
        made=tuple(made),
        listeners={id: tuple(told) for id, told in listeners.items()},
        watches=watches,
        watch_ids=tuple(one.rule.id for one in made if one.watch),
        places=places,
        present=tuple(
            tuple(one for one in made if one.kind.signs and one.geofence.id == area.id)
            for area in places.areas
        ),
        reach=reach,
        reach_s=max((most for most, _ in some), default=0.0),
        reach_mps=min((least for _, least in some), default=0.0),
        bars=bars([one.params for one in made]),
        zone=ZoneInfo(zone),
        areas_force=Force(index.areas),
        lines_force=Force(index.lines),
        reach_force=Force(reach.lines),
        silence=Silence([geofence for geofence in silencing if geofence.id not in bad]),
        refused=tuple(refused),
    )


def compile_rule(rule: Rule, geofence: Geofence | None) -> CompiledRule:
    """Check one rule against its geofence; raises RuleInvalid with `id` and `reason`."""
    if geofence is None:
        raise RuleInvalid(reason="geofence_unknown", id=rule.id)
    if geofence.purpose is not Purpose.ALARM:
        raise RuleInvalid(reason="purpose_wrong", id=rule.id)
    try:
        params = read_params(rule.kind, rule.params, geofence.kind)
    except RuleInvalid as error:
        raise RuleInvalid(**error.params, id=rule.id) from error
    kind = all_kinds()[rule.kind]
    return CompiledRule(
        rule=rule, kind=kind, params=params, geofence=geofence, watch=kind.watch(params)
    )


def _listeners(
    made: Sequence[CompiledRule], geofences: Sequence[Geofence]
) -> tuple[list[Geofence], dict[str, list[Listener]]]:
    """The geofences to compile, and who listens to what happens at each."""
    shapes = {}
    listeners: dict[str, list[Listener]] = {}
    drawn = {geofence.id: geofence for geofence in geofences}
    for one in made:
        if one.kind.signs is not None:
            continue  # no track has to do with it
        shape = one.kind.shape(one.geofence, one.params)
        if shape is None:
            shape = one.geofence
        else:
            version = one.geofence.version * 1_000_000 + one.rule.version
            shape = replace(shape, id=f"{shape.id}~{one.rule.id}", version=version)
        shapes[shape.id] = shape
        listeners.setdefault(shape.id, []).append(Listener(made=one, own=True))
        for other in one.kind.others(one.params):
            shapes[other] = drawn[other]
            listeners.setdefault(other, []).append(Listener(made=one, own=False))
    first = [shapes.pop(geofence.id) for geofence in geofences if geofence.id in shapes]
    return [*first, *shapes.values()], listeners


def _watches(made: Sequence[CompiledRule], index: GeofenceIndex) -> tuple[Watches, GeofenceIndex]:
    """The watches as columns, and an index of the lines among them."""
    rules: list[tuple[CompiledRule, Watch]] = [
        (one, one.watch) for one in made if one.watch is not None
    ]
    areas: list[list[int]] = [[] for _ in index.areas]
    place = {area.id: k for k, area in enumerate(index.areas)}
    lines: dict[str, list[int]] = {}
    drawn: dict[str, Geofence] = {}
    for r, (one, watch) in enumerate(rules):
        if watch.condition is Condition.REACH:
            lines.setdefault(one.geofence.id, []).append(r)
            drawn[one.geofence.id] = one.geofence
        else:
            areas[place[one.geofence.id]].append(r)
    reach = compile_sound(list(drawn.values()))
    ways = [_WAY[way] for line in drawn.values() for way in line.directions]
    area_start, area_rule = _lists(areas)
    line_start, line_rule = _lists(list(lines.values()))
    watches = Watches(
        condition=np.array([watch.condition for _, watch in rules], np.int64),
        for_us=np.array([round(watch.for_s * 1e6) for _, watch in rules], np.int64),
        least=np.array([watch.least for _, watch in rules], np.float64),
        most=np.array([watch.most for _, watch in rules], np.float64),
        area_start=area_start,
        area_rule=area_rule,
        line_start=line_start,
        line_rule=line_rule,
        way=np.array(ways, np.int8),
    )
    return watches, reach


def _lists(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    start = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    return start, np.array([rule for rules in lists for rule in rules], np.int64)
