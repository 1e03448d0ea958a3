"""Which spooled item goes out when: the pure half of the uplink.

Live is first-in-first-out over the last 30 s of puts. What it may not or need not carry any
more belongs to the archive: rows put longer ago, and sightings at or before a watermark
that was already promised. Sensor descriptions are pinned: they ride in every live envelope
until they are settled, because a sighting means nothing to a hub without them.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool_model import KIND_DETECTION, KIND_SENSOR_INFO, Row

WINDOW_US = 30_000_000
RESEND_US = 5_000_000
#: How far an adapter's own delay is learned: the longest a hub may be set to reorder.
MAX_DELAY_US = 2_000_000
_DELAY_PERIOD_US = 30_000_000
_MARK_US = 50_000
_MAX_ARCHIVE_IN_FLIGHT = 20_000
_NEVER = -(2**59)


@dataclass(slots=True)
class _Mark:
    """The puts of 50 ms: when, up to which seq, and the oldest sighting that may go live."""

    steady_us: int
    first_seq: int
    last_seq: int
    oldest_at_us: int | None


@dataclass(slots=True)
class _Sent:
    steady_us: int
    seqs: RangeSet


class InFlight:
    """What was sent and is not settled yet, in sending order."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()

    def add(self, steady_us: int, seqs: Iterable[int]) -> None:
        """Note an envelope the hub has taken."""
        sent = RangeSet.of(seqs)
        if sent:
            self._sent.append(_Sent(steady_us, sent))

    def settle(self, settled: Iterable[SeqRange]) -> None:
        """Forget what is settled."""
        ranges = list(settled)
        for sent in self._sent:
            sent.seqs.difference_update(ranges)
        self._sent = deque(sent for sent in self._sent if sent.seqs)

    def oldest_us(self) -> int | None:
        """When the oldest unsettled envelope was sent."""
        return self._sent[0].steady_us if self._sent else None

    def lowest_seq(self) -> int | None:
        """The least unsettled seq that was sent."""
        return min((sent.seqs.first() or 0 for sent in self._sent), default=None)

    def clear(self) -> None:
        """Forget everything: all of it will be sent again."""
        self._sent.clear()

    def __len__(self) -> int:
        return sum(len(sent.seqs) for sent in self._sent)


class _Delay:
    """How long adapters take from a sighting to its put: the most seen in the last 30-60 s."""

    def __init__(self, *, least_us: int) -> None:
        self._least_us = least_us
        self._period = 0
        self._now_us = self._before_us = least_us

    @property
    def us(self) -> int:
        return max(self._now_us, self._before_us)

    def learn(self, delay_us: int, steady_us: int) -> None:
        period = steady_us // _DELAY_PERIOD_US
        if period != self._period:
            self._before_us = self._now_us if period == self._period + 1 else self._least_us
            self._now_us, self._period = self._least_us, period
        if self._now_us < delay_us <= MAX_DELAY_US:
            self._now_us = delay_us


