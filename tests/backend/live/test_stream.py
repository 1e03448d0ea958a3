"""The live stream over real sockets: a worker's feed goes in, screens hear of it."""

import asyncio
import contextlib
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from watchline.hub import HubServer, listening
from watchline.live.model import Frame, Pulse, encode
from watchline.live.screen import Screen as Screen_
from watchline.settings import LiveSettings

TOKEN = "token-of-the-writer"


def row(no: int, at_ms: int) -> Any:
    return (no, 24.0, 50.5, 1.0, 0.0, 1.0, 0.5, 0.0, 1, 0, 90, at_ms)


class Writer:
    """A worker's feed played by hand."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.rev = 100
        self._streams: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for stream in list(self._streams):
            stream.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"GET /internal/feed/test " not in head or f"Bearer {TOKEN}".encode() not in head:
            stream.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
            return
        stream.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        self._streams.add(stream)
        self.say(snapshot=True, up=[row(1, 1), row(2, 1)])
        try:
            while not stream.is_closing():
                pulse = Pulse(
                    at_us=time.time_ns() // 1000,
                    detections_per_s=5.0,
                    lag_ms=1.0,
                    backlog=0,
                    edges_connected=1,
                    edges_total=1,
                    sensors_ok=1,
                    sensors_total=1,
                )
                self.say(pulse=pulse)
                await asyncio.sleep(0.5)
        finally:
            self._streams.discard(stream)
            stream.close()

    def say(self, **changes: Any) -> None:
        if "pulse" not in changes:
            self.rev += 1
        frame = Frame(sector="test", epoch=3, rev=self.rev, at_us=time.time_ns() // 1000, **changes)
        data = encode(frame)
        for stream in self._streams:
            stream.write(len(data).to_bytes(4, "big") + data)


class Screen:
    """An EventSource without a browser."""

    def __init__(self, reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._stream = stream
        self.last_id: str | None = None
        self.comments = 0

    async def next(self, kind: str | None = None, seconds: float = 8.0) -> dict[str, Any]:
        """The data of the next event (of a kind)."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self._event()
                if event and kind in (None, event[0]):
                    return {"event": event[0], **event[1]}

    async def _event(self) -> tuple[str, dict[str, Any]] | None:
        fields: dict[str, str] = {}
        while line := (await self._line()).rstrip("\n"):
            if line.startswith(":"):
                self.comments += 1
            name, _, value = line.partition(": ")
            fields[name] = value
        self.last_id = fields.get("id", self.last_id)
        return (fields["event"], json.loads(fields["data"])) if "data" in fields else None

    async def _line(self) -> str:
        # Chunked encoding: sizes stand between the lines; our chunks end with whole events.
        while True:
            line = (await self._reader.readline()).decode()
            if not line:
                raise EOFError
            if line.endswith("\r\n"):
                if line == "0\r\n":
                    raise EOFError
                continue
            return line

    async def ended(self, seconds: float = 8.0) -> None:
        """Wait until the hub has closed the stream."""
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                await self.next(seconds=seconds)

    def close(self) -> None:
        self._stream.close()


