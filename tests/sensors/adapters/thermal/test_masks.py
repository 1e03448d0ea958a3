import math
from functools import cache

import numpy as np
import pytest
from pyproj import Geod

from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.masks import burn, masked
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.place import Pose
from watchline_sensors.terrain import Terrain

LON, LAT, EYE_M = 22.5, 49.2, 30.0
LENS = Lens(width=640, height=512, focal_x_px=1400)


@cache
def hidden() -> np.ndarray:
    """The pixels of one yard before a camera that is sure of its aim."""
    return masked(view(SURE), [yard(20.0, 450.0)], 3.0)


def view(doubt: Doubt, elevation_deg: float = -4.0) -> View:
    return View(
        pose=Pose(lon_deg=LON, lat_deg=LAT, height_m=EYE_M),
        lens=LENS,
        aim=Aim(azimuth_deg=0.0, elevation_deg=elevation_deg),
        doubt=doubt,
        ground=Terrain(
            heights_m=np.zeros((301, 301), np.float32), x0_m=-3000, y0_m=-3000, step_m=20
        ),
        max_range_m=2900.0,
    )


def yard(east_m: float, north_m: float, half_m: float = 30.0) -> list[tuple[float, float]]:
    ring = []
    for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = east_m + dx * half_m, north_m + dy * half_m
        lon, lat, _ = Geod(ellps="WGS84").fwd(
            LON, LAT, math.degrees(math.atan2(x, y)), math.hypot(x, y)
        )
        ring.append((lon, lat))
    return ring


def at(aim: Aim, east_m: float, north_m: float, up_m: float) -> tuple[int, int]:
    x, y = pixels(LENS, aim, [(east_m, north_m, up_m - EYE_M)])[0]
    return int(y), int(x)


SURE = Doubt(azimuth_deg=0.01, elevation_deg=0.01, roll_deg=0.01, height_m=0.1)


def test_the_yard_is_hidden_to_a_mans_height_and_little_else() -> None:
    camera, mask = view(SURE), hidden()
    for east in (-8, 20, 48):
        for north in (422, 450, 478):
            for up in (0.0, 1.0, 2.5):
                assert mask[at(camera.aim, east, north, up)], (east, north, up)
    assert not mask[at(camera.aim, 20, 330, 0.0)]
    assert not mask[at(camera.aim, -80, 450, 0.0)]
    assert not mask[at(camera.aim, 20, 900, 0.0)]
    assert 0.005 < mask.mean() < 0.08


def test_a_camera_that_is_off_by_its_errors_shows_nothing_more() -> None:
    doubt = Doubt(azimuth_deg=0.2, elevation_deg=0.1, roll_deg=0.2, height_m=0.5)
    mask = masked(view(doubt), [yard(20.0, 450.0)], 3.0)
    corners = [(e, n, up) for e in (-10, 50) for n in (420, 480) for up in (0.0, 2.9)]
    rng = np.random.default_rng(0)
    for _ in range(200):
        off = rng.uniform(-2, 2, 3) * (0.2, 0.1, 0.2)
        true = Aim(azimuth_deg=off[0], elevation_deg=-4.0 + off[1], roll_deg=off[2])
        assert all(mask[at(true, *corner)] for corner in corners)


def test_a_mask_out_of_sight_hides_nothing_and_two_hide_both() -> None:
    camera = view(SURE)
    assert not masked(camera, [yard(0.0, -450.0)], 3.0).any()
    both = masked(camera, [yard(20.0, 450.0), yard(-60.0, 600.0)], 3.0)
    assert both[at(camera.aim, 20, 450, 1.0)] and both[at(camera.aim, -60, 600, 1.0)]


def test_a_narrow_strip_is_hidden_too() -> None:
    camera = view(SURE)
    mask = masked(camera, [yard(20.0, 450.0, half_m=2.0)], 3.0)
    assert mask[at(camera.aim, 20, 450, 1.0)]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_no_masked_pixel_differs_from_the_fill(kind: type) -> None:
    frame = np.random.default_rng(0).integers(20, 250, (512, 640)).astype(kind)
    mask = hidden()
    burnt = burn(frame, mask)
    assert burnt.dtype == kind
    assert (burnt[mask] == burnt[mask][0]).all()
    assert (burnt[~mask] == frame[~mask]).all()
    other = frame.copy()
    other[mask] = 7  # whatever lies under the mask, the same frame comes of it
    assert (burn(other, mask) == burnt).all()
