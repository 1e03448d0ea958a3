import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.adapters.thermal.lens import Aim, Lens, directions, pixels

angles = st.floats(-180, 180)


@given(
    azimuth=angles,
    elevation=st.floats(-80, 80),
    roll=angles,
    k1=st.floats(-0.3, 0.3),
    p1=st.floats(-0.002, 0.002),
    seed=st.integers(0, 99),
)
def test_there_and_back(
    azimuth: float, elevation: float, roll: float, k1: float, p1: float, seed: int
) -> None:
    lens = Lens(
        width=640, height=512, focal_x_px=1200, focal_y_px=1190, centre_x_px=330, k1=k1, p1=p1
    )
    aim = Aim(azimuth_deg=azimuth, elevation_deg=elevation, roll_deg=roll)
    xy = np.random.default_rng(seed).uniform(0, [640, 512], (20, 2))
    rays = directions(lens, aim, xy)
    assert np.linalg.norm(rays, axis=1) == pytest.approx(1.0)
    assert pixels(lens, aim, rays * 700.0) == pytest.approx(xy, abs=1e-6)


def test_the_middle_looks_where_the_camera_is_aimed() -> None:
    lens = Lens(width=640, height=512, focal_x_px=1000)
    ray = directions(lens, Aim(azimuth_deg=90, elevation_deg=-10), [(320, 256)])[0]
    down = math.radians(10)
    assert ray == pytest.approx([math.cos(down), 0.0, -math.sin(down)])


def test_right_is_right_and_down_is_down() -> None:
    lens = Lens(width=640, height=512, focal_x_px=1000)
    north = Aim(azimuth_deg=0, elevation_deg=0)
    east, low = pixels(lens, north, [(1, 100, 0), (0, 100, -1)])
    assert east == pytest.approx([330, 256])
    assert low == pytest.approx([320, 266])


def test_a_camera_that_leans_right_sees_the_horizon_fall_to_the_left() -> None:
    lens = Lens(width=640, height=512, focal_x_px=1000)
    rolled = Aim(azimuth_deg=0, elevation_deg=0, roll_deg=5)
    left, right = pixels(lens, rolled, [(-10, 100, 0), (10, 100, 0)])
    assert left[1] > 256 > right[1]


def test_nothing_is_seen_behind() -> None:
    lens = Lens(width=640, height=512, focal_x_px=1000)
    assert np.isnan(pixels(lens, Aim(azimuth_deg=0, elevation_deg=0), [(0, -5, 0)])).all()


def test_barrel_distortion_draws_the_corner_in() -> None:
    plain = Lens(width=640, height=512, focal_x_px=600)
    barrel = Lens(width=640, height=512, focal_x_px=600, k1=-0.2)
    aim = Aim(azimuth_deg=0, elevation_deg=0)
    corner = directions(plain, aim, [(640, 512)])
    assert (pixels(barrel, aim, corner) < (640, 512)).all()
