"""Judge tracks against rules: a pure step from state and updates to state and findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.model import Direction
from watchline.rules.areas import judge_areas
from watchline.rules.compiling import CompiledRules, compile_rule, compile_rules
from watchline.rules.events import Crossed, Entered, Held, Left, Stand
from watchline.rules.friendly import judge_friends
from watchline.rules.keeping import placed, seen_kept, tracks_kept
from watchline.rules.lines import judge_lines
from watchline.rules.memory import air_at, known_air, known_fixes
from watchline.rules.model import NOTHING, Finding, Surroundings
from watchline.rules.presence import judge_presence
from watchline.rules.qualified import NOT_YET, good_enough
from watchline.rules.raising import MOST_WAITING, Raiser, Source
from watchline.rules.state import RuleState, Waiting
from watchline.rules.swap import swap
from watchline.rules.tracks import paths_of, slots_of
from watchline.rules.watch import MOST_REACH_M, Fixes, Plots
from watchline.rules.watching import SLACK, judge_watches
from watchline.rules.windows import windows_of
from watchline.tracks.model import TrackStatus, TrackUpdates

__all__ = ["CompiledRules", "compile_rule", "compile_rules", "step"]

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """The updates of a step as the kernels want them; `slots` number the tracks."""

    updates: TrackUpdates
    plots: Plots
    judged: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    slots: NDArray[np.int64]
    total: int
    begin: NDArray[np.int64]
    last: NDArray[np.int64]
    alive: NDArray[np.bool_]
    order: NDArray[np.int64]
    founders: NDArray[np.int64]
    ids: tuple[NDArray[np.uint64], NDArray[np.uint64]]  # the halves of each update's track id


def step(
    state: RuleState,
    updates: TrackUpdates,
    tick_us: int | None,
    compiled: CompiledRules,
    around: Surroundings = NOTHING,
) -> tuple[RuleState, list[Finding]]:
    """Judge updates, what became known around them, and a tick; the given state is not changed.

    Only plots are judged: a coasting track's covariance grows until it reaches everywhere,
    which is no news of where it went. Its next plot continues the path from its last. A track
    that ends is forgotten. What is `around` an update is given with it or before. `tick_us` is up
    to when the absence of plots, fixes and signs means something. Findings stand in the order of
    the updates, then the tick's; those of a time that has passed are the same however the input
    is cut into batches and wherever ticks fall.
    """
    state = swap(state, compiled)
    if not len(updates) and tick_us is None and around is NOTHING:
        return state, []
    subjects, silent = judge_presence(
        state.subjects,
        sorted([*around.units, *around.sensors], key=lambda sign: sign.at_us),
        tick_us,
        compiled,
    )
    units, kept_fixes, fixes = known_fixes(state.units, state.fixes, around.units)
    air = known_air(state.air, around.air)
    frame = _frame(state, updates, compiled)
    plots, slots, judged, ended = frame.plots, frame.slots, frame.judged, frame.ended

    index = compiled.index
    pairs = index.probabilities(
        np.where(judged, plots.x, np.nan), plots.y, plots.var_x, plots.cov_xy, plots.var_y
    )
    # Nobody is in an area that is out of force: who is when it returns enters then.
    pair_us = np.repeat(plots.at_us, np.diff(pairs.start))
    p = pairs.p * compiled.areas_force.holds(pairs.area, pair_us)
    members, area_events, stays = judge_areas(
        state.members, frame.total, slots, frame.order, judged, ended, plots.at_us,
        pairs.start, pairs.area, p, plots.var_x, plots.cov_xy, plots.var_y,
        compiled.p_in, compiled.p_out, compiled.watched,
        index.deepest, index.area_grid.edges, index.area_grid.owner_start,
    )  # fmt: skip
    beside, line_events = judge_lines(
        state.tracks, state.beside, frame.total, slots, frame.order, judged, ended, frame.begin,
        plots.at_us, plots.x, plots.y, plots.var_x, plots.cov_xy, plots.var_y,
        index.line_grid, compiled.z_in,
    )  # fmt: skip
    event_us = plots.at_us[area_events["row"]]
    area_events = area_events[compiled.areas_force.holds(area_events["area"], event_us)]
    line_events = line_events[compiled.lines_force.holds(line_events["line"], line_events["at_us"])]
    friends, p_friend, unit_of = state.friends, *_nobody(len(updates))
    if len(units):
        friends, p_friend, unit_of = judge_friends(friends, slots, judged, ended, plots, fixes)
    watch, last_row, held = _watch(state, frame, compiled, stays, fixes, air, tick_us)

    raiser = Raiser(
        updates=updates,
        plots=plots,
        compiled=compiled,
        p_friend=p_friend,
        unit_of=unit_of,
        units=units,
        marks=dict(state.marks),
    )
    for row, event in _events(area_events, line_events, frame):
        raiser.tell(row, event)
    for told in held:
        made = compiled.made[told["rule"]]
        source = _source(told, state, raiser, units)
        raiser.tell_held(_held(told, units, air), made, source)
    for made, absent in silent:
        raiser.tell_silent(absent, made)
    waiting = _wait(state, raiser, frame)

    place = np.cumsum(frame.alive) - 1
    for rows in (members, beside):
        rows["track"] = place[rows["track"]]
    ids, sensors = frame.ids, np.ascontiguousarray(updates.sensors, np.int32)
    tracks = tracks_kept(
        state.tracks, ids[0], ids[1], frame.founders, frame.last, frame.alive, plots
    )
    watch = placed(watch, watch["rule"], place)
    state = RuleState(
        areas=compiled.areas,
        lines=compiled.lines,
        watches=compiled.watch_ids,
        units=units,
        tracks=tracks,
        members=members,
        beside=beside,
        watch=watch,
        seen=seen_kept(state.seen, watch, frame.alive, last_row, plots, sensors),
        fixes=kept_fixes,
        friends=placed(friends, friends["unit"], place),
        marks={id: marks for id, marks in raiser.marks.items() if marks},
        subjects=subjects,
        waiting=waiting,
        air=air,
    )
    found = sorted(raiser.found, key=lambda told: told[0])
    return state, [finding for _, finding in found]


def _frame(state: RuleState, updates: TrackUpdates, compiled: CompiledRules) -> _Frame:
    # Covariances as the state keeps them, so that a path is judged alike within a batch and
    # across two.
    var_x, cov_xy, var_y = (
        _floats(np.asarray(column, np.float32))
        for column in (updates.var_x_m2, updates.cov_xy_m2, updates.var_y_m2)
    )
    plots = Plots(
        at_us=np.ascontiguousarray(updates.at_us, np.int64),
        x=_floats(updates.x_m),
        y=_floats(updates.y_m),
        vx=_floats(updates.vx_mps),
        vy=_floats(updates.vy_mps),
        var_x=var_x,
        cov_xy=cov_xy,
        var_y=var_y,
        hits=np.ascontiguousarray(updates.hits, np.int32),
        first_us=np.ascontiguousarray(updates.first_us, np.int64),
        classes=np.ascontiguousarray(updates.classes, np.float32),
        no=np.ascontiguousarray(updates.no, np.int64),
    )
    judged = updates.plot & np.isfinite(plots.x + plots.y + var_x + cov_xy + var_y)
    judged &= compiled.silence.heard(plots.x, plots.y, plots.at_us)
    ended = np.ascontiguousarray(updates.status == TrackStatus.ENDED)
    id_a, id_b = _halves(updates.id)
    known = len(state.tracks)
    slots, founders = slots_of(
        np.ascontiguousarray(state.tracks["id_a"]),
        np.ascontiguousarray(state.tracks["id_b"]),
        id_a,
        id_b,
    )
    total = known + len(founders)
    begin, last, alive = paths_of(slots, known, total, judged, ended)
    return _Frame(
        updates=updates,
        plots=plots,
        judged=judged,
        ended=ended,
        slots=slots,
        total=total,
        begin=begin,
        last=last,
        alive=alive,
        order=np.argsort(slots, kind="stable"),
        founders=founders,
        ids=(id_a, id_b),
    )


def _halves(ids: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    halves = np.ascontiguousarray(ids).view("<u8")
    return np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])


def _floats(column: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(column, np.float64)


def _nobody(n: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    return np.zeros(n), np.full(n, -1, np.int32)


def _watch(
    state: RuleState,
    frame: _Frame,
    compiled: CompiledRules,
    stays: NDArray[Any],
    fixes: Fixes,
    air: tuple[Any, ...],
    tick_us: int | None,
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]:
    """(watches, last plot of each slot, what has held); see watching.judge_watches."""
    plots, n = frame.plots, len(frame.slots)
    stay_start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(stays["row"], minlength=n), out=stay_start[1:])
    stay = stays["area"][np.argsort(stays["row"], kind="stable")]
    reach_start, reach = np.zeros(n + 1, np.int64), np.zeros(0, np.int32)
    if compiled.reach_s:
        speed = np.hypot(plots.vx, plots.vy)
        far = np.minimum(compiled.reach_s * SLACK, MOST_REACH_M / np.maximum(speed, 1e-9))
        x = np.where(frame.judged & (speed * SLACK >= compiled.reach_mps), plots.x, np.nan)
        reach_start, reach = compiled.reach.lines_cut(
            x, plots.y, x + plots.vx * far, plots.y + plots.vy * far
        )
        held = compiled.reach_force.holds(reach, np.repeat(plots.at_us, np.diff(reach_start)))
        reach_start = np.concatenate([[0], np.cumsum(held)])[reach_start]
        reach = reach[held]
    return judge_watches(
        state.watch, state.seen, state.tracks, frame.total, frame.slots, frame.judged, frame.ended,
        plots, stay_start, np.ascontiguousarray(stay), reach_start, reach, compiled.reach.line_grid,
        compiled.watches, compiled.bars, windows_of(state, plots.at_us, tick_us, air, compiled),
        fixes, -1 if tick_us is None else tick_us,
    )  # fmt: skip


def _source(told: Any, state: RuleState, raiser: Raiser, units: Sequence[str]) -> Source:
    """The track of a watch as of its last plot."""
    if told["seen"] >= 0:
        return raiser.source_of(int(told["seen"]))
    slot = int(told["slot"])
    track = state.tracks[slot]
    seen = state.seen[np.searchsorted(state.seen["track"], slot)]
    p, unit = 0.0, ""
    for friend in state.friends[state.friends["track"] == slot]:
        if friend["p"] > p:
            p, unit = float(friend["p"]), units[friend["unit"]]
    return Source(
        track_id=np.array([track["id_a"], track["id_b"]], "<u8").tobytes(),
        track_no=int(seen["no"]),
        hits=int(seen["hits"]),
        sensors=tuple(seen["sensors"][seen["sensors"] != 0].tolist()),
        x_m=float(track["x_m"]),
        y_m=float(track["y_m"]),
        var_x_m2=float(track["var_x_m2"]),
        cov_xy_m2=float(track["cov_xy_m2"]),
        var_y_m2=float(track["var_y_m2"]),
        friend_p=p,
        unit=unit,
        vx_mps=float(seen["vx_mps"]),
        vy_mps=float(seen["vy_mps"]),
    )


def _wait(state: RuleState, raiser: Raiser, frame: _Frame) -> tuple[Waiting, ...]:
    """Tell those whose track is good enough now; who goes on waiting."""
    waiting = [(-1, waited) for waited in state.waiting] + raiser.waiting
    if not waiting:
        return ()
    by_id = raiser.compiled.by_id
    waiting = [told for told in waiting if told[1].finding.rule_id in by_id]
    track_ids = b"".join(waited.finding.track_id for _, waited in waiting)
    founders = frame.founders
    slots, _ = slots_of(
        np.concatenate([state.tracks["id_a"], frame.ids[0][founders]]),
        np.concatenate([state.tracks["id_b"], frame.ids[1][founders]]),
        *_halves(np.frombuffer(track_ids, np.uint8).reshape(-1, 16)),
    )
    found = good_enough(
        np.where(slots < frame.total, slots, -1),  # its track is known no more
        np.array([row for row, _ in waiting], np.int64),
        np.array([waited.until_us for _, waited in waiting], np.int64),
        np.array([by_id[waited.finding.rule_id].bar for _, waited in waiting], np.int64),
        frame.slots, frame.judged, frame.ended, frame.plots, raiser.compiled.bars, frame.total,
    )  # fmt: skip
    for row, (_, waited) in zip(found.tolist(), waiting, strict=True):
        if row >= 0:
            raiser.tell_waiting(waited, row, by_id[waited.finding.rule_id])
    left = [told[1] for row, told in zip(found, waiting, strict=True) if row == NOT_YET]
    return tuple(left[-MOST_WAITING:])


def _events(
    area_events: NDArray[Any], line_events: NDArray[Any], frame: _Frame
) -> list[tuple[int, Entered | Left | Crossed]]:
    """What happened, in the order of the updates and with each in that of time."""
    at_us = frame.plots.at_us
    events: list[tuple[int, Entered | Left | Crossed]] = [
        (int(event["row"]), _area_event(event, frame.begin)) for event in area_events
    ]
    events += [(int(event["row"]), _line_event(event, frame.updates)) for event in line_events]
    return sorted(
        events,
        key=lambda told: (
            told[0],
            told[1].at_us if isinstance(told[1], Crossed) else int(at_us[told[0]]),
        ),
    )


def _held(told: Any, units: Sequence[str], air: tuple[Any, ...]) -> Held:
    unit, at_us = int(told["unit"]), int(told["at_us"])
    return Held(
        row=int(told["row"]),
        since_us=int(told["since_us"]),
        at_us=at_us,
        value=float(told["value"]),
        other_no=int(told["other"]),
        other=units[unit] if unit >= 0 else "",
        air_c=air_at(air, at_us),
    )


def _area_event(event: Any, begin: NDArray[np.int64]) -> Entered | Left:
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


def _line_event(event: Any, updates: TrackUpdates) -> Crossed:
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
