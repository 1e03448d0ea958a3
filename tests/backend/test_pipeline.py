"""A sector's writer on a clock of the test's own."""

import datetime as dt
import time
from uuid import UUID

import pytest

from hand_writer import SECOND, HandClock, envelope, hand_writer
from own_writer import EDGE, INFO, OwnWriter, import_sector, seen
from watchline.sectors.clock import SectorClock
from watchline_sensors.contract import Health, HealthState


@pytest.mark.parametrize("year", [1970, 2038])
def test_a_clock_far_off_stops_no_sector(database, year):
    import_sector(database)
    began = time.monotonic()
    off_s = dt.datetime(year, 1, 19, tzinfo=dt.UTC).timestamp()
    writer = OwnWriter(
        database.url("ingest"),
        clock=SectorClock(lambda: round((off_s + time.monotonic() - began) * 1e6)),
    )
    try:
        writer.send(INFO, seen(1))
        assert writer.until_settled().settled == [(1, 3)]
    finally:
        writer.stop()
    with database.connect("owner") as connection:
        known = connection.execute("SELECT known_at FROM detection").fetchall()
    assert abs(known[0][0].timestamp() - time.time()) < 60  # the database's time


def test_a_sensor_without_heartbeats_becomes_an_incident(database):
    """Heartbeats are signs of life of sensors; their end is told by the ticks."""
    import_sector(database)
    with database.connect("owner") as connection:
        connection.execute(
            """INSERT INTO rule (id, version, sector_id, name, kind, geofence_id, severity, params,
                   valid_from, rev)
               VALUES ('off', 1, 'test', 'Off', 'sensor_offline', 'meadow', 'low',
                   '{"heartbeat_s": 8}', now(), 1)"""
        )
    clock = HandClock(time.time_ns() // 1000)
    with hand_writer(database, clock) as writer:
        told, seq = [], 1
        for second in range(30):
            clock.time_us += SECOND
            items = [INFO] if second == 0 else []
            if 0 < second <= 10:
                items = [Health(sensor=INFO.sensor, at_us=clock.time_us, state=HealthState.OK)]
            writer.send(envelope(EDGE, seq, items, clock.time_us))
            seq += len(items)
            writer.turn()
            if writer.query("SELECT 1 FROM incident") and not told:
                told.append(second)
        found = writer.query("SELECT kind, rule_id, track_id, evidence FROM finding")
    ((kind, rule, track, evidence),) = found
    assert (kind, rule, track) == ("sensor_offline", "off", UUID(int=0))
    assert (evidence["sensor"], evidence["missing"]) == (INFO.sensor, "heartbeat")
    assert 18 <= told[0] <= 20  # 8 s after second 10, and the watermark's delay
