"""Sets of sequence numbers as sorted half-open ranges."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from watchline_sensors.contract.envelope import SeqRange


class RangeSet:
    """A set of integers kept as disjoint, non-touching, ascending [from, to) ranges.

    >>> s = RangeSet([(1, 4)]); s.add(4, 6); s.add(8, 9); s.remove(2, 3); s.ranges()
    [(1, 2), (3, 6), (8, 9)]
    >>> 5 in s, 6 in s, len(s), s.covers(3, 6), s.covers(5, 9)
    (True, False, 5, True, False)
    """

    __slots__ = ("_from", "_to")

    def __init__(self, ranges: Iterable[SeqRange] = ()) -> None:
        self._from: list[int] = []
        self._to: list[int] = []
        for low, high in ranges:
            self.add(low, high)

    @classmethod
    def of(cls, seqs: Iterable[int]) -> "RangeSet":
        """The set of these integers; quick when they ascend without gaps."""
        out = cls()
        low = high = 0
        for seq in seqs:
            if seq != high:
                out.add(low, high)
                low = seq
            high = seq + 1
        out.add(low, high)
        return out

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

    def remove(self, low: int, high: int) -> None:
        """Take every integer of [low, high) out."""
        if low >= high:
            return
        # The ranges that overlap [low, high); what sticks out at either end stays.
        left = bisect_right(self._to, low)
        right = bisect_left(self._from, high)
        if left >= right:
            return
        kept = [(a, b) for a, b in ((self._from[left], low), (high, self._to[right - 1])) if a < b]
        self._from[left:right] = [a for a, _ in kept]
        self._to[left:right] = [b for _, b in kept]

    def update(self, ranges: Iterable[SeqRange]) -> None:
        """Add all of these ranges."""
        for low, high in ranges:
            self.add(low, high)

    def difference_update(self, ranges: Iterable[SeqRange]) -> None:
        """Take all of these ranges out."""
        for low, high in ranges:
            self.remove(low, high)

    def covers(self, low: int, high: int) -> bool:
        """Whether every integer of [low, high) is in the set."""
        i = bisect_right(self._from, low) - 1
        return low >= high or (i >= 0 and high <= self._to[i])

    def holes(self, low: int, high: int) -> list[SeqRange]:
        """The parts of [low, high) that are not in the set.

        >>> RangeSet([(2, 4), (6, 7)]).holes(1, 9)
        [(1, 2), (4, 6), (7, 9)]
        """
        out = []
        i = bisect_right(self._to, low)
        while low < high:
            start = min(self._from[i], high) if i < len(self._from) else high
            if low < start:
                out.append((low, start))
            if i >= len(self._to):
                break
            low = max(low, self._to[i])
            i += 1
        return out

    def first(self) -> int | None:
        """The least integer, or None when empty."""
        return self._from[0] if self._from else None

    def end(self) -> int | None:
        """One beyond the greatest integer, or None when empty."""
        return self._to[-1] if self._to else None

    def ranges(self) -> list[SeqRange]:
        """The ranges, ascending."""
        return list(zip(self._from, self._to, strict=True))

    def copy(self) -> "RangeSet":
        """An independent copy."""
        other = RangeSet()
        other._from, other._to = self._from.copy(), self._to.copy()
        return other

    def __iter__(self) -> Iterator[SeqRange]:
        return iter(self.ranges())

    def __contains__(self, seq: int) -> bool:
        i = bisect_right(self._from, seq) - 1
        return i >= 0 and seq < self._to[i]

    def __len__(self) -> int:
        return sum(self._to) - sum(self._from)

    def __bool__(self) -> bool:
        return bool(self._from)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RangeSet):
            return NotImplemented
        return self._from == other._from and self._to == other._to

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"RangeSet({self.ranges()})"
