"""What a plot does: it feeds a track, or founds one."""

from typing import Any

import numpy as np

from watchline.compiled import kernel
from watchline.tracks.config import Limits
from watchline.tracks.evidence import absorb, absorb_speed
from watchline.tracks.grid import Grid
from watchline.tracks.kalman import FLOOR_M2, load, predict, store, update, update_velocity
from watchline.tracks.lives import deadline, enter
from watchline.tracks.report import (
    CONFIRMED,
    DUE,
    NEXT_NO,
    PLOTS,
    REFUSED,
    TENTATIVE,
    TRACKS,
    Work,
    tell,
    tell_start,
)

#: Farther from the sector's origin is no place: half way round the earth.
MOST_M = 2.0e7
#: Variances above this (a sigma of 100 km) tell nothing.
MOST_VAR_M2 = 1.0e10
#: A velocity is never believed better than this: devices round theirs.
FLOOR_MPS = 0.05


#: One detection, in the order to take them in: by slot, sensor, then time.
INPUT = np.dtype(
    [
        ("at_us", "<i8"),
        ("boot", "<i8"),
        ("seq", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("var_x_m2", "<f8"),
        ("cov_xy_m2", "<f8"),
        ("var_y_m2", "<f8"),
        ("bearing_rad", "<f8"),
        ("bearing_sigma_rad", "<f8"),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
        ("v_sigma_mps", "<f8"),
        ("classes", "<f4", (5,)),
        ("sensor", "<i4"),
        ("edge", "<i4"),
        ("index", "<i4"),  # in the batch
        ("track", "u1", (16,)),  # out: the id of the track that it fed
    ]
)


@kernel
def _mix(value: Any) -> Any:
    """The finalizer of splitmix64 (Steele, Lea & Flood 2014)."""
    z = value + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def _name(id: Any, at_us: int, edge: int, boot: int, seq: int) -> None:
    """A UUIDv7 whose time is the founding plot's and whose other bits hash its natural key."""
    ms = at_us // 1000
    for k in range(6):
        id[k] = (ms >> (40 - 8 * k)) & 0xFF
    one = _mix(_mix(_mix(np.uint64(edge)) ^ np.uint64(boot)) ^ np.uint64(seq))
    two = _mix(one)
    id[6] = np.uint64(0x70) | (one & np.uint64(0x0F))
    id[7] = (one >> np.uint64(8)) & np.uint64(0xFF)
    for k in range(8):
        id[8 + k] = (two >> np.uint64(8 * k)) & np.uint64(0xFF)
    id[8] = 0x80 | (id[8] & 0x3F)


@kernel
def usable(plot: Any) -> bool:
    """A place in the plane with a positive definite covariance; NaN fails each comparison."""
    return bool(
        abs(plot.x_m) <= MOST_M
        and abs(plot.y_m) <= MOST_M
        and 0.0 < plot.var_x_m2 <= MOST_VAR_M2
        and 0.0 < plot.var_y_m2 <= MOST_VAR_M2
        and plot.cov_xy_m2 * plot.cov_xy_m2 < plot.var_x_m2 * plot.var_y_m2
    )


@kernel
def only_bearing(plot: Any) -> bool:
    """A direction from a place in the plane, less than a radian wide."""
    return bool(
        abs(plot.x_m) <= MOST_M
        and abs(plot.y_m) <= MOST_M
        and abs(plot.bearing_rad) <= 100.0
        and 0.0 < plot.bearing_sigma_rad < 1.0
    )


@kernel
def sighted(plot: Any, x: float, y: float) -> Any:
    """A bearing as a plot of whoever is about x, y: (x, y, xx, xy, yy, distance).

    It stands on the line of sight where that comes nearest to the place and tells nothing along
    it (MOST_VAR_M2). A distance below zero: it looks the other way.
    """
    east, north = np.sin(plot.bearing_rad), np.cos(plot.bearing_rad)
    away = (x - plot.x_m) * east + (y - plot.y_m) * north
    across = (away * plot.bearing_sigma_rad) ** 2 + FLOOR_M2
    return (
        plot.x_m + away * east,
        plot.y_m + away * north,
        MOST_VAR_M2 * east * east + across * north * north,
        (MOST_VAR_M2 - across) * east * north,
        MOST_VAR_M2 * north * north + across * east * east,
        away,
    )


@kernel
def _has_velocity(plot: Any, most_mps: float) -> bool:
    return bool(
        abs(plot.vx_mps) <= most_mps and abs(plot.vy_mps) <= most_mps and plot.v_sigma_mps > 0.0
    )


@kernel
def _keep_plot(work: Work, track: Any, index: int) -> None:
    w = work.a
    k = work.book[PLOTS]
    work.book[PLOTS] += 1
    plot = work.plots[k]
    plot.at_us = track.at_us
    plot.x_m = w[0]
    plot.y_m = w[1]
    plot.vx_mps = w[2]
    plot.vy_mps = w[3]
    plot.var_x_m2 = w[4]
    plot.cov_xy_m2 = w[5]
    plot.var_y_m2 = w[6]
    plot.before = track.plots
    plot.detection = index
    track.plots = k


@kernel
def found(work: Work, grid: Grid, limits: Limits, plot: Any, until_us: int) -> None:
    """Start a tentative track at a plot that belongs to none."""
    xx, xy, yy = plot.var_x_m2 + FLOOR_M2, plot.cov_xy_m2, plot.var_y_m2 + FLOOR_M2
    mean = 0.5 * (xx + yy)
    if mean + np.sqrt(0.25 * (xx - yy) ** 2 + xy * xy) > limits.start_var:
        return
    book = work.book
    i = book[TRACKS]
    if i >= work.tracks.size:
        book[REFUSED] += 1
        return
    book[TRACKS] += 1
    track = work.tracks[i]
    track.at_us = plot.at_us
    track.first_us = plot.at_us
    track.no = 0
    track.twin_no = 0
    track.twin_score = 0
    w = work.a
    for k in range(14):
        w[k] = 0.0
    w[0], w[1] = plot.x_m, plot.y_m
    w[4], w[5], w[6] = xx, xy, yy
    # Before a second plot: at rest, and nothing faster than start_speed at three sigma.
    w[11] = w[13] = (limits.start_speed / 3.0) ** 2
    if _has_velocity(plot, limits.start_speed):
        sigma = max(plot.v_sigma_mps, FLOOR_MPS)
        update_velocity(w, plot.vx_mps, plot.vy_mps, sigma * sigma, np.inf)
    store(w, track)
    for k in range(5):
        track.evidence[k] = 0.0
    absorb(track.evidence, plot.classes, limits.class_memory)
    track.revisit_s = 0.0
    track.score = 0.0
    track.hits = 1
    for k in range(8):
        track.sensors[k] = 0
    track.sensors[0] = plot.sensor
    track.last_sensor = plot.sensor
    track.plots = -1
    track.status = TENTATIVE
    _name(track.id, plot.at_us, plot.edge, plot.boot, plot.seq)
    for k in range(16):
        plot.track[k] = track.id[k]
    _keep_plot(work, track, plot.index)
    book[DUE] = min(book[DUE], deadline(track, limits))
    enter(grid, i, track, np.sqrt(limits.gate), until_us, limits.noise)


@kernel
def feed(work: Work, limits: Limits, plot: Any, i: int, cost: float) -> None:
    """Update a track with its plot."""
    book = work.book
    track = work.tracks[i]
    w = work.a
    load(track, w)
    dt = (plot.at_us - track.at_us) * 1e-6
    predict(w, dt, limits.noise)
    if only_bearing(plot):
        x, y, xx, xy, yy, _ = sighted(plot, w[0], w[1])
    else:
        x, y = plot.x_m, plot.y_m
        xx, xy, yy = plot.var_x_m2 + FLOOR_M2, plot.cov_xy_m2, plot.var_y_m2 + FLOOR_M2
    update(w, x, y, xx, xy, yy)
    if _has_velocity(plot, 1e4):
        sigma = max(plot.v_sigma_mps, FLOOR_MPS)
        update_velocity(w, plot.vx_mps, plot.vy_mps, sigma * sigma, limits.velocity_gate)
    if dt < 0.0:
        # Another sensor's plot of the same slot was taken first: the state keeps its time.
        predict(w, -dt, 0.0)
    else:
        # Out of sight for longer than any sensor's turn, it was missed: what would let it coast for
        # longer after each such gap would let clutter lead it on from bush to bush.
        if plot.at_us - track.at_us <= limits.start_gap_us:
            track.revisit_s = max(dt, 0.7 * track.revisit_s)
        track.at_us = plot.at_us
    store(w, track)
    track.hits += 1
    absorb(track.evidence, plot.classes, limits.class_memory)
    absorb_speed(track.evidence, w[2], w[3], 0.5 * (w[11] + w[13]))
    _note_sensor(track, plot.sensor)
    for k in range(16):
        plot.track[k] = track.id[k]
    if track.status == TENTATIVE:
        track.score -= 0.5 * cost
        enough = track.hits >= limits.start_hits_enough
        if track.hits >= limits.start_hits and (enough or track.score >= limits.start_score):
            track.no = book[NEXT_NO]
            book[NEXT_NO] += 1
            tell_start(work, track)
            track.status = CONFIRMED
            tell(work, track, track.at_us, plot.index)
        else:
            _keep_plot(work, track, plot.index)
    else:
        track.status = CONFIRMED
        tell(work, track, track.at_us, plot.index)
    book[DUE] = min(book[DUE], deadline(track, limits))


@kernel
def _note_sensor(track: Any, sensor: int) -> None:
    """Keep the last eight sensors that have joined, in that order."""
    track.last_sensor = sensor
    for k in range(8):
        if track.sensors[k] == sensor:
            return
        if track.sensors[k] == 0:
            track.sensors[k] = sensor
            return
    for k in range(7):
        track.sensors[k] = track.sensors[k + 1]
    track.sensors[7] = sensor
