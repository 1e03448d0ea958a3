"""Judge watches: each update in order, then the tick; compiled.

A watch runs from the first plot at which its condition holds, and is told when that has
lasted as long as its rule asks, with whatever comes first: the track's next plot, its end or a
tick. All three see the track as of its last plot before, so findings do not depend on ticks or
batches. It is told once, and again only after the condition has been lost.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.crossing import cut_at
from watchline.geofences.grid import Grid
from watchline.geofences.predicates import cuts
from watchline.geofences.runs import grown
from watchline.rules.qualify import Bars, unmet
from watchline.rules.state import WATCH
from watchline.rules.watch import HELD, Condition, Fixes, Plots, Watches, Windows, latest

Longs = NDArray[np.int64]

#: A condition once met is lost only beyond this multiple of its bound: noise is no news.
SLACK = 1.5
#: Two tracks are compared when both were seen within this time, a unit when it told so lately.
TOGETHER_US = 5_000_000
FRESH_US = 60_000_000

_STAY, _SPEED = int(Condition.STAY), int(Condition.SPEED)
_NEAR_TRACK, _NEAR_UNIT = int(Condition.NEAR_TRACK), int(Condition.NEAR_UNIT)
_IDLE, _RUNNING, _TOLD = 0, 1, 2


@compiled
def _opening(windows: Windows, rule: int, from_us: int, to_us: int) -> int:
    """The first moment from `from_us` up to `to_us` at which the rule may be told; −1: none."""
    for k in range(windows.start[rule], windows.start[rule + 1]):
        at = max(from_us, windows.from_us[k])
        if at < windows.to_us[k]:
            return at if at <= to_us else -1
    return -1


@compiled
def seconds_to(
    grid: Grid,
    line: int,
    way: NDArray[np.int8],
    x: float,
    y: float,
    vx: float,
    vy: float,
    most: float,
) -> float:
    """Seconds until a straight way cuts the line in a direction that counts; inf if not."""
    best = np.inf
    to_x, to_y = x + vx * most, y + vy * most
    first = grid.owner_start[line]
    for j in range(first, grid.owner_start[line + 1]):
        ax, ay, bx, by = grid.edges[j, 0], grid.edges[j, 1], grid.edges[j, 2], grid.edges[j, 3]
        if cuts(ax, ay, bx, by, x, y, to_x, to_y):
            share, to_right = cut_at(ax, ay, bx, by, x, y, to_x, to_y)
            if way[j] == 0 or (way[j] > 0) == to_right:
                best = min(best, share * most)
    return best


@compiled
def _unit_near(fixes: Fixes, at_us: int, x: float, y: float) -> tuple[int, float]:
    """(unit, metres) of the nearest unit by its last fix up to `at_us`, if fresh; −1: none."""
    best, best_d = -1, np.inf
    for unit in range(len(fixes.start) - 1):
        k = latest(fixes, unit, at_us)
        if k < 0 or at_us - fixes.at_us[k] > FRESH_US:
            continue
        dt = 1e-6 * (at_us - fixes.at_us[k])
        d = math.hypot(fixes.x[k] + dt * fixes.vx[k] - x, fixes.y[k] + dt * fixes.vy[k] - y)
        if d < best_d:
            best, best_d = unit, d
    return best, best_d


@compiled
def judge_watches(
    watch: NDArray[Any],
    seen: NDArray[Any],
    tracks: NDArray[Any],
    n_slots: int,
    slots: Longs,
    judged: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    plots: Plots,
    stay_start: Longs,
    stay: NDArray[np.int32],
    reach_start: Longs,
    reach: NDArray[np.int32],
    grid: Grid,
    watches: Watches,
    bars: Bars,
    windows: Windows,
    fixes: Fixes,
    tick_us: int,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(watch, each slot's last plot or −1, held) after the updates and a tick, if `tick_us` >= 0.

    `stay` are the watched areas that hold each update's track, `reach` the watched lines
    that it may head for. Rows of `watch` whose track is −1 are no more.
    """
    n = len(slots)
    rows = np.empty(len(watch) + 64, WATCH)
    used = len(watch)
    rows[:used] = watch
    after = np.full(len(rows), -1, np.int64)  # the next row of the same track
    beside = np.full(len(rows), -1, np.int64)  # the next row of the same rule
    of_slot = np.full(n_slots, -1, np.int64)
    of_rule = np.full(len(watches.for_us), -1, np.int64)
    for k in range(used - 1, -1, -1):
        after[k] = of_slot[rows[k].track]
        of_slot[rows[k].track] = k
        beside[k] = of_rule[rows[k].rule]
        of_rule[rows[k].rule] = k
    place_at = np.empty(n_slots, np.int64)
    place_x, place_y = np.empty(n_slots), np.empty(n_slots)
    for slot in range(len(tracks)):
        place_at[slot] = tracks[slot].at_us
        place_x[slot] = tracks[slot].x_m
        place_y[slot] = tracks[slot].y_m
    number = np.zeros(n_slots, np.int64)
    for k in range(len(seen)):
        number[seen[k].track] = seen[k].no
    last_row = np.full(n_slots, -1, np.int64)
    held = np.empty(16, HELD)
    n_held = 0

    for turn in range(n + 1):
        # First each update, then the tick for every row.
        if turn == n:
            if tick_us < 0:
                break
            first, i = 0, n
            now_us = tick_us
        else:
            i = turn
            slot = slots[i]
            if judged[i]:
                place_at[slot] = plots.at_us[i]
                number[slot] = plots.no[i]
            if not (judged[i] or ended[i]):
                continue
            first = of_slot[slot]
            now_us = plots.at_us[i]
            if first < 0 and not (
                judged[i]
                and (stay_start[i] < stay_start[i + 1] or reach_start[i] < reach_start[i + 1])
            ):
                if judged[i]:
                    place_x[slot], place_y[slot] = plots.x[i], plots.y[i]
                continue
        # 1 What was running until now.
        k = first
        while 0 <= k < used:
            row = rows[k]
            if row.track >= 0 and row.state == _RUNNING and row.ok_us >= 0:
                due = max(row.since_us + watches.for_us[row.rule], row.ok_us)
                at = _opening(windows, row.rule, due, now_us)
                if at >= 0:
                    if n_held == len(held):
                        held = grown(held)
                    _told(held[n_held], row, i, at, last_row[row.track])
                    n_held += 1
            k = k + 1 if turn == n else after[k]
        if turn == n:
            break
        if judged[i]:
            # 2 What holds by this plot.
            x, y, vx, vy = plots.x[i], plots.y[i], plots.vx[i], plots.vy[i]
            place_x[slot], place_y[slot] = x, y
            k = of_slot[slot]
            while k >= 0:
                rows[k].fresh = 0
                k = after[k]
            n_stay = stay_start[i + 1] - stay_start[i]
            for e in range(n_stay + reach_start[i + 1] - reach_start[i]):
                if e < n_stay:
                    fence = stay[stay_start[i] + e]
                    rule, rule_end = watches.area_start[fence], watches.area_start[fence + 1]
                else:
                    fence = reach[reach_start[i] + e - n_stay]
                    rule, rule_end = watches.line_start[fence], watches.line_start[fence + 1]
                for listed in range(rule, rule_end):
                    r = watches.area_rule[listed] if e < n_stay else watches.line_rule[listed]
                    condition, most = watches.condition[r], watches.most[r]
                    k = of_slot[slot]
                    while k >= 0 and rows[k].rule != r:
                        k = after[k]
                    if k < 0:
                        if used == len(rows):
                            rows, after, beside = grown(rows), grown(after), grown(beside)
                        k = used
                        used += 1
                        _begin(rows[k], slot, r, now_us, x, y)
                        after[k], of_slot[slot] = of_slot[slot], k
                        beside[k], of_rule[r] = of_rule[r], k
                    row = rows[k]
                    slack = 1.0 if row.state == _IDLE else SLACK
                    holds = True
                    if condition == _STAY:
                        row.value = math.hypot(x - row.x_m, y - row.y_m)
                        if row.state == _IDLE or row.value > most:
                            row.state = _IDLE
                            row.value, row.x_m, row.y_m = 0.0, x, y
                    elif condition == _SPEED:
                        row.value = math.hypot(vx, vy)
                        holds = watches.least[r] / slack <= row.value <= most * slack
                    elif condition == _NEAR_UNIT:
                        row.unit, row.value = _unit_near(fixes, now_us, x, y)
                        holds = row.value <= most * slack
                    elif condition == _NEAR_TRACK:
                        row.value = np.inf
                        other = 0
                        m = of_rule[r]
                        while m >= 0:
                            o = rows[m]
                            m = beside[m]
                            if (
                                o.track < 0
                                or o.track == slot
                                or now_us - place_at[o.track] > TOGETHER_US
                                or (o.state != _IDLE and o.other == number[slot])
                            ):
                                continue
                            d = math.hypot(place_x[o.track] - x, place_y[o.track] - y)
                            if d < row.value:
                                row.value, other = d, number[o.track]
                        holds = row.value <= most * slack
                        row.other = other if holds else 0
                    else:
                        horizon = most * SLACK
                        row.value = seconds_to(grid, fence, watches.way, x, y, vx, vy, horizon)
                        holds = row.value <= most * slack and (
                            math.hypot(vx, vy) * slack >= watches.least[r]
                        )
                    row.fresh = 1
                    if not holds:
                        row.state = _IDLE
                        row.ok_us = -1
                        # Others look for who is there; all else forgets.
                        if condition != _NEAR_TRACK:
                            row.fresh = 0
                        continue
                    if row.state == _IDLE:
                        row.state = _RUNNING
                        row.since_us = now_us
                    if (
                        unmet(
                            bars, r, plots.hits[i], now_us - plots.first_us[i],
                            plots.var_x[i], plots.cov_xy[i], plots.var_y[i], plots.classes[i],
                        )
                        > 0
                    ):  # fmt: skip
                        row.ok_us = -1
                    elif row.ok_us < 0:
                        row.ok_us = now_us
                    if row.state == _RUNNING and row.ok_us >= 0:
                        due = max(row.since_us + watches.for_us[r], row.ok_us)
                        at = _opening(windows, r, due, now_us)
                        if at >= 0:
                            if n_held == len(held):
                                held = grown(held)
                            _told(held[n_held], row, i, at, i)
                            n_held += 1
            last_row[slot] = i
        # 3 What is no more.
        k, before = of_slot[slot], -1
        while k >= 0:
            if ended[i] or rows[k].fresh == 0:
                rows[k].track = -1
                if before < 0:
                    of_slot[slot] = after[k]
                else:
                    after[before] = after[k]
            else:
                before = k
            k = after[k]

    return rows[:used].copy(), last_row, held[:n_held].copy()


@compiled
def _told(event: Any, row: Any, i: int, at_us: int, seen: int) -> None:
    """Write down that a watch has held, once."""
    event.row = i
    event.slot = row.track
    event.rule = row.rule
    event.seen = seen
    event.since_us = row.since_us
    event.at_us = at_us
    event.value = row.value
    event.other = row.other
    event.unit = row.unit
    row.state = _TOLD


@compiled
def _begin(row: Any, slot: int, rule: int, at_us: int, x: float, y: float) -> None:
    """A watch that has not begun to run."""
    row.track = slot
    row.rule = rule
    row.state = _IDLE
    row.fresh = 1
    row.since_us = at_us
    row.ok_us = -1
    row.x_m = x
    row.y_m = y
    row.value = 0.0
    row.other = 0
    row.unit = -1
