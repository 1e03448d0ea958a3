"""Incidents ask the cameras that saw them for pictures, once; what is kept goes in time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from footage_edge import JPEG, WEBM, Edge, add_sensor
from own_writer import OwnWriter
from plain_sector import lon_lat
from raised import TRACKS, finding_of, raise_in
from watchline.footage.ask import BACK, WATCH_S, Asker
from watchline.footage.model import Camera, Sighting, asks_of
from watchline_sensors.contract import Detection, Position, SensorInfo

S = 1_000_000
KEEP = timedelta(days=30)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that does not ask by itself; name it before the hub."""

    async def run(self: Asker) -> None:
        return

    monkeypatch.setattr(Asker, "run", run)


def asked(hub: Any) -> list[tuple[str, str]]:
    return hub.query("SELECT sensor_id, kind FROM footage WHERE asked_by IS NULL ORDER BY 1, 2")


async def asked_within(hub: Any, seconds: float) -> list[tuple[str, str]]:
    """What was asked, as soon as anything was."""
    deadline = time.monotonic() + seconds
    while not asked(hub) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return asked(hub)


# ── the whole way ─────────────────────────────────────────────────────────────────────────────
async def test_an_incident_of_a_thermal_camera_asks_it_by_itself(hub, admin, machine):
    edge = Edge("edge-a", machine)
    edge.enrol(hub)
    writer = await asyncio.to_thread(OwnWriter, hub.database.url("ingest"))
    try:
        lon, lat = lon_lat(0, -100)
        info = SensorInfo(
            sensor="thermal",
            at_us=1,
            kind="thermal",
            name="T",
            lon_deg=lon,
            lat_deg=lat,
            height_m=200.0,
        )
        await asyncio.to_thread(writer.send, info)
        north, incidents = 240.0, []
        while not incidents:
            assert north > 0, "nobody came into the meadow"
            lon, lat = lon_lat(0, north)
            sight = Detection(
                sensor="thermal",
                at_us=time.time_ns() // 1000 - 50_000,
                sensor_track="5",
                position=Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0),
            )
            await asyncio.to_thread(writer.send, sight)
            await asyncio.sleep(0.2)
            north -= 2.0
            incidents = hub.query("SELECT id::text, opened_at FROM incident")
        both = [("thermal", "clip"), ("thermal", "snapshot")]
        assert await asked_within(hub, 5) == both
    finally:
        await asyncio.to_thread(writer.stop)
    ((id, opened_at), *_) = incidents
    pieces = (await admin.get(f"/api/incidents/{id}/footage")).json()
    assert all(piece["asked_by"] is None and piece["reason"] is None for piece in pieces)
    times = {
        piece["kind"]: [
            round((datetime.fromisoformat(piece[end]) - opened_at).total_seconds(), 3)
            for end in ("from", "until")
        ]
        for piece in pieces
    }
    assert times == {"snapshot": [0, 0], "clip": [-10, 20]}
    ((chain, actor),) = set(
        hub.query("SELECT chain, actor FROM audit_event WHERE op = 'footage.ask'")
    )
    assert (chain, actor) == ("test", "machine")
    for wanted in (await edge.wanted()).footage:
        octets = {"snapshot": JPEG, "clip": WEBM}[wanted.kind]
        assert (await edge.answer(wanted, octets)).status_code == 204
    pieces = (await admin.get(f"/api/incidents/{id}/footage")).json()
    assert {piece["state"] for piece in pieces} == {"kept"}


# ── whom, and when ────────────────────────────────────────────────────────────────────────────
def see(
    hub: Any, track: str, *sensors: str, at: datetime | None = None, historical: bool = False
) -> None:
    """A track that these sensors feed, and a detection of each."""
    at = at or datetime.now(UTC)
    hub.execute(
        """INSERT INTO track (id, known_at, sector_id, no, status, first_at, last_at, geom,
               var_east_m2, cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits,
               historical)
           VALUES (%s, %s, 'test', 1, 'confirmed', %s, %s, ST_SetSRID(ST_MakePoint(24, 50.5), 4326),
                   1, 0, 1, 0, 0, '{1,0,0,0,0}', %s, 5, %s)""",
        track,
        at,
        at,
        at,
        list(sensors),
        historical,
    )
    if historical:
        return
    for sensor in sensors:
        hub.execute(
            """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id,
                                      timing, track_id)
               VALUES (clock_timestamp(), %s, 'mast', 1, 1, %s, 'test', 'l', %s)""",
            at,
            sensor,
            track,
        )


