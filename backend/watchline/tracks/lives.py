"""How tracks go on without plots: they coast, they end, and doubles are ended."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel
from watchline.tracks.config import MERGE_US, Limits
from watchline.tracks.grid import Grid, clear, near, put
from watchline.tracks.kalman import distance, load, predict
from watchline.tracks.report import (
    CLOCK,
    COASTING,
    CONFIRMED,
    DUE,
    ENDED,
    PLOTS,
    TENTATIVE,
    TRACKS,
    Work,
    tell,
)

#: Plots of one sensor so close in time belong to one look, in which one target is seen once.
SAME_LOOK_US = 20_000
#: The detection of an update without one; an int64 like the others, so that `tell` is one function.
NO_PLOT: Any = np.int64(-1)
#: After two tracks were seen side by side they are not taken for one for so many comparisons.
PARTED = -30


@kernel
def deadline(track: Any, limits: Limits) -> int:
    """The time (µs) at which a track changes its status unless a plot comes."""
    pause = int(limits.looks * track.revisit_s * 1e6)
    if track.status == TENTATIVE:
        if track.hits == 1:
            return int(track.at_us) + limits.start_gap_us
        return int(track.at_us) + min(max(pause, limits.start_gap_us // 4), limits.start_gap_us)
    pause = min(max(pause, limits.coast_us), limits.coast_most_us)
    if track.status == CONFIRMED:
        return int(track.at_us) + pause
    return int(track.at_us) + max(limits.end_us, 2 * pause)


@kernel
def advance(work: Work, grid: Grid, limits: Limits, to_us: int) -> None:
    """Let time pass up to `to_us`: what is due happens in the order of its own times.

    However the way there is divided, the result is the same.
    """
    book = work.book
    while book[CLOCK] < to_us:
        if book[TRACKS] == 0:
            book[CLOCK] = to_us
            return
        border = (book[CLOCK] // MERGE_US + 1) * MERGE_US
        target = min(border, to_us)
        if book[DUE] <= target:
            _expire(work, limits, target)
        book[CLOCK] = target
        if target == border:
            _merge(work, grid, limits, border)


@kernel
def _tell_at(work: Work, limits: Limits, track: Any, at_us: int) -> None:
    load(track, work.a)
    predict(work.a, (at_us - track.at_us) * 1e-6, limits.noise)
    tell(work, track, at_us, NO_PLOT)


@kernel
def _expire(work: Work, limits: Limits, to_us: int) -> None:
    tracks, book = work.tracks, work.book
    n = book[TRACKS]
    when, what = work.when, work.what
    m = 0
    for i in range(n):
        track = tracks[i]
        due = deadline(track, limits)
        if due <= to_us:
            when[m] = due
            what[m] = i
            m += 1
            if track.status == CONFIRMED:
                track.status = COASTING
                end = deadline(track, limits)
                track.status = CONFIRMED
                if end <= to_us:
                    when[m] = end
                    what[m] = i
                    m += 1
    _sort(when, what, m)
    for k in range(m):
        track = tracks[what[k]]
        before = track.status
        track.status = COASTING if before == CONFIRMED else ENDED
        if before != TENTATIVE:
            _tell_at(work, limits, track, when[k])
    _bury(work, limits)


@kernel
def _sort(when: NDArray[np.int64], what: NDArray[np.int32], n: int) -> None:
    """Sort n events by time, then by track: heapsort, in place, no worse for any input."""
    start = n // 2
    end = n
    while end > 1:
        if start > 0:
            start -= 1
        else:
            end -= 1
            when[0], when[end] = when[end], when[0]
            what[0], what[end] = what[end], what[0]
        root = start
        while True:
            child = 2 * root + 1
            if child >= end:
                break
            if child + 1 < end and _earlier(when, what, child, child + 1):
                child += 1
            if not _earlier(when, what, root, child):
                break
            when[root], when[child] = when[child], when[root]
            what[root], what[child] = what[child], what[root]
            root = child


@kernel
def _earlier(when: NDArray[np.int64], what: NDArray[np.int32], i: int, j: int) -> bool:
    return bool(when[i] < when[j] or (when[i] == when[j] and what[i] < what[j]))


@kernel
def _bury(work: Work, limits: Limits) -> None:
    """Take ended tracks out, in place and in order, and find the next deadline."""
    tracks, book = work.tracks, work.book
    kept = 0
    due = np.iinfo(np.int64).max
    for i in range(book[TRACKS]):
        if tracks[i].status != ENDED:
            if kept != i:
                tracks[kept] = tracks[i]
            due = min(due, deadline(tracks[kept], limits))
            kept += 1
    for i in range(kept, book[TRACKS]):
        tracks[i].status = ENDED
    book[TRACKS] = kept
    book[DUE] = due


@kernel
def enter(grid: Grid, i: int, track: Any, reach: float, until_us: int, noise: float) -> None:
    """Put a track into the grid with the gate it has until a time, and half as much again:
    an update moves a track inside its gate, and its next gate may stick out.
    """
    dt = max(0.0, (until_us - track.at_us) * 1e-6)
    q = noise * dt * dt * dt / 3.0
    xx = track.p[0] + dt * (2.0 * track.p[3] + dt * track.p[7]) + q
    yy = track.p[2] + dt * (2.0 * track.p[6] + dt * track.p[9]) + q
    move = max(abs(track.vx_mps), abs(track.vy_mps)) * min(dt, 0.05)
    half = 1.5 * reach * np.sqrt(max(xx, yy)) + move
    put(grid, i, track.x_m + dt * track.vx_mps, track.y_m + dt * track.vy_mps, half)


@kernel
def _merge(work: Work, grid: Grid, limits: Limits, at_us: int) -> None:
    """End one of two confirmed tracks that have looked like one target for long: the one with
    fewer plots, for what clutter has founded comes and goes; of equals the younger.

    Two real targets side by side look alike too, but a sensor that tells them apart shows
    them in the same look; doubles share each look's single plot, so never both have one.
    What coasts may be anywhere, hence like anything: it ends for one that is seen, whatever the
    plots of both, unless that was only founded when it was lost and so is it, found again.
    """
    tracks, book = work.tracks, work.book
    n = book[TRACKS]
    clear(grid)
    reach = np.sqrt(limits.gate)
    for i in range(n):
        if tracks[i].status != TENTATIVE:
            enter(grid, i, tracks[i], reach, at_us, limits.noise)
    found = work.what
    any_ended = False
    for i in range(n):
        young = tracks[i]
        if young.status == TENTATIVE or young.status == ENDED:
            continue
        load(young, work.b)
        predict(work.b, (at_us - young.at_us) * 1e-6, limits.noise)
        twin = -1
        nearest = limits.merge_gate
        # Both ways of "my box touches your place" must be asked, hence the box of its own.
        half_x = reach * np.sqrt(work.b[4])
        half_y = reach * np.sqrt(work.b[6])
        count = near(grid, n, work.b[0], work.b[1], half_x, half_y, found)
        for k in range(count):
            old = tracks[found[k]]
            if old.status == TENTATIVE or old.status == ENDED or old.no >= young.no:
                continue
            load(old, work.a)
            predict(work.a, (at_us - old.at_us) * 1e-6, limits.noise)
            d2 = distance(work.a, work.b, work.s)
            if d2 < nearest or (d2 == nearest and twin >= 0 and old.no < tracks[twin].no):
                nearest = d2
                twin = found[k]
        if twin < 0:
            young.twin_score = min(young.twin_score, 0)
            continue
        old = tracks[twin]
        if old.no != young.twin_no:
            young.twin_no = old.no
            young.twin_score = min(young.twin_score, 0)
        apart_us = abs(old.at_us - young.at_us)
        if old.last_sensor == young.last_sensor and apart_us <= SAME_LOOK_US:
            young.twin_score = PARTED
        else:
            young.twin_score += 1
        if young.twin_score >= limits.merge_hits:
            less = old if old.hits < young.hits else young
            if old.status != young.status and young.first_us <= old.at_us:
                less = old if old.status == COASTING else young
            less.status = ENDED
            _tell_at(work, limits, less, at_us)
            any_ended = True
    if any_ended:
        _bury(work, limits)


@kernel
def sweep(work: Work) -> None:
    """Keep only the plots of living tentative tracks, in order."""
    plots, book, place = work.plots, work.book, work.place
    m = book[PLOTS]
    for k in range(m):
        place[k] = -1
    for i in range(book[TRACKS]):
        k = work.tracks[i].plots
        while k >= 0:
            place[k] = 0
            k = plots[k].before
    kept = 0
    for k in range(m):
        if place[k] == 0:
            place[k] = kept
            if kept != k:
                plots[kept] = plots[k]
            plots[kept].detection = -1
            if plots[kept].before >= 0:
                plots[kept].before = place[plots[kept].before]
            kept += 1
    book[PLOTS] = kept
    for i in range(book[TRACKS]):
        if work.tracks[i].plots >= 0:
            work.tracks[i].plots = place[work.tracks[i].plots]
