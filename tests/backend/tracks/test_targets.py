"""Many targets: crossing, missed, seen by several sensors, in clutter."""

import numpy as np
import pytest

from scenes import SECONDS, clutter, grid_of_targets, join, line, numbers, of_track, plots, run
from watchline.tracks.model import TrackStatus


@pytest.mark.parametrize(
    "apart_m, kept", [(1.0, 0.75), (9.0, 0.98)], ids=["through each other", "past each other"]
)
def test_crossing_targets_keep_their_identity(apart_m: float, kept: float) -> None:
    """A hundred pairs of walkers cross at a right angle, seen with 3 m of error each second."""
    rng = np.random.default_rng(20)
    centres = grid_of_targets(100, 2000.0)
    late = apart_m * np.sqrt(2.0)  # how far one is behind when the other is at the crossing
    scene = join(
        line(rng, (x + a, y + b), v, SECONDS, sigma_m=3)
        for x, y in centres
        for a, b, v in ((-60, 0, (2, 0)), (0, -60 - late, (0, 2)))
    )
    _, updates, _ = run(scene)
    assert 200 <= len(numbers(updates)) <= 202
    good = 0
    for no in numbers(updates):
        track = of_track(updates, no)
        course = np.array([track["x_m"][-1] - track["x_m"][0], track["y_m"][-1] - track["y_m"][0]])
        good += abs(course).max() > 100 and abs(course).min() < 20
    assert good >= kept * 200


def test_missed_looks_do_not_break_a_track() -> None:
    rng = np.random.default_rng(7)
    where = grid_of_targets(100, 800.0)
    v = rng.normal(0, 1.5, (100, 2))
    scene = join(
        line(rng, tuple(p), tuple(u), SECONDS, seen=0.7) for p, u in zip(where, v, strict=True)
    )
    _, updates, _ = run(scene)
    assert 100 <= len(numbers(updates)) <= 103
    ended = updates.no[updates.status == TrackStatus.ENDED]
    assert len(ended) <= 3


def test_two_sensors_make_one_track() -> None:
    """Radars of 1 s and 2.5 s, and a 10 Hz camera, on fifty targets, not in step."""
    rng = np.random.default_rng(8)
    where = grid_of_targets(50, 600.0)
    v = rng.normal(0, 1.5, (50, 2))
    pages = []
    for k, (p, u) in enumerate(zip(where, v, strict=True)):
        a, b = np.arange(0, 60, 1.0) + 0.01 * k, np.arange(0, 60, 2.5) + 0.003 * k
        pages.append(line(rng, tuple(p), tuple(u), a, sensor=1, sigma_m=6, seen=0.9))
        pages.append(line(rng, tuple(p), tuple(u), b, sensor=2, sigma_m=12, seen=0.9))
        if k < 10:
            fast = np.arange(0, 60, 0.1)
            pages.append(line(rng, tuple(p), tuple(u), fast, sensor=3, sigma_m=4, seen=0.9))
    state, updates, _ = run(join(pages))
    alive = state.tracks["status"] == TrackStatus.CONFIRMED
    assert alive.sum() == 50
    assert len(numbers(updates)) <= 52
    assert (state.tracks["sensors"][alive][:, :2] > 0).all()
    for no in numbers(updates):
        assert (np.diff(of_track(updates, no)["at_us"]) >= 0).all()


