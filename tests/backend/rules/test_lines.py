"""Crossing lines, as tables of where a track was and what was told."""

import numpy as np
import pytest

from judging import SECOND, compiled, judge, line, path, told, updates
from watchline.geofences.model import Direction
from watchline.rules.model import Finding
from watchline.tracks.model import TrackStatus

#: Northwards along x = 0: left is west. A bend at the end, eastwards.
POINTS = [(0, 0), (0, 500), (0, 1000), (300, 1000)]
FENCE = line(POINTS)
LR, RL = Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT


def crossings(points: list, *, sigma: float = 10.0, fence: object = FENCE) -> list[Finding]:
    return judge(compiled(fence), path(points, sigma=sigma))[1]


def brief(findings: list[Finding]) -> list[tuple[str, int]]:
    return [(f.evidence["direction"], f.evidence["segment"]) for f in findings]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # sigma is 10 m: confident from 12.8 m on, beyond doubt from 30 m on
        ([(-100, 100), (100, 100)], [("left_to_right", 0)]),  # fast: one plot on each side
        ([(100, 700), (-100, 700)], [("right_to_left", 1)]),
        ([(-100, 100), (-5, 100), (5, 100), (14, 100)], [("left_to_right", 0)]),
        ([(-100, 100), (-5, 100), (5, 100), (12, 100)], []),  # not yet
        # came from afar, if not in the last plots
        ([(-100, 100), (-40, 100), (-25, 100), (-20, 100), (14, 100)], [("left_to_right", 0)]),
        ([(-100, 100), (11, 100), (-11, 100), (-100, 100)], []),  # and back
        ([(-100, 100), (14, 100), (-14, 100), (14, 100)], [("left_to_right", 0)]),  # hanging about
        ([(-100, 100), (14, 100), (-31, 100)], [("left_to_right", 0), ("right_to_left", 0)]),
        ([(-100, 100), (50, 100), (-14, 100)], [("left_to_right", 0), ("right_to_left", 0)]),
        ([(-14, 100), (14, 100)], []),  # came from nowhere, gone nowhere
        ([(-14, 100), (31, 100)], [("left_to_right", 0)]),
        ([(-5, 100), (100, 100)], []),  # from a side that is not known
        ([(-100, 100), (-100, 900), (-50, 1100)], []),  # alongside
        ([(-100, 100), (-100, -100), (100, -100), (100, 100)], []),  # round the end
        ([(-100, 50), (0, 5), (100, 50)], [("left_to_right", 0)]),  # cut near the end
        ([(-100, 50), (0, -60), (100, 50)], []),  # past the end, straight
        ([(-100, 900), (200, 1100)], []),  # cuts both arms of the bend: outside to outside
        ([(-100, 900), (100, 900), (100, 1100)], [("left_to_right", 1), ("right_to_left", 2)]),
        ([(-100, 500), (100, 500)], [("left_to_right", 0)]),  # through a vertex of the line
        ([(-100, 100), (0, 100), (100, 100)], [("left_to_right", 0)]),  # a plot on the line
        ([(-100, 100), (0, 100), (-100, 100)], []),  # touched
        ([(0, 100), (0, 300), (0, 900)], []),  # walking on the line itself
    ],
)
def test_one_track(points: list, expected: list) -> None:
    found = brief(crossings(points))
    if points == [(-100, 500), (100, 500)]:
        assert [direction for direction, _ in found] == ["left_to_right"]
    else:
        assert found == expected


def test_place_time_and_the_states_before_and_after() -> None:
    (found,) = crossings([(-100, 100), (-60, 110), (20, 130)])
    assert found.at_us == 1.75 * SECOND
    assert (found.x_m, found.y_m) == (pytest.approx(0.0), pytest.approx(125.0))
    assert found.evidence == {
        "direction": "left_to_right",
        "segment": 0,
        "cuts": 1,
        "before": {"at_us": SECOND, "x_m": -60.0, "y_m": 110.0, "p": 1.0},
        "after": {"at_us": 2 * SECOND, "x_m": 20.0, "y_m": 130.0, "p": 0.9772},
        "sensors": [7],
        "hits": 3,
    }


