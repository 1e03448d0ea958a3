from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.lanes import ArchiveLane, LiveLane
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool_model import (
    KIND_DETECTION,
    KIND_HEALTH,
    KIND_SENSOR_INFO,
    Row,
)

S = 1_000_000
NOW = 1_700_000_000 * S


def _row(seq: int, at_us: int, kind: int = KIND_DETECTION) -> Row:
    return Row(seq=seq, at_us=at_us, kind=kind, body=b"x")


class _Play:
    """A lane with its spool (a list) and its two clocks."""

    def __init__(self, delay_us: int = 50_000) -> None:
        self.lane = LiveLane(delay_us=delay_us)
        self.rows: list[Row] = []
        self.now = NOW
        self.last = 0

    def put(self, *ats: int, kind: int = KIND_DETECTION) -> list[int]:
        rows = [_row(self.last + 1 + i, at, kind) for i, at in enumerate(ats)]
        self.last += len(rows)
        self.lane.numbered(self.last, rows, self.now, self.now - NOW)
        self.rows += rows
        return [row.seq for row in rows]

    def send(self, *, taken: bool = True, limit: int = 1000) -> tuple[list[int], int]:
        """One turn: the seqs that went out, and their envelope's watermark."""
        lane = self.lane
        lane.expire(self.now - NOW)
        read = [row for row in self.rows if row.seq > lane.cursor][:limit]
        read_to = read[-1].seq if len(read) == limit else self.last
        out = [*lane.pins(read_to, RangeSet()), *lane.take(read)]
        watermark = lane.watermark_us(read_to, self.now)
        if taken:
            lane.sent(lane.generation, read_to, [r.seq for r in out], self.now - NOW)
        return [row.seq for row in out], watermark

    def settle(self, *seqs: int) -> None:
        self.lane.settle(RangeSet.of(seqs))
        self.rows = [row for row in self.rows if row.seq not in seqs]


def test_first_in_first_out_and_once() -> None:
    play = _Play()
    play.put(NOW, NOW - 1)
    assert play.send()[0] == [1, 2]
    play.put(NOW)
    assert play.send()[0] == [3]
    assert play.send()[0] == []


def test_an_envelope_that_was_not_taken_goes_again() -> None:
    play = _Play()
    play.put(NOW)
    assert play.send(taken=False)[0] == [1]
    play.put(NOW)
    assert play.send()[0] == [1, 2]


def test_the_watermark_lags_by_the_allowance_and_by_what_is_unsent() -> None:
    play = _Play()
    assert play.send()[1] == NOW - 50_000
    play.now += S
    play.put(play.now - 30_000)
    play.now += 60_000  # the next mark: what the first envelope does not reach
    play.put(play.now - 40_000)
    unsent_at = play.now - 40_000
    play.now += S
    assert play.send(limit=1) == ([1], unsent_at - 1), "whatever the clock says"
    assert play.send(limit=1) == ([2], play.now - 50_000)


def test_what_comes_after_the_promise_is_the_archives() -> None:
    play = _Play()
    _, watermark = play.send()
    play.now += 100_000
    late, fresh = play.put(watermark, watermark + 1)
    assert play.send()[0] == [fresh]
    assert play.lane.archive == RangeSet.of([late])


def test_old_stamps_never_go_live_and_hold_nothing_up() -> None:
    play = _Play()
    old = play.put(5 * S, 6 * S)
    seqs, watermark = play.send()
    assert (seqs, watermark) == ([], NOW - 50_000)
    assert play.lane.archive == RangeSet.of(old)


def test_the_delay_of_a_slow_sensor_is_learned_and_forgotten() -> None:
    play = _Play()
    play.put(play.now - 400_000)
    assert play.send()[1] == play.now - 400_000
    for _ in range(3):
        play.now += 31 * S
        play.put(play.now)
    assert play.send()[1] == play.now - 50_000


def test_a_stamp_from_the_far_past_is_no_delay() -> None:
    play = _Play()
    play.put(play.now - 25 * S)
    play.settle(*play.send()[0])
    play.now += S
    assert play.send()[1] == play.now - 50_000


def test_after_an_outage_live_begins_thirty_seconds_ago() -> None:
    play = _Play()
    for _ in range(120):
        play.put(play.now)
        play.send(taken=False)
        play.now += S
    seqs, _ = play.send()
    assert seqs == list(range(91, 121))
    assert play.lane.archive == RangeSet([(1, 91)])


def test_descriptions_are_pinned_until_settled() -> None:
    play = _Play()
    (info,) = play.put(NOW, kind=KIND_SENSOR_INFO)
    play.put(NOW)
    play.send(taken=False)
    play.now += 60 * S
    (fresh,) = play.put(play.now)
    assert play.send()[0] == [info, fresh], "it survives the jump"
    assert play.lane.archive == RangeSet.of([2])
    play.settle(fresh)
    assert play.send()[0] == [info], "and rides along until it is safe"
    play.settle(info)
    assert play.send()[0] == []
    assert play.lane.pins(9, RangeSet()) == []


def test_a_settled_row_that_is_not_freed_yet_does_not_go_live() -> None:
    play = _Play()
    late, fresh = play.put(NOW - 40 * S, NOW)
    play.lane.settle([(late, late + 1)])  # by the archive, while the row is still there
    assert play.send()[0] == [fresh]


