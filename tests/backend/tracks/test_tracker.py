"""What the tracker makes of targets, errors, gaps, clutter and nonsense."""

import uuid

import numpy as np
import pytest
from scipy import stats

from scenes import CONFIG, EMPTY, clutter, join, line, of_track, plots, run, take
from watchline.detections.model import Batch
from watchline.tracks import tracker
from watchline.tracks.errors import BatchDisordered
from watchline.tracks.model import TrackStatus, TrackUpdates

SECONDS = np.arange(60.0)


def numbers(updates: TrackUpdates) -> list[int]:
    return sorted(set(updates.no.tolist()))


def grid_of_targets(count: int, apart_m: float) -> np.ndarray:
    side = int(np.ceil(np.sqrt(count)))
    return apart_m * np.stack(np.divmod(np.arange(count), side), axis=1).astype(float)


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


def test_a_tentative_track_dies_silently() -> None:
    state, updates, ids = run(plots([0.0, 1.0], [(0, 0), (1, 0)]), tick_s=30.0)
    assert len(updates) == 0 and len(state.tracks) == 0 and len(state.plots) == 0
    assert (ids[0] == ids[1]).all() and ids.any()


def test_errors_are_what_the_covariance_says() -> None:
    """NEES over 400 targets with the assumed noise: within the chi-square bounds."""
    rng = np.random.default_rng(5)
    count, steps, sigma = 400, 40, 5.0
    where = grid_of_targets(count, 3000.0)
    v = rng.normal(0.0, 5.0, (count, 2))
    q = CONFIG.process_noise_m2ps3
    noise = np.linalg.cholesky(q * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]]))
    pages, truth, speed = [], [], []
    for k in range(steps):
        truth.append(where.copy())
        speed.append(v.copy())
        z = where + rng.normal(0.0, sigma, where.shape)
        pages.append(plots(np.full(count, float(k)), z, sigma_m=sigma))
        kick = np.einsum("ij,njk->nik", noise, rng.normal(size=(count, 2, 2)))
        where = where + v + kick[:, 0]
        v = v + kick[:, 1]
    state, updates, _ = run(join(pages))
    t = state.tracks[state.tracks["status"] == TrackStatus.CONFIRMED]
    assert len(t) == count and len(numbers(updates)) <= count + 1

    raw, filtered = 0.0, 0.0
    for k in (10, 20, 30):
        now = (updates.at_us == k * 1_000_000) & updates.plot
        nearest = _match(updates, now, truth[k])
        d = np.stack([updates.x_m[now], updates.y_m[now]], 1) - truth[k][nearest]
        nees = _squared(
            d, updates.var_x_m2[now], updates.cov_xy_m2[now], updates.var_y_m2[now]
        ).sum()
        low, high = stats.chi2.ppf([0.0005, 0.9995], 2 * count)
        assert low < nees < high
        filtered += (d**2).sum()
        raw += 2 * count * sigma**2
    assert filtered < 0.75 * raw

    # the whole state at the end, position and velocity
    d4 = np.stack([t["x_m"], t["y_m"], t["vx_mps"], t["vy_mps"]], axis=1)
    order = ((d4[:, None, :2] - truth[-1][None]) ** 2).sum(-1).argmin(1)
    d4 -= np.concatenate([truth[-1], speed[-1]], axis=1)[order]
    place = [0, 1, 3, 4, 1, 2, 5, 6, 3, 5, 7, 8, 4, 6, 8, 9]
    p4 = t["p"][:, place].reshape(-1, 4, 4)
    nees = np.einsum("ni,nij,nj->", d4, np.linalg.inv(p4), d4)
    low, high = stats.chi2.ppf([0.0005, 0.9995], 4 * count)
    assert low < nees < high


def _match(updates: TrackUpdates, now: np.ndarray, truth: np.ndarray) -> np.ndarray:
    d = np.stack([updates.x_m[now], updates.y_m[now]], 1)[:, None] - truth[None]
    return (d**2).sum(-1).argmin(1)


