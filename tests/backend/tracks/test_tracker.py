"""The life of a track, from its first plot to its end."""

import uuid

import numpy as np
import pytest

from scenes import (
    CONFIG,
    EMPTY,
    SECONDS,
    grid_of_targets,
    join,
    line,
    numbers,
    of_track,
    plots,
    run,
    take,
)
from watchline.detections.model import Batch
from watchline.tracks import tracker
from watchline.tracks.errors import BatchDisordered
from watchline.tracks.model import TrackStatus, TrackUpdates


def test_a_track_is_told_from_its_first_plot_when_it_is_confirmed() -> None:
    rng = np.random.default_rng(1)
    batch = line(rng, (0, 0), (1.5, 0), SECONDS[:6])
    state = tracker.TrackerState.empty()
    told = []
    for k in range(6):
        state, updates, ids = tracker.step(state, take(batch, slice(k, k + 1)), None, CONFIG)
        told.append(updates)
        assert ids.any()
    assert [len(u) for u in told] == [0, 0, 3, 1, 1, 1]
    start = told[2]
    assert start.at_us.tolist() == [0, 1_000_000, 2_000_000]
    assert start.status.tolist() == [0, 0, 1]
    assert start.hits.tolist() == [1, 2, 3]
    assert start.detection.tolist() == [-1, -1, 0]
    assert start.plot.all()
    assert (start.no == 1).all() and (start.first_us == 0).all()
    assert (start.x_m[0], start.y_m[0]) == (batch.x_m[0], batch.y_m[0])


def test_its_id_is_a_uuid7_of_the_founding_plot() -> None:
    at_s = 1.7e9 + np.arange(3.0)
    batch = plots(at_s, [(0, 0), (1, 0), (2, 0)])
    _, updates, ids = run(batch)
    name = uuid.UUID(bytes=updates.id[0].tobytes())
    assert name.version == 7 and name.variant == uuid.RFC_4122
    assert name.int >> 80 == 1_700_000_000_000
    assert (ids == updates.id[0]).all()
    # another boot, another id; the same input, the same id
    other = Batch(**{**{n: getattr(batch, n) for n in Batch.__slots__}, "boot": batch.boot + 1})
    assert run(other)[1].id[0].tobytes() != name.bytes
    assert run(batch)[1].id[0].tobytes() == name.bytes


def test_ids_do_not_collide() -> None:
    n = 5000
    places = grid_of_targets(n, 5000.0)
    _, _, ids = run(plots(np.full(n, 9.0), places))
    assert len(np.unique(ids, axis=0)) == n


def test_a_silent_track_coasts_and_ends_at_its_own_times() -> None:
    rng = np.random.default_rng(2)
    state, _, _ = run(line(rng, (0, 0), (2, 1), SECONDS[:20]))
    state, updates, _ = tracker.step(state, EMPTY, 60_000_000, CONFIG)
    assert updates.status.tolist() == [TrackStatus.COASTING, TrackStatus.ENDED]
    assert updates.at_us.tolist() == [23_000_000, 39_000_000]
    assert not updates.plot.any() and (updates.detection == -1).all()
    # Where it is by then is a guess along its course, ever less certain.
    assert abs(updates.x_m[0] - 46) < 20
    assert updates.var_x_m2[1] > 4 * updates.var_x_m2[0]
    assert len(state.tracks) == 0 and len(state.plots) == 0
    assert state.clock_us == 60_000_000


def test_a_plot_brings_a_coasting_track_back() -> None:
    rng = np.random.default_rng(3)
    at_s = np.concatenate([SECONDS[:20], SECONDS[30:40]])
    _, updates, _ = run(line(rng, (0, 0), (2, 0), at_s))
    assert numbers(updates) == [1]
    status = updates.status.tolist()
    gone = status.index(TrackStatus.COASTING)
    assert updates.at_us[gone] == 23_000_000
    assert set(status[gone + 1 :]) == {TrackStatus.CONFIRMED}


def test_slow_sensors_keep_their_tracks() -> None:
    rng = np.random.default_rng(4)
    _, updates, _ = run(line(rng, (0, 0), (1.5, 0), np.arange(0, 200, 4.0), seen=0.9))
    assert numbers(updates) == [1]
    assert TrackStatus.ENDED not in updates.status


def test_what_comes_now_and_then_does_not_keep_a_lost_track() -> None:
    """Clutter near its course, each time a while longer apart: it ends 20 s after the first."""
    rng = np.random.default_rng(6)
    at_s = np.concatenate([SECONDS[:20], [31.0, 55.0, 80.0]])
    _, updates, _ = run(line(rng, (0, 0), (2, 0), at_s), tick_s=120.0)
    assert numbers(updates) == [1]
    assert updates.at_us[updates.status == TrackStatus.ENDED].tolist() == [51_000_000]


def test_a_tentative_track_dies_silently() -> None:
    state, updates, ids = run(plots([0.0, 1.0], [(0, 0), (1, 0)]), tick_s=30.0)
    assert len(updates) == 0 and len(state.tracks) == 0 and len(state.plots) == 0
    assert (ids[0] == ids[1]).all() and ids.any()


def test_class_evidence_reaches_the_updates() -> None:
    at_s = SECONDS[:10]
    walk = np.outer(at_s, (1.0, 0.0))
    _, updates, _ = run(plots(at_s, walk, classes=[0.7, 0.1, 0.1, 0.05, 0.05]))
    assert updates.classes[-1].argmax() == 0 and updates.classes[-1, 0] > 0.9
    np.testing.assert_allclose(updates.classes.sum(axis=1), 1.0, rtol=1e-5)
    _, updates, _ = run(plots(at_s, walk))
    assert updates.classes[-1].tolist() == [0, 0, 0, 0, 1]


def test_a_batch_that_goes_back_in_time_is_refused() -> None:
    state, _, _ = run(plots([10.0], [(0, 0)]))
    with pytest.raises(BatchDisordered) as caught:
        tracker.step(state, plots([9.0], [(0, 0)]), None, CONFIG)
    assert caught.value.code == "tracker.batch_disordered"
    with pytest.raises(BatchDisordered):
        run(plots([10.0, 9.0], [(0, 0), (1, 1)]))


def test_the_picture_is_the_live_tracks() -> None:
    rng = np.random.default_rng(19)
    scene = join(line(rng, (500.0 * k, 0), (1, 0), SECONDS[:10]) for k in range(4))
    state, updates, _ = run(join([scene, plots([9.0], [(9000, 0)])]))
    now = tracker.picture(state)
    assert now.no.tolist() == [1, 2, 3, 4] and (now.status == TrackStatus.CONFIRMED).all()
    for k in range(4):
        last = of_track(updates, k + 1)
        for name in TrackUpdates.__slots__:
            if name not in ("detection", "plot"):
                np.testing.assert_array_equal(getattr(now, name)[k], last[name][-1], err_msg=name)
