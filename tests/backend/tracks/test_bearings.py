"""Bearings: they refine tracks across the line of sight, and start none."""

from dataclasses import replace

import numpy as np
import pytest

from scenes import EMPTY, join, plots
from watchline.detections.model import Batch
from watchline.tracks import tracker
from watchline.tracks.model import TrackStatus

CONFIG = tracker.TrackerConfig()
#: The radar is at the origin, 1 km south of a walker who goes east; the camera south-west of him.
CAMERA = (-640.0, 360.0)
CAMERA_NO = 9


def bearings(at_s, xy, *, sigma_deg=0.05, off_deg=0.0, at=CAMERA) -> Batch:
    """What a camera says of targets at `xy` (n, 2)."""
    batch = plots(at_s, xy, sensor=CAMERA_NO)
    away = np.asarray(xy, float).reshape(-1, 2) - at
    nothing = np.full(len(batch), np.nan)
    return replace(
        batch,
        x_m=np.full(len(batch), at[0]),
        y_m=np.full(len(batch), at[1]),
        var_x_m2=nothing,
        cov_xy_m2=nothing,
        var_y_m2=nothing,
        bearing_rad=np.arctan2(away[:, 0], away[:, 1]) + np.radians(off_deg),
        bearing_sigma_rad=np.full(len(batch), np.radians(sigma_deg)),
    )


def run(*parts: Batch):
    return tracker.step(tracker.TrackerState.empty(), join(parts), None, CONFIG)


def walk(at_s, north=1000.0):
    return np.column_stack([1.2 * np.asarray(at_s), np.full(len(at_s), north)])


RADAR_S = np.arange(0.0, 40.0, 1.0)
CAMERA_S = np.arange(10.03, 40.0, 0.2)


def last_of(updates):
    return updates.take(np.array([len(updates) - 1]))


@pytest.fixture(scope="module")
def many():
    """(error (2,), covariance) at the end, of 60 nights by radar alone and with bearings.

    Both in a frame along the line of sight of the camera and across it.
    """
    told = {"radar": [], "both": []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        radar = plots(RADAR_S, walk(RADAR_S) + rng.normal(0, 15.0, (40, 2)), sigma_m=15.0)
        noise = rng.normal(0, 0.05, len(CAMERA_S))
        seen = bearings(CAMERA_S, walk(CAMERA_S), off_deg=noise)
        for name, parts in (("radar", [radar]), ("both", [radar, seen])):
            state, _, _ = run(*parts)
            (track,) = state.tracks[state.tracks["status"] == TrackStatus.CONFIRMED]
            truth = walk([track["at_us"] / 1e6])[0]
            xx, xy, yy = track["p"][:3]
            error = np.array([track["x_m"], track["y_m"]]) - truth
            east, north = (truth - CAMERA) / np.hypot(*(truth - CAMERA))
            turn = np.array([[east, north], [-north, east]])
            told[name].append((turn @ error, turn @ [[xx, xy], [xy, yy]] @ turn.T))
    return told


def test_across_the_line_of_sight_they_refine(many):
    """Along it they tell nothing."""
    alone, both = (np.array([c for _, c in many[name]]) for name in ("radar", "both"))
    # 150 bearings of 0.05 degrees at 1 km: the radar's 15 m a second cannot compete.
    assert both[:, 1, 1].max() < 0.1 * alone[:, 1, 1].min()
    errors = [np.array([e[1] for e, _ in many[name]]).std() for name in ("radar", "both")]
    assert errors[1] < 0.35 * errors[0]
    assert both[:, 0, 0].min() > 0.99 * alone[:, 0, 0].max()


def test_the_covariance_stays_honest(many):
    """Summed normalised error squared: chi-square with 2 x 60 degrees of freedom, 0.995.

    Who walks straight is known a little better than the filter, which expects turns, believes.
    """
    total = sum(float(e @ np.linalg.solve(c, e)) for e, c in many["both"])
    assert 60.0 < total < 163.6


def test_alone_they_start_nothing():
    state, updates, ids = run(bearings(CAMERA_S, walk(CAMERA_S)))
    assert len(state.tracks) == 0 and len(updates) == 0 and not ids.any()


def test_a_plot_and_bearings_do_not_make_a_track():
    """Whoever crosses the line of a false plot would else confirm it."""
    false = plots([9.9], [(0.0, 1000.0)])
    _, updates, ids = run(false, bearings(CAMERA_S[:20], walk(CAMERA_S[:20])))
    assert len(updates) == 0 and not ids[1:].any()


def test_each_goes_to_the_track_that_it_points_to():
    radar = [plots(RADAR_S, walk(RADAR_S, north), sensor=1) for north in (1000.0, 1080.0)]
    radar[1] = replace(radar[1], at_us=radar[1].at_us + 1000)
    seen = bearings(CAMERA_S, walk(CAMERA_S, 1080.0))
    batch = join([*radar, seen])
    _, _, ids = tracker.step(tracker.TrackerState.empty(), batch, None, CONFIG)
    plain = np.isnan(batch.bearing_rad)
    northern = {id.tobytes() for id in ids[plain & (batch.y_m > 1040)]}
    assert {id.tobytes() for id in ids[~plain]} == northern and len(northern) == 1


@pytest.mark.parametrize("off_deg", [180.0, 5.0])
def test_who_is_elsewhere_or_behind_is_not_meant(off_deg):
    radar = plots(RADAR_S, walk(RADAR_S))
    seen = bearings(CAMERA_S, walk(CAMERA_S), off_deg=off_deg)
    batch = join([radar, seen])
    _, _, ids = tracker.step(tracker.TrackerState.empty(), batch, None, CONFIG)
    assert not ids[~np.isnan(batch.bearing_rad)].any()


def test_a_track_that_only_bearings_feed_ends_when_it_has_no_place_any_more():
    radar = plots(RADAR_S, walk(RADAR_S))
    later = np.arange(40.0, 900.0, 0.5)
    _, updates, _ = run(radar, bearings(later, np.tile(walk([40.0]), (len(later), 1))))
    last = last_of(updates)
    assert last.status[0] == TrackStatus.ENDED
    assert 60e6 < last.at_us[0] < 600e6
    assert last.var_x_m2[0] > 250.0**2 and last.var_y_m2[0] > 250.0**2


@pytest.mark.parametrize(
    "wrong",
    [
        {"bearing_sigma_rad": np.nan},
        {"bearing_sigma_rad": 0.0},
        {"bearing_sigma_rad": -1.0},
        {"bearing_sigma_rad": np.inf},
        {"bearing_sigma_rad": np.pi},  # "in some direction": a radar's report that ends a track
        {"bearing_rad": np.inf},
        {"x_m": np.nan},
        {"y_m": 1e300},
    ],
)
def test_nonsense_feeds_nothing(wrong):
    seen = bearings(CAMERA_S, walk(CAMERA_S))
    seen = replace(seen, **{name: np.full(len(seen), value) for name, value in wrong.items()})
    radar = plots(RADAR_S, walk(RADAR_S))
    state, _, ids = run(radar, seen)
    alone, _, _ = run(radar, EMPTY)
    assert state.tracks["p"].tobytes() == alone.tracks["p"].tobytes()
    assert int(ids.any(axis=1).sum()) == len(radar)
