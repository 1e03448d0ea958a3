"""When detections may leave the reorder buffer, and in which order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from columns import rows_of
from watchline.detections.reorder import ReorderBuffer
from watchline_sensors.contract import Detection, Position

SLOT = 50_000
HOLD = 500_000
PLACE = Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=9.0, var_north_m2=9.0)


def buffer(expected=(), grace_until_us=0):
    return ReorderBuffer(
        slot_us=SLOT, hold_us=HOLD, expected=frozenset(expected), grace_until_us=grace_until_us
    )


def rows(edge, *times_us, arrived_us=0, first_seq=1):
    items = [Detection(sensor="a", at_us=t, position=PLACE) for t in times_us]
    return rows_of(items, edge=edge, boot=1, arrived_us=arrived_us, first_seq=first_seq)


def test_a_slot_waits_for_the_slowest_connected_edge():
    held = buffer()
    held.put(rows(1, 100_000, arrived_us=200_000))
    held.heard(1, 190_000, 200_000)
    held.heard(2, 90_000, 200_000)
    assert held.release(200_000) is None
    held.heard(2, 149_999, 210_000)
    assert held.release(210_000)["at_us"].tolist() == [100_000]
    assert len(held) == 0


def test_a_silent_edge_costs_at_most_the_hold_time():
    held = buffer()
    held.heard(2, 0, 0)
    held.put(rows(1, 100_000, arrived_us=100_000))
    held.heard(1, 10_000_000, 100_000)
    assert held.release(100_000 + HOLD - 1) is None
    assert len(held.release(100_000 + HOLD)) == 1


def test_an_edge_that_has_gone_no_longer_holds_the_others():
    held = buffer()
    held.heard(2, 0, 0)
    held.put(rows(1, 9_000_000, arrived_us=9_100_000))
    held.heard(1, 9_100_000, 9_100_000)
    assert len(held.release(9_100_000)) == 1


def test_nothing_leaves_before_the_wall_clock_has_passed_it():
    held = buffer()
    held.heard(1, 10_000_000, 0)
    held.put(rows(1, 900_000, arrived_us=0))
    assert held.release(900_000) is None
    assert len(held.release(950_000)) == 1


def test_after_a_start_edges_seen_before_are_waited_for():
    held = buffer(expected=(1, 2), grace_until_us=5_000_000)
    held.put(rows(1, 100_000, arrived_us=100_000))
    held.heard(1, 3_000_000, 1_000_000)
    assert held.release(3_000_000) is None
    held.heard(2, 3_000_000, 3_000_000)
    assert len(held.release(3_000_000)) == 1


def test_a_watermark_never_goes_back():
    held = buffer()
    held.heard(1, 500_000, 500_000)
    held.heard(1, 100, 500_000)
    held.put(rows(1, 100_000, arrived_us=500_000))
    assert len(held.release(600_000)) == 1


def test_a_promise_of_the_future_counts_up_to_now():
    """An edge whose clock was ahead for a while is waited for like the others again."""
    held = buffer()
    held.heard(1, 3_600_000_000, 100_000)
    held.heard(1, 200_000, 250_000)
    held.put(rows(1, 220_000, arrived_us=250_000))
    assert held.release(300_000) is None


def test_an_edge_with_a_wrong_clock_has_no_say():
    held = buffer()
    held.heard(1, 10_190_000, 10_200_000)
    held.heard(2, None, 10_200_000)
    held.put(rows(1, 10_100_000, arrived_us=10_200_000))
    assert len(held.release(10_200_000)) == 1
    assert held.connected(10_200_000) == [1, 2]


def test_time_does_not_pass_because_our_clock_jumps():
    """Edges are an hour behind a clock that has jumped: the absence of plots means nothing."""
    held = buffer()
    for now_us in (10_000_000, 3_610_000_000):
        held.heard(1, 9_900_000, now_us)
        held.heard(2, 5_000_000, now_us)
        assert held.passed_us(now_us) <= 9_900_000


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 2_000_000), st.integers(0, 300_000)),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_arrival_the_order_is_by_time_and_key_and_nothing_is_lost(sightings):
    """Rows go out sorted across releases as long as edges keep their watermark's promise."""
    held = buffer()
    arrivals = sorted(
        (at + delay, edge, at, seq) for seq, (edge, at, delay) in enumerate(sightings, start=1)
    )
    out = []
    for i, (arrived, edge, at, seq) in enumerate(arrivals):
        held.put(rows(edge, at, arrived_us=arrived, first_seq=seq))
        for other in (1, 2, 3):
            later = [a for _, e, a, _ in arrivals[i + 1 :] if e == other]
            held.heard(other, min(later, default=arrived) - 1, arrived)
        released = held.release(arrived)
        if released is not None:
            out.append(released)
    released = held.release(10_000_000)
    if released is not None:
        out.append(released)
    keys = [k for part in out for k in zip(part["at_us"], part["edge"], part["seq"], strict=True)]
    assert sorted(int(k[2]) for k in keys) == list(range(1, len(sightings) + 1))
    assert keys == sorted(keys)
