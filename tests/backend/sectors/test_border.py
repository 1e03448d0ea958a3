"""Chainage, side and pillar of places; MGRS against published values."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from watchline.sectors.border import Border, along, chainages
from watchline.sectors.place import mgrs_of

BENT = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 200.0]])


def border(xy=BENT, first=1000.0, pillars=(("221", 1000.0), ("222", 1150.0), ("223", 1300.0))):
    return Border(
        xy=xy,
        chainage_m=first + chainages(xy, []),
        pillars=tuple(name for name, _ in pillars),
        pillar_chainage_m=np.array([at for _, at in pillars]),
    )


@pytest.mark.parametrize(
    ("x", "y", "chainage", "offset", "pillar", "past"),
    [
        (30, 5, 1030, 5, "221", 30),
        (30, -5, 1030, -5, "221", 30),
        (90, 100, 1200, 10, "222", 50),
        (130, 100, 1200, -30, "222", 50),
        (90, 20, 1120, 10, "222", -30),
        (103, -4, 1100, -5, "222", -50),  # at the corner, outside of the bend
        (-30, 40, 1000, 50, "221", 0),  # before the beginning
        (100, 240, 1300, 0, "223", 0),
    ],
)
def test_a_place_along_the_line(x, y, chainage, offset, pillar, past):
    found = along(border(), x, y)
    assert found.chainage_m == pytest.approx(chainage)
    assert abs(found.offset_m) == pytest.approx(abs(offset) if offset else 40)
    assert (found.pillar, found.past_pillar_m) == (pillar, pytest.approx(past))
    if offset:
        assert (found.offset_m > 0) == (offset > 0)


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(1, 1e3)), min_size=2, max_size=30),
    st.floats(-2e4, 2e4),
    st.floats(-2e4, 2e4),
)
def test_it_is_the_projection_that_shapely_finds(steps, x, y):
    xy = np.column_stack([np.cumsum([step for _, step in steps]), [north for north, _ in steps]])
    line, point = shapely.LineString(xy), shapely.Point(x, y)
    found = along(border(xy, 0.0, ()), x, y)
    assert abs(found.offset_m) == pytest.approx(line.distance(point), abs=1e-6)
    there = line.interpolate(found.chainage_m)
    assert there.distance(point) == pytest.approx(line.distance(point), abs=1e-5)
    assert found.pillar is None and found.past_pillar_m is None


def test_known_chainages_are_shared_out_between_and_go_on_beyond():
    xy = np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0], [200.0, 0.0]])
    assert chainages(xy, [(50.0, 500.0), (100.0, 560.0)]).tolist() == [450, 500, 560, 660]


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (0.0, 0.0, "31NAA6602100000"),
        (-77.03524, 38.88948, "18SUJ2348306479"),  # the Washington Monument
        (5.32, 60.39, "32VKM"),  # the zones of Norway and of Svalbard are wider
        (8.0, 78.0, "31XFG"),
    ],
)
def test_mgrs_is_the_published_one(lon, lat, expected):
    found = mgrs_of(lon, lat)
    assert found[:3] == expected[:3]
    if len(expected) == 15:
        assert found[3:5] == expected[3:5]
        for part in (slice(5, 10), slice(10, 15)):
            assert abs(int(found[part]) - int(expected[part])) <= 10


@settings(deadline=None)
@given(st.floats(12.0, 35.9), st.floats(0.0, 55.9))
def test_mgrs_has_the_digits_of_utm(lon, lat):
    zone = int((lon + 180) // 6) + 1
    east, north = Transformer.from_crs(4326, 32600 + zone, always_xy=True).transform(lon, lat)
    found = mgrs_of(lon, lat)
    assert found[:2] == f"{zone:02}"
    for digits, metres in ((found[5:10], east), (found[10:], north)):
        off = (int(digits) - metres) % 100_000  # cut or rounded, it is within a metre
        assert min(off, 100_000 - off) <= 1.0
