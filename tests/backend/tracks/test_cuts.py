"""The tracker's results depend on its input alone: not on cuts, ticks, or an earlier attempt."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenes import CONFIG, EMPTY, clutter, join, line, plots, take
from watchline.detections.model import Batch
from watchline.tracks import tracker
from watchline.tracks.model import TrackUpdates
from watchline.tracks.state import TrackerState

SECONDS = 90
SLOTS = SECONDS * 1_000_000 // tracker.SLOT_US


def busy_night(seed: int) -> Batch:
    """Three unsynchronised sensors, crossings, a pause, clutter, doubles, a vague camera."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(0.0, 60.0)
    parts = [clutter(rng, 60, 5, 1500.0), clutter(rng, 60, 2, 1500.0, sensor=3)]
    for k in range(12):
        start = tuple(rng.uniform(0, 1500, 2))
        v = tuple(rng.normal(0, 3, 2))
        pause = at_s[(at_s < 15 + k) | (at_s > 22 + 2 * k)]
        parts.append(line(rng, start, v, pause + 0.02 * k, sensor=2, seen=0.85))
        parts.append(line(rng, start, v, np.arange(0, 40, 2.5) + 0.013 * k, sensor=1, sigma_m=15))
        if k < 3:
            parts.append(line(rng, start, v, np.arange(5, 25, 1 / 30), sensor=3, sigma_m=2))
    parts.append(plots([12.0, 13.0], [(np.nan, 0.0), (0.0, np.nan)], sensor=3))
    return join(parts)


def stepped(
    batch: Batch, cuts: list[int], ticks: list[int]
) -> tuple[TrackerState, list[TrackUpdates], list[np.ndarray]]:
    """Feed a batch cut at slot numbers, each part with a tick so many slots after its cut."""
    state = TrackerState.empty()
    said, ids = [], []
    low = 0
    for cut, tick in zip([*cuts, SLOTS], [*ticks, 0], strict=True):
        cut_us = cut * tracker.SLOT_US
        high = int(np.searchsorted(batch.at_us, cut_us))
        tick_us = None if tick == 0 and cut != SLOTS else cut_us - tick
        state, updates, fed = tracker.step(state, take(batch, slice(low, high)), tick_us, CONFIG)
        said.append(updates)
        ids.append(fed)
        low = high
    return state, said, ids


def joined(said: list[TrackUpdates], name: str) -> np.ndarray:
    return np.concatenate([getattr(u, name) for u in said])


def test_the_night_is_busy() -> None:
    """The scene of these tests holds all that can happen to a track."""
    _, (updates,), _ = stepped(busy_night(0), [], [])
    assert set(updates.status.tolist()) == {0, 1, 2, 3}
    ended = updates.status == 3
    merged = ended & (updates.at_us % 1_000_000 == 0)
    assert merged.any() and (ended & ~merged).any()
    assert updates.no.max() >= 12
    assert (updates.sensors[:, 2] > 0).any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 5),
    cuts=st.lists(st.integers(0, SLOTS), max_size=40, unique=True).map(sorted),
    data=st.data(),
)
def test_cuts_and_ticks_change_nothing(seed: int, cuts: list[int], data: st.DataObject) -> None:
    ticks = data.draw(
        st.lists(st.integers(0, tracker.SLOT_US), min_size=len(cuts), max_size=len(cuts))
    )
    batch = busy_night(seed)
    state, said, ids = stepped(batch, [], [])
    other, pieces, fed = stepped(batch, cuts, ticks)
    assert state.pack() == other.pack()
    for name in TrackUpdates.__slots__:
        if name != "detection":
            np.testing.assert_array_equal(joined(said, name), joined(pieces, name), err_msg=name)
    np.testing.assert_array_equal(ids[0], np.concatenate(fed))


def test_every_slot_on_its_own() -> None:
    batch = busy_night(7)
    state, said, ids = stepped(batch, [], [])
    other, pieces, fed = stepped(batch, list(range(SLOTS)), [0] * SLOTS)
    assert state.pack() == other.pack() and len(said[0]) > 500
    for name in TrackUpdates.__slots__:
        if name != "detection":
            np.testing.assert_array_equal(joined(said, name), joined(pieces, name), err_msg=name)
    np.testing.assert_array_equal(ids[0], np.concatenate(fed))


