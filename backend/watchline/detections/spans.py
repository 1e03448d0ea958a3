"""Stretches of time that wait for a rerun: how late stamps make, widen and join them. Pure.

Whatever stamps an edge sends, what waits is bounded: stretches lie at least ten minutes apart,
so the last week holds a thousand at most, and older ones are counted and of limited length.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: (from_us, to_us), both included.
Span = tuple[int, int]

#: Stamps no further apart belong to one stretch.
GAP_US = 600_000_000
#: An outage that is made up for is no older: what a spool holds, and days to spare.
RECENT_US = 7 * 86_400_000_000
#: Older stretches, as of recordings: so many may wait, each so long.
MAX_OLD = 100
MAX_OLD_US = 86_400_000_000


def clusters(at_us: NDArray[np.int64]) -> list[Span]:
    """Stamps, in any order, as stretches in ascending order.

    >>> clusters(np.array([5, 0, 700_000_000, 699_999_000]))
    [(0, 5), (699999000, 700000000)]
    """
    ordered = np.sort(at_us)
    cuts = np.flatnonzero(np.diff(ordered) > GAP_US)
    firsts = ordered[np.concatenate(([0], cuts + 1))].tolist()
    lasts = ordered[np.concatenate((cuts, [len(ordered) - 1]))].tolist()
    return list(zip(firsts, lasts, strict=True))


def widen(
    waiting: Sequence[Span], at_us: NDArray[np.int64], now_us: int
) -> tuple[list[Span], NDArray[np.bool_]]:
    """The stretches that late stamps change or make, and which stamps find no place.

    A changed stretch replaces every waiting one that lies within it. `waiting` is in any order.
    """
    recent_us = now_us - RECENT_US
    ends = sorted(waiting, key=lambda span: span[1])
    last = [to_us for _, to_us in ends]
    room = MAX_OLD - sum(from_us < recent_us for from_us, _ in waiting)
    refused = np.zeros(len(at_us), np.bool_)
    taken: list[Span] = []
    found = clusters(at_us) if len(at_us) else []
    for cluster in [day for span in found for day in _days(span, recent_us)]:
        near = ends[bisect_left(last, cluster[0] - GAP_US) :]
        if cluster[0] < recent_us and not any(
            _joins(span, cluster, recent_us) for span in near if span[0] <= cluster[1] + GAP_US
        ):
            if room <= 0:
                refused |= (at_us >= cluster[0]) & (at_us <= cluster[1])
                continue
            room -= 1
        taken.append(cluster)
    joined: list[Span] = []
    for span in sorted({*waiting, *taken}):
        if joined and _joins(joined[-1], span, recent_us):
            span = joined[-1][0], max(joined.pop()[1], span[1])
        joined.append(span)
    changed = [
        span for span in joined if any(span[0] <= low and high <= span[1] for low, high in taken)
    ]
    return changed, refused


def _joins(a: Span, b: Span, recent_us: int) -> bool:
    """Whether two stretches are one: near each other and, when old, together not too long."""
    low, high = min(a[0], b[0]), max(a[1], b[1])
    near = a[0] <= b[1] + GAP_US and b[0] <= a[1] + GAP_US
    return near and (low >= recent_us or high - low <= MAX_OLD_US)


def _days(span: Span, recent_us: int) -> list[Span]:
    """An old stretch in pieces that are not too long."""
    low, high = span
    if low >= recent_us:
        return [span]
    return [(at, min(at + MAX_OLD_US - 1, high)) for at in range(low, high + 1, MAX_OLD_US)]
