"""Acknowledge, resolve, reopen: over HTTP into PostGIS, each in one transaction."""

import asyncio

import numpy as np
import pytest

from watchline.sectors import border_store

DONE = {"disposition": "nuisance_animal", "note": "two roe deer\nat the ditch"}


async def test_an_incident_from_alarm_to_resolution_and_back(hub, admin, make_incident):
    id = make_incident(7)
    (listed,) = (await admin.get("/api/sectors/test/incidents")).json()
    assert listed["no"] == 7 and listed["status"] == "new" and listed["acknowledged_by"] is None
    assert listed["rule"] == {
        "id": "meadow-enter",
        "version": 1,
        "name": "Somebody in the meadow",
        "kind": "enter",
    }
    assert listed["geofence"] == {"id": "meadow", "version": 1, "name": "Meadow", "kind": "area"}
    assert listed["tracks"] == [{"id": "01900000-0000-7000-8000-00000000aaaa", "no": None}]
    assert (listed["lon"], listed["lat"]) == (24.0, 50.5)

    revs = [listed["rev"]]
    taken = (await admin.post(f"/api/incidents/{id}/acknowledge", json={})).json()
    assert (taken["status"], taken["acknowledged_by"]) == ("acknowledged", "administrator")
    revs.append(taken["rev"])
    closed = (await admin.post(f"/api/incidents/{id}/resolve", json=DONE)).json()
    assert (closed["status"], closed["disposition"]) == ("resolved", "nuisance_animal")
    revs.append(closed["rev"])
    assert (await admin.get("/api/sectors/test/incidents")).json() == []
    assert len((await admin.get("/api/sectors/test/incidents?status=resolved")).json()) == 1
    back = (await admin.post(f"/api/incidents/{id}/reopen", json={})).json()
    assert (back["status"], back["disposition"]) == ("acknowledged", None)
    assert back["resolved_at"] is None and back["resolved_by"] is None
    revs.append(back["rev"])
    assert revs == list(range(revs[0], revs[0] + 4))

    file = (await admin.get(f"/api/incidents/{id}")).json()
    assert [(e["no"], e["kind"], e["actor"]) for e in file["events"]] == [
        (1, "opened", "machine"),
        (2, "acknowledged", "administrator"),
        (3, "resolved", "administrator"),
        (4, "reopened", "administrator"),
    ]
    assert file["events"][2]["detail"] == DONE
    audited = hub.query("SELECT op FROM audit_event WHERE chain = 'test' ORDER BY no")
    assert [op for (op,) in audited][-3:] == [
        "incident.acknowledge",
        "incident.resolve",
        "incident.reopen",
    ]


async def test_a_wrong_step_is_refused_and_leaves_nothing(hub, admin, make_incident):
    id = make_incident()
    await admin.post(f"/api/incidents/{id}/resolve", json=DONE)
    before = hub.query("SELECT rev FROM sector"), hub.query("SELECT count(*) FROM audit_event")
    for verb, body in (("acknowledge", {}), ("resolve", DONE)):
        refused = await admin.post(f"/api/incidents/{id}/{verb}", json=body)
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "incident.wrong_status"
        assert refused.json()["params"] == {"status": "resolved"}
    assert before == (
        hub.query("SELECT rev FROM sector"),
        hub.query("SELECT count(*) FROM audit_event"),
    )
    assert hub.query("SELECT count(*) FROM incident_event") == [(2,)]


