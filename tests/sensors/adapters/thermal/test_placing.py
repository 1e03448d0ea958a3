import math
from typing import NamedTuple

import numpy as np
import pytest
from pyproj import Geod
from scipy.stats import chi2

from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.placing import (
    OPTICAL_RADIUS_M,
    Doubt,
    Height,
    Placed,
    View,
    place,
)
from watchline_sensors.place import Pose
from watchline_sensors.terrain import Terrain

GEOD = Geod(ellps="WGS84")
LON, LAT = 22.5, 49.2
LENS = Lens(width=640, height=512, focal_x_px=1400, k1=-0.1)
SIGMA_PX = (0.7, 1.0)
STEP_M = 20.0
SMALL = Doubt(azimuth_deg=0.01, elevation_deg=0.01, roll_deg=0.01, height_m=0.1)


def ground(kind: str) -> Terrain:
    along = (np.arange(401) - 200) * STEP_M
    x, y = np.meshgrid(along, along)
    heights = {
        "flat": 0.0 * x,
        "hilly": 12 * np.sin(x / 310) * np.cos(y / 270) + 5 * np.sin(y / 130 + 1),
        "ridge": 25 * np.exp(-(((y - 900) / 90) ** 2)),
    }[kind]
    return Terrain(
        heights_m=heights.astype(np.float32), x0_m=along[0], y0_m=along[0], step_m=STEP_M
    )


def view(kind: str, *, doubt: Doubt = SMALL, elevation_deg: float = -3.0) -> View:
    terrain = ground(kind)
    return View(
        pose=Pose(lon_deg=LON, lat_deg=LAT, height_m=35.0 + float(terrain.height_at(0, 0))),
        lens=LENS,
        aim=Aim(azimuth_deg=10.0, elevation_deg=elevation_deg),
        doubt=doubt,
        ground=terrain,
        max_range_m=3900.0,
    )


def seen_at(seen: View, azimuth_deg: float, away_m: float) -> np.ndarray | None:
    """The pixel of a point on the ground as a true camera would see it; None when it is hidden."""
    azimuth = math.radians(azimuth_deg)
    steps = np.append(np.arange(10.0, away_m, 4.0), away_m)
    heights = seen.ground.height_at(steps * math.sin(azimuth), steps * math.cos(azimuth))
    below = seen.pose.height_m + steps**2 / (2 * OPTICAL_RADIUS_M) - heights
    if (below[-1] / away_m > below[:-1] / steps[:-1]).any():
        return None
    return pixels(
        seen.lens,
        seen.aim,
        [(away_m * math.sin(azimuth), away_m * math.cos(azimuth), -below[-1])],
    )[0]


class Miss(NamedTuple):
    east_m: float
    north_m: float
    nees: float
    along_m: float


def miss(placed: Placed, azimuth_deg: float, away_m: float) -> Miss:
    p = placed.position
    assert p is not None
    lon, lat, _ = GEOD.fwd(LON, LAT, azimuth_deg, away_m)
    way, _, metres = GEOD.inv(p.lon_deg, p.lat_deg, lon, lat)
    off = metres * np.array([math.sin(math.radians(way)), math.cos(math.radians(way))])
    spread = np.array([[p.var_east_m2, p.cov_east_north_m2], [p.cov_east_north_m2, p.var_north_m2]])
    return Miss(
        *off.tolist(),
        float(off @ np.linalg.solve(spread, off)),
        math.sqrt(np.linalg.eigvalsh(spread)[1]),
    )


@pytest.mark.parametrize("kind", ["flat", "hilly", "ridge"])
def test_the_covariance_is_honest(kind: str) -> None:
    """Cameras whose aim and height are off as they say, targets even over the ground."""
    rng = np.random.default_rng(2026)
    believed = view(
        kind, doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.05, roll_deg=0.1, height_m=0.7)
    )
    doubt, found = believed.doubt, []
    while len(found) < 400:
        azimuth_deg = 10.0 + float(rng.uniform(-11, 11))
        # Behind the ridge nothing is seen for 2 km.
        away_m = (1200.0 if kind == "ridge" else 3900.0) * math.sqrt(rng.uniform(1e-4, 1.0))
        off = rng.normal(0.0, [doubt.azimuth_deg, doubt.elevation_deg, doubt.roll_deg])
        true = View(
            pose=raised(believed.pose, float(rng.normal(0.0, doubt.height_m))),
            lens=LENS,
            aim=Aim(azimuth_deg=10.0 + off[0], elevation_deg=-3.0 + off[1], roll_deg=off[2]),
            doubt=doubt,
            ground=believed.ground,
            max_range_m=3900.0,
        )
        xy = seen_at(true, azimuth_deg, away_m)
        if xy is None or not ((xy >= 0) & (xy <= (640, 512))).all():
            continue
        placed = place(believed, *(xy + rng.normal(0, SIGMA_PX)), sigma_px=SIGMA_PX)
        if placed.position is not None:
            found.append(miss(placed, azimuth_deg, away_m).nees)
    low, high = chi2.ppf([0.025, 0.975], 2 * len(found)) / len(found)
    print(f"{kind}: normalised error squared {np.mean(found):.3f} in {low:.3f}..{high:.3f}")
    assert low < np.mean(found) < high


