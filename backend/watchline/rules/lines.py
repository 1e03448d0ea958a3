"""Who has crossed which line: from one confident state to another, through it; compiled.

Confident is |z| >= z(p_in) (see `crossing.stand`). The path between two confident states is
a crossing when it cuts the line an odd number of times, in the direction that most of its
cuts have; so a way round the end of a line is none.

Noise alone takes a target that walks along a line past that bound on both sides again and
again. So one of the two states must also be beyond doubt: |z| >= SURE now, or at some time
since the track came to the side that it leaves. A target that comes from afar is sure where
it comes from and is told at z(p_in) past the line; one that hangs about the line is told
again only when it has really gone somewhere. Near the ends of a line, where the sides of the
two states may not be those of the cuts, the second one must be beyond doubt.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.crossing import cut_at, stand
from watchline.geofences.grid import Grid, locate
from watchline.geofences.predicates import Floats, cuts
from watchline.geofences.runs import grown
from watchline.rules.state import BESIDE

Longs = NDArray[np.int64]

#: Beyond this many σ from a line there is no doubt about the side.
SURE = 3.0

#: `after_` is the state of `row`; the cut is the last one in the crossing's direction.
LINE_EVENT = np.dtype(
    [
        ("row", "<i4"),
        ("line", "<i4"),
        ("to_right", "u1"),
        ("segment", "<i4"),
        ("at_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("cuts", "<i4"),
        ("before_at_us", "<i8"),
        ("before_x_m", "<f8"),
        ("before_y_m", "<f8"),
        ("before_z", "<f8"),
        ("after_z", "<f8"),
    ]
)


@compiled
def stand_of(
    grid: Grid, line: int, x: float, y: float, var_x: float, cov_xy: float, var_y: float
) -> float:
    """z to a whole line: the grid lists all edges in their own order first."""
    start = grid.owner_start
    return stand(grid.edges, grid.listed, start[line], start[line + 1], x, y, var_x, cov_xy, var_y)[
        0
    ]


@compiled
def note_cuts(
    beside: Any,
    grid: Grid,
    first: int,
    end: int,
    at_us: int,
    x: float,
    y: float,
    to_us: int,
    to_x: float,
    to_y: float,
) -> None:
    """Add the cuts of one straight piece of path to a track's record beside a line."""
    edges, listed = grid.edges, grid.listed
    start = grid.owner_start[beside.line]
    last_lr, last_rl = -1.0, -1.0
    for k in range(first, end):
        j = listed[k]
        ax, ay, bx, by = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
        if not cuts(ax, ay, bx, by, x, y, to_x, to_y):
            continue
        share, to_right = cut_at(ax, ay, bx, by, x, y, to_x, to_y)
        beside.cuts += 1
        beside.net += 1 if to_right else -1
        cut_us = at_us + np.int64(math.floor(share * (to_us - at_us) + 0.5))
        cut_x, cut_y = x + share * (to_x - x), y + share * (to_y - y)
        if to_right and share > last_lr:
            last_lr = share
            beside.lr_segment = j - start
            beside.lr_at_us = cut_us
            beside.lr_x_m = cut_x
            beside.lr_y_m = cut_y
        elif not to_right and share > last_rl:
            last_rl = share
            beside.rl_segment = j - start
            beside.rl_at_us = cut_us
            beside.rl_x_m = cut_x
            beside.rl_y_m = cut_y


@compiled
def settle(
    beside: Any,
    z: float,
    sure_z: float,
    at_us: int,
    x: float,
    y: float,
    var_x: float,
    cov_xy: float,
    var_y: float,
) -> None:
    """Make a confident state the one that the next crossing would start from."""
    side = 1 if z > 0.0 else -1
    sure = abs(z) >= sure_z
    beside.sure = 1 if sure or (beside.sure == 1 and beside.side == side) else 0
    beside.side = side
    beside.at_us = at_us
    beside.x_m = x
    beside.y_m = y
    beside.var_x_m2 = var_x
    beside.cov_xy_m2 = cov_xy
    beside.var_y_m2 = var_y
    beside.z = abs(z)
    beside.cuts = 0
    beside.net = 0
    beside.lr_segment = -1
    beside.rl_segment = -1