def test_doubles_end_on_the_second_whenever_plots_come() -> None:
    """No slot with a plot begins or ends on a whole second here, where tracks are compared."""
    rng = np.random.default_rng(9)
    at_s = np.arange(60.0)
    first = line(rng, (0, 0), (1, 0), at_s + 0.31, sensor=1, sigma_m=4)
    second = line(rng, (0, 0), (1, 0), at_s + 0.72, sensor=2, sigma_m=4)
    second.y_m[:] += np.maximum(40.0 - np.arange(60), 9.0)
    batch = join([first, second])
    state, (updates,), _ = stepped(batch, [], [])
    ends = updates.at_us[(updates.status == 3) & (updates.no == 2)]
    assert len(ends) == 1 and ends[0] % 1_000_000 == 0 and ends[0] < 50_000_000
    other, pieces, _ = stepped(batch, list(range(SLOTS)), [0] * SLOTS)
    assert state.pack() == other.pack()
    np.testing.assert_array_equal(updates.at_us, joined(pieces, "at_us"))


@pytest.mark.parametrize("seed", range(3))
def test_updates_name_their_detections(seed: int) -> None:
    batch = busy_night(seed)
    _, (updates,), (ids,) = stepped(batch, [], [])
    fed = updates.detection >= 0
    assert (fed == updates.plot).all()
    np.testing.assert_array_equal(ids[updates.detection[fed]], updates.id[fed])
    # The state's time is the plot's, or a little later where another sensor's came first.
    late = updates.at_us[fed] - batch.at_us[updates.detection[fed]]
    assert (late >= 0).all() and (late < tracker.SLOT_US).all()
    assert len(np.unique(updates.detection[fed])) == fed.sum()


@pytest.mark.parametrize("seed", range(3))
def test_updates_of_a_track_are_in_order(seed: int) -> None:
    _, (updates,), _ = stepped(busy_night(seed), [], [])
    for no in np.unique(updates.no):
        mine = updates.no == no
        assert (np.diff(updates.at_us[mine]) >= 0).all()
        assert len(np.unique(updates.id[mine], axis=0)) == 1
        assert (updates.status[mine][:-1] != 3).all()
    assert np.unique(updates.no).tolist() == list(range(1, updates.no.max() + 1))


def test_the_given_state_and_batch_stay_as_they_are() -> None:
    """A step is run again after a refused commit."""
    batch = busy_night(1)
    half = len(batch) // 2
    cut = int(np.searchsorted(batch.at_us, batch.at_us[half] // tracker.SLOT_US * tracker.SLOT_US))
    state, _, _ = tracker.step(TrackerState.empty(), take(batch, slice(0, cut)), None, CONFIG)
    before = state.pack()
    rest = take(batch, slice(cut, None))
    columns = {name: getattr(rest, name).copy() for name in Batch.__slots__}
    first = tracker.step(state, rest, 80_000_000, CONFIG)
    assert state.pack() == before
    for name, column in columns.items():
        np.testing.assert_array_equal(getattr(rest, name), column)
    again = tracker.step(state, rest, 80_000_000, CONFIG)
    restored = tracker.step(TrackerState.unpack(before), rest, 80_000_000, CONFIG)
    for other in (again, restored):
        assert first[0].pack() == other[0].pack()
        np.testing.assert_array_equal(first[2], other[2])
        for name in TrackUpdates.__slots__:
            np.testing.assert_array_equal(getattr(first[1], name), getattr(other[1], name))


def test_time_passes_without_plots() -> None:
    state, updates, ids = tracker.step(TrackerState.empty(), EMPTY, 123_456_789, CONFIG)
    assert state.clock_us == 123_450_000
    assert len(updates) == 0 and ids.shape == (0, 16)
    earlier, _, _ = tracker.step(state, EMPTY, 1, CONFIG)
    assert earlier.clock_us == state.clock_us  # a tick never turns time back