def raised(pose: Pose, higher_m: float) -> Pose:
    return Pose(lon_deg=pose.lon_deg, lat_deg=pose.lat_deg, height_m=pose.height_m + higher_m)


@pytest.mark.parametrize("away_m", [60.0, 300.0, 1000.0, 2000.0])
def test_a_pixel_on_flat_ground_is_placed_where_it_is(away_m: float) -> None:
    camera = view("flat", elevation_deg=-30.0 if away_m < 100 else -3.0)
    xy = seen_at(camera, 12.0, away_m)
    assert xy is not None
    found = miss(place(camera, *xy, sigma_px=(0.1, 0.1)), 12.0, away_m)
    assert math.hypot(found.east_m, found.north_m) < 0.01 * away_m


def test_a_tenth_of_a_degree_is_far_along_the_line_of_sight() -> None:
    """From 30 m at 1 km: dr = (r² + h²) / h · 0.1° = 58 m (62 m to the long side)."""
    camera = view("flat", doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.1, height_m=0.1))
    camera = View(
        pose=Pose(lon_deg=LON, lat_deg=LAT, height_m=30.0),
        lens=LENS,
        aim=camera.aim,
        doubt=camera.doubt,
        ground=camera.ground,
        max_range_m=3900.0,
    )
    xy = seen_at(camera, 10.0, 1000.0)
    assert xy is not None
    placed = place(camera, *xy, sigma_px=(0.1, 0.1))
    assert miss(placed, 10.0, 1000.0).along_m == pytest.approx(62.0, abs=6.0)
    p = placed.position
    assert p is not None
    assert p.var_north_m2 > 25 * p.var_east_m2  # the camera looks nearly north


def test_the_sky_stays_a_bearing() -> None:
    placed = place(view("flat"), 320.0, 100.0, sigma_px=SIGMA_PX)
    assert placed.position is None
    assert placed.bearing.bearing_deg == pytest.approx(10.0)
    assert placed.bearing.sigma_deg == pytest.approx(math.degrees(0.7 / 1400), rel=0.2)


def test_just_under_the_horizon_the_place_is_left_open() -> None:
    camera = view("flat", doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.1, height_m=0.5))
    xy = seen_at(camera, 10.0, 3500.0)
    assert xy is not None
    assert place(camera, *xy, sigma_px=SIGMA_PX).position is None


def test_over_the_crest_of_a_ridge_the_ground_behind_counts_too() -> None:
    camera = view("ridge", doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.15, height_m=0.5))
    crest = seen_at(camera, 10.0, 890.0)
    steep = seen_at(camera, 10.0, 750.0)
    assert crest is not None and steep is not None
    before = place(camera, *steep, sigma_px=SIGMA_PX)
    over = place(camera, *crest, sigma_px=SIGMA_PX)
    assert miss(before, 10.0, 750.0).along_m < 30.0
    assert over.position is None or miss(over, 10.0, 890.0).along_m > 100.0


def test_how_tall_a_target_looks_is_weak_evidence_of_its_range() -> None:
    camera = view("flat", doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.1, height_m=0.5))
    xy = seen_at(camera, 10.0, 1500.0)
    assert xy is not None
    tall_px = 1.7 / 1500.0 * 1400.0
    alone = place(camera, *xy, sigma_px=SIGMA_PX)
    told = place(camera, *xy, sigma_px=SIGMA_PX, tall=Height(1.7, 0.1), tall_px=tall_px)
    weak = place(camera, *xy, sigma_px=SIGMA_PX, tall=Height(1.7, 3.0), tall_px=tall_px)
    widths = [miss(one, 10.0, 1500.0).along_m for one in (told, weak, alone)]
    assert widths[0] < 0.8 * widths[2]
    assert widths[1] == pytest.approx(widths[2], rel=0.05)


def test_a_height_that_fits_nowhere_makes_no_nonsense() -> None:
    camera = view("flat")
    xy = seen_at(camera, 10.0, 1000.0)
    assert xy is not None
    placed = place(camera, *xy, sigma_px=SIGMA_PX, tall=Height(1.7, 0.01), tall_px=500.0)
    assert placed.position is not None and math.isfinite(placed.position.var_north_m2)
