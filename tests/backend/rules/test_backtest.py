"""A draft of a rule over stored days: by HTTP, as a job, and by the command."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from judging import SQUARE, area, compiled, judge, path
from plain_sector import ring
from stored_walk import store_walk
from watchline.db.engine import connect_sync
from watchline.rules import jobs, suppressed

NOW = datetime.now(UTC)
YARD = {
    "id": "yard",
    "name": "Yard",
    "kind": "area",
    "geom": {"type": "Polygon", "coordinates": [ring(0, 5000, 200)]},
    "rules": [{"id": "yard.in", "kind": "enter"}],
}


def raise_incident(hub: Any, no: int, track: UUID, at: datetime, disposition: str | None) -> None:
    """An incident of the rule with one finding."""
    id = UUID(int=1000 + no)
    hub.execute(
        """INSERT INTO incident (id, sector_id, no, rev, opened_at, known_at, last_at, status,
               condition, severity, rule_id, rule_version, geofence_id, geofence_version, geom,
               track_ids, findings, disposition)
           VALUES (%s, 'test', %s, 1, %s, %s, %s, 'resolved', 'cleared', 'high', 'yard.in', 1,
               'yard', 1, ST_SetSRID(ST_MakePoint(24, 50.5), 4326), %s, 1, %s)""",
        id, no, at, at, at, [track], disposition,
    )  # fmt: skip
    hub.execute(
        """INSERT INTO finding (id, incident_id, sector_id, rule_id, rule_version, geofence_id,
               geofence_version, track_id, kind, at, geom, evidence)
           VALUES (%s, %s, 'test', 'yard.in', 1, 'yard', 1, %s, 'enter', %s,
               ST_SetSRID(ST_MakePoint(24, 50.5), 4326), '{}')""",
        id, id, track, at,
    )  # fmt: skip


async def test_a_draft_over_stored_days(hub: Any, admin: Any, settings: Any) -> None:
    await admin.post("/api/sectors/test/geofences", json=YARD)
    start = NOW - timedelta(days=1, hours=2)
    # One walks through, one stays 300 m away, a third passes through an hour later.
    inside = store_walk(hub, [(-200 + 5 * t, 5000) for t in range(80)], start)
    store_walk(hub, [(-200 + 5 * t, 5300) for t in range(80)], start, no=2)
    late = start + timedelta(hours=1)
    other = store_walk(hub, [(-200 + 5 * t, 5020) for t in range(80)], late, no=3)
    raise_incident(hub, 1, inside, start + timedelta(seconds=21), "genuine_crossing")
    raise_incident(hub, 2, UUID(int=77), start, None)  # of a track that is not stored

    async def run(**draft: Any) -> dict[str, Any]:
        asked = await admin.post("/api/rules/yard.in/backtest", json={"days": 3, **draft})
        assert (asked.status_code, asked.json()["status"]) == (202, "queued")
        with connect_sync(hub.database.url("ingest"), autocommit=True) as connection:
            assert jobs.run_next(connection)
            assert not jobs.run_next(connection)
        answer = (await admin.get(f"/api/backtests/{asked.json()['id']}")).json()
        assert answer["progress"] == 1
        return answer

    same = (await run())["result"]
    assert (same["detections"], same["findings"]) == (240, 2)
    assert sum(same["findings_per_day"].values()) == 2
    assert same["postgis"]["findings"] == 2
    # The incident of the third would appear; nobody has stored what the second told of.
    assert (same["appear"], same["vanish"], same["confirmed_lost"]) == (1, [2], [])
    strict = (await run(params={"min_hits": 500}))["result"]
    assert (strict["findings"], strict["appear"]) == (0, 0)
    assert (strict["vanish"], strict["confirmed_lost"]) == ([1, 2], [1])
    bad = await run(params={"min_hits": "many"})
    assert (bad["status"], bad["code"], bad["result"]) == ("failed", "rule.invalid", None)
    assert (await admin.post("/api/rules/none/backtest", json={})).json()["code"] == "rule.unknown"
    assert (await admin.get(f"/api/backtests/{UUID(int=5)}")).json()["code"] == "backtest.unknown"
    assert other != inside

    environment = os.environ | {
        "WATCHLINE_DATABASE_HOST": settings.database.host,
        "WATCHLINE_DATABASE_PORT": str(settings.database.port),
        "WATCHLINE_DATABASE_NAME": settings.database.name,
    }
    done = subprocess.run(
        [sys.executable, "-m", "watchline", "backtest", "yard.in", "--days", "3"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["findings"] == 2


async def test_a_job_whose_runner_died_is_taken_over(hub: Any, admin: Any) -> None:
    await admin.post("/api/sectors/test/geofences", json=YARD)
    await admin.post("/api/rules/yard.in/backtest", json={"days": 1})
    with connect_sync(hub.database.url("ingest"), autocommit=True) as connection:
        hub.execute("UPDATE backtest SET status = 'running', touched_at = now()")
        assert not jobs.run_next(connection)
        hub.execute("UPDATE backtest SET touched_at = now() - interval '31 s'")
        assert jobs.run_next(connection)
    assert hub.query("SELECT status FROM backtest") == [("done",)]


async def test_suppressed_findings_are_listed(hub: Any, admin: Any) -> None:
    (found,) = judge(compiled(area(SQUARE)), path([(50, 50)]))[1]
    at_us = round(NOW.timestamp() * 1e6)
    own = replace(found, at_us=at_us, suppressed="friendly")
    with connect_sync(hub.database.url("ingest"), autocommit=True) as connection:
        for _ in range(2):
            suppressed.put(connection, "test", at_us, [(UUID(int=9), own)], lambda x, y: (24, 50))
    (listed,) = (await admin.get("/api/sectors/test/suppressed")).json()
    assert (listed["rule_id"], listed["reason"], listed["track_no"]) == (
        "area.enter",
        "friendly",
        1,
    )
