"""Sets of sequence numbers as sorted half-open ranges, and the ledger's counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

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

    def add_all(self, seqs: Sequence[int]) -> None:
        """Add ascending integers, run by run."""
        i = 0
        while i < len(seqs):
            j = i + 1
            while j < len(seqs) and seqs[j] == seqs[j - 1] + 1:
                j += 1
            self.add(seqs[i], seqs[j - 1] + 1)
            i = j

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
