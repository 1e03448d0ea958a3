"""The tracker's main loop, compiled: slot by slot, sensor by sensor, look by look."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline import compiled
from watchline.compiled import entry, kernel
from watchline.tracks import (
    association,
    config,
    evidence,
    feed,
    kalman,
    lives,
    report,
)
from watchline.tracks import grid as grids
from watchline.tracks.association import Desk, assign
from watchline.tracks.config import CANDIDATES, LOOK_GAP_US, SLOT_US, Limits
from watchline.tracks.feed import MOST_M, MOST_VAR_M2, found, only_bearing, sighted, usable
from watchline.tracks.feed import feed as feed_track
from watchline.tracks.grid import Grid, clear, near
from watchline.tracks.kalman import FLOOR_M2
from watchline.tracks.lives import advance, enter, sweep
from watchline.tracks.report import DUE, TENTATIVE, TRACKS, Work


class Pairs(NamedTuple):
    """The pairs of plots and tracks that are possible in one look, and the answer."""

    starts: NDArray[np.int32]
    column: NDArray[np.int32]
    cost: NDArray[np.float64]
    column_of: NDArray[np.int32]
    track_of: NDArray[np.int32]  # per column
    column_for: NDArray[np.int32]  # per track, −1 outside a look
    found: NDArray[np.int32]


@kernel
def _candidates(
    work: Work,
    grid: Grid,
    limits: Limits,
    plot: Any,
    pairs: Pairs,
    columns: int,
    at: int,
) -> Any:
    """List the tracks that a plot can belong to, from place `at` on: (columns, end of the list).

    A bearing belongs to tracks that have been confirmed and still have a place: it refines them.
    Whoever crosses its line would else be started by it, or kept alive as a track anywhere on it.
    """
    tracks = work.tracks
    x, y, at_us = plot.x_m, plot.y_m, plot.at_us
    rxx, rxy, ryy = plot.var_x_m2 + FLOOR_M2, plot.cov_xy_m2, plot.var_y_m2 + FLOOR_M2
    reach = np.sqrt(limits.gate)
    half_x, half_y = reach * np.sqrt(rxx), reach * np.sqrt(ryy)
    base = limits.base_cost
    no_place = only_bearing(plot)
    if no_place:
        half_x = half_y = MOST_M
    count = near(grid, work.book[TRACKS], x, y, half_x, half_y, pairs.found)
    end = at
    for k in range(count):
        i = pairs.found[k]
        track = tracks[i]
        dt = (at_us - track.at_us) * 1e-6
        p = track.p
        q = limits.noise * dt * dt * dt / 3.0 if dt > 0.0 else 0.0
        if no_place:
            if track.status == TENTATIVE or p[0] + p[2] > limits.start_var:
                continue
            x, y, rxx, rxy, ryy, away = sighted(
                plot, track.x_m + dt * track.vx_mps, track.y_m + dt * track.vy_mps
            )
            if not away > 1.0:
                continue
            # The determinant is that of the bearing (radian²), times those of what it tells not.
            base = limits.bearing_cost + np.log(MOST_VAR_M2 * away * away)
        sxx = p[0] + dt * (2.0 * p[3] + dt * p[7]) + q + rxx
        nx = x - track.x_m - dt * track.vx_mps
        if nx * nx > limits.gate * sxx:
            continue
        syy = p[2] + dt * (2.0 * p[6] + dt * p[9]) + q + ryy
        ny = y - track.y_m - dt * track.vy_mps
        if ny * ny > limits.gate * syy:
            continue
        sxy = p[1] + dt * (p[4] + p[5] + dt * p[8]) + rxy
        det = sxx * syy - sxy * sxy
        d2 = (syy * nx * nx - 2.0 * sxy * nx * ny + sxx * ny * ny) / det
        cost = d2 + np.log(det) - base
        if track.status != TENTATIVE:
            turns_us = (limits.looks - 1.0) * track.revisit_s * 1e6
            if at_us - track.at_us > max(turns_us, limits.start_gap_us):
                cost += limits.lost_cost
        if not (d2 <= limits.gate and cost < 0.0):
            continue
        if end - at == CANDIDATES:
            worst = at
            for e in range(at + 1, end):
                if pairs.cost[e] > pairs.cost[worst]:
                    worst = e
            if cost >= pairs.cost[worst]:
                continue
            e = worst
        else:
            e = end
            end += 1
        j = pairs.column_for[i]
        if j < 0:
            j = columns
            pairs.column_for[i] = j
            pairs.track_of[j] = i
            columns += 1
        pairs.column[e] = j
        pairs.cost[e] = cost
    return columns, end


@kernel
def _look(
    work: Work,
    grid: Grid,
    limits: Limits,
    plots: NDArray[Any],
    pairs: Pairs,
    desk: Desk,
    low: int,
    high: int,
    until_us: int,
) -> None:
    """Give the plots low..high of one look to tracks, one to one, or to new ones."""
    columns: Any = np.int64(0)  # of one type from the start, or all is compiled twice
    end: Any = np.int64(0)
    rows = high - low
    for row in range(rows):
        pairs.starts[row] = end
        if usable(plots[low + row]) or only_bearing(plots[low + row]):
            columns, end = _candidates(work, grid, limits, plots[low + row], pairs, columns, end)
    pairs.starts[rows] = end
    assign(rows, columns, pairs.starts, pairs.column, pairs.cost, pairs.column_of, desk)
    for j in range(columns):
        pairs.column_for[pairs.track_of[j]] = -1
    for row in range(rows):
        plot = plots[low + row]
        j = pairs.column_of[row]
        if j >= 0:
            e = pairs.starts[row]
            while pairs.column[e] != j:
                e += 1
            feed_track(work, limits, plot, pairs.track_of[j], pairs.cost[e])
        elif usable(plot):
            found(work, grid, limits, plot, until_us)


@entry(
    *(
        str(module.__file__)
        for module in (association, compiled, config, evidence, feed, grids, kalman, lives, report)
    ),
    __file__,
)
def scan(
    work: Work,
    grid: Grid,
    limits: Limits,
    plots: NDArray[Any],
    pairs: Pairs,
    desk: Desk,
    to_us: int,
) -> None:
    """Process all plots (of INPUT), then let time pass up to `to_us`; all results stay in place."""
    book = work.book
    n = plots.size
    reach = np.sqrt(limits.gate)
    low: Any = np.int64(0)
    book[DUE] = np.iinfo(np.int64).min  # not known yet
    while low < n:
        slot = plots[low].at_us // SLOT_US
        until_us = (slot + 1) * SLOT_US
        advance(work, grid, limits, slot * SLOT_US)
        clear(grid)
        for i in range(book[TRACKS]):
            enter(grid, i, work.tracks[i], reach, until_us, limits.noise)
        while low < n and plots[low].at_us < until_us:
            high = low + 1
            while (
                high < n
                and plots[high].sensor == plots[low].sensor
                and plots[high].at_us < until_us
                and plots[high].at_us - plots[high - 1].at_us < LOOK_GAP_US
            ):
                high += 1
            _look(work, grid, limits, plots, pairs, desk, low, high, until_us)
            low = high
        advance(work, grid, limits, until_us)
    advance(work, grid, limits, to_us)
    sweep(work)
