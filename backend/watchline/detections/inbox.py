"""What the edges have sent and no commit has settled yet; no clock, no lock of its own."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from watchline.detections.accept import Accepted, accept
from watchline.detections.ledger import MAX_BOOTS, SeqRange, SeqSet, SeqsRefused, check_seqs
from watchline.detections.parcel import Parcel
from watchline.detections.wire import Names
from watchline_sensors.contract import Receipt

#: More rows than this in memory: edges are asked to wait.
MAX_BACKLOG = 100_000

#: One start of one edge.
BootKey = tuple[str, int]


class Busy(Exception):
    """Too much is waiting to be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One envelope as it was taken; times in µs, `arrived_us` by the sector's clock."""

    edge: str
    boot: int
    highest_seq: int
    watermark_us: int
    live: bool
    arrived_us: int
    sent_at_us: int
    accepted: Accepted


@dataclass(slots=True)
class _Boot:
    known: SeqSet  # settled or on its way
    settled: SeqSet  # committed
    highest_seq: int


class Inbox:
    """The envelopes of one writer's time, and per boot which seqs are known and which settled.

    It starts from the ledger, (settled seqs, highest seq) of each boot, and from the sensors
    that have been described: id -> (number, edge).
    """

    def __init__(
        self,
        ledger: Mapping[BootKey, tuple[SeqSet, int]],
        sensors: Mapping[str, tuple[int, str]],
    ) -> None:
        self.sensors = dict(sensors)
        #: Rows that were taken and are not settled.
        self.pending = 0
        self._boots = {
            key: _Boot(settled.copy(), settled, highest)
            for key, (settled, highest) in ledger.items()
        }
        self._names: dict[str, Names] = {}
        self._waiting: deque[Arrival] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def receive(self, parcel: Parcel, *, now_us: int, epoch: int) -> Receipt:
        """Take a verified envelope; the receipt says what is settled so far.

        Raises Busy when the backlog is full, SeqsRefused when the ledger cannot hold what the
        envelope says, EnvelopeError when the items' frame does not hold.
        """
        if self.pending > MAX_BACKLOG:
            raise Busy
        header = parcel.header
        boot = self._boot(header.edge, header.boot)
        check_seqs(
            boot.known,
            boot.highest_seq,
            seqs=parcel.seqs,
            lost=header.lost,
            told=header.highest_seq,
        )
        names = self._names_of(header.edge)
        owners = {sensor: edge for sensor, (_, edge) in self.sensors.items()}
        accepted = accept(parcel, boot.known, names, owners)
        if len(accepted.names) > len(names):
            self._names[header.edge] = Names(accepted.names)
        for seqs in (accepted.rows["seq"], accepted.other_seqs):
            boot.known.add_all(seqs)
        for bad in accepted.quarantined:
            boot.known.add(bad.seq, bad.seq + 1)
        for low, high in accepted.lost:
            boot.known.add(low, high)
        self.pending += len(accepted.rows)
        self._waiting.append(
            Arrival(
                edge=header.edge,
                boot=header.boot,
                highest_seq=header.highest_seq,
                watermark_us=header.watermark_us,
                live=header.lane == "live",
                arrived_us=now_us,
                sent_at_us=header.sent_at_us,
                accepted=accepted,
            )
        )
        return Receipt(
            epoch=epoch,
            accepted=len(accepted.rows) + len(accepted.others),
            duplicate=accepted.duplicates,
            rejected=accepted.rejections(),
            settled=boot.settled.ranges(),
        )

    def take(self) -> Sequence[Arrival]:
        """The envelopes that wait, in the order of their arrival; they wait no more."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def describe(self, sensors: Mapping[str, tuple[int, str]]) -> None:
        """Note the number and the edge of sensors that are new."""
        self.sensors = {**self.sensors, **sensors}

    def raise_highest(self, key: BootKey, highest_seq: int) -> bool:
        """Note how many seqs a boot has given out; whether that is news."""
        boot = self._boots[key]
        news = highest_seq > boot.highest_seq
        if news:
            boot.highest_seq = highest_seq
        return news

    def highest_seq(self, key: BootKey) -> int:
        """The highest seq that a boot has told of."""
        return self._boots[key].highest_seq

    def settle(self, settled: Iterable[tuple[BootKey, Sequence[SeqRange]]], rows: int) -> None:
        """Note what was committed, `rows` detections among it."""
        for key, ranges in settled:
            for low, high in ranges:
                self._boots[key].settled.add(low, high)
        self.pending -= rows

    def _names_of(self, edge: str) -> Names:
        """The sensors that the edge has described, in this writer's time or before."""
        names = self._names.get(edge)
        if names is None:
            names = self._names[edge] = Names(
                [sensor for sensor, (_, owner) in self.sensors.items() if owner == edge]
            )
        return names

    def _boot(self, edge: str, boot: int) -> _Boot:
        known = self._boots.get((edge, boot))
        if known is None:
            if sum(each == edge for each, _ in self._boots) >= MAX_BOOTS:
                raise SeqsRefused("ledger.too_many_boots")
            known = self._boots[edge, boot] = _Boot(SeqSet(), SeqSet(), 0)
        return known
