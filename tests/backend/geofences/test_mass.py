"""The Gaussian mass of polygons against closed forms and plain numerical integration."""

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.special import ndtr

from judging import SQUARE, area, star
from watchline.geofences.index import compile_index
from watchline.geofences.mass import mass_of

PHI = NormalDist().cdf


def mass(rings: list, x: float, y: float, var_x: float, cov: float, var_y: float) -> float:
    """Through the compiled index's edges, which run the right way round."""
    edges = compile_index([area(*rings)]).area_grid.edges
    return mass_of(edges, x, y, var_x, cov, var_y)


def integrated(rings: list, x: float, y: float, var_x: float, cov: float, var_y: float) -> float:
    """The same by Gauss-Legendre over x of the normal mass between the edges above x."""
    edges = np.vstack([np.hstack([r[:-1], r[1:]]) for r in map(np.asarray, rings)])
    sigma = math.sqrt(var_x)
    rest = math.sqrt(var_y - cov * cov / var_x)
    breaks = np.unique(
        np.clip(np.append(edges[:, 0], x + sigma * np.arange(-9, 10)), x - 9 * sigma, x + 9 * sigma)
    )
    nodes, weights = np.polynomial.legendre.leggauss(160)
    total = 0.0
    for low, high in pairwise(breaks):
        at = (low + high) / 2 + (high - low) / 2 * nodes
        for u, weight in zip(at, weights * (high - low) / 2, strict=True):
            spans = (edges[:, 0] <= u) != (edges[:, 2] <= u)
            ax, ay, bx, by = edges[spans].T
            heights = np.sort(ay + (u - ax) * (by - ay) / (bx - ax))
            z = (heights - y - cov / var_x * (u - x)) / rest
            inside = (ndtr(z[1::2]) - ndtr(z[::2])).sum()
            total += weight * inside * math.exp(-0.5 * ((u - x) / sigma) ** 2) / sigma
    return total / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("sigma_x", [0.5, 10.0, 80.0, 3000.0])
@pytest.mark.parametrize("sigma_y", [1.0, 35.0, 700.0])
def test_rectangle_has_its_closed_form(sigma_x: float, sigma_y: float) -> None:
    for x in (-300.0, -20.0, 0.0, 0.01, 50.0, 99.0, 101.5, 250.0):
        for y in (-1000.0, -3.0, 50.0, 100.0, 140.0):
            expected = (PHI((100 - x) / sigma_x) - PHI(-x / sigma_x)) * (
                PHI((100 - y) / sigma_y) - PHI(-y / sigma_y)
            )
            found = mass([SQUARE], x, y, sigma_x**2, 0.0, sigma_y**2)
            assert found == pytest.approx(expected, abs=2e-5)


def test_tiny_area_keeps_its_relative_accuracy() -> None:
    sigma = 1000.0
    expected = (2 * PHI(0.05 / sigma) - 1) ** 2
    found = mass([np.array(SQUARE) / 1000 - 0.05], 0.0, 0.0, sigma**2, 0.0, sigma**2)
    assert found == pytest.approx(expected, rel=1e-3)


def test_against_dblquad() -> None:
    triangle = ((0, 0), (60, 0), (0, 45), (0, 0))
    x, y, var_x, cov, var_y = 12.0, 20.0, 400.0, -150.0, 225.0
    det = var_x * var_y - cov * cov

    def density(v: float, u: float) -> float:
        du, dv = u - x, v - y
        q = (var_y * du * du - 2 * cov * du * dv + var_x * dv * dv) / det
        return math.exp(-0.5 * q) / (2 * math.pi * math.sqrt(det))

    expected, _ = dblquad(density, 0, 60, 0, lambda u: 45 * (1 - u / 60))
    assert mass([triangle], x, y, var_x, cov, var_y) == pytest.approx(expected, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    hole=st.booleans(),
    long=st.floats(0.1, 400.0),
    ratio=st.floats(0.03, 1.0),
    turn=st.floats(0.0, math.pi),
)
def test_any_area_under_any_ellipse(
    seed: int, hole: bool, long: float, ratio: float, turn: float
) -> None:
    rng = np.random.default_rng(seed)
    rings = star(rng, hole=hole)
    x, y = rings[0][:-1].mean(axis=0) + rng.normal(0, 80, 2)
    axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    c = axes @ np.diag([long**2, (long * ratio) ** 2]) @ axes.T
    found = mass(rings, x, y, c[0, 0], c[0, 1], c[1, 1])
    assert found == pytest.approx(integrated(rings, x, y, c[0, 0], c[0, 1], c[1, 1]), abs=1e-4)


@pytest.mark.parametrize(
    ("x", "y", "p"),
    [(0, 50, 0.5), (50, 100, 0.5), (100, 1, 0.5), (0, 0, 0.25), (100, 100, 0.25), (0, 100, 0.25)],
)
def test_on_an_edge_half_in_a_corner_a_quarter(x: float, y: float, p: float) -> None:
    assert mass([SQUARE], x, y, 1e-2, 0.0, 1e-2) == pytest.approx(p, abs=1e-4)


@pytest.mark.parametrize("cov", [100.0, -100.0, 99.999999])
def test_degenerate_covariance_is_clamped(cov: float) -> None:
    """All on one diagonal: half of it lies beyond the corner it starts from."""
    found = mass([SQUARE], 0.0, 0.0, 100.0, cov, 100.0)
    assert found == pytest.approx(0.5 if cov > 0 else 0.0, abs=1e-2)
    assert mass([SQUARE], 50.0, 50.0, 0.0, 0.0, 0.0) == 1.0
    assert mass([SQUARE], 150.0, 50.0, 0.0, 0.0, 0.0) == 0.0