def test_a_refused_description_is_not_sent() -> None:
    play = _Play()
    (info,) = play.put(NOW, kind=KIND_SENSOR_INFO)
    assert play.lane.pins(9, RangeSet.of([info])) == []


def test_what_stays_unsettled_is_sent_again_from_the_oldest() -> None:
    play = _Play()
    play.put(NOW, NOW)
    play.send()
    play.now += S
    play.put(play.now)
    play.send()
    play.settle(1)
    assert not play.lane.is_overdue(play.now - NOW)
    play.now += 4 * S
    assert play.lane.is_overdue(play.now - NOW)
    play.lane.rewind()
    seqs, watermark = play.send()
    assert seqs == [2, 3]
    play.settle(2, 3)
    assert not play.lane.is_overdue(play.now - NOW + 60 * S)
    assert watermark == play.now - 50_000


def test_a_rewind_voids_earlier_promises() -> None:
    play = _Play()
    play.send()
    play.lane.rewind()
    (seq,) = play.put(NOW - S)
    assert play.send()[0] == [seq]


def test_the_answer_to_an_envelope_from_before_a_rewind_moves_nothing() -> None:
    play = _Play()
    play.put(NOW)
    play.send()
    generation = play.lane.generation
    play.put(NOW)
    play.lane.rewind()  # the other lane has met a new writer meanwhile
    play.lane.sent(generation, 2, [2], 0)
    assert play.send()[0] == [1, 2]


def test_a_clock_set_back_does_not_blind_the_live_lane() -> None:
    play = _Play()
    play.send()
    play.now -= 3600 * S
    play.lane.clock_stepped_back()
    (seq,) = play.put(play.now)
    seqs, watermark = play.send()
    assert (seqs, watermark) == ([seq], play.now - 50_000)


def test_heartbeats_neither_wait_nor_hold_anything_up() -> None:
    play = _Play()
    play.put(5, kind=KIND_HEALTH)
    seqs, watermark = play.send(taken=False)
    assert (seqs, watermark) == ([1], NOW - 50_000)


_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.integers(-40 * S, S), min_size=1, max_size=4)),
        st.tuples(st.just("send"), st.booleans()),
        st.tuples(st.just("wait"), st.integers(0, 20 * S)),
        st.tuples(st.just("settle"), st.integers(0, 30)),
        st.tuples(st.just("rewind"), st.none()),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=200)
@given(_EVENTS)
def test_no_row_is_forgotten_and_no_promise_broken(
    events: Sequence[tuple[str, object]],
) -> None:
    """Every row is at any time ahead of the cursor, on its way, or the archive's."""
    play = _Play()
    promised = -1
    for what, value in events:
        if what == "put":
            play.put(*(play.now + at for at in value))
        elif what == "wait":
            play.now += value
        elif what == "rewind":
            play.lane.rewind()
            promised = -1
        elif what == "settle":
            play.settle(*(row.seq for row in play.rows[:value]))
        else:
            by_seq = {row.seq: row for row in play.rows}
            seqs, watermark = play.send(taken=value, limit=5)
            assert seqs == sorted(set(seqs))
            if value:
                assert all(by_seq[seq].at_us > promised for seq in seqs)
                promised = max(promised, watermark)
            lane = play.lane
            for row in play.rows:
                homes = (
                    row.seq > lane.cursor,
                    any(row.seq in sent.seqs for sent in lane.in_flight._sent),
                    row.seq in lane.archive,
                )
                assert any(homes), (row.seq, lane.cursor)
                assert not (homes[1] and homes[2]), row.seq


def test_the_archive_stops_behind_a_description_until_it_is_settled() -> None:
    lane = ArchiveLane()
    lane.turn_to(7)
    assert lane.may_send() and not lane.asked
    lane.sent(lane.generation, [_row(1, 0, KIND_SENSOR_INFO), _row(2, 0)], 0)
    assert not lane.may_send()
    lane.settle(8, [(1, 3)], 0)
    assert not lane.may_send(), "another boot's receipt says nothing"
    lane.settle(7, [(1, 3)], 0)
    assert lane.may_send() and lane.after_seq == 2 and not lane.in_flight


def test_the_archive_has_at_most_twenty_thousand_rows_on_their_way() -> None:
    lane = ArchiveLane()
    lane.turn_to(7)
    for start in range(1, 20_001, 1000):
        assert lane.may_send()
        lane.sent(lane.generation, [_row(start + i, 0) for i in range(1000)], 0)
    assert not lane.may_send()
    lane.settle(7, [(1, 1001)], 0)
    assert lane.may_send()


def test_the_archive_is_overdue_only_without_progress() -> None:
    lane = ArchiveLane()
    lane.turn_to(7)
    lane.sent(lane.generation, [_row(1, 0), _row(2, 0)], 0)
    lane.settle(7, [(1, 2)], 4 * S)
    assert not lane.is_overdue(8 * S)
    assert lane.is_overdue(9 * S)
    generation = lane.generation
    lane.rewind()
    assert (lane.after_seq, len(lane.in_flight)) == (0, 0)
    lane.sent(generation, [_row(9, 0)], 0)
    assert lane.after_seq == 0
    lane.turn_to(7)
    assert lane.generation == generation + 1, "the same boot goes on"
    lane.turn_to(8)
    assert lane.generation == generation + 2
