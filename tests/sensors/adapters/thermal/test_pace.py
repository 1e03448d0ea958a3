"""A camera that is slow, or behind, is told of; one that is as it was asked to be is not."""

import numpy as np
import pytest

from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.pace import SLOW, Pace

PIXELS = np.zeros((8, 8), np.uint8)


def codes(
    fps: float, *, asked: float = 5.0, behind_s: float = 0.1, clock: Clock = Clock.CAMERA
) -> list[str | None]:
    """What is said at each second of a minute of frames at this rate."""
    pace, said, taken = Pace(asked), [], 0
    for now_s in range(60):
        while taken / fps <= now_s:
            arrived_us = round(taken / fps * 1e6)
            pace.feed(Frame(PIXELS, arrived_us - round(behind_s * 1e6), clock), arrived_us)
            taken += 1
        said.append(pace.code(now_s * 1_000_000))
    return said


@pytest.mark.parametrize("fps", [1.1, 2.0, 5.0, 25.0])
def test_frames_enough_are_no_fault(fps: float) -> None:
    assert set(codes(fps)) == {None}


def test_a_slow_camera_is_told_of_within_a_quarter_of_a_minute_and_not_before_it_was_seen() -> None:
    said = codes(0.5)
    assert said[:10] == [None] * 10 and set(said[15:]) == {SLOW}


def test_who_asks_for_few_frames_gets_few_without_complaint() -> None:
    assert set(codes(0.5, asked=0.5)) == {None}


def test_a_picture_that_comes_late_by_the_cameras_own_clock_is_slow_too() -> None:
    assert set(codes(5.0, behind_s=3.0)[15:]) == {SLOW}
    assert set(codes(5.0, behind_s=1.0)) == {None}
    assert set(codes(5.0, behind_s=3.0, clock=Clock.ARRIVAL)) == {None}, "nobody knows"


def test_a_camera_that_catches_up_is_sound_again() -> None:
    pace = Pace(5.0)
    for at_s in (*range(0, 20, 2), *np.arange(20, 40, 0.2)):
        now_us = round(at_s * 1e6)
        pace.feed(Frame(PIXELS, now_us, Clock.CAMERA), now_us)
        if at_s == 18:
            assert pace.code(now_us) == SLOW
    assert pace.code(40_000_000) is None
    assert Pace(5.0).code(10**12) is None, "nothing came yet: that is told otherwise"
