"""A sector's writer on a clock of the test's own."""

import datetime as dt
import math
import threading
import time
from typing import Any
from uuid import UUID

import pytest

from hand_writer import SECOND, HandClock, envelope, hand_writer
from own_writer import EDGE, INFO, OwnWriter, import_sector, seen
from plain_sector import ORIGIN, lon_lat
from watchline import renewal
from watchline.detections.placing import to_batch
from watchline.detections.rows import concatenate
from watchline.rules import current as current_rules
from watchline.sectors.clock import SectorClock
from watchline.sectors.plane import SectorPlane
from watchline.tracks import tracker
from watchline.tracks.state import TrackerState
from watchline.tracks.stored import pages
from watchline_sensors.contract import (
    Bearing,
    Detection,
    Health,
    HealthState,
    Position,
    SensorInfo,
)


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


def test_all_sessions_that_write_are_ended_with_their_writer(database):
    """Else a frozen one could keep the sector's row locked: see sectors/test_writer."""
    import_sector(database)
    writer = OwnWriter(database.url("ingest"))
    try:
        writer.send(INFO, seen(1))
        writer.until_settled()
        with database.connect("owner") as connection:
            tied = connection.execute(
                """SELECT count(DISTINCT pid) FROM pg_locks l JOIN pg_database d ON d.oid = database
                    WHERE d.datname = current_database() AND locktype = 'advisory'"""
            ).fetchone()
        assert tied == (3,)
    finally:
        writer.stop()


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


def walk(writer, clock, first_seq, steps):
    """Somebody walks north into the meadow, 20 m a second, a turn each."""
    for seq, step in enumerate(steps, first_seq):
        clock.time_us += SECOND
        lon, lat = lon_lat(0.0, -350.0 + 20.0 * step)
        place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
        at_us = clock.time_us - 100_000
        item = Detection(sensor=INFO.sensor, at_us=at_us, position=place)
        writer.send(envelope(EDGE, seq, [item], clock.time_us))
        writer.turn()


def test_a_bearing_joins_the_track_that_it_points_to(database):
    """Live and in a rerun: where the camera stands is known to both."""
    import_sector(database)
    clock = HandClock(time.time_ns() // 1000)
    lon, lat = lon_lat(-600.0, -400.0)
    camera = SensorInfo(
        sensor="lens", at_us=1, kind="thermal", name="L", lon_deg=lon, lat_deg=lat, height_m=200.0
    )
    with hand_writer(database, clock) as writer:
        writer.send(envelope(EDGE, 1, [INFO, camera], clock.time_us))
        writer.turn()
        walk(writer, clock, 3, range(6))
        for seq, off_deg in enumerate((0.0, 90.0), 9):
            clock.time_us += SECOND
            way = math.degrees(math.atan2(600.0, -350.0 + 20.0 * (seq - 3) + 400.0))
            seen = Bearing(bearing_deg=way + off_deg, sigma_deg=0.2)
            at_us = clock.time_us - 100_000
            item = Detection(sensor="lens", at_us=at_us, bearing=seen)
            writer.send(envelope(EDGE, seq, [item], clock.time_us))
            writer.turn()
        walk(writer, clock, 11, range(8, 10))
        rows = writer.query(
            """SELECT sensor_id, track_id, round(extract(epoch FROM at) * 1e6)
                 FROM detection ORDER BY at"""
        )
        with database.connect("owner") as connection:
            places = current_rules.numbered_places(connection, "test")
            stored = [page for page, _ in pages(connection, "test", 0, clock.time_us)]
    (track,) = {id for sensor, id, _ in rows if sensor == INFO.sensor}
    assert track is not None
    assert [id for sensor, id, _ in rows if sensor == "lens"] == [track, None]
    batch = to_batch(concatenate(stored), SectorPlane(*ORIGIN), places)
    _, _, again = tracker.step(TrackerState.empty(), batch, None, tracker.TrackerConfig())
    assert batch.at_us.tolist() == [int(at_us) for _, _, at_us in rows]
    assert [None if not id.any() else UUID(bytes=id.tobytes()) for id in again] == [
        id for _, id, _ in rows
    ]


@pytest.mark.parametrize("ended", [False, True])
def test_an_ended_rule_raises_nothing_though_the_next_set_is_not_compiled(
    database, monkeypatch, ended
):
    import_sector(database)
    plain, gate = renewal.read_and_compile, threading.Semaphore(1)

    def held(*given):
        made = plain(*given)
        assert gate.acquire(timeout=20)
        return made

    monkeypatch.setattr(renewal, "read_and_compile", held)
    clock = HandClock(time.time_ns() // 1000)
    with hand_writer(database, clock, 0.0) as writer, database.connect("owner") as owner:
        writer.send(envelope(EDGE, 1, [INFO], clock.time_us))
        writer.turn()
        walk(writer, clock, 2, range(6))
        if ended:
            owner.execute("UPDATE sector SET rev = rev + 1")
            owner.execute(
                """UPDATE rule SET valid_to = now(), rev = (SELECT rev FROM sector)
                    WHERE id = 'meadow-enter'"""
            )
        walk(writer, clock, 8, range(6, 12))
        found = writer.query("SELECT rule_id FROM finding")
        gate.release()
    assert found == ([] if ended else [("meadow-enter",)])


def test_a_patrol_that_says_where_it_is_raises_nothing(database):
    """Two walk into the meadow side by side; one of them is ours and reports each second."""
    import_sector(database)
    clock = HandClock(time.time_ns() // 1000)
    with hand_writer(database, clock) as writer, database.connect("app") as app:
        seq = 1
        for second in range(32):
            clock.time_us += SECOND
            y = -350.0 + 12.0 * second
            lon, lat = lon_lat(0.0, y)
            app.execute(
                """INSERT INTO unit (sector_id, id, at, geom, sigma_m, north_mps)
                   VALUES ('test', 'Alfa-2', to_timestamp(%s / 1e6),
                           ST_SetSRID(ST_MakePoint(%s, %s), 4326), 5, 12)
                   ON CONFLICT (sector_id, id)
                   DO UPDATE SET at = excluded.at, geom = excluded.geom""",
                [clock.time_us, lon, lat],
            )
            items: list[Any] = [INFO] if second == 0 else []
            for x in (0.0, 60.0):
                lon, lat = lon_lat(x, y)
                place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
                at_us = clock.time_us - 100_000 + int(x)
                items.append(Detection(sensor=INFO.sensor, at_us=at_us, position=place))
            writer.send(envelope(EDGE, seq, items, clock.time_us))
            seq += len(items)
            writer.turn()
        raised = writer.query("SELECT rule_id, ST_X(geom) FROM finding")
        kept = writer.query("SELECT rule_id, reason, evidence, ST_X(geom) FROM suppressed_finding")
    ((rule, other_lon),) = raised
    ((kept_rule, reason, evidence, own_lon),) = kept
    assert (rule, kept_rule, reason) == ("meadow-enter", "meadow-enter", "friendly")
    assert evidence["friendly"]["unit"] == "Alfa-2" and evidence["friendly"]["p"] > 0.9
    assert own_lon < lon_lat(30.0, 0.0)[0] < other_lon