class LiveHub:
    """A hub on a real port."""

    def __init__(self, port: int, cookie: str, hub: Any, server: HubServer) -> None:
        self.port, self.cookie, self.hub, self.server = port, cookie, hub, server

    async def screen(self, last_id: str | None = None, sector: str = "test") -> Screen:
        reader, stream = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        again = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        stream.write(
            f"GET /api/sectors/{sector}/live HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
            f"Cookie: watchline={self.cookie}\r\n{again}\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        assert b"text/event-stream" in head and b"content-length" not in head.lower()
        return Screen(reader, stream)

    @property
    def screens(self) -> int:
        return self.hub.app.state.live.screens


@pytest.fixture
def settings(settings: Any) -> Any:
    hub = settings.hub.model_copy(update={"port": 0})
    live = LiveSettings(
        poll_s=0.3, session_check_s=0.2, slow_client_s=0.6, heartbeat_s=0.3, max_streams=40
    )
    return settings.model_copy(update={"hub": hub, "live": live})


@pytest.fixture
async def live(hub: Any, admin: Any, settings: Any) -> AsyncIterator[LiveHub]:
    made = listening(settings)
    server = HubServer(hub.app, settings)
    server.config.lifespan = "off"  # the hub fixture has begun it
    task = asyncio.create_task(server.serve(sockets=[made]))
    while not server.started:
        await asyncio.sleep(0.01)
    port = made.getsockname()[1]
    try:
        yield LiveHub(port, admin.cookies["watchline"], hub, server)
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await task


@pytest.fixture
async def writer(live: LiveHub) -> AsyncIterator[Writer]:
    made = Writer()
    url = await made.start()
    live.hub.execute("UPDATE sector SET epoch = 3, owner_url = %s, owner_token = %s", url, TOKEN)
    yield made
    await made.stop()


async def _up(screen: Screen) -> None:
    while (await screen.next("pulse"))["writer"] != "up":
        pass


async def test_a_screen_sees_tracks_alarms_sensors_and_zones_as_they_change(
    live, writer, admin, make_incident
):
    first = make_incident(1)
    screen = await live.screen()
    picture = await screen.next("snapshot")
    assert [incident["id"] for incident in picture["incidents"]] == [first]
    await _up(screen)
    late = await live.screen()
    assert sorted(track[0] for track in (await late.next("snapshot"))["tracks"]) == [1, 2]
    late.close()

    writer.say(up=[row(1, 2)], gone=[2])
    told = await screen.next("tracks")
    while not told["gone"]:
        told = await screen.next("tracks")
    assert told["up"][-1] == list(row(1, 2)) and told["gone"] == [2]

    begun = time.monotonic()
    second = make_incident(2)
    writer.say(changed=["incidents"])
    (alarm,) = (await screen.next("incidents"))["changed"]
    assert (
        alarm["id"] == second and alarm["status"] == "new" and alarm["geofence"]["id"] == "meadow"
    )
    assert time.monotonic() - begun < 1.0

    await admin.post(f"/api/incidents/{second}/acknowledge", json={})
    (taken,) = (await screen.next("incidents"))["changed"]
    assert (taken["status"], taken["acknowledged_by"]) == ("acknowledged", "administrator")
    answer = (await admin.get(f"/api/incidents/{second}")).json()
    assert {key: answer[key] for key in taken} == taken  # one form in both places

    assert (await admin.delete("/api/sectors/test/geofences/ditch?rules=end")).status_code == 204
    assert (await screen.next("geofences"))["rev"] > taken["rev"]

    live.hub.execute(
        "INSERT INTO edge (id, sector_id, public_key)"
        " VALUES ('e', 'test', decode(repeat('ab', 32), 'hex'))"
    )
    live.hub.execute(
        """INSERT INTO sensor (id, edge_id, sector_id, name, kind, geom, info, info_at) VALUES
           ('radar', 'e', 'test', 'Radar', 'radar',
            ST_SetSRID(ST_MakePoint(24, 50.5, 200), 4326), '{}', now())"""
    )
    (sensor,) = (await screen.next("sensors"))["changed"]
    assert (sensor["id"], sensor["state"], sensor["code"]) == (
        "radar",
        "offline",
        "health.never_heard",
    )
    live.hub.execute(
        "INSERT INTO sensor_health VALUES ('radar', now(), now(), 'ok', 'health.ok', '{}')"
    )
    assert (await screen.next("sensors"))["changed"][0]["state"] == "ok"
    live.hub.execute("UPDATE sensor_health SET known_at = now() - interval '40 s'")
    assert (await screen.next("sensors"))["changed"][0]["code"] == "health.silent"
    screen.close()


async def test_screens_that_keep_up_are_written_to_without_waking_their_tasks(
    live, writer, monkeypatch
):
    """The fast path holds with this uvicorn; without it 500 screens cost twice as much."""
    pushed, waited = [], []
    real = Screen_.push

    def push(screen, *arguments):
        real(screen, *arguments)
        (waited if screen.pending else pushed).append(screen)
        assert type(screen.send.__self__).__name__ == "RequestResponseCycle"

    monkeypatch.setattr(Screen_, "push", push)
    screens = [await live.screen() for _ in range(3)]
    for screen in screens:
        await _up(screen)
    for at_ms in range(5):
        writer.say(up=[row(1, at_ms + 10)])
        for screen in screens:
            while [r[11] for r in (await screen.next("tracks"))["up"] if r[0] == 1] != [at_ms + 10]:
                pass
    assert len(pushed) >= 15 and not waited
    for screen in screens:
        screen.close()


async def test_browsers_are_sent_it_compressed(live, writer):
    """One gzip stream from the opening to the goodbye, each event readable when it comes."""
    plain = await live.screen()
    reader, stream = await asyncio.open_connection("127.0.0.1", live.port, limit=2**24)
    stream.write(
        f"GET /api/sectors/test/live HTTP/1.1\r\nHost: localhost:{live.port}\r\n"
        f"Accept-Encoding: gzip, br\r\nCookie: watchline={live.cookie}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b"content-encoding: gzip" in head and b"vary: accept-encoding" in head
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    text = ""

    async def until(words: str) -> None:
        nonlocal text
        async with asyncio.timeout(8):
            while words not in text:
                size = int(await reader.readuntil(b"\r\n"), 16)
                text += unpack((await reader.readexactly(size + 2))[:-2]).decode()

    await until("event: snapshot")
    assert text.startswith("retry: 1000\n\n")
    await _up(plain)
    writer.say(up=[row(1, 71)])
    await until(json.dumps(row(1, 71)).replace(" ", ""))
    assert row(1, 71) in [tuple(r) for r in (await plain.next("tracks"))["up"]]
    live.server.should_exit = True
    await until('"hub.stopping"')
    plain.close()
    stream.close()


async def test_who_comes_back_hears_what_was_missed_and_no_more(live, writer, make_incident):
    screen = await live.screen()
    await screen.next("snapshot")
    await _up(screen)
    writer.say(up=[row(5, 5), row(6, 6)])
    await asyncio.sleep(0.8)  # a poll of PostGIS: ids promise what was read
    while screen.last_id is None or int(screen.last_id.split(":")[2]) < writer.rev - 1:
        live.hub.execute("UPDATE sector SET rev = %s WHERE rev < %s", writer.rev, writer.rev)
        await screen.next("pulse")
    known = screen.last_id
    screen.close()
    writer.rev += 1
    live.hub.execute("UPDATE sector SET rev = %s", writer.rev)
    missed = make_incident(3)
    writer.rev += 1
    writer.say(up=[row(6, 7)], gone=[5])
    await asyncio.sleep(0.8)
    back = await live.screen(known)
    events = {}
    while "tracks" not in events:
        event = await back.next()
        events[event["event"]] = event
    assert "snapshot" not in events
    assert [incident["id"] for incident in events["incidents"]["changed"]] == [missed]
    assert [track[0] for track in events["tracks"]["up"]] == [6]
    assert events["tracks"]["gone"] == [5]
    back.close()
    for foreign in ("test:2:100", "other:3:100", "test:3:999999", "nonsense", "test:3:1"):
        stranger = await live.screen(foreign)
        assert (await stranger.next())["event"] == "snapshot"
        stranger.close()


async def test_a_silent_writer_is_told_each_second_and_its_return_too(live, writer):
    screen = await live.screen()
    await _up(screen)
    await writer.stop()
    down = await screen.next("pulse")
    while down["writer"] == "up":
        down = await screen.next("pulse")
    assert down["detections_per_s"] == 0 and down["edges_connected"] == 0
    since = down["writer_since"]
    assert (await screen.next("pulse"))["writer_since"] == since
    await writer.start()
    await _up(screen)
    screen.close()


async def test_a_session_that_ends_takes_its_streams_with_it(live, writer, admin):
    screen, other = await live.screen(), await live.screen()
    await screen.next("snapshot")
    begun = time.monotonic()
    assert (await admin.post("/api/logout", json={})).status_code == 204
    for each in (screen, other):
        assert (await each.next("bye"))["code"] == "session.ended"
        await each.ended()
    assert time.monotonic() - begun < 5
    assert live.screens == 0
    with pytest.raises(AssertionError, match=r"401 Unauthorized"):
        await live.screen()


async def test_an_open_stream_keeps_its_session_in_use(live, monkeypatch):
    from datetime import timedelta

    from watchline.live import manager

    monkeypatch.setattr(manager, "_NOTE_SEEN", timedelta(0))
    screen = await live.screen()
    live.hub.execute("UPDATE user_session SET seen_at = now() - interval '29 minutes'")
    await asyncio.sleep(0.6)
    assert live.hub.query("SELECT now() - seen_at < interval '1 minute' FROM user_session") == [
        (True,)
    ]
    screen.close()


async def test_one_that_does_not_read_is_dropped_and_the_others_are_not(live, writer):
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.connect(("127.0.0.1", live.port))
    lazy.sendall(
        f"GET /api/sectors/test/live HTTP/1.1\r\nHost: localhost:{live.port}\r\n"
        f"Cookie: watchline={live.cookie}\r\n\r\n".encode()
    )
    good = await live.screen()
    await _up(good)
    while live.screens < 2:
        await asyncio.sleep(0.01)
    heard = 0
    async with asyncio.timeout(20):
        while live.screens == 2:
            writer.say(up=[row(no, time.time_ns() // 10**6) for no in range(5000)])
            await good.next("tracks")
            heard += 1
    assert heard > 3
    assert live.hub.app.state.live.dropped_screens == 1
    writer.say(up=[row(1, 77)])
    while row(1, 77) not in [tuple(r) for r in (await good.next("tracks"))["up"]]:
        pass
    # The kernel ends what is left of it, so that nothing is held for ever.
    lazy.setblocking(False)
    async with asyncio.timeout(15):
        while (
            live.server.server_state.connections and len(live.server.server_state.connections) > 1
        ):
            await asyncio.sleep(0.1)
    lazy.close()
    good.close()


async def test_a_quiet_stream_has_heartbeats_and_a_closed_one_is_forgotten(live):
    screen = await live.screen()
    await screen.next("pulse")  # the writer is down: the hub's own pulses
    async with asyncio.timeout(8):
        while not screen.comments:
            await screen.next("pulse")
    screen.close()
    async with asyncio.timeout(5):
        while live.screens:
            await asyncio.sleep(0.02)


async def test_there_are_only_so_many(live):
    screens = [await live.screen() for _ in range(40)]
    with pytest.raises(AssertionError, match=r"503 Service Unavailable"):
        await live.screen()
    for screen in screens:
        screen.close()
    with pytest.raises(AssertionError, match=r"404 Not Found"):
        await live.screen(sector="nowhere")


async def test_a_hub_that_stops_says_goodbye_and_ends(live, writer):
    screens = [await live.screen() for _ in range(5)]
    for screen in screens:
        await screen.next("snapshot")
    begun = time.monotonic()
    live.server.should_exit = True
    for screen in screens:
        assert (await screen.next("bye"))["code"] == "hub.stopping"
        await screen.ended()
    assert time.monotonic() - begun < 3


async def test_a_sector_made_while_the_hub_runs_has_a_stream(live):
    live.hub.execute(
        """INSERT INTO sector (id, name, geom, origin, time_zone)
           SELECT 'new', name, geom, origin, time_zone FROM sector"""
    )
    screen = await live.screen(sector="new")
    assert (await screen.next())["event"] == "snapshot"
    screen.close()
