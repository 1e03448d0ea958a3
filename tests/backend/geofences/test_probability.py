"""The compiled index's probabilities against drawing lots, on areas of every build.

Lots are drawn from the ellipse and counted where they fall inside (shapely): the answer is right
to 0.02 where the standard error of the count is an eighth of that.
"""

import math
import os

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from judging import area, band, polygon, star
from watchline.geofences.index import compile_index

CASES = 400 if "WATCHLINE_TORTURE" in os.environ else 15
LOTS = 40_000
ELLIPSES = 6


def convex(rng: np.random.Generator) -> list[NDArray]:
    hull = shapely.MultiPoint(rng.normal(0, 80, (rng.integers(5, 20), 2))).convex_hull
    return [np.array(hull.exterior.coords)]


def concave(rng: np.random.Generator) -> list[NDArray]:
    return star(rng)


def holed(rng: np.random.Generator) -> list[NDArray]:
    return star(rng, hole=True)


def tiny(rng: np.random.Generator) -> list[NDArray]:
    """Half a metre to three."""
    return star(rng, size=10.0 ** rng.uniform(-0.3, 0.5))


def narrow(rng: np.random.Generator) -> list[NDArray]:
    """A slanted strip, up to a thousand times as long as it is wide; or a bent corridor."""
    if rng.random() < 0.3:
        return band(rng, size=300.0)
    length, width, turn = 10.0 ** rng.uniform(1.5, 3), rng.uniform(1, 10), rng.uniform(0, np.pi)
    box = np.array([(0, 0), (length, 0), (length, width), (0, width), (0, 0)])
    c, s = math.cos(turn), math.sin(turn)
    return [box @ np.array([[c, s], [-s, c]]) + rng.uniform(-200, 200, 2)]


@pytest.mark.parametrize("build", [convex, concave, holed, tiny, narrow])
@settings(max_examples=CASES, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_within_a_fiftieth_of_the_lots(build, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fence = area(*build(rng))
    shape, index = polygon(fence), compile_index([fence])
    shapely.prepare(shape)
    size = math.sqrt(shape.area)
    for _ in range(ELLIPSES):
        # The longer half-axis from a tenth of the area to ten of it, up to thirty times the other.
        long = size * 10.0 ** rng.uniform(-1, 1)
        across, turn = long / 10.0 ** rng.uniform(0, 1.5), rng.uniform(0, np.pi)
        axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        near = shape.exterior.interpolate(rng.random(), normalized=True)
        x, y = np.array(near.coords[0]) + axes @ (rng.normal(0, 0.7, 2) * (long, across))
        c = axes @ np.diag([long**2, across**2]) @ axes.T
        found = index.probabilities(*(np.array([v]) for v in (x, y, c[0, 0], c[0, 1], c[1, 1])))
        lots = (x, y) + (rng.normal(0, 1, (LOTS, 2)) * (long, across)) @ axes.T
        drawn = shapely.contains_xy(shape, lots[:, 0], lots[:, 1]).mean()
        assert abs((found.p.item() if len(found.p) else 0.0) - drawn) <= 0.02
