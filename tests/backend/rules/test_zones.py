"""Drawing, changing and removing geofences with their rules, over HTTP into PostGIS."""

from datetime import UTC, datetime, timedelta

import numpy as np

from plain_sector import ORIGIN, lon_lat, ring
from watchline.geofences import current
from watchline.geofences.model import in_force
from watchline.rules import budget
from watchline.sectors.plane import SectorPlane

URL = "/api/sectors/test/geofences"
ZONE = {
    "name": "Clearing",
    "kind": "area",
    "geom": {"type": "Polygon", "coordinates": [ring(1000, 0, 200)]},
}
WIRE = {
    "id": "wire",
    "name": "Wire",
    "kind": "line",
    "geom": {"type": "LineString", "coordinates": [lon_lat(0, 0), lon_lat(50, 0), lon_lat(50, 9)]},
}


async def test_a_zone_gets_its_default_rule_and_is_listed(hub, admin):
    rev = hub.query("SELECT rev FROM sector")[0][0]
    answer = await admin.post(URL, json=ZONE)
    made = answer.json()
    assert answer.status_code == 201 and made["version"] == 1
    assert made["geom"]["type"] == "Polygon" and made["directions"] is None
    np.testing.assert_allclose(made["geom"]["coordinates"], ZONE["geom"]["coordinates"], atol=1e-8)
    assert [(r["kind"], r["severity"], r["version"]) for r in made["rules"]] == [
        ("enter", "high", 1)
    ]
    assert made in (await admin.get(URL)).json()
    assert hub.query("SELECT rev FROM sector") == [(rev + 1,)]
    assert hub.query("SELECT rev FROM geofence WHERE id = %s", made["id"]) == [(rev + 1,)]
    assert hub.query(
        "SELECT op FROM audit_event WHERE chain = 'test' ORDER BY no DESC LIMIT 1"
    ) == [("geofence.put",)]


async def test_a_line_has_a_direction_for_each_segment(admin):
    made = (await admin.post(URL, json=WIRE)).json()
    assert made["directions"] == ["both", "both"]
    assert [rule["kind"] for rule in made["rules"]] == ["cross"]
    told = {**WIRE, "directions": ["left_to_right", "both"]}
    again = (await admin.post(URL, json=told)).json()
    assert (again["version"], again["directions"]) == (2, ["left_to_right", "both"])
    assert again["rules"] == made["rules"]


async def test_versions_stay_and_the_same_again_is_no_version(hub, admin):
    first = (await admin.post(URL, json=WIRE)).json()
    assert (await admin.post(URL, json=WIRE)).json() == first
    moved = {**WIRE, "p_in": 0.8, "rules": [{"kind": "cross", "severity": "low"}]}
    second = (await admin.post(URL, json=moved)).json()
    assert second["version"] == 2 and second["p_in"] == 0.8
    assert [(r["version"], r["severity"]) for r in second["rules"]] == [(2, "low")]
    rows = hub.query("SELECT version, valid_to IS NULL FROM geofence WHERE id='wire' ORDER BY 1")
    assert rows == [(1, False), (2, True)]
    assert (await admin.delete(f"{URL}/wire", params={"rules": "end"})).status_code == 204
    assert "wire" not in [g["id"] for g in (await admin.get(URL)).json()]
    assert hub.query("SELECT count(*) FROM rule WHERE geofence_id='wire' AND valid_to IS NULL") == [
        (0,)
    ]
    gone = await admin.delete(f"{URL}/wire")
    assert (gone.status_code, gone.json()["code"]) == (404, "geofence.unknown")
    assert (await admin.post(URL, json=WIRE)).json()["version"] == 3


