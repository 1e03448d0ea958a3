"""Why a rule fired or did not: the first predicate that failed, from stored detections."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from judging import SECOND, SQUARE, area, line, path
from plain_sector import ring
from stored_walk import store_walk
from watchline.geofences.model import Geofence, Pause, Purpose
from watchline.rules.explain import explain
from watchline.rules.model import Rule, Severity

ZONE, WIRE = area(SQUARE, id="zone"), line([(-20, -500), (-20, 500)], id="wire")
IN = [(-60, 50), (-30, 50), (50, 50), (50, 50), (50, 50), (50, 50)]


def asked(
    kind: str,
    points: list,
    at_s: int = 2,
    fence: str = "zone",
    more: tuple[Geofence, ...] = (),
    **params: Any,
) -> dict:
    rule = Rule(
        id="r", version=4, kind=kind, geofence_id=fence, severity=Severity.LOW, params=params
    )
    there = {fence.id: fence for fence in (ZONE, WIRE, *more)}
    return explain(path(points, sigma=3.0), rule, there, at_s * SECOND)


@pytest.mark.parametrize(
    ("kind", "params", "failed"),
    [
        ("enter", {"min_hits": 99}, ("min_hits", 99, 3)),
        ("enter", {"min_age_s": 90}, ("min_age_s", 90, 2.0)),
        ("enter", {"max_sigma_m": 2}, ("max_sigma_m", 2, 3.0)),
        ("enter", {"classes": {"person": 0.5}}, ("classes", {"person": 0.5}, [0.2] * 5)),
        ("enter", {"armed": False}, ("armed", False, 2 * SECOND)),
        ("enter", {"hours": [[60, 120]]}, ("hours", [[60, 120]], 2 * SECOND)),
        # The first in order is named.
        ("enter", {"max_sigma_m": 2, "min_hits": 99}, ("min_hits", 99, 3)),
        ("dwell", {"seconds": 100}, ("condition", None, {"p_inside": 1.0})),
    ],
)
def test_the_first_that_failed(kind: str, params: dict, failed: tuple) -> None:
    answer = asked(kind, IN, **params)
    assert answer["fired"] is False and answer["rule_version"] == 4
    told = answer["failed"]
    if told["predicate"] == "condition":
        told = told | {"asked": None}
    assert (told["predicate"], told["asked"], told["had"]) == failed


def test_it_fired() -> None:
    answer = asked("enter", IN)
    assert answer["fired"] is True and answer["failed"] is None
    assert answer["findings"][0]["at_us"] == 2 * SECOND
    assert [plot["p_inside"] for plot in answer["inputs"]] == [0, 0, 1, 1, 1, 1]


def test_it_never_came_near_or_was_not_seen() -> None:
    answer = asked("enter", [(-60, 50)] * 5)
    assert answer["failed"]["predicate"] == "condition"
    assert answer["failed"]["had"] == {"p_inside": 0.0}
    answer = asked("cross", [(-60, 50), (-40, 50)], fence="wire")
    # 20 m from the wire with 3 m: still beyond doubt on its left.
    assert answer["failed"]["had"] == {"z_from": pytest.approx(6.67, abs=0.01), "z_to": 13.33}
    assert asked("enter", IN, at_s=900)["failed"]["predicate"] == "plots"


def test_out_of_force_or_in_an_exclusion() -> None:
    paused = replace(ZONE, pauses=(Pause(from_us=0, until_us=90 * SECOND),))
    answer = asked("enter", IN, more=(paused,))
    assert answer["failed"] == {"predicate": "in_force", "asked": "zone", "had": False}
    reeds = replace(ZONE, id="reeds", purpose=Purpose.EXCLUSION)
    answer = asked("enter", IN, more=(reeds,))
    assert answer["failed"] == {"predicate": "heard", "asked": "zone", "had": False}
    assert asked("enter", IN, more=(replace(reeds, pauses=paused.pauses),))["fired"] is True


START = datetime(2026, 1, 5, 2, 13, tzinfo=UTC)
HOLE = {
    "id": "hole",
    "name": "Hole",
    "kind": "area",
    "geom": {"type": "Polygon", "coordinates": [ring(0, 5000, 200)]},
    "rules": [
        {"id": "hole.in", "kind": "enter"},
        {"id": "hole.good", "kind": "enter", "params": {"min_hits": 500}},
    ],
}


async def test_over_http_from_what_is_stored(hub: Any, admin: Any) -> None:
    await admin.post("/api/sectors/test/geofences", json=HOLE)
    hub.execute("UPDATE rule SET valid_from = %s", START - timedelta(days=1))
    hub.execute("UPDATE geofence SET valid_from = %s", START - timedelta(days=1))
    store_walk(hub, [(-200 + 5 * t, 5000) for t in range(60)], START)
    at = (START + timedelta(seconds=22)).isoformat()

    async def ask(rule: str, **changes: Any) -> Any:
        params = {"track": 1, "at": at} | changes
        return (await admin.get(f"/api/rules/{rule}/explain", params=params)).json()

    fired = await ask("hole.in")
    assert fired["fired"] is True and fired["detections"] == 60
    told_us = fired["findings"][0]["at_us"] - START.timestamp() * 1e6
    assert 18 * SECOND <= told_us <= 24 * SECOND  # the edge is at -100 m
    failed = (await ask("hole.good"))["failed"]
    assert (failed["predicate"], failed["asked"]) == ("min_hits", 500)
    assert 18 <= failed["had"] <= 25
    assert (await ask("none"))["code"] == "rule.unknown"
    assert (await ask("hole.in", track=77))["code"] == "track.unknown"
    before = (START - timedelta(days=2)).isoformat()
    assert (await ask("hole.in", at=before))["code"] == "rule.unknown"
    assert (await ask("hole.in", at="yesterday"))["code"] == "request.invalid"
