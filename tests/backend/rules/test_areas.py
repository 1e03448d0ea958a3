"""Entering and leaving areas, as tables of where a track was and what was told."""

import numpy as np
import pytest

from judging import SECOND, SQUARE, area, compiled, cut, judge, path, told, updates
from watchline.tracks.model import TrackStatus

HOLE = ((40, 40), (60, 40), (60, 60), (40, 60), (40, 40))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # from outside in, and out again
        ([(-50, 50), (-20, 50), (20, 50), (50, 50), (130, 50)], [("enter", 2), ("exit", 4)]),
        # right through between two plots: never seen inside
        ([(-50, 50), (150, 50)], []),
        # first seen inside
        ([(50, 50), (60, 50)], [("enter", 0)]),
        # first seen outside and staying there
        ([(-50, 50), (-20, 50)], []),
        # 3 m is one sigma and p 0.84 at the edge: neither in nor out
        ([(-50, 50), (3, 50), (-3, 50), (3, 50), (-50, 50)], []),
        # once in, it takes p 0.1 to be out: 3 m outside is not enough, 4 m is
        ([(50, 50), (-3, 50), (3, 50), (-3, 50), (-4, 50)], [("enter", 0), ("exit", 4)]),
        # first seen on the edge, then outside: it was never in
        ([(0, 50), (-50, 50)], []),
        # first seen on the edge, then inside
        ([(0, 50), (50, 50)], [("enter", 1)]),
        # hangs about the edge: never beyond doubt (9 m) inside, so it takes that to be out
        ([(-50, 50), (4, 50), (-4, 50), (4, 50), (-8, 50), (-10, 50)], [("enter", 1), ("exit", 5)]),
        # was beyond doubt inside and left: it takes that, or once outside, to be in again
        ([(50, 50), (-4, 50), (4, 50), (8, 50), (10, 50)],
         [("enter", 0), ("exit", 1), ("enter", 4)]),
        ([(50, 50), (-4, 50), (4, 50), (-10, 50), (4, 50)],
         [("enter", 0), ("exit", 1), ("enter", 4)]),
        # in again
        ([(50, 50), (-50, 50), (50, 50)], [("enter", 0), ("exit", 1), ("enter", 2)]),
    ],
)  # fmt: skip
def test_one_track(points: list, expected: list) -> None:
    _, found = judge(compiled(area(SQUARE)), path(points, sigma=3.0))
    assert told(found) == expected


def test_a_hole_is_outside() -> None:
    way = path([(-50, 50), (20, 50), (50, 50), (80, 50)], sigma=1.0)
    _, found = judge(compiled(area(SQUARE, HOLE)), way)
    assert told(found) == [("enter", 1), ("exit", 2), ("enter", 3)]


def test_evidence() -> None:
    _, found = judge(compiled(area(SQUARE)), path([(-50, 50), (50, 50), (-50, 50)], sigma=3.0))
    enter, leave = found
    assert enter.evidence == {
        "p": 1.0,
        "threshold": 0.9,
        "p_deepest": 1.0,
        "weak": False,
        "first_sight": False,
        "sensors": [7],
        "hits": 2,
    }
    assert (enter.x_m, enter.y_m, enter.at_us, enter.var_x_m2) == (50, 50, SECOND, 9)
    assert (enter.rule_id, enter.geofence_id, enter.geofence_version) == ("area.enter", "area", 1)
    assert enter.track_id[0] == enter.track_no == 1
    assert leave.evidence["entered_at_us"] == SECOND
    assert leave.evidence["p"] <= leave.evidence["threshold"] == 0.1


def test_a_small_area_is_entered_weakly() -> None:
    """20 m square, sigma 12 m: even in its middle p is only 0.36."""
    small = compiled(area(np.array(SQUARE) / 5))
    _, found = judge(small, path([(-60, 10), (10, 12), (10, 10), (34, 10), (70, 10)], sigma=12.0))
    assert told(found) == [("enter", 1), ("exit", 4)]
    enter, leave = found
    assert enter.evidence["weak"] is True
    deepest = enter.evidence["p_deepest"]
    assert deepest == pytest.approx(0.357, abs=0.01)
    assert enter.evidence["threshold"] == pytest.approx(0.9 * deepest, abs=1e-3)
    # It is left in the same proportion, or it could not stay inside at all.
    assert leave.evidence["threshold"] == pytest.approx(0.1 * 0.9 * deepest / 0.9, abs=1e-3)


def test_growing_uncertainty_is_no_news() -> None:
    inside = path([(50, 50)], sigma=3.0)
    coasting = updates(
        1, np.arange(1, 60) * SECOND, 50 + 10 * np.arange(1, 60), 50,
        sigma=3.0 * np.arange(1, 60), plot=False, status=TrackStatus.COASTING,
    )  # fmt: skip
    state, found = judge(compiled(area(SQUARE)), inside, coasting)
    assert told(found) == [("enter", 0)]
    _, found = judge(compiled(area(SQUARE)), path([(50, 50)], start_s=70), state=state)
    assert found == []
    _, found = judge(compiled(area(SQUARE)), path([(500, 50)], start_s=70), state=state)
    assert told(found) == [("exit", 70)]


def test_a_track_that_ends_inside_has_not_left_and_is_forgotten() -> None:
    end = updates(1, SECOND, 50, 50, plot=False, status=TrackStatus.ENDED)
    state, found = judge(compiled(area(SQUARE)), path([(50, 50)]), end)
    assert told(found) == [("enter", 0)]
    assert len(state.tracks) == len(state.members) == 0
    last = updates(2, 5 * SECOND, 50, 50, status=TrackStatus.ENDED)
    state, found = judge(compiled(area(SQUARE)), last, state=state)
    assert told(found) == [("enter", 5)]
    assert len(state.tracks) == len(state.members) == 0


def test_tracks_do_not_mix() -> None:
    both = updates([1, 2, 1, 2], [0, 0, SECOND, SECOND], [50, -50, -50, 50], 50)
    _, found = judge(compiled(area(SQUARE)), both)
    assert [(f.kind, f.track_no) for f in found] == [("enter", 1), ("exit", 1), ("enter", 2)]
    _, found = judge(compiled(area(SQUARE)), cut(both, 1, 4))
    assert [(f.kind, f.track_no) for f in found] == [("enter", 2)]


def test_a_plot_that_is_nowhere_is_passed_over() -> None:
    way = updates(1, np.arange(4) * SECOND, [50, np.nan, 50, 50], 50, sigma=[1, 1, np.inf, 1])
    _, found = judge(compiled(area(SQUARE)), way)
    assert told(found) == [("enter", 0)]
