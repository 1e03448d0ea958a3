"""A sector's plane against the geodesic on WGS 84."""

import numpy as np
import pytest
from pyproj import Geod, Transformer

from watchline.sectors.plane import SectorPlane, turn_covariance, turn_vector

GEOD = Geod(ellps="WGS84")
ORIGINS = [(28.0, 55.0), (-71.0, 0.3), (179.9, 68.0), (24.0, -45.0)]


def around(plane: SectorPlane, radius_m: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    r, turn = rng.uniform(0, radius_m, 500), rng.uniform(0, 2 * np.pi, 500)
    return plane.to_lon_lat(r * np.sin(turn), r * np.cos(turn))


@pytest.mark.parametrize("origin", ORIGINS)
def test_distance_and_bearing_from_the_origin_are_true(origin: tuple[float, float]) -> None:
    plane = SectorPlane(*origin)
    lon, lat = around(plane, 150e3)
    x, y = plane.to_plane(lon, lat)
    bearing, _, distance = GEOD.inv(*(np.full(500, v) for v in origin), lon, lat)
    assert np.allclose(np.hypot(x, y), distance, atol=1e-5)
    assert np.allclose(x, distance * np.sin(np.radians(bearing)), atol=1e-4)
    back = plane.to_lon_lat(x, y)
    assert np.allclose(plane.to_plane(*back), (x, y), atol=1e-6)


@pytest.mark.parametrize("origin", ORIGINS)
def test_vectors_point_where_they_lead(origin: tuple[float, float]) -> None:
    """A velocity turned into the plane is where a second of walking leads."""
    plane = SectorPlane(*origin)
    lon, lat = around(plane, 150e3)
    azimuth = np.linspace(0, 360, 500)
    to_lon, to_lat, _ = GEOD.fwd(lon, lat, azimuth, np.full(500, 10.0))
    x, y = plane.to_plane(lon, lat)
    to_x, to_y = plane.to_plane(to_lon, to_lat)
    east, north = 10 * np.sin(np.radians(azimuth)), 10 * np.cos(np.radians(azimuth))
    vx, vy = turn_vector(plane.convergence_rad(lon, lat), east, north)
    assert np.allclose((vx, vy), (to_x - x, to_y - y), atol=2e-3)
    assert not np.allclose(vx, east, atol=2e-2) or abs(origin[1]) < 1
    assert np.allclose(turn_vector(-plane.convergence_rad(lon, lat), vx, vy), (east, north))


def test_covariance_turns_with_the_vectors() -> None:
    plane = SectorPlane(28.0, 55.0)
    rng = np.random.default_rng(4)
    errors = rng.multivariate_normal([0, 0], [[900, 250], [250, 100]], 400)
    lon, lat = plane.to_lon_lat(120e3, 40e3)
    turned = np.stack(turn_vector(plane.convergence_rad(lon, lat), errors[:, 0], errors[:, 1]))
    var_e, cov, _, var_n = np.cov(errors.T).ravel()
    found = turn_covariance(plane.convergence_rad(lon, lat), var_e, cov, var_n)
    assert np.allclose(np.cov(turned).ravel()[[0, 1, 3]], found)
    assert np.allclose(
        turn_covariance(-plane.convergence_rad(lon, lat), *found), (var_e, cov, var_n)
    )
    assert abs(found[1] - cov) > 5


def test_what_is_nowhere_stays_nowhere() -> None:
    plane = SectorPlane(28.0, 55.0)
    x, y = plane.to_plane([28.0, np.nan], [55.0, 55.0])
    assert np.allclose((x[0], y[0]), 0, atol=1e-6)
    assert np.isnan([x[1], y[1]]).all()
    assert plane.point_to_lon_lat(0.0, 0.0) == (pytest.approx(28.0), pytest.approx(55.0))
    with pytest.raises(ValueError, match="no place"):
        SectorPlane(28.0, 155.0)


@pytest.mark.parametrize("lat_0", [-70.0, 0.0, 50.5, 69.0, 74.0, 89.0])
@pytest.mark.parametrize("lon_0", [24.0, 179.0])
def test_near_the_origin_and_far_away_it_is_the_projection_itself(lon_0, lat_0):
    plane = SectorPlane(lon_0, lat_0)
    exact = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=aeqd +lat_0={lat_0} +lon_0={lon_0} +ellps=WGS84"
    )
    x, y = np.random.default_rng(1).uniform(-4e5, 4e5, (2, 4000))
    lon, lat = exact.transform(x, y, direction="INVERSE")
    assert np.allclose(plane.to_plane(lon, lat), exact.transform(lon, lat), rtol=0, atol=1e-6)
    found = np.array(plane.to_lon_lat(x, y))
    assert np.abs(found - (lon, lat)).max() * 111_000 < 1e-5