def open_one(hub: Any, no: int, *tracks: str, ago_s: float = 0.0) -> str:
    at_us = time.time_ns() // 1000 - round(ago_s * S)
    return raise_in(hub.database, no, [finding_of(UUID(t).bytes, at_us + no) for t in tracks])


async def looked(hub: Any, times: int = 1, clock: Any = time.monotonic) -> Asker:
    """An asker of its own, as of a second hub, that has looked."""
    made = Asker(hub.app.state.engine, KEEP, clock)
    for _ in range(times):
        await made.look()
    return made


async def test_two_thermal_cameras_at_most_and_no_other_sensor(quiet, hub, edge, stranger):
    add_sensor(hub, "third", "mast", "thermal")
    see(hub, TRACKS[0], "radar", "lens", "thermal")
    see(hub, TRACKS[1], "other", "third")
    open_one(hub, 1, *TRACKS[:2])
    await looked(hub, 2)
    await looked(hub, 2)  # another hub asks for nothing twice
    found = asked(hub)
    assert len(found) == 4 and len({sensor for sensor, _ in found}) == 2
    assert ("thermal", "clip") in found  # the first finding's
    assert not {("radar", "clip"), ("lens", "clip")} & set(found)
    assert len(hub.query("SELECT FROM audit_event WHERE op = 'footage.ask'")) == 4


async def test_a_camera_that_saw_it_at_another_time_is_not_asked(quiet, hub, edge):
    see(hub, TRACKS[0], "thermal", at=datetime.now(UTC) - timedelta(seconds=12))
    open_one(hub, 1, TRACKS[0])
    await looked(hub, 2)
    assert asked(hub) == []


async def test_a_camera_that_sees_it_a_little_later_is_asked_too(quiet, hub, edge):
    now = 100.0
    open_one(hub, 1, TRACKS[0])
    asker = await looked(hub, clock=lambda: now)
    see(hub, TRACKS[0], "thermal")
    now += WATCH_S - 1
    await asker.look()
    assert ("thermal", "clip") in asked(hub)


async def test_a_rerun_asks_by_what_its_track_says(quiet, hub, edge):
    see(hub, TRACKS[0], "thermal", historical=True)
    open_one(hub, 1, TRACKS[0])
    await looked(hub)
    assert len(asked(hub)) == 2


async def test_a_camera_that_joined_after_a_rerun_is_asked(quiet, hub, edge):
    see(hub, TRACKS[0], "radar", "thermal")
    later = datetime.now(UTC) + timedelta(seconds=1)
    see(hub, TRACKS[0], "radar", at=later, historical=True)  # the newest version of the track
    open_one(hub, 1, TRACKS[0])
    await looked(hub)
    assert len(asked(hub)) == 2


async def test_a_hub_that_was_down_catches_up_for_ten_minutes(quiet, hub, edge):
    for no, minutes in ((1, 9), (2, 11)):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        see(hub, TRACKS[no], "thermal", at=at)
        open_one(hub, no, TRACKS[no], ago_s=minutes * 60)
    await looked(hub)
    assert timedelta(minutes=10) == BACK
    rows = hub.query("SELECT DISTINCT i.no FROM footage f JOIN incident i ON i.id = f.incident_id")
    assert rows == [(1,)]


async def test_an_incident_that_no_camera_saw_asks_nobody(quiet, hub, edge):
    see(hub, TRACKS[0], "radar")
    open_one(hub, 1, TRACKS[0])
    await looked(hub)
    assert asked(hub) == []


