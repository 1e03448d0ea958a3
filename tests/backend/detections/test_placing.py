"""Bearings in a sector's plane."""

import numpy as np
import pytest
from pyproj import Geod

import columns
from watchline.detections.placing import to_batch
from watchline.sectors.plane import SectorPlane
from watchline_sensors.contract import Bearing, Detection, Position

GEOD = Geod(ellps="WGS84")
PLANE = SectorPlane(24.0, 50.5)
#: Far from the origin, where true north is not the plane's.
SENSOR = (25.2, 50.9)


def batch_of(*bearings: Bearing | None, sensors=None):
    items = [
        Detection(sensor="a", at_us=second, bearing=bearing)
        if bearing
        else Detection(
            sensor="a",
            at_us=second,
            position=Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=4.0, var_north_m2=9.0),
        )
        for second, bearing in enumerate(bearings, 1)
    ]
    rows = columns.rows_of(items, edge=1, boot=1, arrived_us=0)
    rows["sensor"][:] = 7
    return to_batch(rows, PLANE, {7: SENSOR} if sensors is None else sensors)


@pytest.mark.parametrize("way_deg", [0.0, 77.0, 180.0, 301.0])
def test_a_bearing_points_along_the_geodesic(way_deg):
    lon, lat, _ = GEOD.fwd(*SENSOR, way_deg, 3000.0)
    x, y = PLANE.to_plane(lon, lat)
    batch = batch_of(Bearing(bearing_deg=way_deg, sigma_deg=0.1))
    aside = np.arctan2(x - batch.x_m[0], y - batch.y_m[0]) - batch.bearing_rad[0]
    assert abs(np.sin(aside)) < 2e-4 and np.cos(aside) > 0
    assert batch.bearing_sigma_rad[0] == pytest.approx(np.radians(0.1))
    assert np.isnan([batch.var_x_m2[0], batch.var_y_m2[0]]).all()


def test_with_a_range_it_is_a_place():
    lon, lat, _ = GEOD.fwd(*SENSOR, 60.0, 2000.0)
    expected = PLANE.to_plane(lon, lat)
    seen = Bearing(bearing_deg=60.0, sigma_deg=0.5, range_m=2000.0, range_sigma_m=100.0)
    batch = batch_of(seen)
    np.testing.assert_allclose((batch.x_m[0], batch.y_m[0]), expected, atol=1.0)
    assert np.isnan(batch.bearing_rad[0])
    x, xy, y = batch.var_x_m2[0], batch.cov_xy_m2[0], batch.var_y_m2[0]
    values, axes = np.linalg.eigh([[x, xy], [xy, y]])
    np.testing.assert_allclose(np.sqrt(values), (2000.0 * np.radians(0.5), 100.0), rtol=1e-9)
    along = axes[:, 1] * np.sign(axes[0, 1])
    lean = PLANE.convergence_rad(*SENSOR)
    np.testing.assert_allclose(
        along, (np.sin(np.radians(60) - lean), np.cos(np.radians(60) - lean))
    )


def test_places_stay_as_they_are_among_bearings():
    batch = batch_of(None, Bearing(bearing_deg=5.0, sigma_deg=0.1), None)
    assert np.isnan(batch.bearing_rad).tolist() == [True, False, True]
    np.testing.assert_allclose(batch.x_m[[0, 2]], 0.0, atol=1e-6)
    np.testing.assert_allclose(batch.var_y_m2[[0, 2]], 9.0)


def test_from_an_unknown_place_it_is_none():
    batch = batch_of(Bearing(bearing_deg=5.0, sigma_deg=0.1), sensors={})
    assert np.isnan([batch.x_m[0], batch.y_m[0], batch.bearing_rad[0]]).all()
