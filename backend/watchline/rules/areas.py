"""Who is inside which area: unknown or out → in → out, compiled.

An area is entered at p >= min(p_in, 0.9 p_deepest) and left at p <= p_out, lowered in the same
proportion. Noise alone takes a target that hangs about the edge past both bounds again and again.
So, as at lines, one of two states that follow must be beyond doubt: an exit is told at p_out
only of a track that has been so inside, and of others once they are so outside; and who has
left comes in again at p_in only after having been so outside. Who comes from afar is told at p_in.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.mass import REACH, mass_of
from watchline.geofences.predicates import Floats
from watchline.geofences.runs import grown
from watchline.rules.state import MEMBER

Longs = NDArray[np.int64]

#: A small area is entered at this share of the probability that its deepest point would have.
DEEPEST_SHARE = 0.9

#: Beyond doubt is 3 σ past a straight edge, as for lines.
SURE_P = 0.99865
#: A small area's deepest point has less; there being inside is beyond doubt somewhat sooner.
SURE_SLACK = 0.05

#: A watched area that holds an update's track.
STAY = np.dtype([("row", "<i4"), ("area", "<i4")])
#: `entered` 1 or 0; `since_us` only when left.
AREA_EVENT = np.dtype(
    [
        ("row", "<i4"),
        ("area", "<i4"),
        ("entered", "u1"),
        ("p", "<f8"),
        ("threshold", "<f8"),
        ("p_deepest", "<f8"),
        ("since_us", "<i8"),
    ]
)


@compiled
def p_deepest(edges: Floats, deepest: Floats, var_x: float, cov_xy: float, var_y: float) -> float:
    """p at an area's deepest point (x, y, depth) under a covariance."""
    if deepest[2] > REACH * math.sqrt(max(var_x + var_y, 0.0)):
        return 1.0
    return mass_of(edges, deepest[0], deepest[1], var_x, cov_xy, var_y)


@compiled
def least_threshold(p_in: float, depth: float, variance: float) -> float:
    """What an entry's threshold cannot be below: the deepest point's circle is inside the area."""
    return min(p_in, DEEPEST_SHARE * -math.expm1(-0.5 * depth * depth / variance))


@compiled
def sure_p(best: float) -> float:
    """From which p on a track is beyond doubt inside an area whose deepest point has `best`."""
    return SURE_P * best - SURE_SLACK * (1.0 - best)


@compiled
def drop(rows: NDArray[Any], m: int, n: int) -> None:
    """Close up the first n rows over row m."""
    for later in range(m + 1, n):
        rows[later - 1] = rows[later]


@compiled
def judge_areas(
    members: NDArray[Any],
    n_slots: int,
    slots: Longs,
    order: Longs,
    judged: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    at_us: Longs,
    start: Longs,
    candidate: NDArray[np.int32],
    candidate_p: Floats,
    var_x: Floats,
    cov_xy: Floats,
    var_y: Floats,
    p_in: Floats,
    p_out: Floats,
    watched: NDArray[np.bool_],
    deepest: Floats,
    edges: Floats,
    owner_start: Longs,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(members, events, stays) after the updates; `order` sorts them by slot, then as given.

    `stays` are the `watched` areas that hold the track of each judged update then.

    `start`, `candidate`, `candidate_p` are the index's pairs; an area not
    among them has p 0. A member whose area was edited since leaves it without an event.
    """
    # Each pair can bring one entry, and only who was or came in can leave.
    kept = np.empty(len(members) + len(candidate), MEMBER)
    n_kept = 0
    events = np.empty(len(members) + 2 * len(candidate), AREA_EVENT)
    n_events = 0
    stays = np.empty(len(slots) + 16, STAY)
    n_stays = 0
    at_member, at_row = 0, 0
    for slot in range(n_slots):
        first = n_kept
        while at_member < len(members) and members[at_member].track == slot:
            kept[n_kept] = members[at_member]
            n_kept += 1
            at_member += 1
        while at_row < len(order) and slots[order[at_row]] == slot:
            i = order[at_row]
            at_row += 1
            if judged[i]:
                m = first
                while m < n_kept:
                    area = kept[m].area
                    p = 0.0
                    for k in range(start[i], start[i + 1]):
                        if candidate[k] == area:
                            p = candidate_p[k]
                    if kept[m].inside == 0:
                        if p > 1.0 - SURE_P and kept[m].edited == 0:
                            m += 1
                            continue
                        drop(kept, m, n_kept)
                        n_kept -= 1
                        continue
                    limit, best = p_out[area], 1.0
                    if 0.0 < p <= limit or (kept[m].sure == 0 and p < SURE_P):
                        own = edges[owner_start[area] : owner_start[area + 1]]
                        best = p_deepest(own, deepest[area], var_x[i], cov_xy[i], var_y[i])
                        limit *= min(1.0, DEEPEST_SHARE * best / p_in[area])
                    if p > limit:
                        kept[m].edited = 0
                        if p >= sure_p(best):
                            kept[m].sure = 1
                        m += 1
                        continue
                    if kept[m].edited == 0:
                        if kept[m].sure == 0 and p > 1.0 - SURE_P:
                            m += 1
                            continue
                        events[n_events].row = i
                        events[n_events].area = area
                        events[n_events].entered = 0
                        events[n_events].p = p
                        events[n_events].threshold = limit
                        events[n_events].p_deepest = 0.0
                        events[n_events].since_us = kept[m].since_us
                        n_events += 1
                        if p > 1.0 - SURE_P:
                            kept[m].inside = 0
                            m += 1
                            continue
                    drop(kept, m, n_kept)
                    n_kept -= 1
                for k in range(start[i], start[i + 1]):
                    area, p = candidate[k], candidate_p[k]
                    m = first
                    while m < n_kept and kept[m].area != area:
                        m += 1
                    if m < n_kept and kept[m].inside == 1:
                        continue
                    if p < p_in[area] and p < least_threshold(
                        p_in[area], deepest[area, 2], var_x[i] + var_y[i]
                    ):
                        continue
                    own = edges[owner_start[area] : owner_start[area + 1]]
                    best = p_deepest(own, deepest[area], var_x[i], cov_xy[i], var_y[i])
                    threshold = min(p_in[area], DEEPEST_SHARE * best)
                    sure = p >= sure_p(best)
                    if p < threshold or (m < n_kept and not sure):
                        continue
                    kept[m].track = slot
                    kept[m].area = area
                    kept[m].since_us = at_us[i]
                    kept[m].edited = 0
                    kept[m].inside = 1
                    kept[m].sure = 1 if sure else 0
                    n_kept = max(n_kept, m + 1)
                    events[n_events].row = i
                    events[n_events].area = area
                    events[n_events].entered = 1
                    events[n_events].p = p
                    events[n_events].threshold = threshold
                    events[n_events].p_deepest = best
                    events[n_events].since_us = at_us[i]
                    n_events += 1
                for m in range(first, n_kept):
                    if kept[m].inside == 1 and watched[kept[m].area]:
                        if n_stays == len(stays):
                            stays = grown(stays)
                        stays[n_stays].row = i
                        stays[n_stays].area = kept[m].area
                        n_stays += 1
            if ended[i]:
                n_kept = first
    return kept[:n_kept].copy(), events[:n_events].copy(), stays[:n_stays].copy()
