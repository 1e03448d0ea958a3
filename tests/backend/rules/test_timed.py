"""Kinds that take time: stay, speed, approach, proximity, cold; as tables of plots and findings.

Each table is judged three ways: in one step and a tick, plot by plot with a tick after
each, and plot by plot through packed states; all must tell the same.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from judging import SECOND, SQUARE, area, cut, line, path, updates
from watchline.geofences.model import Direction, Geofence, Pause, Purpose
from watchline.rules import engine
from watchline.rules.model import AirReading, Finding, Rule, Severity, Surroundings, UnitFix
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates

ZONE = area(SQUARE, id="zone")
WIRE = line([(0, -500), (0, 500)], id="wire", directions=[Direction.LEFT_TO_RIGHT])
END = 10_000 * SECOND


def rule(kind: str, geofence: str = "zone", **params: Any) -> Rule:
    return Rule(
        id=kind, version=1, kind=kind, geofence_id=geofence, severity=Severity.LOW, params=params
    )


def compiled(rules: list[Rule], *geofences: Geofence) -> engine.CompiledRules:
    made = engine.compile_rules(geofences or [ZONE, WIRE], rules)
    assert made.refused == ()
    return made


def moving(way: TrackUpdates) -> TrackUpdates:
    """The updates of one track with the velocity that its next plot shows."""
    for name, place in (("vx_mps", way.x_m), ("vy_mps", way.y_m)):
        getattr(way, name)[:] = np.gradient(place, way.at_us / SECOND) if len(way) > 1 else 0.0
    return way


def find(
    rules: engine.CompiledRules,
    walks: TrackUpdates,
    *,
    end_us: int = END,
    around: Surroundings | None = None,
) -> list[Finding]:
    """The findings in order of time, the same in every way of judging."""
    around = around or Surroundings()
    state, found = engine.step(RuleState.empty(), walks, None, rules, around)
    _, last = engine.step(state, cut(walks, 0, 0), end_us, rules)
    whole = sorted(found + last, key=lambda finding: (finding.at_us, finding.track_no))
    for packed in (False, True):
        state, found = engine.step(RuleState.empty(), cut(walks, 0, 0), None, rules, around)
        for k in range(len(walks)):
            # The time up to which everything has been given.
            passed = int(walks.at_us[k:].min()) - 1
            state, more = engine.step(state, cut(walks, k, k + 1), passed if k else None, rules)
            found += more
            if packed:
                state = RuleState.unpack(state.pack())
        _, more = engine.step(state, cut(walks, 0, 0), end_us, rules)
        pieces = sorted(found + more, key=lambda finding: (finding.at_us, finding.track_no))
        assert pieces == whole
    return whole


def times(found: list[Finding]) -> list[float]:
    return [finding.at_us / SECOND for finding in found]


IN, OUT = (50, 50), (-500, 50)


@pytest.mark.parametrize(
    ("points", "end_s", "expected"),
    [
        ([IN] * 9, 9, [5]),  # inside from 0 on, told at the fifth second
        ([IN] * 5, 4.9, []),
        ([IN] * 5, 5, [5]),  # by the tick alone
        ([OUT, IN, IN, IN, OUT, IN, IN, IN, IN, IN, IN], 99, [10]),  # out starts anew
        ([IN, IN, IN, IN, IN, OUT], 99, [5]),  # the plot that leaves comes at the deadline
        ([IN, IN, IN, IN, OUT], 99, []),
        ([IN] * 20, 99, [5]),  # once
        ([IN] * 7 + [OUT] + [IN] * 7, 99, [5, 13]),
    ],
)
def test_dwell(points: list, end_s: float, expected: list) -> None:
    found = find(compiled([rule("dwell", seconds=5)]), path(points), end_us=int(end_s * SECOND))
    assert times(found) == expected


def paused(fence: Geofence, from_s: int, until_s: int) -> Geofence:
    return replace(fence, pauses=(Pause(from_us=from_s * SECOND, until_us=until_s * SECOND),))


@pytest.mark.parametrize(
    ("from_s", "until_s", "expected"),
    [(0, 3, [8]), (3, 8, [13]), (5, 9, [14]), (6, 9, [5, 14]), (3, 99, [])],
)
def test_a_watch_in_an_area_out_of_force_does_not_hold(
    from_s: int, until_s: int, expected: list
) -> None:
    rules = compiled([rule("dwell", seconds=5)], paused(ZONE, from_s, until_s))
    assert times(find(rules, path([IN] * 20), end_us=20 * SECOND)) == expected


def test_who_heads_for_a_line_out_of_force_is_told_when_it_returns() -> None:
    walks = moving(path([(-100 + 2 * t, 50) for t in range(40)]))
    asked = [rule("approach", "wire", within_s=60, seconds=3)]
    assert times(find(compiled(asked, WIRE), walks)) == [3]
    assert times(find(compiled(asked, paused(WIRE, 0, 10)), walks)) == [13]


def test_a_plot_in_an_exclusion_is_none_for_watches_either() -> None:
    reeds = replace(ZONE, id="reeds", purpose=Purpose.EXCLUSION)
    rules = compiled([rule("dwell", seconds=5), rule("speed", least_mps=1)], ZONE, reeds)
    walks = moving(path([OUT, *[(t, 50) for t in range(20)]]))
    assert find(rules, walks, end_us=99 * SECOND) == []


def test_loitering_is_staying_near_one_place() -> None:
    rules = compiled([rule("dwell", seconds=10, radius_m=8)])
    walks = path([(2 * t, 50) for t in range(45)])  # 90 m through the area, never 10 s near
    assert find(rules, walks, end_us=45 * SECOND) == []
    halt = path([*[(2 * t, 50) for t in range(10)], *[(20, 50)] * 30])
    (found,) = find(rules, halt, end_us=40 * SECOND)
    # 8 m back from (20, 50) it was at second 6: the fourth anchor, (18, 50) at 9, counts.
    assert 15 <= found.at_us / SECOND <= 20
    assert found.evidence["moved_m"] <= 8
    assert found.evidence["radius_m"] == 8


def test_a_track_that_ends_before_has_not_stayed() -> None:
    walks = path([IN] * 4)
    for name in TrackUpdates.__slots__:
        getattr(walks, name).setflags(write=True)
    walks.status[3], walks.plot[3] = TrackStatus.ENDED, False
    assert find(compiled([rule("dwell", seconds=5)]), walks) == []


@pytest.mark.parametrize(
    ("speeds", "params", "expected"),
    [
        ([1] * 5 + [9] * 8, {"least_mps": 8}, [9]),  # from 6 on (the speed at 5 is a mean)
        ([1] * 5 + [9] * 2 + [1] * 5, {"least_mps": 8}, []),
        ([9] * 5 + [6.5] * 4 + [9] * 5, {"least_mps": 8}, [3]),  # 6.5 > 8 / 1.5: not yet lost
        ([9] * 6 + [2] * 4 + [9] * 6, {"least_mps": 8}, [3, 14]),
        ([0.2] * 9, {"most_mps": 0.5}, [3]),
        ([3] * 9, {"least_mps": 1, "most_mps": 2}, []),
    ],
)
def test_speed(speeds: list, params: dict, expected: list) -> None:
    big = area(np.array(SQUARE) * 10, id="zone")
    x = 10 + np.concatenate([[0], np.cumsum(speeds[:-1])])
    way = moving(path(np.column_stack([x, np.full(len(x), 50.0)])))
    found = find(compiled([rule("speed", seconds=3, **params)], big), way, end_us=len(x) * SECOND)
    assert times(found) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # 20 m/s eastwards: within 10 s of x = 0 from x = -200 on, told 2 s later
        ([(-400 + 20 * t, 0) for t in range(19)], [12]),
        ([(400 - 20 * t, 0) for t in range(19)], []),  # the way that is allowed
        ([(-100, 20 * t) for t in range(19)], []),  # alongside
        ([(-400 + 20 * t, 600) for t in range(19)], []),  # past the end
        ([(-400 + 0.2 * t, 0) for t in range(19)], []),  # hardly moves
        # turns back at -60 and comes again: lost when it turns, told again
        ([*((-160 + 20 * t, 0) for t in range(6)), *((-60 - 20 * t, 0) for t in range(1, 6)),
          *((-160 + 20 * t, 0) for t in range(1, 6))], [2, 13]),
    ],
)  # fmt: skip
def test_approach(points: list, expected: list) -> None:
    rules = compiled([rule("approach", "wire", within_s=10, seconds=2, least_mps=1)])
    found = find(rules, moving(path(points)), end_us=len(points) * SECOND)
    assert times(found) == expected
    assert all(0 <= finding.evidence["reaches_in_s"] <= 15 for finding in found)


def two(first: list, second: list) -> TrackUpdates:
    """Two tracks, a plot each a second in turns."""
    n = len(first)
    at = np.repeat(np.arange(n), 2) * SECOND
    at[1::2] += SECOND // 2
    xy = np.stack([np.array(first, float), np.array(second, float)], axis=1).reshape(-1, 2)
    return updates(np.tile([1, 2], n), at, xy[:, 0], xy[:, 1])


def test_two_tracks_meet_once() -> None:
    rules = compiled([rule("proximity", to="track", metres=10)])
    walks = two([(10 + 4 * t, 50) for t in range(12)], [(90 - 4 * t, 50) for t in range(12)])
    (found,) = find(rules, walks)
    # At 9 s the first is at 46 m and the second was seen at 58, at 9.5 s the second is at 54.
    assert (found.at_us, found.track_no) == (9.5 * SECOND, 2)
    assert (found.evidence["track"], found.evidence["distance_m"]) == (1, 8.0)
    apart = two([(10, 10)] * 9, [(90, 90)] * 9)
    assert find(rules, apart) == []
    outside = two([(-300, 10)] * 9, [(-300, 12)] * 9)
    assert find(rules, outside) == []


def test_a_track_near_a_unit() -> None:
    fixes = tuple(
        UnitFix(unit="u1", at_us=t * SECOND, x_m=80.0, y_m=50.0, sigma_m=3) for t in range(20)
    )
    rules = compiled([rule("proximity", to="unit", metres=30, affiliation="any")])
    walks = path([(10 + 5 * t, 50) for t in range(12)])
    (found,) = find(rules, walks, around=Surroundings(units=fixes))
    assert found.at_us == 8 * SECOND  # at x = 50
    assert found.evidence["unit"] == "u1"
    stale = (UnitFix(unit="u1", at_us=-100 * SECOND, x_m=80.0, y_m=50.0),)
    assert find(rules, walks, around=Surroundings(units=stale)) == []


@pytest.mark.parametrize("fence", [area(np.array(SQUARE) / 10 + 45, id="zone"), WIRE])
def test_a_track_near_an_asset(fence: Geofence) -> None:
    rules = compiled([rule("proximity", fence.id, to="asset", metres=20)], fence)
    west = 45 if fence.id == "zone" else 0
    walks = path([(west - 60 + 10 * t, 50) for t in range(8)], sigma=0.5)
    (found,) = find(rules, walks)
    # 20 m away at second 4, where p is one half; 10 m at second 5
    assert found.at_us == 5 * SECOND
    assert (found.geofence_id, found.geofence_version) == (fence.id, 1)


def people(way: TrackUpdates) -> TrackUpdates:
    way.classes[:] = (0.8, 0.05, 0.05, 0.05, 0.05)
    return way


JANUARY = 1_768_000_000 * SECOND  # 2026-01-09
JULY = 1_783_900_000 * SECOND  # 2026-07-12


@pytest.mark.parametrize(
    ("start_us", "air", "expected_s"),
    [
        (JANUARY, (), [60]),  # unknown in winter counts as cold
        (JULY, (), []),
        (JANUARY, (AirReading(at_us=JANUARY, celsius=9.0),), []),
        (JULY, (AirReading(at_us=JULY, celsius=-1.0),), [60]),
        # still there when it gets cold
        (JULY, (AirReading(at_us=JULY, celsius=9.0),
                AirReading(at_us=JULY + 80 * SECOND, celsius=4.0)), [80]),
    ],
)  # fmt: skip
def test_motionless_in_cold(start_us: int, air: tuple, expected_s: list) -> None:
    rules = compiled([rule("motionless_in_cold", seconds=60)])
    walks = people(path([(50 + 3 * np.sin(t), 50) for t in range(100)]))
    walks.at_us[:] += start_us
    walks.first_us[:] = start_us
    found = find(rules, walks, end_us=start_us + 100 * SECOND, around=Surroundings(air=air))
    assert [(f.at_us - start_us) / SECOND for f in found] == expected_s
    assert all(finding.life_at_risk for finding in found)
    unknown = path([(50, 50)] * 100)
    unknown.at_us[:] += start_us
    assert find(rules, unknown, end_us=start_us + 100 * SECOND, around=Surroundings(air=air)) == []


def test_the_end_of_another_track_changes_nothing_of_what_is_told_by_a_tick() -> None:
    """Both stay; the second ends in the step before the tick that tells of the first."""
    rules = compiled([rule("dwell", seconds=5)])
    walks = two([IN] * 4, [(20, 20)] * 4)
    end = updates(2, 3.9 * SECOND, 20, 20, plot=False, status=TrackStatus.ENDED)
    state, _ = engine.step(RuleState.empty(), walks, None, rules)
    state, _ = engine.step(state, end, None, rules)
    _, (found,) = engine.step(state, cut(walks, 0, 0), 6 * SECOND, rules)
    assert (found.track_no, found.evidence["hits"], found.evidence["sensors"]) == (1, 7, [7])
