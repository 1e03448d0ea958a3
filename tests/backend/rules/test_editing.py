"""Making, changing, switching off and ending one rule of a geofence, over HTTP into PostGIS."""

URL = "/api/sectors/test/geofences/meadow/rules"
LOITER = {"kind": "dwell", "severity": "medium", "name": "Loiters", "params": {"seconds": 60}}


async def _rules(admin) -> dict:
    geofences = (await admin.get("/api/sectors/test/geofences")).json()
    return {rule["id"]: rule for g in geofences if g["id"] == "meadow" for rule in g["rules"]}


async def test_a_rule_is_made_changed_and_ended_and_the_others_stay(hub, admin):
    before = await _rules(admin)
    rev = hub.query("SELECT rev FROM sector")[0][0]
    answer = await admin.post(URL, json=LOITER)
    made = answer.json()
    assert answer.status_code == 201 and made["version"] == 1
    assert await _rules(admin) == before | {made["id"]: made}
    off = {**LOITER, "id": made["id"], "params": {"seconds": 60, "armed": False}}
    second = (await admin.post(URL, json=off)).json()
    assert (second["version"], second["params"]["armed"]) == (2, False)
    assert (await admin.delete(f"{URL}/{made['id']}")).status_code == 204
    assert await _rules(admin) == before
    gone = await admin.delete(f"{URL}/{made['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "rule.unknown")
    assert hub.query("SELECT rev FROM sector") == [(rev + 3,)]
    assert [
        op for (op,) in hub.query("SELECT op FROM audit_event WHERE chain = 'test' ORDER BY no")
    ][-3:] == ["geofence.put_rule", "geofence.put_rule", "geofence.end_rule"]


async def test_a_rule_that_cannot_be_judged_is_refused_at_its_place(hub, admin):
    before = await _rules(admin)
    cases = [
        ({**LOITER, "params": {"seconds": -1}}, "rule.invalid", "params_invalid", "params.seconds"),
        ({**LOITER, "params": {}}, "rule.invalid", "params_invalid", "params"),
        ({**LOITER, "kind": "cross"}, "rule.invalid", "geofence_kind_wrong", "kind"),
        ({**LOITER, "kind": "sequence", "params": {"first": "none", "within_s": 9}},
         "rule.invalid", "geofence_unknown", "params"),
        ({**LOITER, "id": "ditch-cross"}, "rule.unknown", None, None),
    ]  # fmt: skip
    for draft, code, reason, place in cases:
        refused = (await admin.post(URL, json=draft)).json()
        assert refused["code"] == code
        assert (refused["params"].get("reason"), refused["params"].get("place")) == (reason, place)
    nowhere = await admin.post(URL.replace("meadow", "none"), json=LOITER)
    assert nowhere.json()["code"] == "geofence.unknown"
    assert await _rules(admin) == before


async def test_a_geofence_has_so_many_rules_at_most(admin):
    while len(await _rules(admin)) < 16:
        assert (await admin.post(URL, json=LOITER)).status_code == 201
    refused = (await admin.post(URL, json=LOITER)).json()
    assert refused["params"] == {"reason": "too_many_rules", "most": 16}


async def test_the_kinds_are_told_with_their_schemas(admin):
    kinds = {kind["name"]: kind for kind in (await admin.get("/api/rule-kinds")).json()}
    assert len(kinds) == 12
    assert kinds["dwell"]["properties"]["seconds"]["exclusiveMinimum"] == 0
