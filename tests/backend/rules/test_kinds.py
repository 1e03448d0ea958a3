"""Which rules can be judged, and what becomes of those that cannot."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from judging import SQUARE, area, judge, line, path, rules_for, told
from watchline.errors import GeofenceInvalid, RuleInvalid
from watchline.rules import engine, kinds
from watchline.rules.kind import all_kinds, read_params
from watchline.rules.model import Rule, Severity
from watchline.rules.state import RuleState, StateUnreadable

AREA, WIRE = area(SQUARE), line([(50, -500), (50, 500)])


def rule(kind: str, geofence: str = "area", **params: Any) -> Rule:
    return Rule(
        id=f"r.{kind}", version=3, kind=kind, geofence_id=geofence, severity=Severity.LOW,
        params=params,
    )  # fmt: skip


def test_one_file_a_kind() -> None:
    files = {p.stem for folder in kinds.__path__ for p in Path(folder).glob("*.py")} - {"__init__"}
    assert set(all_kinds()) == files
    assert all_kinds().keys() == {
        "enter", "exit", "cross", "dwell", "sequence", "approach", "proximity", "count", "speed",
        "absence", "sensor_offline", "motionless_in_cold",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (rule("loiter"), "kind_unknown"),
        (rule("enter", "line"), "geofence_kind_wrong"),
        (rule("cross", "area"), "geofence_kind_wrong"),
        (rule("enter", "nowhere"), "geofence_unknown"),
        (rule("enter", seconds=3), "params_invalid"),
        (rule("cross", "line", direction="up"), "params_invalid"),
    ],
)
def test_a_rule_that_cannot_be_judged(bad: Rule, reason: str) -> None:
    by_id = {"area": AREA, "line": WIRE}
    with pytest.raises(RuleInvalid) as refused:
        engine.compile_rule(bad, by_id.get(bad.geofence_id))
    assert refused.value.params["reason"] == reason
    assert refused.value.params["id"] == bad.id
    # Beside it, all others go on.
    made = engine.compile_rules([AREA, WIRE], [bad, *rules_for([AREA, WIRE])])
    assert [error.params["reason"] for error in made.refused] == [reason]
    _, found = judge(made, path([(-50, 50), (90, 50), (200, 50)]))
    assert told(found) == [("cross", 0), ("enter", 1), ("exit", 2)]


def test_a_geofence_that_cannot_be_judged() -> None:
    bow = area(((0, 0), (10, 10), (10, 0), (0, 10), (0, 0)), id="bow")
    made = engine.compile_rules([bow, AREA], rules_for([bow, AREA]))
    (error,) = made.refused
    assert isinstance(error, GeofenceInvalid)
    assert error.params == {"id": "bow", "reason": "self_intersecting"}
    assert told(judge(made, path([(50, 50)]))[1]) == [("enter", 0)]


def test_params_are_read_as_their_kind_says() -> None:
    params = read_params("enter", {}, AREA.kind)
    assert params == all_kinds()["enter"].params()


def test_only_watched_geofences_are_judged_and_each_rule_tells() -> None:
    twice = [rule("enter"), replace(rule("enter"), id="second", severity=Severity.VERY_HIGH)]
    made = engine.compile_rules([area(SQUARE, id="idle"), AREA], twice)
    assert [a.id for a in made.index.areas] == ["area"]
    _, found = judge(made, path([(50, 50)]))
    assert [(f.rule_id, f.rule_version, f.severity) for f in found] == [
        ("r.enter", 3, Severity.LOW),
        ("second", 3, Severity.VERY_HIGH),
    ]


def test_state_of_another_form_is_refused() -> None:
    good = RuleState.empty().pack()
    for data in (b"", b"\x00", good[:-1], good.replace(b"\x02", b"\x63", 1)):
        with pytest.raises(StateUnreadable) as refused:
            RuleState.unpack(data)
        assert refused.value.code == "rules.state_unreadable"
