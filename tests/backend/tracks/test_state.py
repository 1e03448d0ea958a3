"""A state goes to bytes and back, and other bytes are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenes import clutter, join, line, run
from watchline.tracks.errors import StateUnreadable
from watchline.tracks.state import PLOT, TRACK, TrackerState


def some_state() -> TrackerState:
    rng = np.random.default_rng(1)
    targets = [line(rng, (100.0 * k, 0), (1, 0), np.arange(10.0)) for k in range(5)]
    state, _, _ = run(join([*targets, clutter(rng, 10, 5, 3000.0)]))
    assert len(state.plots) > 5
    return state


STATE = some_state()
PACKED = STATE.pack()


def test_there_and_back() -> None:
    back = TrackerState.unpack(PACKED)
    assert back.pack() == PACKED
    assert (back.clock_us, back.next_no) == (STATE.clock_us, STATE.next_no)
    assert STATE.next_no >= 6
    np.testing.assert_array_equal(back.tracks, STATE.tracks)
    np.testing.assert_array_equal(back.plots, STATE.plots)
    assert back.tracks.flags.writeable


def test_the_empty_state() -> None:
    empty = TrackerState.empty()
    assert TrackerState.unpack(empty.pack()).pack() == empty.pack()
    assert empty.clock_us < -(10**18)


def test_a_copy_is_on_its_own() -> None:
    copy = STATE.copy()
    assert copy.pack() == PACKED
    copy.tracks["x_m"] += 1
    assert STATE.pack() == PACKED


def test_records_have_no_gaps() -> None:
    """Bytes between fields would hold whatever memory held."""
    for record, size in ((TRACK, 240), (PLOT, 72)):
        fields = record.fields
        assert fields is not None
        assert sum(kind.itemsize for kind, _ in fields.values()) == record.itemsize == size


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateUnreadable) as caught:
        TrackerState.unpack(data)
    assert caught.value.code == "tracker.state_unreadable"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PACKED) * 8 - 1))
def test_a_flipped_bit_is_seen(bit: int) -> None:
    data = bytearray(PACKED)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(StateUnreadable):
        TrackerState.unpack(bytes(data))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(PACKED) - 1))
def test_a_cut_state_is_refused(size: int) -> None:
    for data in (PACKED[:size], PACKED + PACKED[:1]):
        with pytest.raises(StateUnreadable):
            TrackerState.unpack(data)
