"""Placing, held against geometry in space that shares no line with it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from watchline_sensors.contract import Detection
from watchline_sensors.place import (
    MIN_SIGMA_M,
    Pose,
    degrees_to_metres,
    ground_distance_m,
    place_cartesian,
    place_polar,
    place_polar_array,
    place_seen,
    place_wgs84,
    plane_at,
    turn_covariance,
    turn_to_true,
)

GEOD = Geod(ellps="WGS84")
TO_SPACE = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)

poses = st.builds(
    Pose,
    lon_deg=st.floats(-180.0, 180.0),
    lat_deg=st.floats(-70.0, 70.0),
    height_m=st.floats(-50.0, 3000.0),
    north_offset_deg=st.floats(-180.0, 180.0),
    ground_height_m=st.none(),
)
azimuths = st.floats(0.0, 359.99)


def polar(pose: Pose, slant_m: float, azimuth_deg: float):
    return place_polar(
        pose,
        slant_m=slant_m,
        azimuth_deg=azimuth_deg,
        sigma_slant_m=5.0,
        sigma_azimuth_deg=0.5,
    )


def apart_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    return GEOD.inv(lon1, lat1, lon2, lat2)[2]


@given(pose=poses, slant_m=st.floats(1.0, 20_000.0), azimuth_deg=azimuths, drop=st.floats(-80, 80))
@settings(max_examples=150, deadline=None)
def test_the_point_lies_at_the_slant_range_in_space(pose, slant_m, azimuth_deg, drop):
    drop = max(-0.7 * slant_m, min(0.7 * slant_m, drop))
    ground = pose.height_m - drop
    pose = Pose(
        lon_deg=pose.lon_deg,
        lat_deg=pose.lat_deg,
        height_m=pose.height_m,
        north_offset_deg=pose.north_offset_deg,
        ground_height_m=ground,
    )
    placed = polar(pose, slant_m, azimuth_deg)
    device = np.array(TO_SPACE.transform(pose.lon_deg, pose.lat_deg, pose.height_m))
    target = np.array(TO_SPACE.transform(placed.lon_deg, placed.lat_deg, ground))
    # At a grazing angle the ground distance shifts by slant/ground times as much.
    assert abs(np.linalg.norm(target - device) - slant_m) < 0.05


@given(pose=poses, slant_m=st.floats(1.0, 20_000.0), azimuth_deg=azimuths)
@settings(max_examples=150, deadline=None)
def test_agrees_with_the_geodesic_within_a_metre_at_20_km(pose, slant_m, azimuth_deg):
    placed = polar(pose, slant_m, azimuth_deg)
    onward, _, distance = GEOD.inv(pose.lon_deg, pose.lat_deg, placed.lon_deg, placed.lat_deg)
    at_sea_level = slant_m / (1.0 + pose.height_m / 6_371_000.0)
    assert abs(distance - at_sea_level) < 0.1
    turned = (onward - azimuth_deg - pose.north_offset_deg + 180.0) % 360.0 - 180.0
    assert abs(math.radians(turned)) * distance < 0.01


def test_a_mast_over_low_ground_shortens_the_ground_distance():
    pose = Pose(lon_deg=20.0, lat_deg=50.0, height_m=260.0, ground_height_m=200.0)
    # Pythagoras is good to a centimetre at a kilometre.
    assert ground_distance_m(pose, 1000.0) == pytest.approx(math.sqrt(1000**2 - 60**2), abs=0.05)
    assert ground_distance_m(pose, 59.0) == 0.0


def test_nearer_than_the_mast_is_high_is_the_foot_with_room_for_doubt():
    pose = Pose(lon_deg=20.0, lat_deg=50.0, height_m=260.0, ground_height_m=200.0)
    placed = polar(pose, 58.0, 77.0)
    assert (placed.lon_deg, placed.lat_deg) == (pytest.approx(20.0), pytest.approx(50.0))
    # 58 + 5 m reach 19 m over the ground: that much the place may be off.
    assert placed.var_east_m2 + placed.var_north_m2 > 18.0**2
    assert Detection(sensor="r", at_us=0, position=placed).defect() is None


@given(
    pose=poses,
    slant_m=st.floats(0.0, 65_535.0),
    azimuth_deg=azimuths,
    sigma_slant_m=st.floats(0.01, 500.0),
    sigma_azimuth_deg=st.floats(0.001, 10.0),
)
@settings(max_examples=200, deadline=None)
def test_covariance_is_the_sigmas_turned_to_the_line_of_sight(
    pose, slant_m, azimuth_deg, sigma_slant_m, sigma_azimuth_deg
):
    placed = place_polar(
        pose,
        slant_m=slant_m,
        azimuth_deg=azimuth_deg,
        sigma_slant_m=sigma_slant_m,
        sigma_azimuth_deg=sigma_azimuth_deg,
    )
    assert Detection(sensor="r", at_us=0, position=placed).defect() is None
    matrix = np.array(
        [
            [placed.var_east_m2, placed.cov_east_north_m2],
            [placed.cov_east_north_m2, placed.var_north_m2],
        ]
    )
    along = max(sigma_slant_m, MIN_SIGMA_M)
    across = max(ground_distance_m(pose, slant_m) * math.radians(sigma_azimuth_deg), MIN_SIGMA_M)
    assert np.sqrt(np.linalg.eigvalsh(matrix)) == pytest.approx(
        sorted((along, across)), rel=2e-3, abs=1e-3
    )


def test_looking_east_the_range_error_points_east():
    pose = Pose(lon_deg=20.0, lat_deg=0.0, height_m=0.0)
    placed = polar(pose, 5000.0, 90.0)
    assert placed.var_east_m2 == pytest.approx(25.0, rel=1e-6)
    assert placed.var_north_m2 == pytest.approx((5000 * math.radians(0.5)) ** 2, rel=1e-6)


def test_north_offset_turns_clockwise():
    pose = Pose(lon_deg=20.0, lat_deg=50.0, height_m=0.0, north_offset_deg=90.0)
    placed = polar(pose, 1000.0, 0.0)
    assert placed.lon_deg > 20.01
    assert placed.lat_deg == pytest.approx(50.0, abs=1e-5)
    assert turn_to_true(pose, 0.0, 1.0) == (pytest.approx(1.0), pytest.approx(0.0))
    assert turn_covariance(pose, 4.0, 0.0, 9.0) == pytest.approx((9.0, 0.0, 4.0))


@given(pose=poses, x=st.floats(-15_000, 15_000), y=st.floats(-15_000, 15_000))
@settings(max_examples=100, deadline=None)
def test_cartesian_in_the_sensor_plane_is_polar(pose, x, y):
    errors = {"sigma_slant_m": 5.0, "sigma_azimuth_deg": 0.5}
    flat = place_cartesian(pose, x_m=x, y_m=y, sensor_plane=True, **errors)
    azimuth = math.degrees(math.atan2(x, y))
    ray = place_polar(pose, slant_m=math.hypot(x, y), azimuth_deg=azimuth, **errors)
    assert flat == ray
    on_ground = place_cartesian(pose, x_m=x, y_m=y, **errors)
    # Half a per mille for the height the sensor stands at, nothing else.
    assert apart_m(flat.lon_deg, flat.lat_deg, on_ground.lon_deg, on_ground.lat_deg) < 12.0


@given(pose=poses, slants=st.lists(st.floats(0.0, 40_000.0), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_array_form_says_the_same(pose, slants):
    azimuths = np.linspace(0.0, 359.0, len(slants))
    columns = place_polar_array(
        pose,
        slant_m=np.array(slants),
        azimuth_deg=azimuths,
        sigma_slant_m=5.0,
        sigma_azimuth_deg=0.5,
    )
    for i, slant_m in enumerate(slants):
        one = polar(pose, slant_m, float(azimuths[i]))
        assert apart_m(one.lon_deg, one.lat_deg, columns.lon_deg[i], columns.lat_deg[i]) < 1e-5
        assert columns.var_east_m2[i] == pytest.approx(one.var_east_m2)
        assert columns.cov_east_north_m2[i] == pytest.approx(one.cov_east_north_m2, abs=1e-6)
        assert columns.var_north_m2[i] == pytest.approx(one.var_north_m2)


@given(pose=poses, slant_m=st.floats(10.0, 20_000.0), azimuth_deg=azimuths)
@settings(max_examples=60, deadline=None)
def test_a_seen_position_gets_the_error_of_its_measurement(pose, slant_m, azimuth_deg):
    measured = polar(pose, slant_m, azimuth_deg)
    seen = place_seen(
        pose,
        lon_deg=measured.lon_deg,
        lat_deg=measured.lat_deg,
        sigma_slant_m=5.0,
        sigma_azimuth_deg=0.5,
    )
    assert seen.var_east_m2 == pytest.approx(measured.var_east_m2, rel=1e-3)
    assert seen.var_north_m2 == pytest.approx(measured.var_north_m2, rel=1e-3)


def test_a_position_from_elsewhere_passes_through():
    placed = place_wgs84(20.0, 50.0, sigma_m=12.0, height_m=3.0)
    assert (placed.lon_deg, placed.lat_deg, placed.height_m) == (20.0, 50.0, 3.0)
    assert placed.var_east_m2 == placed.var_north_m2 == 144.0


@given(st.floats(0, 1e4), st.floats(-1e6, 1e6), st.floats(0, 1e4), st.floats(-180, 180))
@settings(max_examples=200, deadline=None)
def test_no_covariance_on_the_wire_makes_an_unusable_one(var_x, cov, var_y, offset):
    pose = Pose(lon_deg=0.0, lat_deg=0.0, height_m=0.0, north_offset_deg=offset)
    east, between, north = turn_covariance(pose, var_x, cov, var_y)
    assert east > 0 and north > 0 and between**2 < east * north


@given(poses, azimuths, st.floats(10.0, 400_000.0))
@settings(max_examples=200, deadline=None)
def test_a_planes_north_turns_with_the_meridians(pose, azimuth_deg, distance_m):
    """Straight on from the device is straight on there: PROJ says by how much north turned."""
    lon, lat, back_deg = GEOD.fwd(pose.lon_deg, pose.lat_deg, azimuth_deg, distance_m)
    turned_deg = plane_at(pose, lon, lat).north_offset_deg - pose.north_offset_deg
    wanted_deg = back_deg + 180.0 - azimuth_deg
    off_deg = (turned_deg - wanted_deg + 180.0) % 360.0 - 180.0
    # 70 degrees north is as far as radars stand here; at 52 it is 0.01 at 400 km.
    assert abs(off_deg) < 0.12 * (distance_m / 400_000.0) ** 2 + 1e-6


@given(st.floats(-85.0, 85.0), st.floats(-180.0, 180.0))
@settings(max_examples=100, deadline=None)
def test_small_degrees_are_metres(lat_deg, lon_deg):
    east_m, north_m = degrees_to_metres(lat_deg, 1e-4, 1e-4)
    assert east_m == pytest.approx(GEOD.inv(lon_deg, lat_deg, lon_deg + 1e-4, lat_deg)[2], rel=1e-5)
    northward_m = GEOD.inv(lon_deg, lat_deg - 5e-5, lon_deg, lat_deg + 5e-5)[2]
    assert north_m == pytest.approx(northward_m, rel=1e-5)