def test_doubles_are_ended_and_neighbours_are_not() -> None:
    """Sensor 2 is 40 m off at first and only 9 m at last: two tracks, then one.

    Two walkers side by side whom one sensor tells apart stay two for as long as it lasts.
    """
    rng = np.random.default_rng(9)
    first = line(rng, (0, 0), (1, 0), SECONDS, sensor=1, sigma_m=4)
    second = line(rng, (0, 0), (1, 0), SECONDS + 0.5, sensor=2, sigma_m=4)
    second.y_m[:] += np.maximum(40.0 - np.arange(60), 9.0)
    state, updates, _ = run(join([first, second]), tick_s=60)
    ended = updates.status == TrackStatus.ENDED
    last = numbers(updates)[-1]
    assert last > 1 and updates.no[ended].tolist().count(last) == 1
    # merged, and not just fallen silent: that would be 20 s after a plot, at a half second
    assert (updates.at_us[ended & (updates.no == last)] % 1_000_000 == 0).all()
    confirmed = state.tracks[state.tracks["status"] == TrackStatus.CONFIRMED]
    assert confirmed["no"].tolist() == [1] and confirmed["sensors"][0, :2].tolist() == [1, 2]

    at_s = np.arange(300.0)
    pair = join(line(rng, (0, y), (1.2, 0), at_s, sigma_m=4, seen=0.85) for y in (0.0, 5.0))
    state, updates, _ = run(pair)
    assert (state.tracks["status"] != TrackStatus.TENTATIVE).sum() == 2
    early = updates.no[updates.status == TrackStatus.ENDED]
    assert not {1, 2} & set(early.tolist())


def test_of_doubles_the_one_with_more_plots_goes_on() -> None:
    """Sensor 1 is first and looks each two seconds, sensor 2 comes later and looks four times as
    often: what has been seen more is what an alarm may hang on.
    """
    rng = np.random.default_rng(9)
    slow, fast = np.arange(0.0, 120.0, 2.0), np.arange(6.0, 120.0, 0.5) + 0.25
    first = line(rng, (0, 0), (1, 0), slow, sensor=1, sigma_m=4)
    second = line(rng, (6.25, 0), (1, 0), fast, sensor=2, sigma_m=4)
    second.y_m[:] += np.maximum(40.0 - (fast - 6.0), 7.0)
    state, updates, _ = run(join([first, second]), tick_s=60)
    ended = updates.no[updates.status == TrackStatus.ENDED].tolist()
    confirmed = state.tracks[state.tracks["status"] == TrackStatus.CONFIRMED]
    assert ended.count(1) == 1 and 1 not in confirmed["no"]
    assert len(confirmed) == 1 and confirmed["hits"][0] > 60


def test_a_told_velocity_that_lags_draws_no_track_off_its_plots() -> None:
    """A device's own filter begins at rest and tells a small error: its quad is one track."""
    rng = np.random.default_rng(14)
    at_s = np.arange(0.0, 30.0, 2.0)
    quad = line(rng, (0, 0), (24, 0), at_s, sigma_m=4)
    quad.vx_mps[2:] = 24.0 * (1.0 - 0.8 ** np.arange(1, len(at_s) - 1))
    quad.vy_mps[2:], quad.v_sigma_mps[2:] = 0.0, 1.0
    state, updates, _ = run(quad, tick_s=28.5)
    assert numbers(updates) == [1] and state.tracks["hits"].tolist() == [15]
    path = of_track(updates, 1)
    assert np.abs(path["x_m"] - 24.0 * path["at_us"] / 1e6)[3:].max() < 10.0


def test_what_coasts_takes_nobody_over() -> None:
    """A bush in the wind is seen for two minutes and then no more; a walker passes 30 m away while
    it may be anywhere. The bush has far more plots, and ends.
    """
    rng = np.random.default_rng(13)
    bush = line(rng, (0, 0), (0, 0), np.arange(0.0, 120.0, 2.0), sigma_m=4)
    walker = line(rng, (30, -180), (0, 1.4), np.arange(100.0, 160.0, 1.0) + 0.5, sigma_m=2)
    state, updates, _ = run(join([bush, walker]), tick_s=160)
    assert numbers(updates) == [1, 2]
    assert updates.no[updates.status == TrackStatus.ENDED].tolist() == [1]
    assert state.tracks["no"].tolist() == [2] and state.tracks["hits"][0] == 60


