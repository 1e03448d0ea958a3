"""Kinds that remember: sequences, counts and absences, as tables of what happened and was told."""

from itertools import pairwise
from typing import Any

import pytest

from judging import SECOND, SQUARE, area, cut, line, path, updates
from watchline.geofences.model import Direction
from watchline.rules import engine
from watchline.rules.model import (
    NO_TRACK,
    Finding,
    Rule,
    SensorSign,
    Severity,
    Surroundings,
    UnitFix,
)
from watchline.rules.state import RuleState

ZONE = area(SQUARE, id="zone")
WIRE = line([(-100, -500), (-100, 500)], id="wire", directions=[Direction.LEFT_TO_RIGHT])


def compiled(kind: str, geofence: str = "zone", **params: Any) -> engine.CompiledRules:
    rule = Rule(
        id="r", version=1, kind=kind, geofence_id=geofence, severity=Severity.LOW, params=params
    )
    made = engine.compile_rules([ZONE, WIRE], [rule])
    assert made.refused == ()
    return made


@pytest.mark.parametrize(
    ("points", "within_s", "expected"),
    [
        # over the wire between 1 and 2, in at 5
        ([-200, -150, -50, -40, -30, 50], 10, [5]),
        ([-200, -150, -50, -40, -30, 50], 3, []),  # 3.5 s
        ([50, -50, -150, -200], 10, []),  # the other way round
        ([-50, -150, -140, 50], 10, [3]),  # back over the wire does not count, over it again does
        ([-50, -40, 50], 10, []),  # never over the wire
        ([-150, -50, 50, -50, 50], 10, [2]),  # one crossing, one finding
        ([-150, -50, 50, -50, -150, -50, 50], 10, [2, 6]),
    ],
)
def test_sequence(points: list, within_s: float, expected: list) -> None:
    rules = compiled("sequence", first="wire", within_s=within_s)
    walk = path([(x, 50) for x in points])
    _, found = engine.step(RuleState.empty(), walk, None, rules)
    assert [f.at_us // SECOND for f in found] == expected
    assert all(f.evidence["first"] == "wire" for f in found)
    state, pieces = RuleState.empty(), []
    for k in range(len(walk)):
        state, more = engine.step(state, cut(walk, k, k + 1), None, rules)
        state = RuleState.unpack(state.pack())
        pieces += more
    assert pieces == found


def test_a_sequence_is_of_one_track() -> None:
    rules = compiled("sequence", first="wire", within_s=100)
    walk = updates([1, 1, 2, 2], [0, 1, 2, 3], [-150, -50, -50, 50], 50)
    assert engine.step(RuleState.empty(), walk, None, rules)[1] == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(1, 0), (2, 1), (3, 2)], [2]),
        ([(1, 0), (2, 1), (3, 40)], []),  # too far apart
        ([(1, 0), (1, 1), (1, 2)], []),  # the same one thrice
        ([(1, 0), (2, 1), (3, 2), (4, 3)], [2]),  # the fourth begins a new count
        ([(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)], [2, 5]),
        ([(1, 0), (2, 20), (3, 35), (4, 36)], [36]),  # the first is out of time by then
    ],
)
def test_count(entries: list, expected: list) -> None:
    """Each entry is a plot outside and one inside, within a second."""
    rules = compiled("count", tracks=3, within_s=30)
    rows = [row for track, s in entries for row in ((track, s, -500), (track, s + 0.5, 50))]
    track, at, x = zip(*rows, strict=True)
    walk = updates(track, [round(t * SECOND) for t in at], x, 50)
    for cuts in ([0, len(walk)], range(len(walk) + 1)):
        state, found = RuleState.empty(), []
        for low, high in pairwise(cuts):
            state, more = engine.step(state, cut(walk, low, high), None, rules)
            found += more
        assert [f.at_us / SECOND - 0.5 for f in found] == expected
        assert all(f.evidence["count"] == 3 for f in found)


