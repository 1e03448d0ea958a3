"""The whole life of incidents over HTTP; whatever people do, the events tell all of it."""

from datetime import UTC, datetime, timedelta

import pytest

from raised import TRACKS, rebuilt

CALL = {
    "source": "phone",
    "title": "Farmer saw five people at the mill",
    "severity": "high",
    "lon": 24.01,
    "lat": 50.51,
}


@pytest.fixture
def told(hub):
    """Every test ends with all incidents rebuilt from their events."""
    yield
    assert rebuilt(hub.database) > 0


@pytest.fixture
def do(admin, told):
    """POST to an incident; the answer's JSON, or (status, code) of a refusal."""

    async def act(id, verb, **body):
        answer = await admin.post(f"/api/incidents/{id}/{verb}", json=body)
        if answer.is_success:
            return answer.json()
        return answer.status_code, answer.json()["code"]

    return act


WRONG = (409, "incident.wrong_status")


async def kinds(admin, id):
    events = (await admin.get(f"/api/incidents/{id}")).json()["events"]
    return [event["kind"] for event in events]


async def test_every_step_of_a_life_and_back(admin, do, make_incident):
    id = make_incident()
    view = (await admin.get(f"/api/incidents/{id}")).json()
    alarm, due = (datetime.fromisoformat(view[name]) for name in ("alarm_at", "due_at"))
    assert due - alarm == timedelta(seconds=180)
    taken = await do(id, "acknowledge")
    assert (taken["status"], taken["alarm_at"], taken["due_at"]) == ("acknowledged", None, None)
    assert await do(id, "acknowledge") == WRONG
    back = await do(id, "hand_back")
    assert back["status"] == "new" and back["alarm_at"] and not back["acknowledged_by"]
    sent = await do(id, "dispatch", patrol="Alfa-2", note="by the mill road")
    assert (sent["status"], sent["patrol"]) == ("dispatched", "Alfa-2")
    assert sent["acknowledged_by"] == "administrator"
    assert await do(id, "hand_back") == WRONG
    there = await do(id, "arrive")
    assert there["status"] == "on_scene"
    assert (await do(id, "dispatch", patrol="Bravo-1"))["status"] == "on_scene"
    home = await do(id, "recall")
    assert (home["status"], home["patrol"]) == ("acknowledged", None)
    assert (await do(id, "note", note="Only deer tracks."))["status"] == "acknowledged"
    done = await do(id, "resolve", disposition="nuisance_animal")
    assert done["status"] == "resolved"
    for verb, body in (
        ("dispatch", {"patrol": "x"}),
        ("arrive", {}),
        ("recall", {}),
        ("snooze", {"seconds": 600, "reason": "x"}),
        ("wake", {}),
    ):
        assert await do(id, verb, **body) == WRONG, verb
    assert (await do(id, "reopen"))["status"] == "acknowledged"
    assert await kinds(admin, id) == [
        "opened", "acknowledged", "handed_back", "dispatched", "arrived", "dispatched",
        "recalled", "noted", "resolved", "reopened",
    ]  # fmt: skip


async def test_sleep_has_a_reason_and_an_end(admin, do, make_incident, hub):
    id = make_incident()
    asleep = await do(id, "snooze", seconds=600, reason="cattle, herdsman called")
    assert (asleep["status"], asleep["alarm_at"], asleep["due_at"]) == ("new", None, None)
    left = datetime.fromisoformat(asleep["snoozed_until"]) - datetime.now(UTC)
    assert timedelta(seconds=570) < left < timedelta(seconds=601)
    assert asleep["snooze_reason"] == "cattle, herdsman called"
    awake = await do(id, "wake")
    assert awake["snoozed_until"] is None and awake["alarm_at"]
    assert await do(id, "wake") == WRONG
    assert await do(id, "snooze", seconds=9 * 3600, reason="x") == (
        422,
        "incident.sleeps_too_long",
    )
    for body in ({"seconds": 600}, {"seconds": 600, "reason": " "}, {"seconds": 1, "reason": "x"}):
        assert await do(id, "snooze", **body) == (422, "request.invalid")
    risky = make_incident(2, life_at_risk=True)
    assert await do(risky, "snooze", seconds=3600, reason="x") == (422, "incident.sleeps_too_long")


async def test_made_by_hand_it_lives_as_any_other(admin, do, make_incident, hub):
    make_incident(1)
    answer = await admin.post("/api/sectors/test/incidents", json=CALL)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["no"], made["status"], made["source"]) == (2, "acknowledged", "phone")
    assert made["rule"] is None and made["title"] == CALL["title"] and made["tracks"] == []
    assert made["acknowledged_by"] == "administrator" and made["alarm_at"] is None
    ago = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    earlier = await admin.post(
        "/api/sectors/test/incidents",
        json={**CALL, "source": "footprints", "at": ago, "life_at_risk": True, "note": "fresh"},
    )
    assert datetime.fromisoformat(earlier.json()["opened_at"]) == datetime.fromisoformat(ago)
    listed = (await admin.get("/api/sectors/test/incidents")).json()
    assert [each["no"] for each in listed] == [3, 2, 1]  # life at risk first
    assert (await do(made["id"], "dispatch", patrol="Alfa-2"))["status"] == "dispatched"
    assert (await do(made["id"], "resolve", disposition="genuine_crossing"))["status"] == "resolved"
    refusals = [
        ({"lon": 25.5}, 422, "incident.outside_sector"),
        ({"at": "2199-01-01T00:00:00Z"}, 422, "incident.not_yet"),
        ({"at": "2026-01-01T00:00:00"}, 422, "request.invalid"),  # of which zone?
        ({"lat": 91}, 422, "request.invalid"),
        ({"title": ""}, 422, "request.invalid"),
        ({"source": "rule"}, 422, "request.invalid"),
    ]
    for change, status, code in refusals:
        refused = await admin.post("/api/sectors/test/incidents", json={**CALL, **change})
        assert (refused.status_code, refused.json()["code"]) == (status, code), change
    nowhere = await admin.post("/api/sectors/nowhere/incidents", json=CALL)
    assert nowhere.json()["code"] == "sector.unknown"
    assert hub.query("SELECT count(*) FROM incident") == [(3,)]


