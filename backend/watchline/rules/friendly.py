"""Which tracks are our own: those that coincide with a unit's fresh reported position; compiled.

For each plot near a unit the log likelihood ratio of "this is the unit" to "this is somebody,
anywhere within NEARBY_M" is smoothed over the track's plots (their errors are alike, so it is an
average and no sum). A unit is one of the tracks near it or none of them, so by Bayes
p = e^score / (1 + Σ e^scores): the probabilities of all its tracks add up to less than 1, and
with FRIENDLY above one half no unit explains two tracks at once.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.runs import grown
from watchline.rules.state import FRIEND
from watchline.rules.watch import Fixes, Plots, latest

Longs = NDArray[np.int64]

#: From this probability on a track is one of our own.
FRIENDLY = 0.9
#: A reported position says nothing of where the unit is after this time.
FRESH_US = 30_000_000
#: Somebody who is not the unit may be anywhere within this of it: a short walk around.
NEARBY_M = 200.0
#: How fast a unit leaves the straight way that its last report draws.
DRIFT_MPS = 1.0
_MEMORY = 0.7
#: Beyond this squared Mahalanobis distance (1 in 3,000 by chance) a track is not the unit.
_GATE = 16.0
#: Tracks near a unit compete while they were seen within this time.
_RIVAL_US = 10_000_000


@compiled
def judge_friends(
    friends: NDArray[Any],
    slots: Longs,
    judged: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    plots: Plots,
    fixes: Fixes,
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.int32]]:
    """(friends, p of each update's track, its unit or −1) after the updates, in their order."""
    n = len(slots)
    rows = np.empty(len(friends) + 16, FRIEND)
    used = len(friends)
    rows[:used] = friends
    boxes = _boxes(fixes)
    p_of, unit_of = np.zeros(n), np.full(n, -1, np.int32)
    for i in range(n):
        if judged[i]:
            at_us = plots.at_us[i]
            for unit in range(len(fixes.start) - 1):
                f, age_us = -1, 0
                if _may_be_near(boxes, unit, plots, i):
                    f = latest(fixes, unit, at_us)
                    age_us = at_us - fixes.at_us[f]
                k = 0
                while k < used and not (rows[k].track == slots[i] and rows[k].unit == unit):
                    k += 1
                score = -np.inf
                if f >= 0 and age_us <= FRESH_US:
                    score = _score(plots, i, fixes, f, 1e-6 * age_us)
                if score == -np.inf:
                    if k < used:
                        rows[k].track = -1
                    continue
                if k == used:
                    if used == len(rows):
                        rows = grown(rows)
                    used += 1
                    rows[k].track = slots[i]
                    rows[k].unit = unit
                    rows[k].score = score
                rows[k].at_us = at_us
                rows[k].score = _MEMORY * rows[k].score + (1.0 - _MEMORY) * score
                odds = 1.0
                for m in range(used):
                    if (
                        rows[m].track >= 0
                        and rows[m].unit == unit
                        and at_us - rows[m].at_us <= _RIVAL_US
                    ):
                        odds += math.exp(rows[m].score)
                rows[k].p = math.exp(rows[k].score) / odds
                if rows[k].p > p_of[i]:
                    p_of[i], unit_of[i] = rows[k].p, unit
        if ended[i]:
            for k in range(used):
                if rows[k].track == slots[i]:
                    rows[k].track = -1
    return rows[:used].copy(), p_of, unit_of


@compiled
def _boxes(fixes: Fixes) -> NDArray[np.float64]:
    """What holds all places of each unit while its fixes are fresh: (west, south, east, north)."""
    boxes = np.empty((len(fixes.start) - 1, 4))
    boxes[:, :2], boxes[:, 2:] = np.inf, -np.inf
    for unit in range(len(boxes)):
        for f in range(fixes.start[unit], fixes.start[unit + 1]):
            for age_s in (0.0, 1e-6 * FRESH_US):
                x, y = fixes.x[f] + age_s * fixes.vx[f], fixes.y[f] + age_s * fixes.vy[f]
                extra = math.sqrt(_GATE) * (fixes.sigma_m[f] + DRIFT_MPS * 1e-6 * FRESH_US)
                boxes[unit, 0] = min(boxes[unit, 0], x - extra)
                boxes[unit, 1] = min(boxes[unit, 1], y - extra)
                boxes[unit, 2] = max(boxes[unit, 2], x + extra)
                boxes[unit, 3] = max(boxes[unit, 3], y + extra)
    return boxes


@compiled
def _may_be_near(boxes: NDArray[np.float64], unit: int, plots: Plots, i: int) -> bool:
    """False only where every score would be outside the gate."""
    reach = math.sqrt(_GATE * (plots.var_x[i] + plots.var_y[i]))
    x, y = plots.x[i], plots.y[i]
    inside: bool = (
        boxes[unit, 0] - reach <= x <= boxes[unit, 2] + reach
        and boxes[unit, 1] - reach <= y <= boxes[unit, 3] + reach
    )
    return inside


@compiled
def _score(plots: Plots, i: int, fixes: Fixes, f: int, age_s: float) -> float:
    """The log likelihood ratio of one plot, −inf outside the gate."""
    dx = fixes.x[f] + age_s * fixes.vx[f] - plots.x[i]
    dy = fixes.y[f] + age_s * fixes.vy[f] - plots.y[i]
    extra = float(fixes.sigma_m[f]) ** 2 + (DRIFT_MPS * age_s) ** 2
    a, b, c = plots.var_x[i] + extra, plots.cov_xy[i], plots.var_y[i] + extra
    determinant = a * c - b * b
    if not determinant > 0.0:
        return -np.inf
    square = (c * dx * dx - 2.0 * b * dx * dy + a * dy * dy) / determinant
    if square > _GATE:
        return -np.inf
    # The density of a Gaussian in two dimensions over that of a disc.
    ratio: float = math.log(0.5 * NEARBY_M**2 / math.sqrt(determinant)) - 0.5 * square
    return ratio