def test_the_earliest_cameras_come_first_and_never_more_than_two():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one, two = UUID(int=1), UUID(int=2)

    def saw(incident: UUID, sensor: str, second: int) -> Sighting:
        camera = Camera(id=sensor, sector="test", edge="mast")
        return Sighting(incident=incident, camera=camera, at=at + timedelta(seconds=second))

    seen = [
        saw(one, "c", 3),
        saw(one, "b", 2),
        saw(one, "a", 1),
        saw(one, "a", 2),
        saw(two, "a", 9),
    ]
    pairs = asks_of(seen, {})
    assert [(pair[0].incident, pair[0].camera.id) for pair in pairs] == [
        (one, "a"),
        (one, "b"),
        (two, "a"),
    ]
    assert [ask.kind for ask in pairs[0]] == ["snapshot", "clip"]
    assert [pair[0].camera.id for pair in asks_of(seen, {one: {"a"}, two: {"x", "y"}})] == ["b"]


# ── what comes to nothing, and what goes ──────────────────────────────────────────────────────
@pytest.mark.parametrize(("minutes", "state"), [(59, "asked"), (61, "absent")])
async def test_what_nobody_answers_within_an_hour_is_given_up(
    hub, edge, ask, admin, minutes, state
):
    id = (await ask()).json()["id"]
    hub.execute(
        """UPDATE footage SET asked_at = asked_at - %s, from_at = from_at - %s,
                              until_at = until_at - %s""",
        *[timedelta(minutes=minutes)] * 3,
    )
    (wanted,) = (await edge.wanted()).footage
    await looked(hub)
    piece = (await admin.get(f"/api/footage/{id}")).json()
    code = "footage.unanswered" if state == "absent" else None
    assert (piece["state"], piece["code"]) == (state, code)
    if state == "absent":
        assert (await edge.wanted()).footage == []
        assert (await edge.answer(wanted, JPEG)).json()["code"] == "footage.not_asked"


async def test_it_is_kept_as_long_as_the_settings_say_and_not_shown_after(
    hub, edge, ask, admin, make_incident
):
    alone = (await ask()).json()
    of_one = (await ask(incident=make_incident())).json()
    days = [
        (datetime.fromisoformat(it["expires_at"]) - datetime.fromisoformat(it["asked_at"])).days
        for it in (alone, of_one)
    ]
    assert days == [3, 30]
    for wanted in (await edge.wanted()).footage:
        assert (await edge.answer(wanted, JPEG)).status_code == 204
    hub.execute("UPDATE footage SET expires_at = now() WHERE id = %s", of_one["id"])
    for path in (f"/api/footage/{of_one['id']}", f"/api/footage/{of_one['id']}/octets"):
        assert (await admin.get(path)).json()["code"] == "footage.unknown"
    assert (await admin.get(f"/api/incidents/{of_one['incident']}/footage")).json() == []
    assert (await admin.get(f"/api/footage/{alone['id']}/octets")).status_code == 200


async def test_what_has_expired_is_deleted_with_its_octets_and_written_down(hub, edge, ask, admin):
    from watchline import maintenance

    first, second = [(await ask()).json()["id"] for _ in range(2)]
    for wanted in (await edge.wanted()).footage:
        await edge.answer(wanted, JPEG)
    hub.execute("UPDATE footage SET expires_at = now() - interval '1 s' WHERE id = %s", first)
    with maintenance.connect(hub.database.url("ingest")) as connection:
        maintenance.delete_footage(connection)
        maintenance.delete_footage(connection)
    assert [str(id) for (id,) in hub.query("SELECT id FROM footage")] == [second]
    assert [str(id) for (id,) in hub.query("SELECT footage_id FROM footage_octets")] == [second]
    rows = hub.query("SELECT object, detail FROM audit_event WHERE op = 'retention.prune'")
    assert [(what, detail["rows"]) for what, detail in rows] == [("footage", 1)]


async def test_the_hub_cannot_change_or_delete_pictures(hub, edge, ask):
    import psycopg

    with hub.database.connect("app") as connection:
        for statement in (
            "UPDATE footage_octets SET octets = ''",
            "DELETE FROM footage_octets",
            "DELETE FROM footage",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