def test_a_group_counts_for_more() -> None:
    walk = path([(-500, 50), (50, 50)])
    walk.classes[:] = (0.2, 0.6, 0.1, 0.05, 0.05)
    (found,) = engine.step(RuleState.empty(), walk, None, compiled("count", tracks=3, within_s=9))[
        1
    ]
    assert (found.evidence["count"], found.evidence["tracks"]) == (3, 1)


NONE = updates([], [], [], [])


def watch(rules: engine.CompiledRules, signs: dict[int, Any], until_s: int) -> list[Finding]:
    """A tick each second with what became known in it; packed in between. And all at once."""
    state, found = RuleState.empty(), []
    for s in range(until_s + 1):
        known = [sign for at, sign in signs.items() if at == s]
        around = Surroundings(
            units=tuple(sign for sign in known if isinstance(sign, UnitFix)),
            sensors=tuple(sign for sign in known if isinstance(sign, SensorSign)),
        )
        state, more = engine.step(state, NONE, s * SECOND, rules, around)
        state = RuleState.unpack(state.pack())
        found += more
    state, _ = engine.step(RuleState.empty(), NONE, 0, rules)
    around = Surroundings(
        units=tuple(sign for sign in signs.values() if isinstance(sign, UnitFix)),
        sensors=tuple(sign for sign in signs.values() if isinstance(sign, SensorSign)),
    )
    assert engine.step(state, NONE, until_s * SECOND, rules, around)[1] == found
    return found


def fix(s: int, x: float) -> UnitFix:
    return UnitFix(unit="u1", at_us=s * SECOND, x_m=x, y_m=50)


@pytest.mark.parametrize(
    ("xs", "expected"),
    [
        ({}, [20]),  # never there since the rule began
        ({10: 50}, [30]),
        ({10: 50, 25: 50, 40: 50}, [60]),
        ({10: 500}, [20]),  # elsewhere
        ({10: 50, 15: 500}, [30]),
        ({10: 50, 45: 50}, [30, 65]),  # armed again
    ],
)
def test_absence_of_units(xs: dict, expected: list) -> None:
    rules = compiled("absence", of="unit", seconds=20)
    found = watch(rules, {s: fix(s, x) for s, x in xs.items()}, 70)
    assert [f.at_us // SECOND for f in found] == expected
    assert all((f.track_id, f.x_m, f.evidence["of"]) == (NO_TRACK, 40, "unit") for f in found)


def test_absence_of_sensors_that_work() -> None:
    def beat(s: int, working: bool) -> SensorSign:
        return SensorSign(sensor="a", at_us=s * SECOND, x_m=50, y_m=50, working=working)

    rules = compiled("absence", of="sensor", seconds=20)
    assert watch(rules, {s: beat(s, True) for s in range(0, 60, 10)}, 60) == []
    found = watch(rules, {s: beat(s, s < 15) for s in range(0, 60, 10)}, 60)
    assert [f.at_us // SECOND for f in found] == [30]


def test_sensor_offline() -> None:
    def sign(s: int, *, detection: bool = False, x: float = 50) -> SensorSign:
        return SensorSign(
            sensor="radar", at_us=s * SECOND, x_m=x, y_m=50, detection=detection,
            expected_gap_s=2.0 if detection else None,
        )  # fmt: skip

    rules = compiled("sensor_offline", heartbeat_s=30, times=5)
    found = watch(rules, {s: sign(s) for s in (0, 20, 40)}, 90)
    assert [(f.at_us // SECOND, f.evidence["missing"]) for f in found] == [(70, "heartbeat")]
    assert (found[0].evidence["sensor"], found[0].evidence["seconds"]) == ("radar", 30.0)
    found = watch(rules, {3: sign(3, detection=True), 8: sign(8, detection=True)}, 90)
    assert [(f.at_us // SECOND, f.evidence["missing"]) for f in found] == [(18, "detections")]
    assert watch(rules, {3: sign(3, x=500)}, 90) == []