@pytest.mark.parametrize("off_m, again", [(60.0, False), (15.0, True)])
def test_what_was_lost_takes_no_plot_that_is_far(off_m: float, again: bool) -> None:
    """A rock is seen for a minute; 14 s later a bush stirs, far from it, or is it the rock?"""
    rng = np.random.default_rng(15)
    rock = line(rng, (0, 0), (0, 0), np.arange(60.0), sigma_m=4)
    _, _, ids = run(join([rock, plots([73.0], [(off_m, 0.0)], sigma_m=4)]))
    assert (ids[-1] == ids[0]).all() == again


def test_what_was_only_missed_takes_a_plot_that_is_as_likely() -> None:
    """The rock is seen each 4 s, as by a slow radar. After a pause of 8 s it was only missed, and a
    plot far off may be its own; after one of 14 s it was lost, and a plot as likely is not.
    """
    rng = np.random.default_rng(15)
    rock = line(rng, (0, 0), (0, 0), np.arange(0.0, 80.0, 4.0), sigma_m=4)
    for pause_s, x_m, again in ((8.0, 56.0, True), (14.0, 68.0, False)):
        _, _, ids = run(join([rock, plots([76.0 + pause_s], [(x_m, 0.0)], sigma_m=4)]))
        assert (ids[-1] == ids[0]).all() == again


def test_a_fast_camera_makes_one_track_a_target() -> None:
    """Two frames of a 30 Hz camera fall into one slot; they are two looks."""
    rng = np.random.default_rng(10)
    at_s = np.arange(0, 20, 1 / 30)
    scene = join(line(rng, (40.0 * k, 0), (1, 0), at_s, sigma_m=2) for k in range(5))
    state, updates, _ = run(scene)
    assert numbers(updates) == [1, 2, 3, 4, 5]
    assert len(state.tracks) == 5


def test_clutter_makes_few_tracks() -> None:
    """Ten false plots a second on 10 km², ten minutes: less than one false track a minute."""
    rng = np.random.default_rng(11)
    _, updates, _ = run(clutter(rng, 600, 10, 3162.0), tick_s=700)
    assert len(numbers(updates)) <= 6


def test_targets_in_clutter_are_found_and_kept() -> None:
    rng = np.random.default_rng(12)
    where = rng.uniform(500, 2500, (20, 2))
    v = rng.normal(0, 1.5, (20, 2))
    targets = [
        line(rng, tuple(p), tuple(u), np.arange(120.0), seen=0.9)
        for p, u in zip(where, v, strict=True)
    ]
    state, updates, _ = run(join([*targets, clutter(rng, 120, 10, 3162.0)]))
    confirmed = state.tracks[state.tracks["status"] == TrackStatus.CONFIRMED]
    truth = where + v * 119.0
    d = np.hypot(
        confirmed["x_m"][:, None] - truth[None, :, 0], confirmed["y_m"][:, None] - truth[None, :, 1]
    )
    assert (d.min(axis=0) < 20).sum() >= 19
    assert len(numbers(updates)) <= 24


def test_two_thousand_targets() -> None:
    rng = np.random.default_rng(13)
    where = grid_of_targets(2000, 250.0)
    v = rng.normal(0, 1.5, (2000, 2))
    pages = []
    for k in range(20):
        z = where + v * k + rng.normal(0, 5, where.shape)
        pages.append(plots(k + np.arange(2000) / 2000, z))
    state, updates, ids = run(join(pages))
    assert (state.tracks["status"] == TrackStatus.CONFIRMED).sum() >= 1998
    assert 1998 <= len(numbers(updates)) <= 2003
    d = np.hypot(
        state.tracks["x_m"][:, None] - (where + v * 19)[None, :, 0],
        state.tracks["y_m"][:, None] - (where + v * 19)[None, :, 1],
    )
    assert (d.min(axis=0) < 25).sum() >= 1998
    assert len(np.unique(ids, axis=0)) <= 2010
