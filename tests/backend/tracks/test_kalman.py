"""The filter is the textbook's, and its covariance stays one."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba import njit

from watchline.tracks.kalman import FLOOR_M2, distance, predict, update, update_velocity

PLACE = np.array([4, 5, 7, 8, 5, 6, 9, 10, 7, 9, 11, 12, 8, 10, 12, 13])


@njit
def _predict(w, dt, noise):  # type: ignore[no-untyped-def]
    predict(w, dt, noise)


@njit
def _update(w, zx, zy, rxx, rxy, ryy):  # type: ignore[no-untyped-def]
    update(w, zx, zy, rxx, rxy, ryy)


@njit
def _update_velocity(w, vx, vy, var, gate):  # type: ignore[no-untyped-def]
    update_velocity(w, vx, vy, var, gate)


@njit
def _distance(a, b, s):  # type: ignore[no-untyped-def]
    return distance(a, b, s)


def unpacked(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return w[:4].copy(), w[PLACE].reshape(4, 4)


def packed(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    w = np.zeros(14)
    w[:4] = x
    w[PLACE] = p.ravel()
    return w


def random_state(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    root = rng.normal(size=(4, 4)) * np.array([[10], [10], [2], [2]])
    return rng.normal(0, 50, 4), root @ root.T + 0.01 * np.eye(4)


def gain_update(
    x: np.ndarray, p: np.ndarray, h: np.ndarray, z: np.ndarray, r: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    s = h @ p @ h.T + r
    k = p @ h.T @ np.linalg.inv(s)
    left = np.eye(4) - k @ h
    return x + k @ (z - h @ x), left @ p @ left.T + k @ r @ k.T


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.floats(-0.05, 30.0))
def test_it_is_the_textbook_filter(seed: int, dt: float) -> None:
    rng = np.random.default_rng(seed)
    x, p = random_state(rng)
    w = packed(x, p)
    f = np.eye(4) + dt * np.eye(4, k=2)
    q = 0.7 if dt > 0 else 0.0
    one = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x, p = f @ x, f @ p @ f.T + np.kron(one, np.eye(2))
    _predict(w, dt, 0.7)
    np.testing.assert_allclose(unpacked(w)[0], x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(unpacked(w)[1], p, rtol=1e-9, atol=1e-7)

    root = rng.normal(size=(2, 2)) * 5
    r = root @ root.T + 0.1 * np.eye(2)
    z = x[:2] + rng.normal(0, 5, 2)
    x, p = gain_update(x, p, np.eye(2, 4), z, r)
    _update(w, *z, r[0, 0], r[0, 1], r[1, 1])
    np.testing.assert_allclose(unpacked(w)[0], x, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(unpacked(w)[1], p, rtol=1e-6, atol=1e-7)

    z = x[2:] + rng.normal(0, 1, 2)
    x, p = gain_update(x, p, np.eye(2, 4, k=2), z, 0.25 * np.eye(2))
    _update_velocity(w, *z, 0.25, np.inf)
    np.testing.assert_allclose(unpacked(w)[0], x, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(unpacked(w)[1], p, rtol=1e-6, atol=1e-7)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.001, 0.04, 1.0, 4.0, 59.0]),
            st.floats(-2.0, 5.0),  # log10 of one sigma, m
            st.floats(-2.0, 5.0),
            st.floats(0.0, np.pi),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    ),
)
def test_the_covariance_stays_positive_definite(
    seed: int, steps: list[tuple[float, float, float, float, bool]]
) -> None:
    """From a first plot through any plots: a centimetre, 100 km, thin as a needle."""
    rng = np.random.default_rng(seed)
    w = packed(np.zeros(4), np.diag([25.0, 25.0, 400.0, 400.0]))
    for dt, a, b, angle, velocity in steps:
        _predict(w, dt, 0.5)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        r = turn @ np.diag([10.0 ** (2 * a), 10.0 ** (2 * b)]) @ turn.T + FLOOR_M2 * np.eye(2)
        assume(r[0, 1] ** 2 < r[0, 0] * r[1, 1])
        _update(w, *rng.normal(0, 100, 2), r[0, 0], r[0, 1], r[1, 1])
        if velocity:
            _update_velocity(w, *rng.normal(0, 5, 2), 0.05**2, np.inf)
        x, p = unpacked(w)
        assert np.isfinite(x).all()
        scale = 1 / np.sqrt(np.diag(p))
        assert np.linalg.eigvalsh(p * np.outer(scale, scale)).min() > 0


def test_a_velocity_outside_the_gate_is_ignored() -> None:
    w = packed(np.zeros(4), np.eye(4))
    before = w.copy()
    _update_velocity(w, 30.0, 0.0, 0.25, 18.4)
    np.testing.assert_array_equal(w, before)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_the_distance_of_two_states(seed: int) -> None:
    rng = np.random.default_rng(seed)
    (x, p), (y, q) = random_state(rng), random_state(rng)
    expected = (x - y) @ np.linalg.solve(p + q, x - y)
    d2 = _distance(packed(x, p), packed(y, q), np.empty((4, 5)))
    np.testing.assert_allclose(d2, expected, rtol=1e-6)
    assert _distance(packed(x, -p), packed(y, -q), np.empty((4, 5))) == np.inf
