"""What a track is, from what its plots said: person, group, vehicle, animal, unknown.

Evidence is five numbers: for the four kinds the summed log likelihood ratios against
"unknown" (which predicts no kind more than another), and the weight of all that was told.
"""

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel

#: A classifier that looked and could not tell is so much less likely to have looked at one of our
#: kinds than at what is none of them, a bush in the wind: our choice, no maker publishes it.
OPEN = 0.5
#: A single plot never says less than this for a kind: sensors mix kinds up, and the same two
#: again and again, as a crawler and a boar.
FLOOR = 0.1
#: Nor does a track: about 1 in 400, from which five contrary plots lead back.
LIMIT = 6.0
#: Nobody on foot is faster for long: a kilometre in 2 min 23 s; the world's best need 2 min 12 s
#: on a track by day.
FOOT_MPS = 7.0


@kernel
def absorb(evidence: NDArray[np.float32], told: NDArray[np.float32], memory: float) -> None:
    """Add one plot's class probabilities: NaN or nothing but zeros says nothing, "unknown" alone
    speaks against all four kinds.
    """
    known = 0.0
    for k in range(4):
        if not (told[k] >= 0.0 and told[k] <= 1.0):
            return
        known += told[k]
    if not known > 0.0:
        if told[4] > 0.0:
            for k in range(4):
                total = memory * evidence[k] + min(told[4], 1.0) * np.log(OPEN)
                evidence[k] = max(total, -LIMIT)
            evidence[4] = memory * evidence[4]
        return
    share = max(0.0, 1.0 - known) / 4.0
    for k in range(4):
        likelihood = max(told[k] + share, FLOOR)
        total = memory * evidence[k] + np.log(4.0 * likelihood)
        evidence[k] = min(max(total, -LIMIT), LIMIT)
    evidence[4] = memory * evidence[4] + min(known, 1.0)


@kernel
def absorb_speed(evidence: NDArray[np.float32], vx: float, vy: float, var: float) -> None:
    """Add what a plot's speed (m/s, variance per axis) says against a person and a group."""
    excess = (np.sqrt(vx * vx + vy * vy) - FOOT_MPS) / np.sqrt(var)
    if excess > 0.0:
        for k in range(2):
            evidence[k] = max(evidence[k] - min(0.5 * excess * excess, LIMIT), -LIMIT)


@kernel
def probabilities(evidence: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """The class probabilities that the evidence amounts to; all unknown while there is none."""
    if not evidence[4] > 0.0:
        for k in range(4):
            out[k] = 0.0
        out[4] = 1.0
        return
    total = 1.0
    for k in range(4):
        total += np.exp(evidence[k])
    for k in range(4):
        out[k] = np.exp(evidence[k]) / total
    out[4] = 1.0 / total


def table(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """`probabilities` for n tracks at once, (n, 5) to (n, 5), for callers in Python."""
    logs = evidence.astype(np.float64)
    logs[:, 4] = 0.0
    weights = np.exp(logs)
    weights[~(evidence[:, 4] > 0.0), :4] = 0.0
    shares: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
