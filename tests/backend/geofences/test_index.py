"""The index against shapely (who is inside) and the plain sum over all edges (how likely)."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import SQUARE, area, line, polygon, star
from watchline.errors import GeofenceInvalid
from watchline.geofences.check import check
from watchline.geofences.index import GeofenceIndex, compile_index
from watchline.geofences.mass import mass_of
from watchline.geofences.model import Direction, Geofence


def some_areas(rng: np.random.Generator, n: int) -> list[Geofence]:
    sizes = 10.0 ** rng.uniform(0.5, 3.5, n)
    return [area(*star(rng, hole=k % 3 == 0, size=size), id=str(k)) for k, size in enumerate(sizes)]


def pairs(start: np.ndarray, area: np.ndarray) -> set[tuple[int, int]]:
    point = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return set(zip(point.tolist(), area.tolist(), strict=True))


def by_shapely(index: GeofenceIndex, x: np.ndarray, y: np.ndarray) -> set[tuple[int, int]]:
    tree = shapely.STRtree([polygon(a) for a in index.areas])
    found = tree.query(shapely.points(x, y), predicate="intersects")
    return set(zip(*(row.tolist() for row in found), strict=True))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40))
def test_same_pairs_as_shapely(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    index = compile_index(some_areas(rng, n))
    scale = 10.0 ** rng.uniform(1, 4, 300)
    x, y = rng.normal(0, scale), rng.normal(0, scale)
    expected = by_shapely(index, x, y)
    assert pairs(*index.inside(x, y)) == expected
    sure = index.probabilities(x, y, *(np.full(300, v) for v in (1e-12, 0.0, 1e-12)))
    assert pairs(sure.start, sure.area) == expected
    assert np.allclose(sure.p, 1.0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30))
def test_probability_is_the_sum_over_all_edges(seed: int, n: int) -> None:
    """Whatever level of the grid answers."""
    rng = np.random.default_rng(seed)
    index = compile_index(some_areas(rng, n))
    m = 60
    x, y = rng.normal(0, 800, (2, m)).round(rng.integers(-2, 3))
    sx, sy = 10.0 ** rng.uniform(-2, 4, (2, m))
    cov = rng.uniform(-0.95, 0.95, m) * sx * sy
    found = index.probabilities(x, y, sx**2, cov, sy**2)
    dense = np.zeros((m, n))
    point = np.repeat(np.arange(m), np.diff(found.start))
    dense[point, found.area] = found.p
    start = index.area_grid.owner_start
    for k in range(n):
        edges = index.area_grid.edges[start[k] : start[k + 1]]
        expected = [mass_of(edges, *args) for args in zip(x, y, sx**2, cov, sy**2, strict=True)]
        assert np.allclose(dense[:, k], expected, atol=1e-5)


def test_tiles_share_every_point_out() -> None:
    """Drawn on round numbers, asked on round numbers: the worst place for rounding."""
    tiles = [
        area(np.array(SQUARE) / 10 + (10 * column, 10 * row), id=f"{column} {row}")
        for column in range(12)
        for row in range(12)
    ]
    index = compile_index(tiles)
    x, y = (v.ravel() for v in np.meshgrid(np.arange(5.0, 115.5, 2.5), np.arange(5.0, 115.5, 2.5)))
    start, _ = index.inside(x, y)
    assert (np.diff(start) == 1).all()
    for sigma in (1e-3, 0.3, 0.9):
        v = np.full(len(x), sigma**2)
        found = index.probabilities(x, y, v, 0.3 * v, v)
        total = np.add.reduceat(found.p, found.start[:-1])
        assert np.allclose(total, 1.0, atol=1e-4)


def test_many_points_are_asked_in_another_order_and_answered_in_theirs() -> None:
    rng = np.random.default_rng(3)
    index = compile_index([*some_areas(rng, 25), line([(-900, 0), (0, 30), (900, 0)])])
    x, y, to_x, to_y = rng.normal(0, 1500, (4, 6000))
    v = np.full(6000, 400.0)
    start, found = index.inside(x, y)
    p = index.probabilities(x, y, v, 0 * v, v)
    cut, by = index.lines_cut(x, y, to_x, to_y)
    for low in range(0, 6000, 1000):
        part = slice(low, low + 1000)
        assert (found[start[low] : start[low + 1000]] == index.inside(x[part], y[part])[1]).all()
        few = index.probabilities(x[part], y[part], v[part], 0 * v[part], v[part])
        assert (p.area[p.start[low] : p.start[low + 1000]] == few.area).all()
        assert (p.p[p.start[low] : p.start[low + 1000]] == few.p).all()
        some = index.lines_cut(x[part], y[part], to_x[part], to_y[part])
        assert (by[cut[low] : cut[low + 1000]] == some[1]).all()


def test_points_that_are_nowhere_concern_nothing() -> None:
    index = compile_index([area(SQUARE)])
    x = np.array([np.nan, np.inf, 50.0, 50.0, 1e9, 50.0])
    v = np.array([1.0, 1.0, np.nan, 1.0, 1.0, np.inf])
    found = index.probabilities(x, np.full(6, 50.0), v, 0 * np.ones(6), np.ones(6))
    assert np.diff(found.start).tolist() == [0, 0, 0, 1, 0, 0]
    nothing = compile_index([])
    assert len(nothing.probabilities(x, x, x, x, x).p) == 0
    assert len(nothing.lines_cut(x, x, x, x)[1]) == 0


def test_large_areas_over_each_other_stay_within_bounds() -> None:
    rng = np.random.default_rng(1)
    wide = [area(*star(rng, size=40_000.0), id=str(k)) for k in range(150)]
    fine = [area(*star(rng, size=20.0), id=f"f{k}") for k in range(50)]
    grid = compile_index(wide + fine).area_grid
    assert grid.entries.nbytes + grid.cells.nbytes + grid.listed.nbytes < 400e6


def test_deepest_point() -> None:
    ell = ((0, 0), (300, 0), (300, 60), (100, 60), (100, 400), (0, 400), (0, 0))
    corridor = ((0, 0), (10_000, 7_000), (10_000, 7_012), (0, 12), (0, 0))
    found = compile_index([area(ell, id="a"), area(corridor, id="b")]).deepest
    # The circle in the corner of the L touches both outer walls and the inner corner.
    assert found[0, 2] == pytest.approx(100 + 60 - np.sqrt(2 * 100 * 60), rel=0.03)
    assert found[1, 2] == pytest.approx(6 * 10_000 / np.hypot(10_000, 7_000), rel=0.1)


def bow() -> Geofence:
    return area(((0, 0), (10, 10), (10, 0), (0, 10), (0, 0)))


@pytest.mark.parametrize(
    ("geofence", "reason"),
    [
        (area(((0, 0), (1, 0), (0, 0))), "ring_too_short"),
        (area(((0, 0), (9, 0), (9, 9), (0, 9))), "ring_not_closed"),
        (area(((0, 0), (9, 0), (9, np.nan), (0, 9), (0, 0))), "not_finite"),
        (area(((0, 0), (9, 0), (9, 1e8), (0, 9), (0, 0))), "too_large"),
        (area(np.zeros((30_000, 2))), "too_many_vertices"),
        (bow(), "self_intersecting"),
        (area(((0, 0), (5, 0), (9, 0), (0, 0))), None),
        (area(SQUARE, np.array(SQUARE) + 500), "hole_outside"),
        (area(SQUARE, np.array(SQUARE) / 4 + 9, np.array(SQUARE) / 2 + 5), "holes_overlap"),
        (area(np.array(SQUARE) / 1e4), "area_too_small"),
        (area(SQUARE, p_in=0.1, p_out=0.2), "probabilities_invalid"),
        (area(SQUARE, p_in=1.0), "probabilities_invalid"),
        (area(), "ring_too_short"),
        (line([(0, 0)], directions=[Direction.BOTH]), "ring_too_short"),
        (line([(0, 0), (0, 0), (5, 5)]), "segment_too_short"),
        (line([(0, 0), (1, 0), (5, 5)], directions=[Direction.BOTH]), "directions_mismatch"),
    ],
)
def test_what_cannot_be_judged_is_refused(geofence: Geofence, reason: str | None) -> None:
    with pytest.raises(GeofenceInvalid) as refused:
        compile_index([geofence])
    assert refused.value.code == "geofence.invalid"
    assert refused.value.params["id"] == geofence.id
    if reason is not None:
        assert refused.value.params["reason"] == reason
    with pytest.raises(GeofenceInvalid):
        check(geofence)


def test_two_of_one_id_are_refused() -> None:
    with pytest.raises(GeofenceInvalid) as refused:
        compile_index([area(SQUARE), area(SQUARE)])
    assert refused.value.params["reason"] == "id_twice"