async def test_of_two_people_at_once_one_wins(hub, admin, make_incident):
    id = make_incident()
    answers = await asyncio.gather(
        *(admin.post(f"/api/incidents/{id}/acknowledge", json={}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert hub.query("SELECT count(*) FROM incident_event WHERE kind = 'acknowledged'") == [(1,)]


async def test_urgent_ones_come_first(admin, make_incident):
    make_incident(1, severity="low", opened_at="2026-01-09")
    make_incident(2, severity="very_high", opened_at="2026-01-01")
    make_incident(3, severity="high", opened_at="2026-01-02")
    make_incident(4, severity="high", opened_at="2026-01-03", status="acknowledged")
    make_incident(5, severity="medium", life_at_risk=True)
    make_incident(6, severity="very_high", status="resolved")

    async def listed(query: str) -> list[int]:
        answer = await admin.get(f"/api/sectors/test/incidents{query}")
        return [incident["no"] for incident in answer.json()]

    assert await listed("") == [5, 2, 4, 3, 1]
    assert await listed("?limit=2") == [5, 2]
    assert await listed("?status=resolved") == [6]
    assert (await listed("?status=all"))[0] == 1


async def test_bad_requests_get_codes_and_no_echo(admin, make_incident):
    id = make_incident()
    cases = [
        ("GET", "/api/incidents/no-uuid", None, 422, "request.invalid"),
        (
            "GET",
            "/api/incidents/01900000-0000-7000-8000-0000000000ff",
            None,
            404,
            "incident.unknown",
        ),
        (
            "POST",
            "/api/incidents/01900000-0000-7000-8000-0000000000ff/acknowledge",
            {},
            404,
            "incident.unknown",
        ),
        ("GET", "/api/sectors/nowhere/incidents", None, 404, "sector.unknown"),
        ("GET", "/api/sectors/a%00b/incidents", None, 422, "request.invalid"),
        ("GET", "/api/sectors/test/incidents?status=odd", None, 422, "request.invalid"),
        ("GET", "/api/sectors/test/incidents?limit=0", None, 422, "request.invalid"),
        ("POST", f"/api/incidents/{id}/resolve", {}, 422, "request.invalid"),
        ("POST", f"/api/incidents/{id}/resolve", {"disposition": "sekret"}, 422, "request.invalid"),
        (
            "POST",
            f"/api/incidents/{id}/resolve",
            {**DONE, "note": "sekret\x00"},
            422,
            "request.invalid",
        ),
        ("POST", f"/api/incidents/{id}/resolve", {**DONE, "extra": 1}, 422, "request.invalid"),
        ("POST", f"/api/incidents/{id}/acknowledge", [1], 422, "request.invalid"),
        ("DELETE", f"/api/incidents/{id}", None, 405, "request.method_wrong"),
        ("GET", "/api/nothing", None, 404, "request.not_found"),
    ]
    for method, path, body, status, code in cases:
        answer = await admin.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert "sekret" not in answer.text
    surrogate = b'{"disposition": "no_target", "note": "\\ud800"}'
    answer = await admin.post(
        f"/api/incidents/{id}/resolve",
        content=surrogate,
        headers={"content-type": "application/json"},
    )
    assert answer.json()["code"] == "request.invalid"
    half = await admin.post(
        f"/api/incidents/{id}/resolve", content=b'{"a', headers={"content-type": "application/json"}
    )
    assert half.json()["code"] == "request.invalid"
    big = await admin.post(f"/api/incidents/{id}/resolve", json={**DONE, "note": "x" * 300_000})
    assert (big.status_code, big.json()["code"]) == (413, "request.too_large")


async def test_an_incident_says_its_place_by_the_border(hub, admin, make_incident):
    id = make_incident()
    bare = (await admin.get(f"/api/incidents/{id}")).json()["place"]
    assert bare["mgrs"].startswith("35U") and set(bare.values()) == {bare["mgrs"], None}
    line = np.array([[23.9, 50.501, 5000.0], [24.1, 50.501, 5000.0 + 14_187.0]])
    pillars = [{"number": "219", "chainage_m": 12_000.0, "lon": 24.0, "lat": 50.501}]
    async with hub.app.state.engine.begin() as connection:
        await border_store.put(connection, "test", "B", line, pillars, actor="me")
    place = (await admin.get(f"/api/incidents/{id}")).json()["place"]
    assert place["chainage_m"] == pytest.approx(12_093.5, abs=5)
    # 111 m from the parallel, and the straight line runs 5 m north of that.
    assert place["offset_m"] == pytest.approx(-116, abs=1)
    assert (place["pillar"], place["past_pillar_m"]) == ("219", pytest.approx(93.5, abs=5))
    listed = (await admin.get("/api/sectors/test/incidents")).json()
    assert listed[0]["place"] == place
