"""Judge tracks against rules: a pure step from state and updates to state and findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchline.errors import RuleInvalid, WatchlineError
from watchline.geofences.check import defects
from watchline.geofences.index import GeofenceIndex, compile_index
from watchline.geofences.model import Direction, Geofence
from watchline.rules.areas import judge_areas
from watchline.rules.events import Crossed, Entered, Event, Left, Stand
from watchline.rules.kind import Kind, all_kinds, read_params
from watchline.rules.lines import judge_lines
from watchline.rules.model import Finding, Rule
from watchline.rules.state import TRACK, Key, RuleState
from watchline.rules.swap import swap
from watchline.rules.tracks import paths_of, slots_of
from watchline.tracks.model import TrackStatus, TrackUpdates

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with its kind and its checked parameters."""

    rule: Rule
    kind: Kind
    params: msgspec.Struct


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRules:
    """Everything a step needs of the geofences and rules in force; made by `compile_rules`.

    `p_in` and `p_out` are per area, `z_in` per line; `rules` are those of each geofence.
    `refused` says what was left out because it cannot be judged.
    """

    index: GeofenceIndex
    areas: tuple[Key, ...]
    lines: tuple[Key, ...]
    p_in: NDArray[np.float64]
    p_out: NDArray[np.float64]
    z_in: NDArray[np.float64]
    rules: Mapping[str, tuple[CompiledRule, ...]]
    refused: tuple[WatchlineError, ...]


def compile_rules(geofences: Sequence[Geofence], rules: Sequence[Rule]) -> CompiledRules:
    """Compile what is in force; only geofences that a rule watches are judged.

    One bad drawing must not blind a sector: what cannot be judged is left out and told in
    `refused`, as GeofenceInvalid or as RuleInvalid (`id`, `reason` geofence_unknown,
    kind_unknown, geofence_kind_wrong or params_invalid).
    """
    watched: dict[str, list[CompiledRule]] = {}
    refused: list[WatchlineError] = []
    by_id = {geofence.id: geofence for geofence in geofences}
    for rule in rules:
        try:
            compiled = compile_rule(rule, by_id.get(rule.geofence_id))
        except RuleInvalid as error:
            refused.append(error)
        else:
            watched.setdefault(rule.geofence_id, []).append(compiled)
    chosen = [geofence for geofence in geofences if geofence.id in watched]
    bad = defects(chosen)
    refused += bad.values()
    index = compile_index([geofence for geofence in chosen if geofence.id not in bad])
    return CompiledRules(
        index=index,
        areas=tuple((area.id, area.version) for area in index.areas),
        lines=tuple((line.id, line.version) for line in index.lines),
        p_in=np.array([area.p_in for area in index.areas], np.float64),
        p_out=np.array([area.p_out for area in index.areas], np.float64),
        z_in=np.array([_NORMAL.inv_cdf(max(line.p_in, 0.5)) for line in index.lines], np.float64),
        rules={id: tuple(made) for id, made in watched.items()},
        refused=tuple(refused),
    )


def compile_rule(rule: Rule, geofence: Geofence | None) -> CompiledRule:
    """Check one rule against its geofence; raises RuleInvalid with `id` and `reason`."""
    if geofence is None:
        raise RuleInvalid(reason="geofence_unknown", id=rule.id)
    try:
        params = read_params(rule.kind, rule.params, geofence.kind)
    except RuleInvalid as error:
        raise RuleInvalid(**error.params, id=rule.id) from error
    return CompiledRule(rule=rule, kind=all_kinds()[rule.kind], params=params)


