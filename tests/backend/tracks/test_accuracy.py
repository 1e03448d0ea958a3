"""Errors are what the covariance says."""

import numpy as np
import pytest
from scipy import stats

from scenes import CONFIG, SECONDS, grid_of_targets, join, line, numbers, plots, run
from watchline.detections.model import Batch
from watchline.tracks.model import TrackStatus, TrackUpdates


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
