import pytest

from watchline_sensors.simulate.onboard import OnboardTracker


def _walk(tracker: OnboardTracker, turns: list[int]) -> list[int | None]:
    """Track numbers of a target that walks east at 2 m/s and is seen in these turns."""
    seen: list[int | None] = []
    for turn in range(max(turns) + 1):
        if turn in turns:
            report = tracker.hit("w", turn, float(turn), 2.0 * turn, 0.0)
            seen.append(None if report is None else report.number)
        tracker.end_turn(turn)
    return seen


def test_three_hits_begin_a_track_and_it_keeps_its_number() -> None:
    assert _walk(OnboardTracker(), [0, 1, 2, 3, 6]) == [None, None, 1, 1, 1]


def test_hits_too_far_apart_begin_nothing() -> None:
    assert _walk(OnboardTracker(), [0, 4, 8, 12]) == [None, None, None, None]


def test_five_missed_turns_end_it_and_the_next_has_a_new_number() -> None:
    assert _walk(OnboardTracker(), [0, 1, 2, 8, 9, 10]) == [None, None, 1, None, None, 2]


def test_the_number_given_up_is_told_once() -> None:
    tracker = OnboardTracker()
    for turn in range(3):
        tracker.hit("w", turn, float(turn), 0.0, 0.0)
        assert tracker.end_turn(turn) == []
    assert [tracker.end_turn(turn) for turn in range(3, 9)] == [[], [], [], [], [1], []]


def test_velocity_begins_with_that_between_the_first_two() -> None:
    tracker = OnboardTracker()
    reports = [tracker.hit("quad", k, 2.0 * k, 40.0 * k, 0.0) for k in range(3)]
    assert reports[2] is not None and reports[2].vx_mps == pytest.approx(20.0)


def test_velocity_settles_on_the_true_one() -> None:
    tracker = OnboardTracker()
    for turn in range(40):
        report = tracker.hit("w", turn, float(turn), 2.0 * turn, -turn)
    assert report is not None
    assert abs(report.vx_mps - 2.0) < 0.01
    assert abs(report.vy_mps + 1.0) < 0.01


def test_numbers_begin_again_after_4095_and_pass_over_those_in_use() -> None:
    tracker = OnboardTracker()
    for turn in range(3):
        tracker.hit("long", turn, float(turn), 0.0, 0.0)
    tracker._last = 4095
    for turn in range(3, 6):
        tracker.hit("long", turn, float(turn), 0.0, 0.0)
        report = tracker.hit("new", turn, float(turn), 9.0, 9.0)
    assert report is not None
    assert report.number == 2
