"""What can be a geofence and what cannot, and why."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from shapely import Polygon

from plain_sector import ORIGIN, SECTOR, lon_lat, ring
from watchline.errors import GeofenceInvalid, GeofenceOutsideSector
from watchline.geofences import shape as shapes
from watchline.geofences.model import Direction, GeofenceKind
from watchline.geofences.shape import DrawnGeometry
from watchline.sectors.plane import SectorPlane

READ = TypeAdapter(DrawnGeometry).validate_python
HOME = Polygon(SECTOR["sector"]["geom"]["coordinates"][0])
AREA, LINE = GeofenceKind.AREA, GeofenceKind.LINE
PLANE = SectorPlane(*ORIGIN)


def check(kind, drawn, directions, sector):
    return shapes.check(kind, drawn, directions, sector, PLANE)


def area(*rings):
    return READ({"type": "Polygon", "coordinates": list(rings)})


def line(*points):
    return READ({"type": "LineString", "coordinates": list(points)})


def circle(east_m, north_m, radius_m):
    at = lon_lat(east_m, north_m)
    return READ({"type": "Circle", "coordinates": at, "radius_m": radius_m})


def corridor(left_m, right_m, *points):
    widths = {"left_m": left_m, "right_m": right_m}
    return READ({"type": "Corridor", "coordinates": list(points), **widths})


def swap(points):
    return [[lat, lon] for lon, lat in points]


def test_a_square_with_a_hole_and_a_bent_line_are_taken():
    shape, directions = check(AREA, area(ring(0, 0, 400), ring(0, 0, 100)), None, HOME)
    assert len(shape.interiors) == 1 and directions is None
    bent = line(lon_lat(0, 0), lon_lat(100, 0), lon_lat(100, 100))
    assert check(LINE, bent, None, HOME)[1] == [Direction.BOTH] * 2
    told = [Direction.LEFT_TO_RIGHT, Direction.BOTH]
    assert check(LINE, bent, told, HOME)[1] == told


BOW = [lon_lat(0, 0), lon_lat(100, 100), lon_lat(100, 0), lon_lat(0, 100), lon_lat(0, 0)]


@pytest.mark.parametrize(
    ("kind", "drawn", "directions", "reason"),
    [
        (LINE, area(ring(0, 0, 400)), None, "wrong_type"),
        (AREA, line(lon_lat(0, 0), lon_lat(9, 9)), None, "wrong_type"),
        (AREA, area(ring(0, 0, 400)[:-1]), None, "ring_open"),
        (AREA, area(ring(0, 0, 400)[:3]), None, "too_few_points"),
        (AREA, area([lon_lat(0, 0)] * 5), None, "too_few_points"),
        (AREA, area(), None, "too_few_points"),
        (AREA, area(BOW), None, "self_intersection"),
        (AREA, area(ring(0, 0, 400), ring(900, 0, 100)), None, "hole_outside"),
        (AREA, area(ring(0, 0, 400)), [Direction.BOTH], "directions_mismatch"),
        (
            AREA,
            area([[24.0, 50.0], [24.1, 50.0], [200.0, 50.1], [24.0, 50.0]]),
            None,
            "out_of_range",
        ),
        (LINE, circle(0, 0, 50), None, "wrong_type"),
        (AREA, circle(0, 0, 50), [Direction.BOTH], "directions_mismatch"),
        (AREA, corridor(0, 0, lon_lat(0, 0), lon_lat(9, 9)), None, "width_missing"),
        (AREA, corridor(9, 0, lon_lat(0, 0)), None, "too_few_points"),
        (AREA, corridor(9, 0, *BOW[:4]), None, "self_intersection"),
        (LINE, line(lon_lat(0, 0)), None, "too_few_points"),
        (LINE, line(lon_lat(0, 0), lon_lat(0, 0)), None, "repeated_point"),
        (LINE, line(*BOW[:4]), None, "self_intersection"),
        (LINE, line(lon_lat(0, 0), lon_lat(9, 9)), [Direction.BOTH] * 2, "directions_mismatch"),
        (LINE, line(*(lon_lat(i, 0) for i in range(2001))), None, "too_many_points"),
    ],
)
def test_each_defect_has_its_reason(kind, drawn, directions, reason):
    with pytest.raises(GeofenceInvalid) as refused:
        check(kind, drawn, directions, HOME)
    assert refused.value.params["reason"] == reason


def test_a_self_intersection_is_refused_with_its_place():
    with pytest.raises(GeofenceInvalid) as refused:
        check(AREA, area(BOW), None, HOME)
    assert refused.value.params["at"] == pytest.approx(lon_lat(50, 50), abs=1e-6)


@pytest.mark.parametrize("radius_m", [0, -1, 50_001, math.nan])
def test_a_circle_has_a_radius(radius_m):
    with pytest.raises(ValidationError):
        circle(0, 0, radius_m)


def test_circles_and_corridors_are_outlined_in_the_sectors_plane():
    shape, _ = check(AREA, circle(300, 400, 100), None, HOME)
    xy = np.column_stack(PLANE.to_plane(*np.array(shape.exterior.coords).T))
    middle = np.column_stack(PLANE.to_plane(*lon_lat(300, 400)))
    assert np.allclose(np.hypot(*(xy - middle).T), 100, atol=1e-4)
    shape, _ = check(AREA, corridor(30, 0, lon_lat(0, 0), lon_lat(200, 0)), None, HOME)
    west, south, east, north = shape.bounds
    assert [west, south] == pytest.approx(lon_lat(0, 0), abs=1e-6)
    assert [east, north] == pytest.approx(lon_lat(200, 30), abs=1e-6)


def test_far_away_is_refused_and_a_swap_is_guessed():
    with pytest.raises(GeofenceOutsideSector) as refused:
        check(AREA, area(swap(ring(0, 0, 400))), None, HOME)
    assert refused.value.params == {"swapped": True}
    with pytest.raises(GeofenceOutsideSector) as refused:
        check(AREA, area(ring(90_000, 0, 400)), None, HOME)
    assert refused.value.params == {"swapped": False}
    # A place where exchanging the two leaves the range of latitudes.
    east = Polygon([(120, 40), (121, 40), (121, 41), (120, 41)])
    with pytest.raises(GeofenceInvalid) as refused:
        check(LINE, line([40.5, 120.2], [40.6, 120.3]), None, east)
    assert refused.value.params == {"reason": "out_of_range", "swapped": True}


@pytest.mark.parametrize("bad", [math.nan, math.inf, "24", None, [1]])
def test_only_finite_numbers_are_coordinates(bad):
    with pytest.raises(ValidationError):
        line([bad, 50.0], lon_lat(0, 0))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.lists(st.floats(-200, 200), min_size=2, max_size=2), min_size=0, max_size=8),
    st.booleans(),
)
def test_anything_drawn_is_taken_or_refused_with_a_code(points, closed):
    ends = points[:1] if closed else []
    for kind, drawn in ((AREA, area(points + ends)), (LINE, line(*points))):
        try:
            shape, _ = check(kind, drawn, None, HOME)
        except (GeofenceInvalid, GeofenceOutsideSector):
            continue
        assert shape.is_valid and shape.intersects(HOME)