@compiled
def clear(beside: Any, slot: int, line: int) -> None:
    """A record of a track beside a line of which nothing is known."""
    beside.track = slot
    beside.line = line
    beside.side = 0
    beside.sure = 0
    beside.at_us = 0
    beside.x_m = 0.0
    beside.y_m = 0.0
    beside.var_x_m2 = 0.0
    beside.cov_xy_m2 = 0.0
    beside.var_y_m2 = 0.0
    beside.z = 0.0
    beside.cuts = 0
    beside.net = 0
    beside.lr_segment = -1
    beside.lr_at_us = 0
    beside.lr_x_m = 0.0
    beside.lr_y_m = 0.0
    beside.rl_segment = -1
    beside.rl_at_us = 0
    beside.rl_x_m = 0.0
    beside.rl_y_m = 0.0


@compiled
def judge_lines(
    tracks: NDArray[Any],
    beside: NDArray[Any],
    n_slots: int,
    slots: Longs,
    order: Longs,
    judged: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    begin: Longs,
    at_us: Longs,
    x: Floats,
    y: Floats,
    var_x: Floats,
    cov_xy: Floats,
    var_y: Floats,
    grid: Grid,
    z_in: Floats,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(beside, events) after the updates; `order` and `begin` as tracks.paths_of has them.

    A record lives while its track is not beyond doubt on one side; what it would say of a
    track that is can be worked out from the track's last plot, so nothing is kept.
    """
    cells, entries, listed, edges = grid.cells, grid.entries, grid.listed, grid.edges
    doubt = SURE
    for k in range(len(z_in)):
        doubt = max(doubt, z_in[k])
    kept = np.empty(len(beside) + 64, BESIDE)
    n_kept = 0
    events = np.empty(64, LINE_EVENT)
    n_events = 0
    at_beside, at_row = 0, 0
    for slot in range(n_slots):
        first = n_kept
        while at_beside < len(beside) and beside[at_beside].track == slot:
            if n_kept == len(kept):
                kept = grown(kept)
            kept[n_kept] = beside[at_beside]
            n_kept += 1
            at_beside += 1
        while at_row < len(order) and slots[order[at_row]] == slot:
            i = order[at_row]
            at_row += 1
            if judged[i]:
                x1, y1 = x[i], y[i]
                known = begin[i] != -2
                t0, x0, y0 = at_us[i], x1, y1
                v0, c0, w0 = var_x[i], cov_xy[i], var_y[i]
                if begin[i] >= 0:
                    b = begin[i]
                    t0, x0, y0, v0, c0, w0 = at_us[b], x[b], y[b], var_x[b], cov_xy[b], var_y[b]
                elif known:
                    t = tracks[slot]
                    t0, x0, y0 = t.at_us, t.x_m, t.y_m
                    v0, c0, w0 = t.var_x_m2, t.cov_xy_m2, t.var_y_m2
                # All edges that the path may cut or that leave any doubt about the side.
                step = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
                reach = max(step, doubt * math.sqrt(max(var_x[i] + var_y[i], 0.0)))
                cell, _, _ = locate(grid, x1, y1, reach)
                found = cells[cell, 0] if cell >= 0 else 0
                found_end = cells[cell, 2] if cell >= 0 else 0
                open_end = n_kept
                for turn in range(found_end - found + open_end - first):
                    # First the lines of the cell, then open records of lines that are not there.
                    if turn < found_end - found:
                        e = found + turn
                        line = entries[e, 0] >> 1
                        e_first, e_end = entries[e, 1], entries[e, 3]
                        m = first
                        while m < n_kept and kept[m].line != line:
                            m += 1
                    else:
                        m = first + turn - (found_end - found)
                        line = kept[m].line
                        e_first, e_end = 0, 0
                        for e in range(found, found_end):
                            if entries[e, 0] >> 1 == line:
                                line = -1
                        if line < 0:
                            continue
                    z, distance = stand(
                        edges, listed, e_first, e_end, x1, y1, var_x[i], cov_xy[i], var_y[i]
                    )
                    sure_z = max(SURE, z_in[line])
                    if m == n_kept:
                        cut = False
                        if distance <= step:
                            for k in range(e_first, e_end):
                                j = listed[k]
                                ax, ay, bx, by = (
                                    edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3],
                                )  # fmt: skip
                                cut |= cuts(ax, ay, bx, by, x0, y0, x1, y1)
                        if not cut and (distance > reach or abs(z) >= sure_z):
                            continue
                        if n_kept == len(kept):
                            kept = grown(kept)
                        clear(kept[m], slot, line)
                        n_kept += 1
                        if known:
                            z0 = stand_of(grid, line, x0, y0, v0, c0, w0)
                            if abs(z0) >= z_in[line]:
                                settle(kept[m], z0, sure_z, t0, x0, y0, v0, c0, w0)
                    if distance > reach:  # the nearest edge may be one that is not listed
                        z = stand_of(grid, line, x1, y1, var_x[i], cov_xy[i], var_y[i])
                    record = kept[m]
                    note_cuts(record, grid, e_first, e_end, t0, x0, y0, at_us[i], x1, y1)
                    if abs(z) < z_in[line]:
                        continue
                    if record.cuts % 2 == 1 and record.side != 0:
                        to_right = record.net > 0
                        plain = record.side == (1 if to_right else -1) and (z < 0.0) == to_right
                        if abs(z) < sure_z and not (plain and record.sure == 1):
                            continue
                        if n_events == len(events):
                            events = grown(events)
                        event = events[n_events]
                        n_events += 1
                        event.row = i
                        event.line = line
                        event.to_right = 1 if to_right else 0
                        event.segment = record.lr_segment if to_right else record.rl_segment
                        event.at_us = record.lr_at_us if to_right else record.rl_at_us
                        event.x_m = record.lr_x_m if to_right else record.rl_x_m
                        event.y_m = record.lr_y_m if to_right else record.rl_y_m
                        event.cuts = record.cuts
                        event.before_at_us = record.at_us
                        event.before_x_m = record.x_m
                        event.before_y_m = record.y_m
                        event.before_z = record.z
                        event.after_z = abs(z)
                    settle(record, z, sure_z, at_us[i], x1, y1, var_x[i], cov_xy[i], var_y[i])
                    if abs(z) >= sure_z:
                        record.track = -1  # the plot itself says it all
                m = first
                for k in range(first, n_kept):
                    if kept[k].track >= 0:
                        kept[m] = kept[k]
                        m += 1
                n_kept = m
            if ended[i]:
                n_kept = first
    return kept[:n_kept].copy(), events[:n_events].copy()


@compiled
def judge_anew(
    beside: NDArray[Any],
    edited: NDArray[np.bool_],
    tracks: NDArray[Any],
    grid: Grid,
    z_in: Floats,
) -> None:
    """Rewrite the records of edited lines: the same last confident state, seen by the new line.

    The path since then counts as straight; only its ends are known.
    """
    for m in range(len(beside)):
        if not edited[m]:
            continue
        record, line = beside[m], beside[m].line
        known, sure = record.side != 0, record.sure
        at_us, x, y = record.at_us, record.x_m, record.y_m
        var_x, cov_xy, var_y = record.var_x_m2, record.cov_xy_m2, record.var_y_m2
        track = tracks[record.track]
        clear(record, record.track, line)
        z = stand_of(grid, line, x, y, var_x, cov_xy, var_y)
        if not known or abs(z) < z_in[line]:
            continue
        settle(record, z, max(SURE, z_in[line]), at_us, x, y, var_x, cov_xy, var_y)
        record.sure |= sure
        first, end = grid.owner_start[line], grid.owner_start[line + 1]
        note_cuts(record, grid, first, end, at_us, x, y, track.at_us, track.x_m, track.y_m)