async def test_bad_drafts_get_their_code_and_change_nothing(hub, admin):
    before = hub.query("SELECT rev FROM sector")
    hub.execute(
        """INSERT INTO sector (id, name, geom, origin, time_zone)
           SELECT 'other', name, geom, origin, time_zone FROM sector"""
    )
    await admin.post("/api/sectors/other/geofences", json={**WIRE, "id": "theirs"})
    swapped = {"type": "Polygon", "coordinates": [[[y, x] for x, y in ring(0, 0, 400)]]}
    cases = [
        ({**ZONE, "geom": swapped}, "geofence.outside_sector", {"swapped": True}),
        ({**WIRE, "directions": ["both"]}, "geofence.invalid", None),
        ({**WIRE, "id": "theirs"}, "geofence.id_taken", None),
        ({**ZONE, "rules": [{"kind": "cross"}]}, "rule.invalid", None),
        ({**ZONE, "rules": [{"kind": "nonsense"}]}, "rule.invalid", None),
        ({**ZONE, "rules": [{"kind": "enter", "params": {"x": 1}}]}, "rule.invalid", None),
        ({**ZONE, "rules": [{"kind": "enter", "params": {"a": "x" * 5000}}]}, "rule.invalid", None),
        ({**ZONE, "rules": [{"kind": "enter", "id": "r"}] * 2}, "rule.invalid", None),
        ({**ZONE, "p_in": 0.1}, "request.invalid", None),
        ({**ZONE, "p_out": 0}, "request.invalid", None),
        ({**ZONE, "name": ""}, "request.invalid", None),
        ({**ZONE, "name": "a\x07b"}, "request.invalid", None),
        ({**ZONE, "id": "../x"}, "request.invalid", None),
        ({**ZONE, "geom": {"type": "Point", "coordinates": [1, 2]}}, "request.invalid", None),
    ]
    for body, code, params in cases:
        answer = await admin.post(URL, json=body)
        assert answer.json()["code"] == code, body
        assert answer.status_code in (409, 422)
        assert params is None or answer.json()["params"] == params
    nan = b'{"name":"a","kind":"line","geom":{"type":"LineString","coordinates":[[NaN,1],[2,3]]}}'
    headers = {"content-type": "application/json"}
    answer = await admin.post(URL, content=nan, headers=headers)
    assert answer.json()["code"] == "request.invalid"
    assert hub.query("SELECT rev FROM sector WHERE id = 'test'") == before
    assert (await admin.post("/api/sectors/none/geofences", json=ZONE)).json()["code"] == (
        "sector.unknown"
    )


async def test_who_deletes_a_geofence_in_use_says_what_happens_to_its_rules(hub, admin):
    await admin.post(URL, json=WIRE)
    await admin.post(URL, json={**WIRE, "id": "spare", "rules": []})
    asked = await admin.delete(f"{URL}/wire")
    assert (asked.status_code, asked.json()["code"]) == (409, "geofence.in_use")
    assert asked.json()["params"]["rules"] == [
        {"id": "wire.cross", "name": "Wire", "kind": "cross"}
    ]
    assert "wire" in [g["id"] for g in (await admin.get(URL)).json()]
    for to, code in (("none", "geofence.unknown"), ("meadow", "rule.invalid")):
        refused = await admin.delete(f"{URL}/wire", params={"move_rules_to": to})
        assert refused.json()["code"] == code
    moved = await admin.delete(f"{URL}/wire", params={"move_rules_to": "spare"})
    assert moved.status_code == 204
    there = {g["id"]: g for g in (await admin.get(URL)).json()}
    assert "wire" not in there
    assert [(r["id"], r["version"]) for r in there["spare"]["rules"]] == [("wire.cross", 2)]
    # A rule elsewhere that only names it in its parameters needs it too, and cannot move.
    hub.execute("""UPDATE rule SET params = '{"then": ["spare"]}' WHERE id = 'meadow-enter'""")
    params = {"move_rules_to": "ditch"}
    named = (await admin.delete(f"{URL}/spare", params=params)).json()["params"]["rules"]
    assert [rule["id"] for rule in named] == ["meadow-enter"]
    # Told both fates, what lies over it moves and what only names it ends.
    both = {"move_rules_to": "ditch", "rules": "end"}
    assert (await admin.delete(f"{URL}/spare", params=both)).status_code == 204
    assert hub.query(
        """SELECT id, geofence_id FROM rule
            WHERE valid_to IS NULL AND id IN ('meadow-enter', 'wire.cross')"""
    ) == [("wire.cross", "ditch")]


