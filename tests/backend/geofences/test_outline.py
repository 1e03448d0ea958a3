"""Circles and corridors against distance itself."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.geofences.outline import CHORD_M, circle, corridor


@given(st.floats(1e-2, 50_000), st.floats(-1e5, 1e5))
def test_a_circle_is_off_by_a_chord_at_most(radius, x):
    xy = np.array(circle(x, -x, radius).exterior.coords) - [x, -x]
    middle = np.hypot(*((xy[1:] + xy[:-1]) / 2).T)
    assert np.allclose(np.hypot(*xy.T), radius)
    assert (radius - middle <= min(CHORD_M, 0.005 * radius) + 1e-9).all()


def bent(turns, steps):
    heading = np.cumsum([0.3, *turns])
    way = np.array(steps)[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
    return np.vstack([[0.0, 0.0], np.cumsum(way, axis=0)])


@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=6),
    step=st.floats(200, 800),
    left=st.sampled_from([0.0, 20.0, 75.0]),
    right=st.sampled_from([0.0, 20.0, 75.0]),
    seed=st.integers(0, 2**31),
)
def test_a_corridor_holds_what_is_near_enough_on_the_side_in_question(
    turns, step, left, right, seed
):
    """Judged by the nearest segment; places beside a corner or an end belong to neither side."""
    path = bent(turns, [step] * (len(turns) + 1))
    if left == right == 0.0:
        left = 20.0
    band = corridor(path, left, right)
    if not shapely.LineString(path).is_simple or _comes_back(path, 170.0):
        return  # then the nearest segment does not tell
    assert isinstance(band, shapely.Polygon) and band.is_valid
    rng = np.random.default_rng(seed)
    for a, b in pairwise(path):
        along, ahead = rng.uniform(0.25, 0.75, 40), b - a
        normal = np.array([-ahead[1], ahead[0]]) / math.hypot(*ahead)
        off = rng.uniform(-100, 100, 40)
        points = a + along[:, None] * ahead + off[:, None] * normal
        inside = shapely.contains_xy(band, *points.T)
        width = np.where(off > 0, left, right)
        assert inside[np.abs(off) < width - CHORD_M].all()
        assert not inside[np.abs(off) > width + 1e-6].any()


def _comes_back(path, reach):
    """Whether segments that are no neighbours come within reach of each other."""
    lines = [shapely.LineString(path[k : k + 2]) for k in range(len(path) - 1)]
    return any(
        lines[i].distance(lines[k]) < reach
        for i in range(len(lines))
        for k in range(i + 2, len(lines))
    )


@pytest.mark.parametrize(("left", "right", "area"), [(10, 0, 1000), (0, 10, 1000), (10, 10, 2000)])
def test_a_straight_corridor_is_a_rectangle(left, right, area):
    assert corridor(np.array([[0, 0], [100, 0]]), left, right).area == pytest.approx(area)
