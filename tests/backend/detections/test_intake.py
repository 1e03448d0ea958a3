"""What has arrived goes by its stamps: live, late or uncertain; and is settled once."""

import msgspec

from columns import parcel
from watchline.detections.inbox import Inbox
from watchline.detections.intake import GRACE_US, Intake, stamped_by
from watchline_sensors.contract import Detection, Health, Position

SECOND = 1_000_000
NOW_US = 10_000 * SECOND
KEY = ("edge-a", 7)
PLACE = Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=9.0, var_north_m2=9.0)


def seen(at_us: int) -> Detection:
    return Detection(sensor="radar-a", at_us=at_us, position=PLACE)


def taken(*items, sent_at_us: int = NOW_US, heard=(), clock_us: int = NOW_US - SECOND, **changes):
    """(intake, work) of one envelope that arrives at NOW_US."""
    box = Inbox({}, {"radar-a": (4, "edge-a")})
    box.receive(
        parcel(*items, sent_at_us=sent_at_us, watermark_us=NOW_US, **changes),
        now_us=NOW_US,
        epoch=1,
    )
    intake = Intake(heard, slot_us=50_000, now_us=NOW_US - 2 * GRACE_US)
    return intake, intake.take(box.take(), box, now_us=NOW_US, clock_us=clock_us)


def test_each_stamp_goes_its_way_and_only_what_waits_is_not_settling():
    live, late, ahead = NOW_US - SECOND // 2, NOW_US - 2 * SECOND, NOW_US + 2 * SECOND
    _, work = taken(seen(live), seen(late), seen(ahead))
    assert work.live is not None
    assert work.live["at_us"].tolist() == [live]
    assert work.live["sensor"].tolist() == [4]
    assert [rows["at_us"].tolist() for rows in work.late] == [[late]]
    assert [rows["at_us"].tolist() for rows in work.uncertain] == [[ahead]]
    assert work.rows == 3
    assert work.settling[KEY].ranges() == [(2, 4)]  # the caller settles what is live


def test_a_wrong_clock_makes_all_uncertain_and_its_heartbeat_is_of_now():
    beat = Health(sensor="radar-a", at_us=NOW_US - 3600 * SECOND, state="ok")
    _, work = taken(seen(NOW_US - SECOND // 2), beat, sent_at_us=NOW_US - 3600 * SECOND)
    assert work.live is None and work.rows == 1 and len(work.uncertain) == 1
    assert [beat.at_us for beat in work.beats] == [NOW_US]
    assert work.counts[KEY] == [1, 0]


def test_bad_items_and_lost_ranges_are_settled_and_counted():
    _, work = taken(b"\xc0", seqs=[1], lost=[(5, 9)])
    assert work.settling[KEY].ranges() == [(1, 2), (5, 9)]
    assert work.counts[KEY] == [0, 1]
    assert work.lost[KEY] == [(5, 9)]


def test_a_tick_waits_out_the_grace_and_says_what_boots_have_told():
    intake, work = taken(seen(NOW_US - SECOND // 2), highest_seq=12)
    intake.said([])
    intake.tick(work, NOW_US)
    assert work.tick_us is not None and work.tick_us <= NOW_US
    fresh = Intake(["edge-a"], slot_us=50_000, now_us=NOW_US)
    fresh.tick(work := type(work)(), NOW_US + GRACE_US - 1)
    assert work.tick_us is None
    intake.tick(told := type(work)(), NOW_US)
    assert KEY in told.settling  # the boot's highest seq is news, though nothing is settled
    intake.said([KEY])
    intake.tick(quiet := type(work)(), NOW_US)
    assert not quiet.settling


def test_only_what_is_from_the_future_is_stamped_now():
    beat = Health(sensor="radar-a", at_us=50, state="ok")
    assert stamped_by(beat, 60, 40) is beat
    assert stamped_by(beat, 49, 40) == msgspec.structs.replace(beat, at_us=40)
