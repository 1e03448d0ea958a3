import numpy as np
import pytest

from watchline_sensors.simulate.thermal_sensor import (
    ADAPT_FRAMES,
    COUNTS_PER_K,
    ZERO_C,
    Sensor,
    agc,
    blurred,
    counts,
    curve,
    optics,
    shown,
)
from watchline_sensors.simulate.thermal_view import Weather

SHAPE = (120, 160)
PLAIN = np.full(SHAPE, 5.0, np.float32)


def test_blur_spreads_a_point_by_its_sigma_and_loses_nothing() -> None:
    for sigma in (0.6, 1.6):
        point = np.zeros((41, 41), np.float32)
        point[20, 20] = 100.0
        spread = blurred(point, sigma)
        at = np.arange(41) - 20
        assert spread.sum() == pytest.approx(100.0, rel=1e-5)
        variance = (spread.sum(axis=0) * at**2).sum() / 100.0
        # A pixel is a square of its own: 1/12 is its variance.
        assert variance == pytest.approx(sigma**2 + 1 / 12, rel=0.03)
        assert spread == pytest.approx(spread.T, abs=1e-5)
    assert blurred(PLAIN, 1.0) == pytest.approx(PLAIN, abs=1e-4)


def test_haze_blurs_what_is_far() -> None:
    lines = np.tile(np.array([0.0, 8.0], np.float32), (120, 80))
    range_m = np.full(SHAPE, np.inf)
    range_m[60:] = 50.0
    soft = optics(lines, range_m, Weather.FOG)
    assert soft[:50].std() < 0.3 * soft[70:].std()
    clear = optics(lines, range_m, Weather.CLEAR)
    assert clear[:50].std() == pytest.approx(clear[70:].std(), rel=1e-3)


def test_counts_are_linear_and_as_noisy_as_the_data_sheet_says() -> None:
    sensor = Sensor(seed=3, columns_k=0.0, drift_k=0.0)
    raw = np.stack([counts(sensor, PLAIN, number) for number in range(6)]).astype(float)
    assert raw.mean() == pytest.approx((5.0 - ZERO_C) * COUNTS_PER_K, abs=0.1)
    # 50 mK, and the rounding to whole counts.
    expected = np.hypot(0.05 * COUNTS_PER_K, 12**-0.5)
    assert raw.std() == pytest.approx(expected, rel=0.03)
    assert np.corrcoef(raw[0].ravel(), raw[1].ravel())[0, 1] == pytest.approx(0.0, abs=0.03)
    warmer = counts(sensor, PLAIN + np.float32(8.0), 0).astype(float)
    assert (warmer - raw[0]).mean() == pytest.approx(8.0 * COUNTS_PER_K, abs=0.1)


def test_columns_stay_and_the_level_drifts_until_the_shutter() -> None:
    sensor = Sensor(seed=3, netd_k=0.001, columns_k=0.1)
    events = [n for n in range(4800) if shown(sensor, n).flat]
    early, late, after = (
        counts(sensor, PLAIN, n).astype(float)
        for n in (events[0] + 1, events[1] - 5, events[1] + 1)
    )
    columns = [raw.mean(axis=0) - raw.mean() for raw in (early, late, after)]
    assert np.corrcoef(columns[0], columns[1])[0, 1] > 0.98
    assert abs(np.corrcoef(columns[0], columns[2])[0, 1]) < 0.4
    assert columns[0].std() == pytest.approx(0.1 * COUNTS_PER_K, rel=0.2)
    assert abs(late.mean() - early.mean()) > 0.5


def test_a_frame_is_drawn_from_seed_and_number_alone() -> None:
    one, same, later, other = (
        counts(Sensor(seed=seed), PLAIN, number)
        for seed, number in ((1, 7), (1, 7), (1, 8), (2, 7))
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, later)
    assert not np.array_equal(one, other)


def test_the_shutter_freezes_two_frames_and_flattens_one() -> None:
    sensor = Sensor(seed=5, shutter_every=200)
    odd = [n for n in range(2000) if shown(sensor, n) != (n, False)]
    assert len(odd) == 30
    for first in odd[::3]:
        held = [shown(sensor, first + k) for k in range(3)]
        assert held == [(first - 1, False), (first - 1, False), (first - 1, True)]
    assert len({n % 200 for n in odd[::3]}) > 5


def test_rain_streaks_and_each_frame_otherwise() -> None:
    sensor = Sensor(seed=1, netd_k=0.001, columns_k=0.0)
    dry = counts(sensor, PLAIN, 3).astype(float)
    one, other = (counts(sensor, PLAIN, n, Weather.RAIN).astype(float) - dry for n in (3, 4))
    assert 0.01 < (np.abs(one) > 3.0).mean() < 0.3
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


def _scene() -> np.ndarray:
    """A cold wide sky, ground with some texture, one hot spot."""
    rng = np.random.default_rng(0)
    scene = np.linspace(-20.0, 4.0, 120, dtype=np.float32)[:, None].repeat(160, axis=1)
    scene[60:] = 5.0 + rng.normal(0.0, 0.5, (60, 160))
    scene[80:84, 80:82] = 16.0
    return scene


def test_gain_control_rises_with_warmth_and_gives_the_ground_its_share() -> None:
    edges, grey = curve(_scene())
    assert (np.diff(grey) >= 0.0).all()
    assert grey[0] == 0.0 and grey[-1] == pytest.approx(255.0)
    sensor = Sensor(seed=1)
    before = curve(_scene())
    raw = counts(sensor, _scene(), 1)
    quiet = agc(sensor, raw, 1, before, before)
    linear = np.ptp(np.interp((np.array([4.0, 6.0]) - ZERO_C) * COUNTS_PER_K, edges, edges))
    share = np.ptp(np.interp((np.array([4.0, 6.0]) - ZERO_C) * COUNTS_PER_K, edges, grey)) / 255.0
    assert share > 1.3 * linear / np.ptp(edges)
    assert quiet[82, 80] > quiet[60:78].max()
    assert quiet[82, 80] > 200


def test_gain_goes_slowly_from_one_curve_to_the_next_and_jumps_at_times() -> None:
    sensor = Sensor(seed=1)
    before, after = curve(_scene()), curve(_scene() + np.float32(6.0))
    warm = np.array([[0.0, 5.0, 9.0]])
    raw = np.rint((warm - ZERO_C) * COUNTS_PER_K).astype(np.uint16)
    first, last = (agc(sensor, raw, n, before, after)[0, 1] for n in (0, ADAPT_FRAMES - 1))
    assert int(first) - int(last) > 15
    grey = np.array([agc(sensor, raw, n, before, before)[0] for n in range(1200)]).astype(int)
    step = np.abs(np.diff(grey, axis=0)).max(axis=1)
    jumps = np.flatnonzero(step) + 1
    assert len(jumps) == 6
    assert np.diff(jumps)[::2].tolist() == [3, 3, 3]
    assert step[jumps - 1].min() > 8
