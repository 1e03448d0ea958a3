"""Bad plots and too many of them harm nothing."""

import numpy as np
import pytest

from scenes import CONFIG, EMPTY, SECONDS, clutter, join, line, numbers, plots, run, take
from watchline.detections.model import Batch
from watchline.tracks import tracker

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
