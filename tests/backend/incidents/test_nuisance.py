"""Nuisance and false alarm rates against known intervals; filters say what they would hide."""

import math
from uuid import UUID

import pytest

from raised import TRACKS
from watchline.incidents.nuisance import Judged, interval, report, suggested


def alarm(no, disposition=None, **changes):
    values = {
        "id": UUID(int=no),
        "no": no,
        "status": "resolved" if disposition else "new",
        "disposition": disposition,
        "life_at_risk": False,
        "rule": "r1",
        "rule_name": "Rule",
        "geofence": "g1",
        "geofence_name": "Meadow",
        "hour": 2,
        "sensors": ["Radar"],
        "hits": 9,
        "classes": [0.8, 0, 0, 0.1, 0.1],
    }
    return Judged(**values | changes)


def poisson_at_most(k, mean):
    return sum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(k + 1))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_the_interval_is_where_either_tail_has_two_and_a_half_percent(count):
    low, high = interval(count, 4.0)
    assert poisson_at_most(count, high * 4) == pytest.approx(0.025, rel=1e-6)
    if count:
        assert 1 - poisson_at_most(count - 1, low * 4) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_each_alarm_counts_once_and_the_unjudged_in_no_rate():
    told = report(
        [
            alarm(1, "nuisance_animal"),
            alarm(2, "nuisance_weather", hour=3, sensors=["Radar", "Camera"]),
            alarm(3, "no_target", hour=3),
            alarm(4, "technical", geofence="g2", geofence_name="Ditch"),
            alarm(5, "genuine_crossing"),
            alarm(6, "unknown"),
            alarm(7),
        ],
        days=10,
        complete=True,
    )
    whole = told["all"]
    counts = [whole[k] for k in ("genuine", "nuisance", "false", "unknown", "unjudged")]
    assert counts == [1, 2, 2, 1, 1] and sum(counts) == whole["alarms"] == 7
    assert whole["nar"]["per_day"] == 0.2
    assert (whole["nar"]["low"], whole["nar"]["high"]) == interval(2, 10)
    assert whole["open"] == [UUID(int=7)]
    by = {name: {g["key"]: g["alarms"] for g in groups} for name, groups in told["by"].items()}
    assert by == {
        "sensor": {"Radar": 7, "Camera": 1},
        "geofence": {"g1": 6, "g2": 1},
        "hour": {"02": 5, "03": 2},
        "weather": {"unknown": 7},
    }


def test_filters_show_what_they_would_have_hidden_the_genuine_first():
    deer = [alarm(no, "nuisance_animal", classes=[0.1, 0, 0, 0.9, 0]) for no in range(1, 6)]
    short = [alarm(no, "no_target", hits=3, hour=no) for no in range(6, 10)]
    lost = alarm(20, "genuine_distress", hits=3, life_at_risk=True, hour=23)
    walker = alarm(21, "genuine_crossing", hits=3, hour=22)
    open_one = alarm(22, hits=2, hour=21)
    found = {(f["kind"], f["value"]): f for f in suggested([*deer, *short, lost, walker, open_one])}
    animals = found["not_class", "animal"]
    assert (animals["genuine"], animals["harmless"], animals["of"]) == (0, 5, 12)
    hits = found["min_hits", 4]
    assert (hits["genuine"], hits["harmless"], hits["unjudged"]) == (2, 4, 1)
    assert [each["no"] for each in hits["hidden"]][:2] == [20, 21]  # a life at risk before all
    assert ("not_hour", 6) not in found  # one alarm is no pattern
    order = [f["genuine"] for f in suggested([*deer, *short, lost, walker, open_one])]
    assert order == sorted(order)


async def test_the_report_reads_what_people_have_said(hub, admin, make_incident):
    hub.execute("INSERT INTO edge (id, sector_id, public_key) VALUES ('e', 'test', %s)", bytes(32))
    hub.execute(
        """INSERT INTO sensor (id, edge_id, sector_id, name, kind, geom, info, info_at)
           VALUES ('radar', 'e', 'test', 'Radar A', 'radar',
                   ST_SetSRID(ST_MakePoint(24, 50.5, 200), 4326), '{}', now())"""
    )
    ((no,),) = hub.query("SELECT no FROM sensor")
    today = hub.query("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")[0][0]
    evidence = {"p": 0.9, "sensors": [no], "hits": 3}
    ids = [make_incident(n, opened_at=today, evidence=evidence) for n in range(1, 5)]
    said = {"ids": ids[:3], "disposition": "nuisance_vegetation"}
    assert (await admin.post("/api/sectors/test/incidents/resolve", json=said)).json() == {
        "resolved": 3,
        "refused": {},
    }
    make_incident(9, opened_at="2001-01-01", tracks=TRACKS[1:2])  # long ago
    by_hand = {"source": "phone", "title": "x", "severity": "low", "lon": 24.0, "lat": 50.5}
    assert (await admin.post("/api/sectors/test/incidents", json=by_hand)).is_success
    told = (await admin.get("/api/sectors/test/nuisance?days=7")).json()
    (group,) = told["by"]["sensor"]
    assert (group["name"], group["alarms"], group["nuisance"], group["unjudged"]) == (
        "Radar A", 4, 3, 1,
    )  # fmt: skip
    assert group["open"] == ids[3:] and told["complete"]
    ((hour,),) = hub.query(
        """SELECT to_char(opened_at AT TIME ZONE 'Europe/Warsaw', 'HH24') FROM incident
            WHERE no = 1"""
    )
    assert [each["key"] for each in told["by"]["hour"]] == [hour]
    kinds = {(each["kind"], each["value"]): each["unjudged"] for each in told["filters"]}
    assert kinds["min_hits", 4] == 1 and kinds["not_alone", "Radar A"] == 1
    for query in ("days=0", "days=400", "days=x"):
        refused = await admin.get(f"/api/sectors/test/nuisance?{query}")
        assert refused.json()["code"] == "request.invalid"
