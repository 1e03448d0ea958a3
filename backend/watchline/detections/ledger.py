"""Sets of sequence numbers as sorted half-open ranges, and the ledger's counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SeqRange = tuple[int, int]


class SeqSet:
    """A set of integers kept as disjoint, non-touching, ascending [from, to) ranges.

    Adding and asking cost O(log ranges) when seqs come in order.

    >>> s = SeqSet([(1, 4)]); s.add(4, 6); s.add(8, 9); s.ranges()
    [(1, 6), (8, 9)]
    >>> 5 in s, 6 in s, len(s)
    (True, False, 6)
    """

    __slots__ = ("_from", "_to")

    def __init__(self, ranges: Iterable[SeqRange] = ()) -> None:
        self._from: list[int] = []
        self._to: list[int] = []
        for low, high in ranges:
            self.add(low, high)

    def add(self, low: int, high: int) -> None:
        """Add every integer of [low, high)."""
        if low >= high:
            return
        # The ranges that touch [low, high] melt into one.
        left = bisect_left(self._to, low)
        right = bisect_right(self._from, high)
        if left < right:
            low = min(low, self._from[left])
            high = max(high, self._to[right - 1])
        self._from[left:right] = [low]
        self._to[left:right] = [high]

    def add_all(self, seqs: Sequence[int] | NDArray[np.int64]) -> None:
        """Add ascending integers, run by run."""
        found = np.asarray(seqs, np.int64)
        if not len(found):
            return
        ends = np.flatnonzero(np.diff(found) != 1)
        lows = found[np.concatenate([[0], ends + 1])].tolist()
        highs = found[np.concatenate([ends, [len(found) - 1]])].tolist()
        for low, high in zip(lows, highs, strict=True):
            self.add(low, high + 1)

    def holding(self, seqs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each of these integers whether it is in the set."""
        if not self._from or not len(seqs) or seqs.min() >= self._to[-1]:
            return np.zeros(len(seqs), np.bool_)
        place = np.searchsorted(np.array(self._from, np.int64), seqs, side="right") - 1
        return (place >= 0) & (seqs < np.array(self._to, np.int64)[place])

    def __contains__(self, seq: int) -> bool:
        i = bisect_right(self._from, seq) - 1
        return i >= 0 and seq < self._to[i]

    def __len__(self) -> int:
        return sum(self._to) - sum(self._from)

    def ranges(self) -> list[SeqRange]:
        """The ranges, ascending."""
        return list(zip(self._from, self._to, strict=True))

    def missing_from(self, low: int, high: int) -> list[SeqRange]:
        """The parts of [low, high) that are not in the set.

        >>> SeqSet([(2, 4), (6, 7)]).missing_from(1, 9)
        [(1, 2), (4, 6), (7, 9)]
        """
        holes = []
        at = low
        for start, stop in zip(self._from, self._to, strict=True):
            if stop <= at:
                continue
            if start >= high:
                break
            if start > at:
                holes.append((at, start))
            at = max(at, stop)
        if at < high:
            holes.append((at, high))
        return holes

    def copy(self) -> "SeqSet":
        """An independent copy."""
        other = SeqSet()
        other._from, other._to = self._from.copy(), self._to.copy()
        return other


def as_multirange(ranges: Iterable[SeqRange]) -> str:
    """The literal PostgreSQL reads as int8multirange.

    >>> as_multirange([(1, 4), (6, 7)])
    '{[1,4),[6,7)}'
    """
    return "{" + ",".join(f"[{low},{high})" for low, high in ranges) + "}"


#: More holes than this in one boot are no edge of ours: an outage leaves one.
MAX_RANGES = 1000
#: Eleven days of 10,000 a second between two envelopes.
MAX_JUMP = 10**10
#: Starts of one edge whose rows are still kept.
MAX_BOOTS = 10_000
#: Counts stay exact wherever they are read (IEEE 754 doubles).
MAX_SEQ = 2**53 - 1


class SeqsRefused(Exception):
    """An envelope whose seqs cannot be: `args[0]` is the code. It settles nothing."""


def check_seqs(
    known: SeqSet,
    highest: int,
    *,
    seqs: Sequence[int] | NDArray[np.int64],
    lost: Sequence[SeqRange],
    told: int,
) -> None:
    """Refuse an envelope that would make its boot's row in the ledger large or absurd; pure.

    `known` and `highest` are what the boot has given out so far, `seqs` (ascending) and `lost`
    what the envelope brings, `told` the highest seq that it tells. Filling holes is always fine.
    Errors: SeqsRefused `ledger.seq_jump`, `ledger.lost_contradicts`, `ledger.too_many_holes`.
    """
    if told > min(highest + MAX_JUMP, MAX_SEQ):
        raise SeqsRefused("ledger.seq_jump")
    apart = all(one[1] <= other[0] for one, other in pairwise(lost))
    places = np.searchsorted(np.asarray(seqs, np.int64), np.array(lost, np.int64).reshape(-1, 2))
    if not apart or bool(np.any(places[:, 0] < places[:, 1])):
        raise SeqsRefused("ledger.lost_contradicts")
    after = known.copy()
    after.add_all(seqs)
    for low, high in lost:
        after.add(low, high)
    if len(after.ranges()) > max(MAX_RANGES, len(known.ranges())):
        raise SeqsRefused("ledger.too_many_holes")
