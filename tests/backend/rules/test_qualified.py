"""What a rule asks beside its condition: a good track, its hours, and that it is not our own."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from judging import SECOND, SQUARE, area, cut, line, path
from watchline.errors import RuleInvalid
from watchline.geofences.model import Geofence, GeofenceKind, Pause
from watchline.rules import budget, engine
from watchline.rules.friendly import FRIENDLY
from watchline.rules.kind import read_params
from watchline.rules.model import Finding, Rule, Severity, Surroundings, UnitFix
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackUpdates

ZONE = area(SQUARE, id="zone")
#: Monday 2026-01-05, 00:00 UTC.
MONDAY = 1_767_571_200 * SECOND


def rule(kind: str = "enter", id: str = "r", **params: Any) -> Rule:
    return Rule(
        id=id, version=1, kind=kind, geofence_id="zone", severity=Severity.LOW, params=params
    )


def step_by_step(
    walks: TrackUpdates,
    *rules: Rule,
    units: tuple[UnitFix, ...] = (),
    zone: str = "UTC",
    fence: Geofence = ZONE,
) -> list[Finding]:
    """In one step, and update by update through packed states: the same."""
    made = engine.compile_rules([fence], rules, zone=zone)
    assert made.refused == ()
    told = []
    for cuts in ([0, len(walks)], range(len(walks) + 1)):
        state, found = RuleState.empty(), []
        # What a unit told is given with the first of the updates, in both ways.
        around = Surroundings(units=units)
        for low, high in pairwise(cuts):
            state, new = engine.step(state, cut(walks, low, high), None, made, around)
            state, around = RuleState.unpack(state.pack()), Surroundings()
            found += new
        told.append(found)
    assert told[0] == told[1]
    return told[0]


def walk(n: int = 10, **columns: Any) -> TrackUpdates:
    """In at second 1; hits and age grow by one a second."""
    way = path([(-50, 50)] + [(50 + 0.1 * k, 50) for k in range(1, n)])
    for name, column in columns.items():
        getattr(way, name)[:] = column
    return way


@pytest.mark.parametrize(
    ("params", "good_s"),
    [
        ({}, 1),
        ({"min_hits": 5}, 4),
        ({"min_age_s": 6.5}, 7),
        ({"min_hits": 5, "min_age_s": 6.5}, 7),
        ({"min_hits": 50}, None),
        ({"min_hits": 5, "wait_s": 2}, None),  # it takes 3 s more
        ({"max_sigma_m": 0.5}, None),
        ({"max_sigma_m": 1.0}, 1),
    ],
)
def test_what_happened_waits_for_a_good_track(params: dict, good_s: int | None) -> None:
    found = step_by_step(walk(), rule(**params))
    if good_s is None:
        assert found == []
        return
    (finding,) = found
    assert finding.at_us == SECOND
    assert finding.evidence.get("good_at_us", SECOND) == good_s * SECOND
    assert finding.evidence["hits"] == good_s + 1


def test_what_waits_for_its_track_goes_on_waiting_when_a_batch_is_of_others() -> None:
    other = path([(-90, -90)], track=2, start_s=2)
    made = engine.compile_rules([ZONE], [rule(min_hits=5)])
    way = walk()
    state, told = RuleState.empty(), []
    for batch in (cut(way, 0, 2), other, cut(way, 2, 3), other, cut(way, 3, 10)):
        state, found = engine.step(state, batch, None, made)
        told += found
    assert [(f.at_us, f.evidence["hits"]) for f in told] == [(SECOND, 5)]


def test_a_track_that_ends_while_it_is_waited_for() -> None:
    way = walk(3)
    way.status[2] = 3
    assert step_by_step(way, rule(min_hits=9)) == []


def test_classes() -> None:
    person = np.array([0.7, 0.1, 0.1, 0.1, 0.0])
    later = walk(classes=np.linspace(0.2, 0.9, 10)[:, None] * (1, 0, 0, 0, 0))
    assert len(step_by_step(walk(classes=person), rule(classes={"person": 0.6}))) == 1
    assert step_by_step(walk(classes=person), rule(classes={"vehicle": 0.5})) == []
    either = rule(classes={"vehicle": 0.5, "person": 0.6})
    assert len(step_by_step(walk(classes=person), either)) == 1
    (found,) = step_by_step(later, rule(classes={"person": 0.6}))
    assert found.evidence["good_at_us"] == 6 * SECOND  # 0.2 + 0.7 * 6 / 9


def test_a_watch_is_told_when_its_track_is_good() -> None:
    (found,) = step_by_step(walk(20), rule("dwell", seconds=3, min_hits=9))
    assert found.at_us == 8 * SECOND
    (found,) = step_by_step(walk(20), rule("dwell", seconds=9, min_hits=5))
    assert found.at_us == 10 * SECOND
    # Good for a time, then no longer when the deadline passes.
    sigma = np.where(np.arange(20) < 6, 1.0, 9.0)
    assert step_by_step(walk(20, var_x_m2=sigma), rule("dwell", seconds=9, max_sigma_m=2)) == []


@pytest.mark.parametrize(
    ("hours", "zone", "expected"),
    [
        (((0, 60),), "UTC", True),
        (((60, 120),), "UTC", False),
        (((60, 120),), "Europe/Warsaw", True),  # an hour ahead in winter
        (((5000, 6000), (0, 1)), "UTC", True),
    ],
)
def test_hours(hours: tuple, zone: str, expected: bool) -> None:
    way = walk(at_us=MONDAY + np.arange(10) * SECOND)
    assert bool(step_by_step(way, rule(hours=hours), zone=zone)) is expected


def test_a_watch_waits_for_its_hour() -> None:
    way = walk(60, at_us=MONDAY + (3570 + np.arange(60)) * SECOND)
    (found,) = step_by_step(way, rule("dwell", seconds=5, hours=((60, 120),)))
    assert found.at_us == MONDAY + 3600 * SECOND
    assert step_by_step(way, rule("dwell", seconds=5, hours=((120, 180),))) == []


def test_disarmed_and_not_in_force() -> None:
    assert step_by_step(walk(), rule(armed=False)) == []
    assert step_by_step(walk(), rule("dwell", seconds=2, armed=False)) == []
    until_5 = replace(ZONE, pauses=(Pause(from_us=0, until_us=5 * SECOND),))
    (found,) = step_by_step(walk(), rule(), fence=until_5)
    assert found.at_us == 5 * SECOND  # who is inside when it returns enters then
    (found,) = step_by_step(walk(), rule("dwell", seconds=2), fence=until_5)
    assert found.at_us == 7 * SECOND  # and begins to stay


def patrol(n: int, unit: str = "u1", east: float = 0.0, sigma: float = 5.0) -> tuple:
    """Fixes of a unit that walks as `walk` does, every 5 s."""
    return tuple(
        UnitFix(unit=unit, at_us=t * SECOND, x_m=(50 if t else -50) + east, y_m=50, sigma_m=sigma)
        for t in range(0, n, 5)
    )


def slow(n: int = 30, track: int = 1, north: float = 0.0) -> TrackUpdates:
    """Comes from afar and is inside from second 20 on."""
    return path([(-50 + 3 * t, 50 + north) for t in range(n)], sigma=5.0, track=track)


def beside(n: int = 30, **place: float) -> tuple:
    return tuple(
        UnitFix(unit="u1", at_us=t * SECOND, x_m=-50 + 3.0 * t + place.get("east", 0), y_m=50,
                sigma_m=5.0, vx_mps=3.0)
        for t in range(0, n, 5)
    )  # fmt: skip


def test_our_own_is_kept_and_not_raised() -> None:
    (own,) = step_by_step(slow(), rule(), units=beside())
    assert own.suppressed == "friendly"
    assert own.evidence["friendly"]["unit"] == "u1"
    assert own.evidence["friendly"]["p"] >= FRIENDLY
    (anyone,) = step_by_step(slow(), rule(affiliation="any"), units=beside())
    assert anyone.suppressed is None
    assert anyone.evidence["friendly"]["p"] >= FRIENDLY


def test_somebody_else_or_a_stale_position_is_not_our_own() -> None:
    (far,) = step_by_step(slow(), rule(), units=beside(east=80))
    assert far.suppressed is None and "friendly" not in far.evidence
    (told_us,) = {finding.at_us for finding in step_by_step(slow(), rule())}
    old = UnitFix(unit="u1", at_us=told_us - 31 * SECOND, x_m=50.0 - 3 * 31, y_m=50, vx_mps=3.0)
    (stale,) = step_by_step(slow(), rule(), units=(old,))
    assert stale.suppressed is None


def together(*walks: TrackUpdates) -> TrackUpdates:
    joined = {n: np.concatenate([getattr(w, n) for w in walks]) for n in TrackUpdates.__slots__}
    order = np.argsort(joined["at_us"], kind="stable")
    return TrackUpdates(**{name: column[order] for name, column in joined.items()})


def test_one_unit_never_explains_two_tracks() -> None:
    """An intruder 6 m beside a patrol: who of them is the unit cannot be said, so both raise."""
    close = together(slow(), slow(track=2, north=6.0))
    found = step_by_step(close, rule(), units=beside())
    assert len(found) == 2
    assert [f.suppressed for f in found] == [None, None]
    assert sum(f.evidence["friendly"]["p"] for f in found) < 1
    # 35 m behind it can: the patrol is not raised, the intruder is.
    apart = together(slow(), slow(track=2, north=35.0))
    found = step_by_step(apart, rule(), units=beside())
    assert {f.track_no: f.suppressed for f in found} == {1: "friendly", 2: None}


def test_a_watch_knows_its_own_too() -> None:
    (own,) = step_by_step(slow(40), rule("dwell", seconds=5), units=beside(40))
    assert own.suppressed == "friendly"


@pytest.mark.parametrize(
    ("kind", "params", "place"),
    [
        ("dwell", {"seconds": -1}, "$.seconds"),
        ("dwell", {"seconds": 5, "classes": {"person": 2}}, "$.classes[...]"),
        ("dwell", {"seconds": 5, "min_hits": "many"}, "$.min_hits"),
        ("enter", {"hours": [[0, 60], [70, 99_999]]}, "$.hours[1][1]"),
        ("enter", {"hours": [[60, 0]]}, "$"),
        ("speed", {}, "$"),
        ("proximity", {"to": "moon", "metres": 5}, "$.to"),
    ],
)
def test_bad_parameters_are_refused_with_their_place(kind: str, params: dict, place: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        read_params(kind, params, GeofenceKind.AREA)
    assert (refused.value.params["reason"], refused.value.params["place"]) == (
        "params_invalid",
        place,
    )


def test_a_line_has_no_tracks_inside() -> None:
    with pytest.raises(RuleInvalid) as refused:
        read_params("proximity", {"to": "track", "metres": 5}, GeofenceKind.LINE)
    assert refused.value.params["needs"] == "area"
    read_params("proximity", {"to": "asset", "metres": 5}, GeofenceKind.LINE)


def test_beyond_the_budget_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "BUDGET", budget.Cost(rules=2, corners=8))
    fence = line([(500, 0), (500, 9), (500, 20), (500, 30)], id="fence")
    rules = [
        rule(id="a"),
        rule(id="b", kind="exit"),  # the same corners are paid once
        rule(id="c"),
        Rule(id="d", version=1, kind="cross", geofence_id="fence", severity=Severity.LOW),
    ]
    made = engine.compile_rules([ZONE, fence], rules)
    assert [one.rule.id for one in made.made] == ["a", "b"]
    assert [(e.params["id"], e.params["of"]) for e in made.refused] == [
        ("c", "rules"),
        ("d", "rules"),
    ]
    made = engine.compile_rules([ZONE, fence], [rules[0], rules[3]])
    assert [(e.params["id"], e.params["of"]) for e in made.refused] == [("d", "corners")]
    assert (made.refused[0].params["cost"], made.refused[0].params["most"]) == (9, 8)


def test_a_sequence_needs_its_first_geofence() -> None:
    made = engine.compile_rules([ZONE], [rule("sequence", first="gone", within_s=5)])
    assert [e.params for e in made.refused] == [
        {"reason": "geofence_unknown", "id": "r", "geofence": "gone"}
    ]
