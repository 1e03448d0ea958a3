"""Standing beside lines and cutting them, by table and against shapely."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import line
from watchline.geofences.crossing import stand
from watchline.geofences.index import compile_index
from watchline.geofences.predicates import cuts

#: Up, then to the right: right of the first segment and below the second is the inner corner.
HOOK = [(0, 0), (0, 100), (100, 100)]


def stand_at(
    points: list, x: float, y: float, covariance: tuple = (1.0, 0.0, 1.0)
) -> tuple[float, float]:
    grid = compile_index([line(points)]).line_grid
    return stand(grid.edges, grid.listed, 0, len(grid.edges), float(x), float(y), *covariance)


@pytest.mark.parametrize(
    ("x", "y", "z"),
    [
        (-5, 50, 5),  # left of the first segment
        (5, 50, -5),  # right of it
        (50, 107, 7),  # left of the second
        (50, 97, -3),  # right of it
        (-3, 104, 5),  # the vertex is nearest: outside of the bend is left
        (-30, 101, math.hypot(30, 1)),
        (-1, 130, math.hypot(1, 30)),
        (2, -10, -math.hypot(2, 10)),  # beyond the start: the side of the first segment
        (-2, -10, math.hypot(2, 10)),
        (120, 99, -math.hypot(20, 1)),  # beyond the end
        (0, 50, 0),  # on it
        (0, 100, 0),
    ],
)
def test_z_is_signed_distance_at_unit_variance(x: float, y: float, z: float) -> None:
    found, distance = stand_at(HOOK, x, y)
    assert found == pytest.approx(z, abs=1e-9)
    assert distance == pytest.approx(abs(z), abs=1e-9)


def test_a_sharp_bend_has_an_inside() -> None:
    """A needle pointing east; beyond its tip is the left side, all round."""
    needle = [(0, 0), (100, 1), (0, 2)]
    for x, y in [(101, 1), (100.5, 2), (100.5, 0), (50, -3), (50, 9)]:
        assert stand_at(needle, x, y)[0] < 0, (x, y)
    assert stand_at(needle, 40, 1)[0] > 0


def test_only_the_variance_across_counts() -> None:
    along, across = 400.0, 4.0
    straight = [(0, 0), (0, 1000)]
    assert stand_at(straight, 6, 500, (across, 0.0, along))[0] == pytest.approx(-3.0)
    turned = math.pi / 6
    c, s = math.cos(turned), math.sin(turned)
    var_x, var_y = along * s * s + across * c * c, along * c * c + across * s * s
    covariance = (var_x, (along - across) * s * c, var_y)
    # The same picture turned to the right by 30 degrees.
    x, y = 6 * c + 500 * s, -6 * s + 500 * c
    assert stand_at([(0, 0), (1000 * s, 1000 * c)], x, y, covariance)[0] == pytest.approx(-3.0)


def some_lines(rng: np.random.Generator, n: int) -> list:
    made = []
    for k in range(n):
        steps = rng.normal(0, 10.0 ** rng.uniform(0, 3), (rng.integers(1, 12), 2))
        points = np.vstack([[0, 0], np.cumsum(steps, axis=0)]) + rng.uniform(-500, 500, 2)
        made.append(line(points, id=str(k)))
    return made


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30))
def test_same_cuts_as_shapely(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    index = compile_index(some_lines(rng, n))
    x, y = rng.uniform(-800, 800, (2, 200))
    step = 10.0 ** rng.uniform(-1, 3.5, 200)
    turn = rng.uniform(0, 2 * np.pi, 200)
    to_x, to_y = x + step * np.cos(turn), y + step * np.sin(turn)
    start, found = index.lines_cut(x, y, to_x, to_y)
    point = np.repeat(np.arange(200), np.diff(start))
    tree = shapely.STRtree([shapely.LineString(made.rings[0]) for made in index.lines])
    ends = np.stack([np.column_stack([x, y]), np.column_stack([to_x, to_y])], axis=1)
    expected = tree.query(shapely.linestrings(ends), predicate="intersects")
    assert set(zip(point, found, strict=True)) == set(zip(*expected, strict=True))


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=12),
    x=st.integers(-3, 3),
)
def test_a_way_there_and_back_cuts_an_endless_line_evenly(
    points: list[tuple[int, int]], x: int
) -> None:
    """On whole numbers, along the line, through it and on it."""
    way = [*points, points[0]]
    n = sum(cuts(float(x), -9.0, float(x), 9.0, *map(float, (*a, *b))) for a, b in pairwise(way))
    assert n % 2 == 0