async def test_circles_and_corridors_keep_what_they_were_drawn_by(admin):
    drawn = {"type": "Circle", "coordinates": list(ORIGIN), "radius_m": 250.0}
    made = (await admin.post(URL, json={**ZONE, "id": "round", "geom": drawn})).json()
    assert made["drawn"] == drawn and made["geom"]["type"] == "Polygon" and made["kind"] == "area"
    assert (await admin.post(URL, json={**ZONE, "id": "round", "geom": drawn})).json() == made
    band = {
        "type": "Corridor",
        "coordinates": [list(ORIGIN), [24.005, 50.5]],
        "left_m": 50.0,
        "right_m": 0.0,
    }
    made = (await admin.post(URL, json={**ZONE, "id": "round", "geom": band})).json()
    assert (made["version"], made["drawn"]) == (2, band)
    plain = (await admin.post(URL, json={**ZONE, "id": "round"})).json()
    assert (plain["version"], plain["drawn"]) == (3, None)


async def test_only_a_geofence_for_alarms_carries_rules(admin):
    clutter = {**ZONE, "id": "clutter", "purpose": "exclusion"}
    assert (await admin.post(URL, json=clutter)).json()["rules"] == []
    refused = await admin.post(URL, json={**clutter, "rules": [{"kind": "enter"}]})
    assert refused.json()["params"]["reason"] == "purpose_wrong"
    refused = await admin.post(URL, json={**WIRE, "purpose": "exclusion"})
    assert refused.json()["params"]["reason"] == "purpose_wrong"
    await admin.post(URL, json=WIRE)
    alarm = (await admin.post(URL, json={**clutter, "purpose": "alarm", "rules": None})).json()
    assert (alarm["purpose"], alarm["rules"]) == ("alarm", [])  # it is there and keeps its rules


async def test_a_pause_returns_by_itself_and_can_be_ended(hub, admin):
    until = datetime.now(UTC) + timedelta(hours=2)
    pause = {"reason": "maintenance", "until": until.isoformat()}
    rev = hub.query("SELECT rev FROM sector")[0][0]
    view = (await admin.post(f"{URL}/meadow/pause", json=pause)).json()
    assert view["pause"] == pause and view["in_force"] is False and view["version"] == 1
    with hub.database.connect("ingest") as connection:
        assert current.newest_rev(connection, "test") == rev + 1
        meadow, ditch = sorted(
            current.current(connection, "test", SectorPlane(*ORIGIN)), key=lambda g: g.kind
        )
    now_us = int(datetime.now(UTC).timestamp() * 1e6)
    later_us = int(until.timestamp() * 1e6)
    assert [in_force(meadow, at) for at in (now_us, later_us - 1, later_us + 1)] == [0, 0, 1]
    assert in_force(ditch, now_us)
    view = (await admin.post(f"{URL}/meadow/arm")).json()
    assert view["pause"] is None and view["in_force"] is True
    for bad in (datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC) + timedelta(days=32)):
        told = {**pause, "until": bad.isoformat()}
        refused = await admin.post(f"{URL}/meadow/pause", json=told)
        assert refused.json()["code"] == "geofence.pause_invalid"
    for verb, body in (("pause", pause), ("arm", None)):
        gone = await admin.post(f"{URL}/none/{verb}", json=body)
        assert gone.json()["code"] == "geofence.unknown"