def _squared(d: np.ndarray, xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> np.ndarray:
    return (yy * d[:, 0] ** 2 - 2 * xy * d[:, 0] * d[:, 1] + xx * d[:, 1] ** 2) / (xx * yy - xy**2)


def test_the_first_velocity_is_as_uncertain_as_two_plots_make_it() -> None:
    state, _, _ = run(plots([0.0, 1.0], [(0, 0), (10, 0)], sigma_m=3.0))
    (track,) = state.tracks
    assert track["hits"] == 2
    # the difference of two plots has variance 2 * 9 m²/s², a bit less with the prior at rest
    assert 14.0 < track["p"][7] < 20.0
    assert 9.0 < track["vx_mps"] < 10.0


def test_a_measured_velocity_is_used() -> None:
    v = np.tile([12.0, -3.0], (2, 1))
    state, _, _ = run(plots([0.0, 1.0], [(0, 0), (12, -3)], velocity=v, v_sigma_mps=0.5))
    (track,) = state.tracks
    assert track["vx_mps"] == pytest.approx(12.0, abs=0.2)
    assert track["p"][7] < 0.25


def test_an_absurd_velocity_is_not() -> None:
    rng = np.random.default_rng(6)
    good = line(rng, (0, 0), (1, 0), SECONDS[:20])
    bad = {n: getattr(good, n).copy() for n in Batch.__slots__}
    bad["vx_mps"][10] = 900.0
    bad["vy_mps"][10] = -900.0
    bad["v_sigma_mps"][10] = 0.01
    state, updates, _ = run(Batch(**bad))
    assert numbers(updates) == [1]
    assert abs(state.tracks["vx_mps"][0]) < 5


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
    """Sensors 1 and 2 start tracks 70 m apart by an error of the second one's, which then goes.

    Two walkers side by side whom one sensor tells apart stay two for as long as it lasts.
    """
    rng = np.random.default_rng(9)
    both = [line(rng, (0, 0), (1, 0), SECONDS, sensor=s, sigma_m=4) for s in (1, 2)]
    second = {n: getattr(both[1], n).copy() for n in Batch.__slots__}
    second["y_m"][:8] += np.linspace(70, 0, 8)
    second["at_us"] += 500_000
    state, updates, _ = run(join([both[0], Batch(**second)]), tick_s=60)
    assert (state.tracks["status"] == TrackStatus.CONFIRMED).sum() == 1
    assert state.tracks["no"][0] == 1

    at_s = np.arange(300.0)
    pair = join(line(rng, (0, y), (1.2, 0), at_s, sigma_m=4, seen=0.85) for y in (0.0, 5.0))
    state, updates, _ = run(pair)
    assert (state.tracks["status"] != TrackStatus.TENTATIVE).sum() == 2
    early = updates.no[updates.status == TrackStatus.ENDED]
    assert not {1, 2} & set(early.tolist())


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


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "column, value",
    [
        ("x_m", NAN),
        ("y_m", INF),
        ("x_m", 1e300),
        ("var_x_m2", NAN),
        ("var_x_m2", 0.0),
        ("var_y_m2", -1.0),
        ("var_x_m2", INF),
        ("var_y_m2", 1e300),
        ("cov_xy_m2", 25.0),
        ("cov_xy_m2", NAN),
        ("vx_mps", INF),
        ("v_sigma_mps", 0.0),
        ("v_sigma_mps", -INF),
        ("classes", INF),
        ("classes", -1.0),
    ],
)
def test_nonsense_in_one_plot_harms_nothing(column: str, value: float) -> None:
    rng = np.random.default_rng(14)
    good = line(rng, (0, 0), (1, 0), SECONDS[:30])
    bad = {n: getattr(good, n).copy() for n in Batch.__slots__}
    bad[column][10] = value
    state, updates, ids = run(Batch(**bad))
    assert numbers(updates) == [1]
    places = column in ("x_m", "y_m", "var_x_m2", "var_y_m2", "cov_xy_m2")
    assert ids[10].any() != places
    assert state.tracks["hits"][0] == (29 if places else 30)
    for name in ("x_m", "y_m", "vx_mps", "vy_mps", "var_x_m2", "var_y_m2", "classes"):
        assert np.isfinite(getattr(updates, name)).all()


def test_only_bearings_make_nothing() -> None:
    state, updates, ids = run(plots(SECONDS, np.full((60, 2), np.nan)))
    assert len(state.tracks) == 0 and len(updates) == 0 and not ids.any()


def test_plots_that_say_nothing_about_the_place_feed_no_track() -> None:
    rng = np.random.default_rng(15)
    target = line(rng, (0, 0), (1, 0), SECONDS)
    vague = line(rng, (0, 0), (1, 0), SECONDS + 0.5, sensor=2, sigma_m=20_000)
    state, updates, ids = run(join([target, vague]))
    assert numbers(updates) == [1] and len(state.tracks) == 1
    assert updates.sensors[-1].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert ids.any(axis=1).sum() == 60


def test_long_thin_errors_of_cameras_are_tracked() -> None:
    """Four metres across, 300 m along the line of sight, at 45 degrees."""
    rng = np.random.default_rng(16)
    at_s = np.arange(0, 30, 0.5)
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    error = rng.normal(0, 1, (60, 2)) * [300, 4] @ turn.T
    batch = plots(at_s, np.outer(at_s, (1.0, 1.0)) + error)
    cov = turn @ np.diag([300.0**2, 16.0]) @ turn.T
    batch.var_x_m2[:], batch.cov_xy_m2[:], batch.var_y_m2[:] = cov[0, 0], cov[0, 1], cov[1, 1]
    _, updates, _ = run(batch)
    assert numbers(updates) == [1]


def test_memory_is_bounded_under_a_flood_of_clutter() -> None:
    rng = np.random.default_rng(17)
    state = tracker.TrackerState.empty()
    flood = clutter(rng, 10, 10_000, 30_000.0)
    most = 0
    for second in range(10):
        now = (flood.at_us >= second * 1_000_000) & (flood.at_us < (second + 1) * 1_000_000)
        state, _, _ = tracker.step(state, take(flood, now), None, CONFIG)
        most = max(most, len(state.pack()))
    assert len(state.tracks) <= CONFIG.max_tracks
    assert state.refused > 0
    assert most < CONFIG.max_tracks * (240 + 5 * 72) + 100
    state, _, _ = tracker.step(state, EMPTY, 100_000_000, CONFIG)
    assert len(state.tracks) == 0 and len(state.plots) == 0


def test_a_crowd_in_one_place_takes_bounded_time() -> None:
    """Two thousand plots of one look within 100 m, twice: no cubic search."""
    rng = np.random.default_rng(18)
    pages = [plots(np.full(2000, k), rng.uniform(0, 100, (2000, 2))) for k in (0.0, 1.0, 2.0)]
    state, _, ids = run(join(pages))
    assert len(state.tracks) <= 6000
    for k in range(3):
        assert len(np.unique(ids[2000 * k : 2000 * (k + 1)], axis=0)) == 2000  # one to one


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
