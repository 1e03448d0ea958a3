"""Drawing, changing and removing geofences with their rules, over HTTP into PostGIS."""

import numpy as np

from plain_sector import lon_lat, ring
from watchline.rules import budget

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
    assert (await admin.delete(f"{URL}/wire")).status_code == 204
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