async def test_a_schedule_is_kept_and_told(admin):
    night = {
        "weekly": [{"day": 0, "start": "22:00", "end": "06:00"}],
        "light": ["dark", "twilight"],
    }
    made = (await admin.post(URL, json={**WIRE, "schedule": night})).json()
    assert made["schedule"]["weekly"] == night["weekly"]
    assert made["schedule"]["light"] == ["twilight", "dark"]
    assert (await admin.post(URL, json={**WIRE, "schedule": made["schedule"]})).json() == made
    over = {**WIRE, "schedule": {"valid_until": "2020-01-01T00:00:00Z"}}
    assert (await admin.post(URL, json=over)).json()["in_force"] is False
    for bad in (
        {"weekly": [{"day": 7, "start": "00:00", "end": "01:00"}]},
        {"weekly": [{"day": 0, "start": "25:00", "end": "01:00"}]},
        {"light": []},
        {"light": ["dusk"]},
        {"valid_from": "2020-01-01T00:00:00"},
        {"valid_from": "2020-01-02T00:00:00Z", "valid_until": "2020-01-01T00:00:00Z"},
    ):
        refused = await admin.post(URL, json={**WIRE, "schedule": bad})
        assert refused.json()["code"] == "request.invalid", bad


async def test_an_empty_list_of_rules_means_none(admin):
    made = (await admin.post(URL, json={**ZONE, "id": "quiet", "rules": []})).json()
    assert made["rules"] == []
    two = [{"kind": "enter"}, {"kind": "enter", "severity": "low", "name": "Second"}]
    made = (await admin.post(URL, json={**ZONE, "id": "quiet", "rules": two})).json()
    assert [rule["id"] for rule in made["rules"]] == ["quiet.enter", "quiet.enter.2"]
    assert [rule["name"] for rule in made["rules"]] == ["Clearing", "Second"]


async def test_a_bad_rule_is_refused_with_its_place(admin):
    def body(*rules: dict) -> dict:
        return {**ZONE, "rules": list(rules)}

    cases = [
        (body({"kind": "enter"}, {"kind": "dwell"}), "params_invalid", "rules[1].params"),
        (body({"kind": "dwell", "params": {"seconds": -1}}), "params_invalid",
         "rules[0].params.seconds"),
        (body({"kind": "cross"}), "geofence_kind_wrong", "rules[0].kind"),
        (body({"kind": "sequence", "params": {"first": "none", "within_s": 9}}),
         "geofence_unknown", "rules[0].params"),
    ]  # fmt: skip
    for draft, reason, place in cases:
        params = (await admin.post(URL, json=draft)).json()["params"]
        assert (params["reason"], params["place"]) == (reason, place)
    made = await admin.post(URL, json=body({"kind": "dwell", "params": {"seconds": 60}}))
    assert made.json()["rules"][0]["params"] == {"seconds": 60}


async def test_beyond_the_budget_nothing_is_stored(hub, admin, monkeypatch):
    there = hub.query("SELECT count(*) FROM rule WHERE valid_to IS NULL")[0][0]
    monkeypatch.setattr(budget, "BUDGET", budget.Cost(rules=there + 1, corners=10**6))
    assert (await admin.post(URL, json=WIRE)).status_code == 201
    refused = (await admin.post(URL, json=ZONE)).json()
    assert refused["code"] == "rule.invalid"
    assert refused["params"] == {
        "reason": "over_budget", "of": "rules", "cost": there + 2, "most": there + 1,
    }  # fmt: skip
    assert hub.query("SELECT count(*) FROM geofence WHERE name = 'Clearing'") == [(0,)]
    # Nor do rules move to a geofence whose outline would cost too much.
    long = [[24.0 + 1e-5 * k, 50.5001] for k in range(40)]
    spare = WIRE | {"id": "spare", "rules": [], "directions": ["both"] * 39}
    spare["geom"] = {"type": "LineString", "coordinates": long}
    assert (await admin.post(URL, json=spare)).status_code == 201
    corners = hub.query("SELECT sum(ST_NPoints(g.geom)) FROM geofence g WHERE id <> 'spare'")[0][0]
    monkeypatch.setattr(budget, "BUDGET", budget.Cost(rules=there + 1, corners=corners + 9))
    moved = await admin.delete(f"{URL}/wire", params={"move_rules_to": "spare"})
    assert (moved.status_code, moved.json()["params"]["of"]) == (422, "corners")
    assert "wire" in [g["id"] for g in (await admin.get(URL)).json()]
