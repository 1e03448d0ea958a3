"""Class evidence grows, fades, and never closes a door."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from watchline.tracks.evidence import LIMIT, absorb, absorb_speed, probabilities, table

PERSON = [0.8, 0.05, 0.05, 0.05, 0.05]
VEHICLE = [0.05, 0.05, 0.8, 0.05, 0.05]
OPEN = [0.0, 0.0, 0.0, 0.0, 0.75]


@njit
def _absorb(evidence, told, memory):  # type: ignore[no-untyped-def]
    absorb(evidence, told, memory)


@njit
def _absorb_speed(evidence, vx, vy, var):  # type: ignore[no-untyped-def]
    absorb_speed(evidence, vx, vy, var)


@njit
def _probabilities(evidence, out):  # type: ignore[no-untyped-def]
    probabilities(evidence, out)


def after(*told: list[float], memory: float = 0.95) -> np.ndarray:
    evidence = np.zeros(5, np.float32)
    for row in told:
        _absorb(evidence, np.array(row, np.float32), memory)
    out = np.zeros(5, np.float32)
    _probabilities(evidence, out)
    np.testing.assert_allclose(table(evidence[None])[0], out, rtol=1e-6)
    return out


def test_no_evidence_is_unknown() -> None:
    nan = [float("nan")] * 5
    assert after().tolist() == [0, 0, 0, 0, 1]
    assert after(nan, [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]).tolist() == [0, 0, 0, 0, 1]


def test_repeated_evidence_convinces() -> None:
    shares = [after(*[PERSON] * n)[0] for n in (1, 2, 4, 8)]
    assert shares == sorted(shares) and 0.5 < shares[0] < 0.8 and shares[-1] > 0.98


def test_a_change_of_mind_takes_a_few_plots() -> None:
    out = after(*[PERSON] * 500, *[VEHICLE] * 6)
    assert out.argmax() == 2


def test_a_blind_plot_takes_nothing_away() -> None:
    nan = [float("nan")] * 5
    np.testing.assert_array_equal(after(PERSON, nan, PERSON), after(PERSON, PERSON))


def test_nobody_on_foot_is_that_fast() -> None:
    for speed_mps, least, most in ((5.0, 0.95, 1.0), (7.5, 0.9, 1.0), (10.0, 0.0, 0.01)):
        evidence, out = np.zeros(5, np.float32), np.zeros(5, np.float32)
        for _ in range(12):
            _absorb(evidence, np.array(PERSON, np.float32), 0.98)
            _absorb_speed(evidence, 0.6 * speed_mps, -0.8 * speed_mps, 1.0)
        _probabilities(evidence, out)
        assert least <= out[0] <= most


def test_what_a_classifier_keeps_leaving_open_is_none_of_our_kinds() -> None:
    assert after(*[OPEN] * 30).tolist() == [0, 0, 0, 0, 1]
    bush = after(*[OPEN, OPEN, PERSON, OPEN, OPEN] * 8)
    assert bush.argmax() == 4 and bush[0] < 0.1
    walker = after(*[PERSON, PERSON, PERSON, PERSON, OPEN] * 8)
    assert walker[0] > 0.95


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5), min_size=1, max_size=60)
)
def test_whatever_was_told_no_class_dies(told: list[list[float]]) -> None:
    out = after(*told)
    np.testing.assert_allclose(out.sum(), 1.0, rtol=1e-5)
    if out[:4].any():
        assert out.min() > np.exp(-2 * LIMIT) / 5
