"""From wire bytes to the incident: what the worker makes of envelopes, good and bad."""

import math
import time

import httpx2
import msgspec
import pytest

from plain_sector import RADAR, lon_lat
from system import EdgeDouble, System, wait_for
from watchline_sensors.contract import (
    Detection,
    Health,
    Position,
    Velocity,
    encode_envelope,
)

pytestmark = pytest.mark.flow


def now_us() -> int:
    return time.time_ns() // 1000


def seen(at_us: int, east_m: float, north_m: float, **changes) -> Detection:
    lon, lat = lon_lat(east_m, north_m)
    made = Detection(
        sensor="radar",
        at_us=at_us,
        position=Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0),
    )
    return msgspec.structs.replace(made, **changes)


def walk(from_us: int, seconds: int = 22, speed_mps: float = 48.0):
    """Northwards through the meadow (−200…200 m) and over the ditch (600 m), once a second."""
    return [
        seen(from_us + s * 1_000_000, 3.0 * (s % 2), -350.0 + speed_mps * s) for s in range(seconds)
    ]


def incidents(system: System) -> list[tuple]:
    return system.query(
        """SELECT rule_id, geofence_id, status, condition, historical, findings
             FROM incident ORDER BY opened_at, rule_id"""
    )


def test_a_walk_in_the_past_seconds_becomes_live_incidents_with_evidence(system, edge):
    start = now_us() - 22_500_000
    for item in walk(start):
        edge.send(item, watermark_us=item.at_us)
    edge.until_settled()
    wait_for("three incidents", lambda: len(incidents(system)) == 3)
    assert [row[:2] + row[4:] for row in incidents(system)] == [
        ("meadow-enter", "meadow", False, 1),
        ("meadow-exit", "meadow", False, 1),
        ("ditch-cross", "ditch", False, 1),
    ]
    ((crossed_us, lat, evidence),) = system.query(
        """SELECT (extract(epoch FROM at) * 1e6)::bigint, ST_Y(geom), evidence FROM finding
            WHERE rule_id = 'ditch-cross'"""
    )
    # 950 m at 48 m/s: the crossing is interpolated, not the time of a plot.
    assert abs(crossed_us - start - 19.792e6) < 300_000
    assert abs(lat - lon_lat(0, 600)[1]) * 111_247 < 5
    assert evidence["direction"] == "right_to_left"
    tracks = system.query("SELECT DISTINCT track_id FROM detection WHERE track_id IS NOT NULL")
    assert len(tracks) == 1
    assert system.query("SELECT id FROM track") == tracks


def test_what_was_sent_twice_is_stored_once(system, edge):
    envelope = edge.envelope(*walk(now_us() - 22_500_000))
    body = encode_envelope(envelope)
    for _ in range(3):
        assert edge.post(body).status_code == 200
    receipt = edge.until_settled()
    assert receipt.settled == [(1, 24)]
    assert edge.post(body).status_code == 200
    assert system.query("SELECT count(*), count(DISTINCT (edge_id, boot, seq)) FROM detection") == [
        (22, 22)
    ]


def test_bad_items_are_quarantined_and_told_and_never_sent_again(system, edge):
    lon, lat = lon_lat(0, 0)
    swapped = Position(lon_deg=lat, lat_deg=lon + 90, var_east_m2=4.0, var_north_m2=4.0)
    bad = [
        seen(now_us(), math.nan, 0),
        seen(now_us(), 0, 0, position=swapped),
        seen(now_us(), 0, 0, sensor="nobody"),
    ]
    receipt = edge.send(bad[0], seen(now_us(), 0, 0), bad[1], bad[2])
    assert [r.code for r in receipt.rejected] == [
        "detection.position_out_of_range",
        "detection.position_out_of_range",
        "item.sensor_unknown",
    ]
    assert edge.until_settled().settled == [(1, 6)]
    rows = system.query("SELECT seq, code FROM quarantine WHERE seq IS NOT NULL ORDER BY seq")
    assert [seq for seq, _ in rows] == [2, 4, 5]
    assert system.query("SELECT count(*) FROM detection") == [(1,)]
    assert system.query("SELECT quarantined, detections, others FROM ledger") == [(3, 1, 1)]


