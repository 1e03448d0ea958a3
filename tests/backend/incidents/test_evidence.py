"""Which sensors saw it is counted from the detections, not taken from anybody's word."""

import msgspec

from hand_writer import SECOND, HandClock, envelope, hand_writer
from own_writer import EDGE, INFO
from plain_sector import lon_lat
from raised import rebuilt
from watchline_sensors.contract import Detection, Position

START_US = 1_790_000_000_000_000
THERMAL = msgspec.structs.replace(INFO, sensor="thermal", kind="thermal", name="T", lon_deg=24.001)
#: It sees somebody else, far off.
IDLE = msgspec.structs.replace(INFO, sensor="idle", name="I")


def walk(hub):
    """Somebody walks north into the meadow; the radar sees each second, the camera later on."""
    with hand_writer(hub.database, clock := HandClock(START_US)) as writer:
        told = [msgspec.structs.replace(info, at_us=START_US) for info in (INFO, THERMAL, IDLE)]
        writer.send(envelope(EDGE, 1, told, clock.time_us))
        writer.turn()
        seq = len(told) + 1
        for second in range(1, 30):
            clock.time_us = START_US + second * SECOND
            items = [seen("radar", clock.time_us, 0, -260 + 5 * second)]
            items.append(seen("idle", clock.time_us, 900, 900 + 5 * second))
            if second > 10:
                items.append(seen("thermal", clock.time_us, 0, -260 + 5 * second))
            writer.send(envelope(EDGE, seq, items, clock.time_us))
            seq += len(items)
            clock.time_us += 600_000
            writer.turn()
        return writer.query("SELECT id FROM incident")


def seen(sensor, at_us, east_m, north_m):
    lon, lat = lon_lat(east_m, north_m)
    place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
    return Detection(sensor=sensor, at_us=at_us, position=place)


async def test_from_the_incident_down_to_the_pose(hub, admin):
    hub.execute(
        "INSERT INTO edge (id, sector_id, public_key) VALUES (%s, 'test', %s)", EDGE, bytes(32)
    )
    ((id,),) = walk(hub)
    evidence = (await admin.get(f"/api/incidents/{id}/evidence")).json()
    (finding,) = evidence["findings"]
    assert finding["rule"] == {
        "id": "meadow-enter",
        "version": 1,
        "name": "Somebody in the meadow",
        "kind": "enter",
        "severity": "high",
        "params": {},
    }
    assert finding["geofence"]["version"] == 1 and finding["geofence"]["geom"]["type"] == "Polygon"
    assert finding["track_no"] is not None
    counted = hub.query(
        """SELECT d.sensor_id, count(*) FROM detection d JOIN finding f
               ON f.track_id = d.track_id AND d.at <= f.at GROUP BY 1 ORDER BY 1"""
    )
    parts = {part["id"]: part for part in evidence["sensors"]}
    assert [(id, parts[id]["detections"]) for id in sorted(parts)] == counted
    assert set(parts) == {"radar", "thermal"}
    assert parts["radar"]["pose"] | {"field_of_view": None} == {
        "lon": 24.0,
        "lat": 50.5,
        "height_m": 200.0,
        "north": INFO.north,
        "north_offset_deg": INFO.north_offset_deg,
        "field_of_view": None,
    }
    assert not parts["radar"]["moved_since"]
    assert parts["thermal"]["tracks"] == [finding["track"]]
    hub.execute("UPDATE sensor SET info_at = '2100-01-01Z' WHERE id = 'radar'")
    hub.execute("DELETE FROM detection")  # as retention does
    again = (await admin.get(f"/api/incidents/{id}/evidence")).json()["sensors"]
    assert {part["id"]: part["detections"] for part in again} == {"radar": None, "thermal": None}
    assert rebuilt(hub.database) == 1


async def test_an_incident_by_hand_rests_on_no_sensor(admin):
    made = await admin.post(
        "/api/sectors/test/incidents",
        json={"source": "patrol", "title": "x", "severity": "low", "lon": 24.0, "lat": 50.5},
    )
    evidence = await admin.get(f"/api/incidents/{made.json()['id']}/evidence")
    assert evidence.json() == {"findings": [], "sensors": []}
    nobody = await admin.get("/api/incidents/01900000-0000-7000-8000-0000000000ff/evidence")
    assert nobody.json()["code"] == "incident.unknown"
