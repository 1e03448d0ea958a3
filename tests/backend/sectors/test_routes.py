"""Sectors, sensors and tracks as the console reads them."""

import json

import pytest

from plain_sector import SECTOR
from watchline.sectors.model import OFFLINE_AFTER_S, sensor_state

INFO = {
    "sensor": "radar",
    "kind": "radar",
    "simulated": True,
    "field_of_view": {
        "azimuth_deg": 0.0,
        "width_deg": 360.0,
        "min_range_m": 50.0,
        "max_range_m": 9000.0,
    },
}


@pytest.fixture
def sensors(hub):
    hub.execute(
        "INSERT INTO edge (id, sector_id, public_key)"
        " VALUES ('e', 'test', decode(repeat('ab', 32), 'hex'))"
    )
    for id, info in (("radar", INFO), ("camera", {})):
        hub.execute(
            """INSERT INTO sensor (id, edge_id, sector_id, site_id, name, kind, geom, info, info_at)
               VALUES (%s, 'e', 'test', 'mast', 'Sensor', 'radar',
                       ST_SetSRID(ST_MakePoint(24, 50.5, 210), 4326), %s, now())""",
            id,
            json.dumps(info),
        )
    hub.execute(
        """INSERT INTO sensor_health VALUES
           ('radar', now(), now() - interval '2 s', 'degraded', 'health.rain', '{}')"""
    )


async def test_a_sector_is_told_with_its_ground(admin):
    (sector,) = (await admin.get("/api/sectors")).json()
    told = SECTOR["sector"]
    assert sector["id"] == "test" and sector["origin"] == told["origin"]
    assert sector["synthetic"] is True and sector["time_zone"] == "Europe/Warsaw"
    assert sector["geom"]["type"] == "Polygon" and len(sector["geom"]["coordinates"][0]) == 5


async def test_sensors_are_told_with_pose_and_health(admin, sensors):
    radar, camera = (await admin.get("/api/sectors/test/sensors")).json()
    assert (radar["lon"], radar["lat"], radar["height_m"]) == (24.0, 50.5, 210.0)
    assert (radar["state"], radar["code"]) == ("degraded", "health.rain")
    assert radar["field_of_view"] == INFO["field_of_view"] and radar["simulated"] is True
    assert (radar["edge"], radar["site"], radar["no"]) == ("e", "mast", 1)
    assert radar["known_at"].endswith("Z")
    assert (camera["state"], camera["code"], camera["at"]) == (
        "offline",
        "health.never_heard",
        None,
    )
    assert camera["field_of_view"] is None and camera["simulated"] is False
    assert (await admin.get("/api/sectors/none/sensors")).json()["code"] == "sector.unknown"


@pytest.mark.parametrize(
    ("told", "age_s", "state"),
    [
        ("ok", 0.0, "ok"),
        ("failed", OFFLINE_AFTER_S, "failed"),
        ("ok", OFFLINE_AFTER_S + 0.1, "offline"),
        ("failed", 1e9, "offline"),
        ("goodbye", 1e9, "goodbye"),
        (None, None, "offline"),
    ],
)
def test_what_a_sensor_said_stands_while_it_is_heard(told, age_s, state):
    assert sensor_state(told, "health.x" if told else None, age_s)[0] == state


TRACK = """INSERT INTO track (id, known_at, known_to, sector_id, no, historical, status, first_at,
    last_at, geom, var_east_m2, cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits,
    path) VALUES (%s, now(), %s, 'test', %s, %s, 'confirmed', now() - interval '10 s', now(),
    ST_SetSRID(ST_MakePoint(24, 50.5), 4326), 1, 0, 1, 0.5, 0, '{0.7,0.1,0.1,0.05,0.05}',
    '{radar}', 5, ST_GeomFromEWKT(%s))"""
A, B = "01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"


async def test_a_live_track_has_the_way_of_its_plots(hub, admin, sensors):
    hub.execute(TRACK, A, None, 1, False, None)
    for second, track in ((-9, A), (-5, A), (-1, A), (-3, B), (-60, A)):
        hub.execute(
            """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id,
                   timing, track_id, geom)
               VALUES (now(), now() + make_interval(secs => %s), 'e', 1, 1, 'radar', 'test', 'l',
                       %s, ST_SetSRID(ST_MakePoint(24 + %s / 1e4, 50.5), 4326))""",
            second,
            track,
            second,
        )
    track = (await admin.get("/api/sectors/test/tracks/1")).json()
    assert track["status"] == "confirmed" and track["hits"] == 5
    assert track["classes"] == {
        "person": 0.7,
        "group": 0.1,
        "vehicle": 0.1,
        "animal": 0.05,
        "unknown": 0.05,
    }
    assert [round((lon - 24) * 1e4) for lon, _, _ in track["path"]] == [-9, -5, -1]
    times = [at for _, _, at in track["path"]]
    assert times == sorted(times) and 7.9 < times[-1] - times[0] < 9.9


async def test_a_rerun_track_carries_its_way_and_a_closed_version_is_not_shown(hub, admin):
    way = "SRID=4326;LINESTRINGM(24 50.5 100, 24.1 50.6 101)"
    hub.execute(TRACK, A, None, 7, True, way)
    hub.execute(TRACK, B, "2026-01-01Z", 8, False, None)
    track = (await admin.get("/api/sectors/test/tracks/7")).json()
    assert track["path"] == [[24.0, 50.5, 100.0], [24.1, 50.6, 101.0]]
    for no, status, code in (
        (8, 404, "track.unknown"),
        (2**63, 422, "request.invalid"),
        ("x", 422, "request.invalid"),
    ):
        answer = await admin.get(f"/api/sectors/test/tracks/{no}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_report_needs_a_sector(admin):
    assert (await admin.get("/api/sectors/test/report")).status_code == 200
    assert (await admin.get("/api/sectors/none/report")).json()["code"] == "sector.unknown"
