"""Editing geofences under living tracks: no event judged twice, none left out."""

import numpy as np

from judging import SQUARE, area, compiled, judge, line, path, told
from watchline.geofences.model import Geofence

FAR = np.array(SQUARE) + 1000


def moved(version: int, east: float) -> Geofence:
    return area(np.add(SQUARE, (east, 0)), version=version)


def test_inside_before_and_after_enters_once_and_leaves_once() -> None:
    state, found = judge(compiled(moved(1, 0)), path([(50, 50)]))
    assert told(found) == [("enter", 0)]
    state, found = judge(
        compiled(moved(2, 20)), path([(52, 50), (500, 50)], start_s=1), state=state
    )
    assert told(found) == [("exit", 2)]
    assert found[0].geofence_version == 2


def test_newly_enclosed_enters() -> None:
    state, found = judge(compiled(moved(1, 1000)), path([(50, 50)]))
    assert found == []
    _, found = judge(compiled(moved(2, 0)), path([(51, 50)], start_s=1), state=state)
    assert told(found) == [("enter", 1)]
    _, found = judge(
        compiled(moved(1, 1000), area(SQUARE, id="new")), path([(51, 50)], start_s=1), state=state
    )
    assert told(found) == [("enter", 1)]


def test_an_area_that_leaves_its_track_is_no_exit() -> None:
    state, _ = judge(compiled(moved(1, 0)), path([(50, 50)]))
    state, found = judge(compiled(moved(2, 1000)), path([(50, 50)], start_s=1), state=state)
    assert found == []
    assert len(state.members) == 0


def test_an_edit_without_a_plot_in_between_waits() -> None:
    """Two edits and a restart, then the plot: judged once, by the last."""
    state, _ = judge(compiled(moved(1, 0)), path([(50, 50)]))
    state, _ = judge(compiled(moved(2, 1000)), path([]), state=state)
    state = type(state).unpack(state.pack())
    state, _ = judge(compiled(moved(3, 10)), path([]), state=state)
    state, found = judge(
        compiled(moved(3, 10)), path([(50, 50), (500, 50)], start_s=1), state=state
    )
    assert told(found) == [("exit", 2)]


def test_a_removed_geofence_is_forgotten_and_others_keep_their_state() -> None:
    both = compiled(area(SQUARE, id="a"), area(SQUARE, id="b"))
    state, found = judge(both, path([(50, 50)]))
    assert len(found) == 2
    only = compiled(area(FAR, id="c"), area(SQUARE, id="b"))
    state, found = judge(only, path([(50, 50), (500, 50)], start_s=1), state=state)
    assert [(f.kind, f.geofence_id) for f in found] == [("exit", "b")]
    state, found = judge(both, path([(50, 50)], start_s=3), state=state)
    assert sorted((f.kind, f.geofence_id) for f in found) == [("enter", "a"), ("enter", "b")]


def wire(version: int, x: float) -> Geofence:
    return line([(x, -500), (x, 500)], version=version)


def test_a_crossing_under_way_is_told_once_by_the_new_version() -> None:
    """The track stands on the line, uncertain, when the line is moved a little."""
    way = path([(-100, 0), (-60, 0), (0, 0)], sigma=10.0)
    state, found = judge(compiled(wire(1, 0)), way)
    assert found == []
    assert len(state.beside) == 1
    state, found = judge(
        compiled(wire(2, -3)), path([(60, 0), (90, 0)], sigma=10.0, start_s=3), state=state
    )
    (crossing,) = found
    assert crossing.geofence_version == 2
    assert crossing.evidence["direction"] == "left_to_right"
    assert crossing.evidence["before"]["at_us"] == 1_000_000
    assert abs(crossing.x_m + 3) < 1e-6


def test_a_line_that_moves_over_a_track_is_not_crossed() -> None:
    for before in ([(-100, 0), (-60, 0)], [(-100, 0), (-60, 0), (-5, 0)]):
        state, _ = judge(compiled(wire(1, 0)), path(before, sigma=10.0))
        _, found = judge(
            compiled(wire(2, -200)), path([(0, 0), (90, 0)], sigma=10.0, start_s=9), state=state
        )
        assert found == []


def test_a_new_line_sees_the_path_from_the_last_plot_on() -> None:
    state, _ = judge(compiled(area(SQUARE)), path([(-100, 0)], sigma=10.0))
    rules = compiled(area(SQUARE), wire(1, 0))
    _, found = judge(rules, path([(60, 0)], sigma=10.0, start_s=1), state=state)
    assert "cross" in [f.kind for f in found]