class LiveLane:
    """The live lane of this process's boot. Pure: callers bring both clocks (µs).

    `cursor`: every seq up to it was sent live or belongs to the archive. `pinned`: the
    descriptions not yet settled. `generation` changes with every rewind, so that the answer
    to an envelope built before it moves nothing.
    """

    def __init__(self, *, delay_us: int) -> None:
        self.cursor = 0
        self.generation = 0
        self.archive = RangeSet()
        self.settled = RangeSet()
        self.pinned: dict[int, Row] = {}
        self.in_flight = InFlight()
        self.promised_us = _NEVER
        self._delay = _Delay(least_us=delay_us)
        self._numbered_seq = 0
        self._marks: deque[_Mark] = deque()

    # ── what comes in ────────────────────────────────────────────────────────────────────────

    def numbered(self, last_seq: int, rows: Sequence[Row], now_us: int, steady_us: int) -> None:
        """Take note of a put, before it is on disk, and decide the lane of its sightings."""
        first_seq, self._numbered_seq = self._numbered_seq + 1, last_seq
        oldest_us: int | None = None
        for row in rows:
            if row.kind == KIND_SENSOR_INFO:
                self.pinned[row.seq] = row
            elif row.kind == KIND_DETECTION:
                self._delay.learn(now_us - row.at_us, steady_us)
                if row.at_us <= self.promised_us or row.at_us < now_us - WINDOW_US:
                    self.archive.add(row.seq, row.seq + 1)
                elif oldest_us is None or row.at_us < oldest_us:
                    oldest_us = row.at_us
        self._mark(first_seq, last_seq, oldest_us, steady_us)

    def _mark(self, first: int, last: int, oldest_us: int | None, steady_us: int) -> None:
        while self._marks and self._marks[0].steady_us < steady_us - WINDOW_US:
            self._marks.popleft()
        newest = self._marks[-1] if self._marks else None
        if newest is None or steady_us - newest.steady_us >= _MARK_US:
            self._marks.append(_Mark(steady_us, first, last, oldest_us))
            return
        newest.last_seq = last
        if oldest_us is not None:
            newest.oldest_at_us = min(oldest_us, newest.oldest_at_us or oldest_us)

    # ── what goes out ────────────────────────────────────────────────────────────────────────

    def lag_us(self, steady_us: int) -> int:
        """How long the oldest put that was not sent yet has been waiting."""
        oldest_us = steady_us
        for mark in reversed(self._marks):
            if mark.last_seq <= self.cursor:
                break
            oldest_us = mark.steady_us
        return steady_us - oldest_us

    def expire(self, steady_us: int) -> None:
        """Hand what was put longer than 30 s ago to the archive, without looking at it."""
        start = self._numbered_seq + 1
        for mark in reversed(self._marks):
            if mark.steady_us < steady_us - WINDOW_US:
                break
            start = mark.first_seq
        if start > self.cursor + 1:
            self.archive.add(self.cursor + 1, start)
            for seq in self.pinned:
                self.archive.remove(seq, seq + 1)
            self.cursor = start - 1

    def take(self, rows: Sequence[Row]) -> list[Row]:
        """Those rows that go live; `rows` are read from above the cursor.

        A settled row may still be there: the spool is freed a little later.
        """
        return [
            row
            for row in rows
            if row.seq not in self.archive
            and row.seq not in self.pinned
            and row.seq not in self.settled
        ]

    def pins(self, upto_seq: int, lost: RangeSet) -> list[Row]:
        """The descriptions to send along, in order; `lost` ones were refused by the disk."""
        return [row for seq, row in self.pinned.items() if seq <= upto_seq and seq not in lost]

    def watermark_us(self, read_to_seq: int, now_us: int) -> int:
        """The promise of an envelope that carries everything live up to `read_to_seq`.

        No later sighting will be at or before it: `now` less what adapters need, and below
        all that is put and not yet sent. From here on it binds: what is put later with an
        older stamp goes to the archive.
        """
        watermark_us = now_us - self._delay.us
        for mark in reversed(self._marks):
            if mark.last_seq <= read_to_seq:
                break
            if mark.oldest_at_us is not None:
                watermark_us = min(watermark_us, mark.oldest_at_us - 1)
        self.promised_us = max(self.promised_us, watermark_us)
        return watermark_us

    # ── what comes back ──────────────────────────────────────────────────────────────────────

    def sent(self, generation: int, read_to_seq: int, seqs: Iterable[int], steady_us: int) -> None:
        """The hub has taken an envelope, built in `generation`, that reached `read_to_seq`."""
        if generation == self.generation:
            self.cursor = max(self.cursor, read_to_seq)
            self.in_flight.add(steady_us, seqs)

    def settle(self, settled: Iterable[SeqRange]) -> None:
        """These seqs are safe."""
        ranges = RangeSet(settled)
        self.settled.update(ranges)
        self.in_flight.settle(ranges)
        self.archive.difference_update(ranges)
        for seq in [seq for seq in self.pinned if seq in ranges]:
            del self.pinned[seq]

    def rewind(self) -> None:
        """Send again from the oldest unsettled row; earlier promises are void with it."""
        lowest = self.in_flight.lowest_seq()
        if lowest is not None:
            self.cursor = min(self.cursor, lowest - 1)
        self.in_flight.clear()
        self.generation += 1
        self.promised_us = _NEVER

    def is_overdue(self, steady_us: int) -> bool:
        """Whether something sent has stayed unsettled for 5 s."""
        oldest_us = self.in_flight.oldest_us()
        return oldest_us is not None and steady_us - oldest_us >= RESEND_US

    def clock_stepped_back(self) -> None:
        """The wall clock was set back: what it promised before is not what it says now."""
        self.promised_us = _NEVER


class ArchiveLane:
    """The archive lane, one boot at a time, oldest row first."""

    def __init__(self) -> None:
        self.boot: int | None = None
        self.after_seq = 0
        self.generation = 0
        self.asked = False
        self.in_flight = InFlight()
        self._described = False
        self._progress_us = 0

    def turn_to(self, boot: int) -> None:
        """Start on a boot, or go on with it."""
        if boot != self.boot:
            self.boot = boot
            self.asked = False
            self.rewind()

    def may_send(self) -> bool:
        """Whether more rows may go out before some are settled.

        At most 20,000 are on their way; and what follows a description waits for it, so
        that a hub which forgets the one cannot meet the others alone.
        """
        return len(self.in_flight) < _MAX_ARCHIVE_IN_FLIGHT and not self._described

    def sent(self, generation: int, rows: Sequence[Row], steady_us: int) -> None:
        """The hub has taken these rows in an envelope built in `generation`."""
        if generation != self.generation:
            return
        self.asked = True
        if rows:
            self.after_seq = rows[-1].seq
            self.in_flight.add(steady_us, (row.seq for row in rows))
            self._described |= any(row.kind == KIND_SENSOR_INFO for row in rows)

    def settle(self, boot: int, settled: Iterable[SeqRange], steady_us: int) -> None:
        """These seqs of a boot are safe."""
        if boot != self.boot:
            return
        before = len(self.in_flight)
        self.in_flight.settle(settled)
        if len(self.in_flight) != before:
            self._progress_us = steady_us
        if not self.in_flight:
            self._described = False

    def is_overdue(self, steady_us: int) -> bool:
        """Whether something sent is unsettled, and nothing was settled, for 5 s."""
        oldest_us = self.in_flight.oldest_us()
        return oldest_us is not None and steady_us - max(oldest_us, self._progress_us) >= RESEND_US

    def rewind(self) -> None:
        """Begin this boot again; what is settled is gone from the spool anyway."""
        self.after_seq = 0
        self.generation += 1
        self.in_flight.clear()
        self._described = False