def step(
    state: RuleState, updates: TrackUpdates, tick_us: int | None, compiled: CompiledRules
) -> tuple[RuleState, list[Finding]]:
    """Judge updates; returns the state after them and the findings in the updates' order.

    Only plots are judged: a coasting track's covariance grows until it reaches everywhere,
    which is no news of where it went. Its next plot continues the path from its last. A track
    that ends is forgotten. `tick_us` is up to when the absence of plots means something; no
    kind asks for it yet. The given state is not changed, and cutting the same updates
    into other batches gives the same findings.
    """
    state = swap(state, compiled.areas, compiled.lines, compiled.index, compiled.z_in)
    if not len(updates):
        return state, []
    x, y = _floats(updates.x_m), _floats(updates.y_m)
    # As the state keeps them, so that a path is judged alike within a batch and across two.
    var_x, cov_xy, var_y = (
        _floats(np.asarray(column, np.float32))
        for column in (updates.var_x_m2, updates.cov_xy_m2, updates.var_y_m2)
    )
    at_us = np.ascontiguousarray(updates.at_us, np.int64)
    judged = updates.plot & np.isfinite(x + y + var_x + cov_xy + var_y)
    ended = np.ascontiguousarray(updates.status == TrackStatus.ENDED)
    ids = np.ascontiguousarray(updates.id).view("<u8")
    id_a, id_b = np.ascontiguousarray(ids[:, 0]), np.ascontiguousarray(ids[:, 1])
    known = len(state.tracks)
    slots, founders = slots_of(
        np.ascontiguousarray(state.tracks["id_a"]),
        np.ascontiguousarray(state.tracks["id_b"]),
        id_a,
        id_b,
    )
    total = known + len(founders)
    begin, last, alive = paths_of(slots, known, total, judged, ended)
    order = np.argsort(slots, kind="stable")

    index = compiled.index
    pairs = index.probabilities(np.where(judged, x, np.nan), y, var_x, cov_xy, var_y)
    members, area_events = judge_areas(
        state.members, total, slots, order, judged, ended, at_us,
        pairs.start, pairs.area, pairs.p, var_x, cov_xy, var_y,
        compiled.p_in, compiled.p_out,
        index.deepest, index.area_grid.edges, index.area_grid.owner_start,
    )  # fmt: skip
    beside, line_events = judge_lines(
        state.tracks, state.beside, total, slots, order, judged, ended, begin,
        at_us, x, y, var_x, cov_xy, var_y, index.line_grid, compiled.z_in,
    )  # fmt: skip

    tracks = np.zeros(total, TRACK)
    tracks[:known] = state.tracks
    tracks["id_a"][known:], tracks["id_b"][known:] = id_a[founders], id_b[founders]
    moved = np.flatnonzero(last >= 0)
    row = last[moved]
    for name, column in (
        ("at_us", at_us), ("x_m", x), ("y_m", y),
        ("var_x_m2", var_x), ("cov_xy_m2", cov_xy), ("var_y_m2", var_y),
    ):  # fmt: skip
        tracks[name][moved] = column[row]
    place = np.cumsum(alive) - 1
    members["track"] = place[members["track"]]
    beside["track"] = place[beside["track"]]
    state = RuleState(
        areas=compiled.areas,
        lines=compiled.lines,
        tracks=tracks[alive],
        members=members,
        beside=beside,
    )
    events = [_area_event(event, begin) for event in area_events]
    events += [_line_event(event, updates) for event in line_events]
    events.sort(key=lambda event: event.row)
    return state, [finding for event in events for finding in _findings(event, updates, compiled)]


def _floats(column: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(column, np.float64)


def _area_event(event: Any, begin: NDArray[np.int64]) -> Event:
    row, area, p = int(event["row"]), int(event["area"]), float(event["p"])
    threshold = float(event["threshold"])
    if not event["entered"]:
        return Left(row=row, area=area, p=p, threshold=threshold, since_us=int(event["since_us"]))
    return Entered(
        row=row,
        area=area,
        p=p,
        threshold=threshold,
        p_deepest=float(event["p_deepest"]),
        first_sight=bool(begin[row] == -2),
    )


def _line_event(event: Any, updates: TrackUpdates) -> Event:
    row, to_right = int(event["row"]), bool(event["to_right"])
    return Crossed(
        row=row,
        line=int(event["line"]),
        segment=int(event["segment"]),
        direction=Direction.LEFT_TO_RIGHT if to_right else Direction.RIGHT_TO_LEFT,
        at_us=int(event["at_us"]),
        x_m=float(event["x_m"]),
        y_m=float(event["y_m"]),
        cuts=int(event["cuts"]),
        before=Stand(
            at_us=int(event["before_at_us"]),
            x_m=float(event["before_x_m"]),
            y_m=float(event["before_y_m"]),
            p=_NORMAL.cdf(float(event["before_z"])),
        ),
        after=Stand(
            at_us=int(updates.at_us[row]),
            x_m=float(updates.x_m[row]),
            y_m=float(updates.y_m[row]),
            p=_NORMAL.cdf(float(event["after_z"])),
        ),
    )


def _findings(event: Event, updates: TrackUpdates, compiled: CompiledRules) -> list[Finding]:
    row = event.row
    if isinstance(event, Crossed):
        geofence = compiled.index.lines[event.line]
        at_us, x, y = event.at_us, event.x_m, event.y_m
    else:
        geofence = compiled.index.areas[event.area]
        at_us = int(updates.at_us[row])
        x, y = float(updates.x_m[row]), float(updates.y_m[row])
    sensors = updates.sensors[row]
    common = {"sensors": sensors[sensors != 0].tolist(), "hits": int(updates.hits[row])}
    found = []
    for made in compiled.rules[geofence.id]:
        if made.kind.event is not type(event):
            continue
        evidence = made.kind.judge(event, geofence, made.params)
        if evidence is None:
            continue
        found.append(
            Finding(
                rule_id=made.rule.id,
                rule_version=made.rule.version,
                kind=made.rule.kind,
                severity=made.rule.severity,
                geofence_id=geofence.id,
                geofence_version=geofence.version,
                track_id=updates.id[row].tobytes(),
                track_no=int(updates.no[row]),
                at_us=at_us,
                x_m=x,
                y_m=y,
                var_x_m2=float(updates.var_x_m2[row]),
                cov_xy_m2=float(updates.cov_xy_m2[row]),
                var_y_m2=float(updates.var_y_m2[row]),
                evidence=evidence | common,
                vx_mps=float(updates.vx_mps[row]),
                vy_mps=float(updates.vy_mps[row]),
            )
        )
    return found