def findings_of(hub, id):
    return hub.query("SELECT count(*) FROM finding WHERE incident_id = %s", id)[0][0]


async def test_two_that_are_one_and_apart_again(admin, do, make_incident, hub):
    call = (await admin.post("/api/sectors/test/incidents", json=CALL)).json()["id"]
    id = make_incident(2, severity="very_high", tracks=TRACKS[:2])
    one = await do(id, "merge", into=call)
    assert (one["no"], one["severity"], len(one["tracks"]), one["findings"]) == (
        1, "very_high", 2, 2,
    )  # fmt: skip
    assert one["alarm_at"] is None, "who merges has seen it"
    gone = (await admin.get(f"/api/incidents/{id}")).json()
    assert (gone["status"], gone["disposition"]) == ("resolved", None)
    assert gone["merged_into"] == {"id": call, "no": 1}
    assert (findings_of(hub, call), findings_of(hub, id)) == (2, 0)
    third = make_incident(3, opened_at="2026-02-01", tracks=TRACKS[2:3])
    deep = await do(call, "merge", into=third)
    assert (len(deep["tracks"]), deep["findings"]) == (3, 3)
    for verb, body, expected in (
        ("merge", {"into": third}, WRONG),
        ("split", {"tracks": TRACKS[:1]}, (422, "incident.not_split")),
    ):
        assert await do(id, verb, **body) == expected
    assert await do(third, "merge", into=third) == (422, "incident.not_apart")
    assert await do(third, "merge", into="01900000-0000-7000-8000-0000000000ff") == (
        404,
        "incident.unknown",
    )
    # Undone, it has its tracks back, out of where they have gone since.
    back = await do(id, "reopen")
    assert (back["status"], back["merged_into"], len(back["tracks"])) == ("acknowledged", None, 2)
    assert (findings_of(hub, id), findings_of(hub, third)) == (2, 1)
    rest = (await admin.get(f"/api/incidents/{third}")).json()
    assert ([track["id"] for track in rest["tracks"]], rest["findings"]) == ([TRACKS[2]], 1)


async def test_one_that_is_two(admin, do, make_incident, hub):
    id = make_incident(1, tracks=TRACKS[:3])
    await do(id, "dispatch", patrol="Alfa-2")
    new = await do(id, "split", tracks=TRACKS[1:3])
    assert (new["no"], new["status"], new["findings"]) == (2, "acknowledged", 2)
    assert new["rule"]["id"] == "meadow-enter"
    old = (await admin.get(f"/api/incidents/{id}")).json()
    assert (old["status"], len(old["tracks"]), old["findings"]) == ("dispatched", 1, 1)
    assert (findings_of(hub, id), findings_of(hub, new["id"])) == (1, 2)
    file = (await admin.get(f"/api/incidents/{new['id']}")).json()
    assert {found["track"] for found in file["evidence"]} == set(TRACKS[1:3])
    for tracks in (TRACKS[:1], TRACKS[1:2], TRACKS[3:]):
        assert await do(id, "split", tracks=list(tracks)) == (422, "incident.not_split")
    assert (await do(new["id"], "merge", into=id))["findings"] == 3  # and undone


async def test_links_are_known_on_both_sides(admin, do, make_incident):
    one, other = make_incident(1), make_incident(2)
    assert (await do(one, "link", to=other))["links"] == [{"id": other, "no": 2}]
    assert (await admin.get(f"/api/incidents/{other}")).json()["links"] == [{"id": one, "no": 1}]
    assert (await do(other, "unlink", to=one))["links"] == []
    assert (await admin.get(f"/api/incidents/{one}")).json()["links"] == []
    assert await do(one, "link", to=one) == (422, "incident.not_apart")


async def test_many_at_once(admin, do, make_incident, hub):
    ids = [make_incident(no) for no in range(1, 6)]
    await do(ids[0], "resolve", disposition="genuine_crossing")
    answer = await admin.post(
        "/api/sectors/test/incidents/resolve",
        json={"ids": ids, "disposition": "nuisance_vegetation", "note": "reeds in the wind"},
    )
    assert answer.json() == {"resolved": 4, "refused": {ids[0]: "incident.wrong_status"}}
    assert hub.query("SELECT disposition, count(*) FROM incident GROUP BY 1 ORDER BY 1") == [
        ("genuine_crossing", 1),
        ("nuisance_vegetation", 4),
    ]
    unknown = {"ids": ["01900000-0000-7000-8000-0000000000ff"], "disposition": "unknown"}
    refused = await admin.post("/api/sectors/test/incidents/resolve", json=unknown)
    assert refused.json()["code"] == "incident.unknown"


async def test_each_step_is_audited_and_makes_the_pipeline_read_again(do, make_incident, hub):
    id = make_incident()
    ((rev,),) = hub.query("SELECT rev FROM sector")
    await do(id, "dispatch", patrol="Alfa-2")
    assert hub.query("SELECT rev FROM sector") == [(rev + 1,)]
    assert hub.query("SELECT rev FROM incident") == [(rev + 1,)]
    ((op, detail),) = hub.query("SELECT op, detail FROM audit_event ORDER BY at DESC LIMIT 1")
    assert (op, detail) == ("incident.dispatch", {"patrol": "Alfa-2"})
