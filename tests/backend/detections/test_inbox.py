"""What was sent and is not settled: counted once, bounded, and settled by the commit alone."""

import msgspec
import pytest

from columns import parcel
from watchline.detections import inbox
from watchline.detections.inbox import Busy, Inbox
from watchline.detections.ledger import SeqSet, SeqsRefused
from watchline_sensors.contract import Detection, Position, SensorInfo

PLACE = Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=9.0, var_north_m2=9.0)
SEEN = Detection(sensor="radar-a", at_us=1_000_000, position=PLACE)
INFO = SensorInfo(
    sensor="radar-new", at_us=1, kind="radar", name="R", lon_deg=24.0, lat_deg=50.5, height_m=2.0
)


KEY = ("edge-a", 7)


def box_of(settled: SeqSet | None = None, highest: int = 0) -> Inbox:
    """An inbox that knows radar-a, and the boot of `parcel` if anything of it is settled."""
    ledger = {} if settled is None else {KEY: (settled, highest)}
    return Inbox(ledger, {"radar-a": (1, "edge-a")})


def test_what_is_on_its_way_is_known_and_not_settled():
    box = box_of()
    first = box.receive(parcel(SEEN, SEEN, seqs=[1, 2]), now_us=5, epoch=7)
    again = box.receive(parcel(SEEN, SEEN, seqs=[2, 3]), now_us=6, epoch=7)
    assert (first.epoch, first.accepted, first.duplicate, first.settled) == (7, 2, 0, [])
    assert (again.accepted, again.duplicate, again.settled) == (1, 1, [])
    assert box.pending == 3
    taken = box.take()
    assert [arrival.arrived_us for arrival in taken] == [5, 6]
    assert len(box) == 0 and not box.take()
    box.settle([(KEY, [(1, 3)])], rows=2)
    assert box.pending == 1
    assert box.receive(parcel(SEEN, seqs=[3]), now_us=7, epoch=7).settled == [(1, 3)]


def test_the_ledger_is_where_it_starts():
    box = box_of(SeqSet([(1, 5)]), highest=4)
    answer = box.receive(parcel(SEEN, SEEN, seqs=[4, 5]), now_us=1, epoch=1)
    assert (answer.accepted, answer.duplicate, answer.settled) == (1, 1, [(1, 5)])
    assert box.highest_seq(KEY) == 4
    assert box.raise_highest(KEY, 5) and not box.raise_highest(KEY, 5)
    assert box.highest_seq(KEY) == 5


def test_a_sensor_described_in_one_envelope_is_seen_in_the_next():
    box = box_of()
    box.receive(parcel(INFO, seqs=[1]), now_us=1, epoch=1)
    mine = msgspec.structs.replace(SEEN, sensor="radar-new")
    assert box.receive(parcel(mine, seqs=[2]), now_us=2, epoch=1).accepted == 1
    other = msgspec.structs.replace(SEEN, sensor="radar-unheard")
    (rejected,) = box.receive(parcel(other, seqs=[3]), now_us=3, epoch=1).rejected
    assert rejected.code == "item.sensor_unknown"


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(inbox, "MAX_BACKLOG", 1)
    monkeypatch.setattr(inbox, "MAX_BOOTS", 1)
    box = box_of()
    box.receive(parcel(SEEN, SEEN, seqs=[1, 2]), now_us=1, epoch=1)
    with pytest.raises(Busy):
        box.receive(parcel(SEEN, seqs=[3]), now_us=2, epoch=1)
    box.settle([(KEY, [(1, 3)])], rows=2)
    with pytest.raises(SeqsRefused, match="too_many_boots"):
        box.receive(parcel(SEEN, boot=8), now_us=3, epoch=1)
