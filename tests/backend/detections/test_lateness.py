"""Whose stamps are believed."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline.detections import lateness, spans
from watchline.detections.lateness import EdgeClock, timing_of
from watchline.sectors import clock

SECOND = 1_000_000


@pytest.mark.parametrize("module", [lateness, spans, clock])
def test_the_examples_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(st.lists(st.integers(0, 200 * SECOND), max_size=50), st.integers(0, 150 * SECOND))
def test_only_what_the_tracker_can_still_take_is_live(stamps: list[int], clock_us: int) -> None:
    at_us, now_us = np.array(stamps, np.int64), 100 * SECOND
    letters = bytes(timing_of(at_us, now_us=now_us, clock_us=clock_us, clock_is_off=False))
    for at, letter in zip(stamps, letters, strict=True):
        if letter == lateness.LIVE:
            assert clock_us <= at <= now_us + SECOND and at >= now_us - 60 * SECOND
        else:
            assert (letter == lateness.UNCERTAIN) == (at > now_us + SECOND)
    assert set(timing_of(at_us, now_us=now_us, clock_us=clock_us, clock_is_off=True)) <= {
        lateness.UNCERTAIN
    }


@pytest.mark.parametrize("off_s", [3600, -7200, -1_700_000_000, 400_000_000, 5])
def test_a_wrong_clock_is_noticed_and_a_right_one_again(off_s: int) -> None:
    """`off_s` is how far the edge is ahead; 40 ms is the way's delay."""
    clock = EdgeClock()
    for _ in range(50):
        clock.note(40_000)
    noticed = []
    for _ in range(20):
        skew = 40_000 - off_s * SECOND
        clock.note(skew)
        noticed.append(clock.is_off(skew))
    assert all(noticed)
    clock.note(40_000)
    assert not clock.is_off(40_000)


def test_a_clock_that_is_behind_by_seconds_is_noticed_within_two_seconds() -> None:
    clock = EdgeClock()
    for k in range(40):
        clock.note(40_000 if k < 20 else 5_040_000)
    assert clock.is_off(5_040_000)


@given(st.lists(st.integers(2 * SECOND + 1, 14 * SECOND), min_size=1, max_size=15))
def test_a_start_that_keeps_the_first_envelopes_waiting_makes_no_clock_wrong(
    delays: list[int],
) -> None:
    clock = EdgeClock()
    for delay in delays:
        clock.note(delay)
        assert not clock.is_off(delay)


@given(st.lists(st.integers(30_000, 9 * SECOND), min_size=1, max_size=60))
def test_a_slow_link_makes_no_clock_wrong(delays: list[int]) -> None:
    """One quick envelope in sixteen is enough."""
    clock = EdgeClock()
    for k, delay in enumerate(delays):
        clock.note(30_000 if k % 16 == 0 else delay)
        assert not clock.is_off(delay)
