"""Sort what has arrived into what is tracked in order, what is late, and what cannot be judged.

No clock and no database: the caller says what time it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import numpy as np

from watchline.detections.accept import Quarantined
from watchline.detections.inbox import Arrival, BootKey, Inbox
from watchline.detections.lateness import LATE, UNCERTAIN, EdgeClock, timing_of
from watchline.detections.ledger import SeqRange, SeqSet
from watchline.detections.placing import edge_number
from watchline.detections.reorder import ReorderBuffer
from watchline.detections.rows import Rows
from watchline.units.model import Fix
from watchline_sensors.contract import Health, SensorInfo

#: How long a row may wait for the other edges' watermarks (DESIGN §4.7).
REORDER_US = 500_000
#: After a start, edges heard in the last minutes get this long to come back.
GRACE_US = 5_000_000

_Told = TypeVar("_Told", bound=SensorInfo | Health)


@dataclass(slots=True)
class Work:
    """What one commit will settle; `counts` are (others, quarantined) by boot.

    At a tick `beat_us` is the sector's time, and `tick_us` up to when all edges have told.
    """

    live: Rows | None = None
    late: list[Rows] = field(default_factory=list)
    uncertain: list[Rows] = field(default_factory=list)
    others: list[tuple[str, SensorInfo | Health]] = field(default_factory=list)
    quarantined: list[tuple[str, int, Sequence[Quarantined]]] = field(default_factory=list)
    settling: dict[BootKey, SeqSet] = field(default_factory=lambda: defaultdict(SeqSet))
    counts: dict[BootKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    lost: dict[BootKey, list[SeqRange]] = field(default_factory=lambda: defaultdict(list))
    tick_us: int | None = None
    beat_us: int | None = None
    fixes: Sequence[Fix] = ()  # where our own units have said that they are

    @property
    def rows(self) -> int:
        """How many detections it holds."""
        late = sum(map(len, (*self.late, *self.uncertain)))
        return late + (0 if self.live is None else len(self.live))

    @property
    def beats(self) -> list[Health]:
        """The heartbeats among `others`."""
        return [item for _, item in self.others if isinstance(item, Health)]


class Intake:
    """The reorder buffer and the edges' clocks of one writer's time.

    `heard` are the edges heard shortly before the start.
    """

    def __init__(self, heard: Iterable[str], *, slot_us: int, now_us: int) -> None:
        self.reorder = ReorderBuffer(
            slot_us=slot_us,
            hold_us=REORDER_US,
            expected=frozenset(map(edge_number, heard)),
            grace_until_us=now_us + GRACE_US,
        )
        self.clocks: dict[str, EdgeClock] = defaultdict(EdgeClock)
        #: When each edge was heard since somebody last asked.
        self.seen: dict[str, int] = {}
        self._grace_until_us = now_us + GRACE_US
        # Boots that have given out more seqs than the ledger says.
        self._unsaid: set[BootKey] = set()

    def take(
        self, arrivals: Sequence[Arrival], inbox: Inbox, *, now_us: int, clock_us: int
    ) -> Work:
        """The arrivals' work, and what may leave the reorder buffer; `clock_us`: track clock."""
        work = Work()
        numbers = {id: no for id, (no, _) in inbox.sensors.items()}
        for arrival in arrivals:
            self._sort(work, arrival, numbers, now_us, clock_us)
            key = (arrival.edge, arrival.boot)
            if inbox.raise_highest(key, arrival.highest_seq):
                self._unsaid.add(key)
        work.live = self.reorder.release(now_us)
        return work

    def _sort(
        self, work: Work, arrival: Arrival, numbers: dict[str, int], now_us: int, clock_us: int
    ) -> None:
        key = (arrival.edge, arrival.boot)
        accepted = arrival.accepted
        clock_is_off = self._hear(arrival, now_us)
        rows = accepted.rows
        if len(rows):
            rows["edge"][:], rows["boot"][:] = edge_number(arrival.edge), arrival.boot
            rows["arrived_us"][:] = arrival.arrived_us
            rows["sensor"][:] = np.array([numbers.get(name, 0) for name in accepted.names])[
                rows["sensor"]
            ]
            timing = timing_of(
                rows["at_us"], now_us=now_us, clock_us=clock_us, clock_is_off=clock_is_off
            )
            uncertain, late = timing == UNCERTAIN, timing == LATE
            if uncertain.any():
                work.uncertain.append(rows.take(uncertain))
            if late.any():
                work.late.append(rows.take(late))
            self.reorder.put(rows.take(~(late | uncertain)))
            work.settling[key].add_all(rows["seq"][uncertain | late])
        work.settling[key].add_all(accepted.other_seqs)
        # A heartbeat of a wrong clock is of now: none may outrank those that follow.
        latest_us = -1 if clock_is_off and arrival.live else now_us
        work.others += [
            (arrival.edge, stamped_by(item, latest_us, now_us)) for item in accepted.others
        ]
        counts = work.counts[key]
        counts[0] += len(accepted.others)
        if accepted.quarantined:
            work.quarantined.append((arrival.edge, arrival.boot, accepted.quarantined))
            work.settling[key].add_all([item.seq for item in accepted.quarantined])
            counts[1] += len(accepted.quarantined)
        for low, high in accepted.lost:
            work.settling[key].add(low, high)
            work.lost[key].append((low, high))
        if not len(work.settling[key]):
            del work.settling[key]

    def _hear(self, arrival: Arrival, now_us: int) -> bool:
        """Note that the edge lives and what its envelope says of its clock; whether that is off."""
        skew_us = arrival.arrived_us - arrival.sent_at_us
        clock = self.clocks[arrival.edge]
        if arrival.live:
            clock.note(skew_us)
        clock_is_off = clock.is_off(skew_us)
        if arrival.live:
            watermark_us = None if clock_is_off else arrival.watermark_us
            self.reorder.heard(edge_number(arrival.edge), watermark_us, now_us)
        self.seen[arrival.edge] = arrival.arrived_us
        return clock_is_off

    def tick(self, work: Work, now_us: int) -> None:
        """Make it the work of a tick too: the time up to when the absence of plots means
        something (never during the grace of a start), and what the boots have told.
        """
        work.beat_us = now_us
        if now_us >= self._grace_until_us:
            work.tick_us = self.reorder.passed_us(now_us)
        for key in self._unsaid:
            work.settling[key].add(0, 0)

    def said(self, settling: Iterable[BootKey]) -> None:
        """The ledger will say what these boots have told."""
        self._unsaid.difference_update(settling)


def stamped_by(item: _Told, latest_us: int, now_us: int) -> _Told:
    """The item, stamped now if it says to be later than `latest_us`."""
    return item if item.at_us <= latest_us else msgspec.structs.replace(item, at_us=now_us)