def test_told_late_but_placed_where_it_happened() -> None:
    """First seen near the line, so told only beyond doubt; the cut is where it was."""
    (found,) = crossings([(-14, 100), (6, 100), (20, 100), (28, 100), (36, 100)])
    assert found.at_us == 0.7 * SECOND
    assert found.evidence["before"]["at_us"] == 0
    assert found.evidence["after"]["at_us"] == 4 * SECOND


@pytest.mark.parametrize(
    ("x", "allowed"), [(250, (LR,)), (750, (RL,)), (1250, (LR, RL))]
)  # fmt: skip
def test_each_segment_has_its_directions(x: float, allowed: tuple) -> None:
    """Eastwards: left is north."""
    fence = line(
        [(0, 0), (500, 0), (1000, 0), (1500, 0)],
        directions=[LR, RL, Direction.BOTH],
    )
    for direction, sign in ((LR, 1), (RL, -1)):
        found = crossings([(x, 100 * sign), (x, -100 * sign)], fence=fence)
        assert [f.evidence["direction"] for f in found] == (
            [direction.value] if direction in allowed else []
        )


def test_a_direction_that_does_not_count_still_changes_the_side() -> None:
    fence = line([(0, 0), (0, 500)], directions=[LR])
    way = [(-100, 100), (100, 100), (-100, 100), (100, 100)]
    assert told(crossings(way, fence=fence)) == [("cross", 0), ("cross", 2)]


@pytest.mark.parametrize("sigma", [5.0, 20.0, 50.0])
@pytest.mark.parametrize("memory", [0.0, 0.8, 0.98])
def test_noise_along_a_line_is_quiet(sigma: float, memory: float) -> None:
    """An hour on the line, as uncertain as it says, errors lasting up to a minute."""
    rng = np.random.default_rng(5)
    n = 3600
    error = rng.normal(0, sigma, n)
    for k in range(1, n):
        error[k] = memory * error[k - 1] + np.sqrt(1 - memory**2) * error[k]
    y = np.linspace(50, 950, n)
    found = crossings(np.column_stack([error, y]), sigma=sigma, fence=line(POINTS[:3]))
    changes = int((np.diff(np.sign(error)) != 0).sum())
    assert len(found) <= changes / 20


def test_walking_beside_a_line_tells_nothing() -> None:
    rng = np.random.default_rng(6)
    for distance, sigma in ((30, 10), (60, 15), (5, 1)):
        x = -distance + rng.normal(0, sigma, 900)
        x[0] = -distance
        far = 4 * sigma > distance
        found = crossings(np.column_stack([x, np.linspace(0, 900, 900)]), sigma=sigma)
        assert len(found) <= (2 if far else 0)


def test_coasting_over_a_line_waits_for_the_next_plot() -> None:
    rules = compiled(FENCE)
    coasting = updates(
        1, np.arange(1, 20) * SECOND, -100 + 20 * np.arange(1, 20), 100,
        sigma=30.0, plot=False, status=TrackStatus.COASTING,
    )  # fmt: skip
    state, found = judge(rules, path([(-100, 100)], sigma=10.0), coasting)
    assert found == []
    _, found = judge(rules, path([(300, 100)], sigma=10.0, start_s=20), state=state)
    assert told(found) == [("cross", 5)]
    ended = updates(1, 20 * SECOND, 300, 100, plot=False, status=TrackStatus.ENDED)
    state, _ = judge(rules, ended, state=state)
    assert len(state.tracks) == len(state.beside) == 0


def test_two_plots_of_one_instant() -> None:
    way = updates(1, [0, SECOND, SECOND], [-100, -40, 60], 100, sigma=10.0)
    (found,) = judge(compiled(FENCE), way)[1]
    assert found.at_us == SECOND


def test_a_way_round_the_end_and_back_through() -> None:
    """The sides near an end are those of the line drawn on; the cut tells the direction."""
    found = crossings([(-100, 100), (-100, -300), (100, -300), (100, 100), (-100, 100)])
    assert brief(found) == [("right_to_left", 0)]
    bent = line([(0, 0), (100, 30), (200, -60)])
    # Starts to the right of the first segment drawn on, cuts only the second.
    found = crossings([(-200, -80), (150, -200), (199, 100)], fence=bent, sigma=1.0)
    assert len(found) <= 1
