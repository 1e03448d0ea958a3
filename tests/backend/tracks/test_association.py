"""The assignment is the cheapest there is."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.optimize import linear_sum_assignment

from watchline.tracks.association import assign, desk


@njit
def _assign(rows, columns, starts, column, cost, column_of, space):  # type: ignore[no-untyped-def]
    assign(rows, columns, starts, column, cost, column_of, space)


def solve(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """The columns and the total for a dense matrix in which positive costs are no pairs."""
    rows, columns = matrix.shape
    allowed = matrix < 0
    starts = np.concatenate([[0], allowed.sum(axis=1).cumsum()]).astype(np.int32)
    column = np.nonzero(allowed)[1].astype(np.int32)
    out = np.full(rows, -9, np.int32)
    space = desk(rows, columns)
    for _ in range(2):  # the space is ready for the next call
        _assign(rows, columns, starts, column, matrix[allowed], out, space)
    used = out[out >= 0]
    assert len(set(used.tolist())) == len(used)
    chosen = np.flatnonzero(out >= 0)
    assert allowed[chosen, used].all()
    return out, float(matrix[chosen, used].sum())


def cheapest(matrix: np.ndarray) -> float:
    """The same by scipy: a private column of cost 0 for each row stands for leaving it alone."""
    rows, columns = matrix.shape
    wide = np.full((rows, columns + rows), 1e6)
    wide[:, :columns] = np.where(matrix < 0, matrix, 1e6)
    wide[np.arange(rows), columns + np.arange(rows)] = 0.0
    r, c = linear_sum_assignment(wide)
    return float(wide[r, c].sum())


def tried(matrix: np.ndarray) -> float:
    """The same by trying everything."""
    rows, columns = matrix.shape
    best = 0.0
    for choice in itertools.product(range(-1, columns), repeat=rows):
        used = [c for c in choice if c >= 0]
        if len(set(used)) == len(used):
            costs = [matrix[r, c] for r, c in enumerate(choice) if c >= 0]
            if all(cost < 0 for cost in costs):
                best = min(best, sum(costs))
    return best


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3, 0.3]))
def test_tiny_ones_by_trying_everything(seed: int, rows: int, columns: int, wide: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.round(rng.normal(-0.5, wide, (rows, columns)), 1)  # rounded: ties
    assert abs(solve(matrix)[1] - tried(matrix)) < 1e-9
    assert abs(cheapest(matrix) - tried(matrix)) < 1e-9


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    pairs=st.floats(0.02, 1.0),
)
def test_all_sizes_and_densities(seed: int, rows: int, columns: int, pairs: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(-20, 0, (rows, columns))
    matrix[rng.uniform(size=matrix.shape) > pairs] = 1.0
    assert abs(solve(matrix)[1] - cheapest(matrix)) < 1e-7


def test_a_crowd() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.uniform(-20, 0, (400, 380))
    assert abs(solve(matrix)[1] - cheapest(matrix)) < 1e-6


def test_a_plot_that_fits_nothing_is_left_alone() -> None:
    out, total = solve(np.array([[1.0, 1.0], [-3.0, -1.0], [-4.0, 1.0]]))
    assert out.tolist() == [-1, 1, 0] and total == -5.0
