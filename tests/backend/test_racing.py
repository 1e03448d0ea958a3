"""People acknowledge, resolve and edit rules while detections flow: no write is lost, none twice.

The hub's own API in a tight loop against a writer at full speed on the same sector.
"""

import asyncio
import itertools
import time

import pytest

from hand_writer import SECOND, HandClock, envelope, hand_writer
from own_writer import EDGE, INFO
from plain_sector import SECTOR, lon_lat
from watchline_sensors.contract import Detection, Position

START_US = time.time_ns() // 1000
WALKERS = 24
SEVERITIES = ("low", "medium", "high", "very_high")


def walks() -> list[Detection]:
    """Walkers in turn through the meadow, a second apart."""
    plots = []
    for walker in range(WALKERS):
        for step in range(24):
            at_us = START_US + walker * SECOND + step * SECOND + 7_000 * walker
            lane = 7 * walker % WALKERS - WALKERS / 2  # who follows walks far beside
            lon, lat = lon_lat(15.0 * lane, -350.0 + 30.0 * step)
            place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=1.0, var_north_m2=1.0)
            plots.append(Detection(sensor="radar", at_us=at_us, position=place))
    return sorted(plots, key=lambda plot: plot.at_us)


def meadow(severity: str) -> dict:
    """The meadow as it is, with its rules in another severity."""
    (drawn,) = (g for g in SECTOR["geofences"] if g["id"] == "meadow")
    rules = [
        {key: rule[key] for key in ("id", "name", "kind", "params")} | {"severity": severity}
        for rule in SECTOR["rules"]
        if rule["geofence_id"] == "meadow"
    ]
    return {**drawn, "rules": rules}


def done(answer) -> bool:
    """Whether it was done; on a machine that is too busy people are asked to come again."""
    assert answer.is_success or answer.status_code == 503, answer.text
    return answer.is_success


@pytest.mark.slow
async def test_people_and_the_pipeline_write_at_once(hub, admin, database):
    hub.execute(
        "INSERT INTO edge (id, sector_id, public_key) VALUES (%s, 'test', %s)", EDGE, bytes(32)
    )
    with hand_writer(database, HandClock(START_US)) as writer:
        await race(hub, admin, writer)


async def race(hub, admin, writer):
    plots = walks()
    sending = True
    edits = 0

    def deliver(first: int, *items) -> None:
        now_us = max(START_US, items[-1].at_us) + 100_000
        writer.clock.time_us = now_us
        writer.send(envelope(EDGE, first, list(items), now_us, watermark_us=items[-1].at_us))
        writer.turn()

    async def send() -> None:
        nonlocal sending
        try:
            await asyncio.to_thread(deliver, 1, INFO)
            for k in range(0, len(plots), 4):
                await asyncio.to_thread(deliver, k + 2, *plots[k : k + 4])
                while edits < k / 16:  # people keep pace on a slow machine too
                    await asyncio.sleep(0.01)
        finally:
            sending = False

    acknowledged: set[str] = set()
    resolved: set[str] = set()

    async def listed() -> list:
        answer = await admin.get("/api/sectors/test/incidents")
        return answer.json() if done(answer) else []

    async def acknowledge() -> None:
        while sending:
            for incident in await listed():
                id = incident["id"]
                if incident["status"] == "new":
                    taken = await admin.post(f"/api/incidents/{id}/acknowledge", json={})
                    if done(taken):
                        assert taken.json()["rev"] > incident["rev"]
                        acknowledged.add(id)
                elif incident["no"] % 3 == 0:
                    body = {"disposition": "no_target", "note": None}
                    if done(await admin.post(f"/api/incidents/{id}/resolve", json=body)):
                        resolved.add(id)
            await asyncio.sleep(0)

    async def edit() -> None:
        nonlocal edits
        for severity in itertools.cycle(SEVERITIES):
            if not sending:
                return
            edits += done(await admin.post("/api/sectors/test/geofences", json=meadow(severity)))
            await asyncio.sleep(0.01)

    await asyncio.gather(send(), acknowledge(), edit())
    print(f"edits={edits} acknowledged={len(acknowledged)} resolved={len(resolved)}")
    assert edits > 20 and len(acknowledged) > 10 and len(resolved) > 3, "the test did not bite"
    # No write of a person was taken back.
    status = dict(hub.query("SELECT id::text, status FROM incident"))
    for id in acknowledged:
        assert status[id] == ("resolved" if id in resolved else "acknowledged")
    # Each walker was judged once, by one version: it entered and left, whatever was edited.
    assert hub.query(
        "SELECT rule_id, count(*), count(DISTINCT track_id) FROM finding GROUP BY 1 ORDER BY 1"
    ) == [("meadow-enter", WALKERS, WALKERS), ("meadow-exit", WALKERS, WALKERS)]
    # By the order of the audit chain: the version that was in force, with its severity.
    in_force, seen = {"meadow-enter": (1, "high"), "meadow-exit": (1, "low")}, set()
    told = {
        id: row
        for id, *row in hub.query("SELECT id::text, rule_id, rule_version, severity FROM incident")
    }
    for op, object, detail in hub.query(
        "SELECT op, object, detail FROM audit_event WHERE chain = 'test' ORDER BY no"
    ):
        if op == "geofence.put":
            for rule in detail["rules"]:
                in_force[rule["id"]] = rule["version"], rule["severity"]
        elif op == "incident.opened":
            rule, by, level = told[object]
            assert (by, level) == in_force[rule]
            seen.add(by)
    assert len(seen) > 3, "rules changed while findings were raised"
    # An incident's own events are numbered without a gap: nobody wrote over anybody.
    gaps = "SELECT incident_id FROM incident_event GROUP BY 1 HAVING max(no) <> count(*)"
    assert hub.query(gaps) == []
    revs = [frame.rev for frame in writer.frames]
    assert revs == sorted(revs)
