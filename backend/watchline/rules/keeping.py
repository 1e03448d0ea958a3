"""What a step keeps of its tracks and watches, in their new places; compiled.

`alive` says which slots go on, `place` where in the new state (it counts those that do).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.rules.state import SEEN, TRACK
from watchline.rules.watch import Plots

Longs = NDArray[np.int64]


@compiled
def tracks_kept(
    before: NDArray[Any],
    id_a: NDArray[np.uint64],
    id_b: NDArray[np.uint64],
    founders: Longs,
    last: Longs,
    alive: NDArray[np.bool_],
    plots: Plots,
) -> NDArray[Any]:
    """Each living slot's last judged plot; `last` is its update, or −1 for that of `before`."""
    kept = np.empty(alive.sum(), TRACK)
    n = 0
    for slot in range(len(alive)):
        if not alive[slot]:
            continue
        if slot < len(before):
            kept[n] = before[slot]
        else:
            founder = founders[slot - len(before)]
            kept[n].id_a, kept[n].id_b = id_a[founder], id_b[founder]
        row = last[slot]
        if row >= 0:
            kept[n].at_us = plots.at_us[row]
            kept[n].x_m, kept[n].y_m = plots.x[row], plots.y[row]
            kept[n].var_x_m2 = plots.var_x[row]
            kept[n].cov_xy_m2 = plots.cov_xy[row]
            kept[n].var_y_m2 = plots.var_y[row]
        n += 1
    return kept


@compiled
def placed(rows: NDArray[Any], second: NDArray[np.int32], place: Longs) -> NDArray[Any]:
    """The rows whose track is not −1, in the order of track and `second`."""
    key = np.empty(len(rows), np.int64)
    at = np.empty(len(rows), np.int64)
    n = 0
    for k in range(len(rows)):
        if rows[k].track >= 0:
            key[n] = (place[rows[k].track] << 32) + second[k]
            at[n] = k
            n += 1
    order = np.argsort(key[:n], kind="mergesort")
    kept = np.empty(n, rows.dtype)
    for i in range(n):
        kept[i] = rows[at[order[i]]]
        kept[i].track = place[kept[i].track]
    return kept


@compiled
def seen_kept(
    before: NDArray[Any],
    watch: NDArray[Any],
    alive: NDArray[np.bool_],
    last_row: Longs,
    plots: Plots,
    sensors: NDArray[np.int32],
) -> NDArray[Any]:
    """What is kept of the last plot of each watched track; `watch` is `placed`."""
    slot_of = np.flatnonzero(alive)
    known = np.full(len(alive), -1, np.int64)
    for k in range(len(before)):
        known[before[k].track] = k
    kept = np.zeros(len(watch), SEEN)
    names = kept["sensors"]
    n = 0
    for k in range(len(watch)):
        track = watch[k].track
        if n > 0 and kept[n - 1].track == track:
            continue
        slot = slot_of[track]
        row = last_row[slot]
        if row >= 0:
            kept[n].no = plots.no[row]
            kept[n].hits = plots.hits[row]
            kept[n].vx_mps, kept[n].vy_mps = plots.vx[row], plots.vy[row]
            names[n] = sensors[row]
        elif known[slot] >= 0:
            kept[n] = before[known[slot]]
        kept[n].track = track
        n += 1
    return kept[:n].copy()
