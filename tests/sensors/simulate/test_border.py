import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from watchline_sensors.simulate.border import BorderFrame, Plane

LINE = np.array([[0.0, 0.0], [0.0, 4000.0], [1500.0, 8000.0]])


def test_plane_keeps_distance_and_bearing_from_the_origin() -> None:
    plane = Plane(24.0, 50.6)
    azimuth, _, distance = Geod(ellps="WGS84").inv(24.0, 50.6, 24.1, 50.65)
    x, y = plane.to_plane(24.1, 50.65)
    assert np.hypot(x, y) == pytest.approx(distance, abs=0.01)
    assert np.degrees(np.arctan2(x, y)) == pytest.approx(azimuth, abs=1e-6)


@given(st.floats(-9_000, 9_000), st.floats(-9_000, 9_000))
@settings(max_examples=50, deadline=None)
def test_plane_goes_there_and_back(x: float, y: float) -> None:
    plane = Plane(24.0, 50.6)
    back = plane.to_plane(*plane.to_lon_lat(np.array([x, y])))
    assert np.allclose(back, [x, y], atol=1e-3)  # PROJ takes 0.5 mm for nothing


@pytest.mark.parametrize(("home_left", "sign"), [(True, -1.0), (False, 1.0)])
def test_inside_lies_on_the_home_side(home_left: bool, sign: float) -> None:
    frame = BorderFrame(LINE, home_left=home_left)
    x, y = frame.point(1.0, 300.0)
    assert (x, y) == pytest.approx((sign * 300.0, 1000.0), abs=1.0)


def test_chainage_runs_along_the_line_and_straight_on_beyond_it() -> None:
    frame = BorderFrame(LINE, home_left=True)
    assert frame.point(4.0, 0.0) == pytest.approx([0.0, 4000.0])
    assert frame.point(-1.0, 0.0) == pytest.approx([0.0, -1000.0], abs=1.0)
    end = frame.point(frame.length_km, 0.0)
    assert np.hypot(*(frame.point(frame.length_km + 1.0, 0.0) - end)) == pytest.approx(1000.0)


@given(st.floats(0.0, 8.2), st.floats(-1500, 1500))
@settings(max_examples=100, deadline=None)
def test_neighbours_in_border_coordinates_are_neighbours_on_the_ground(km: float, d: float) -> None:
    frame = BorderFrame(LINE, home_left=True)
    step = np.hypot(*(frame.point(km + 0.001, d) - frame.point(km, d)))
    assert step < 3.0  # 1 m of chainage, even at a bend and 1.5 km off


def test_a_parallel_at_no_distance_has_the_borders_own_vertices() -> None:
    found = BorderFrame(LINE, home_left=True).parallel(1.0, 6.0, 0.0)
    assert len(found) == 3
    assert found[1] == pytest.approx([0.0, 4000.0])


def test_a_line_with_a_doubled_point_is_refused() -> None:
    with pytest.raises(ValueError, match="none of them twice"):
        BorderFrame(np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]), home_left=True)