def test_refused_envelopes_settle_nothing_and_leave_a_trace(system, edge):
    body = encode_envelope(edge.envelope(seen(now_us(), 0, 0)))
    cases = {
        "envelope.signature_wrong": edge.post(body, **{"watchline-signature": "AAAA"}),
        "edge.unknown": edge.post(body, **{"watchline-edge": "nobody"}),
        "envelope.malformed": edge.post(body[:-9]),
        "envelope.version_unknown": edge.post(encode_envelope(edge.envelope(version=99))),
        "envelope.frame_invalid": edge.post(
            encode_envelope(edge.envelope(highest_seq=0, lost=[(5, 3)]))
        ),
        "envelope.edge_mismatch": edge.post(encode_envelope(edge.envelope(edge="edge-b"))),
    }
    for code, answer in cases.items():
        assert answer.json()["code"] == code
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
    expected = {code for code in cases if code != "edge.unknown"}
    wait_for(
        "a sample of each",
        lambda: {code for (code,) in system.query("SELECT code FROM quarantine")} == expected,
    )
    counted = dict(system.query("SELECT code, total FROM refusal WHERE code <> 'uplink.no_writer'"))
    assert counted.keys() == cases.keys() and min(counted.values()) >= 1
    big = httpx2.post(edge.address, content=b"x" * (2 * 1024 * 1024 + 1), timeout=20)
    assert big.status_code == 413
    assert system.query("SELECT count(*) FROM detection") == [(0,)]
    # And the line still works.
    edge.post(body)
    edge.until_settled()
    assert system.query("SELECT count(*) FROM detection") == [(1,)]


def test_a_future_clock_is_stored_and_never_judged(system, edge):
    for item in walk(now_us() + 3_600_000_000):
        edge.send(item)
    edge.until_settled()
    assert system.query("SELECT timing::text, count(*) FROM detection GROUP BY 1") == [("u", 22)]
    edge.send(seen(now_us() - 200_000, 900, 900))
    edge.until_settled()
    assert ("l", 1) in system.query("SELECT timing::text, count(*) FROM detection GROUP BY 1")
    assert incidents(system) == []


def test_old_stamps_go_the_late_way_and_open_historical_incidents(system, edge):
    start = now_us() - 3_600_000_000
    edge.send(*walk(start), watermark_us=now_us())
    edge.until_settled()
    wait_for("historical incidents", lambda: len(incidents(system)) == 3, 30)
    assert all(historical for *_, historical, _ in incidents(system))
    assert system.query("SELECT historical, ST_NPoints(path) > 5 FROM track") == [(True, True)]
    # The same stretch once more (a restored spool's copy) raises nothing again.
    again = EdgeDouble.__new__(EdgeDouble)
    again.__dict__.update(edge.__dict__, seq=0)
    again.send(RADAR, *walk(start))
    time.sleep(5)
    assert len(incidents(system)) == 3


def test_the_report_tells_what_is_missing(system, edge):
    edge.send(seen(now_us(), 0, 0), highest_seq=10)
    edge.until_settled()
    report = msgspec.json.decode(system.run("watchline", "report", "ingest"))
    (row,) = report["edges"]
    assert (row["expected"], row["settled"], row["missing"]) == (10, 2, 8)
    assert row["holes"] == [{"boot": 1, "from": 3, "to": 10}]
    edge.send(lost=[(3, 11)], highest_seq=10)
    wait_for(
        "the loss to be settled",
        lambda: (
            msgspec.json.decode(system.run("watchline", "report", "ingest"))["edges"][0]["missing"]
            == 0
        ),
    )


def test_heartbeats_reach_the_sensor_list(system, edge):
    edge.send(Health(sensor="radar", at_us=now_us(), state="degraded", code="health.noisy"))
    edge.until_settled()
    assert system.query("SELECT state, code FROM sensor_health") == [("degraded", "health.noisy")]


def test_velocity_is_used(system, edge):
    fast = Velocity(east_mps=0.0, north_mps=48.0, sigma_mps=1.0)
    for item in walk(now_us() - 22_500_000):
        edge.send(msgspec.structs.replace(item, velocity=fast), watermark_us=item.at_us)
    edge.until_settled()
    ((north_mps,),) = system.query("SELECT north_mps FROM track")
    assert abs(north_mps - 48) < 3


def test_a_state_that_cannot_be_read_does_not_stop_the_sector(system, edge):
    edge.send(seen(now_us() - 300_000, 0, 0))
    edge.until_settled()
    system.kill("worker")
    with system.connect() as connection:
        connection.execute("UPDATE sector_state SET tracker = 'nonsense', rules = 'nonsense'")
    system.start("worker")
    system.until_healthy("worker", system.worker)
    wait_for("the writer", lambda: edge.post(b"").status_code == 400)
    edge.send(seen(now_us() - 200_000, 0, 0))
    edge.until_settled()
    assert "sector.state_unreadable" in system.log("worker")
