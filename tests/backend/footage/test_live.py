"""Live pictures over real sockets: shared, paced, never stored, and over when they are to be."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from footage_edge import JPEG
from watchline.access import sessions
from watchline.footage.live import LiveStream
from watchline.hub import HubServer, listening

BOUNDARY = b"--watchline\r\n"


def picture(no: int, size: int = 1000) -> bytes:
    return JPEG[:4] + b"%06d" % no + bytes(size - 10)


class Viewer:
    """An <img> without a browser."""

    def __init__(self, reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        self._reader, self._stream = reader, stream
        self._buffer = b""
        self.ended = False

    async def next(self, seconds: float = 5.0) -> int:
        """The number of the next picture, as soon as its boundary is there."""
        async with asyncio.timeout(seconds):
            while b"\xff\xd8" not in self._buffer or not self._buffer.endswith(BOUNDARY):
                await self._chunk()
        head, _, rest = self._buffer.rpartition(b"Content-Length: ")
        assert b"Content-Type: image/jpeg" in head
        length, _, octets = rest.partition(b"\r\n\r\n")
        assert len(octets) == int(length) + len(b"\r\n" + BOUNDARY)
        self._buffer = b""
        return int(octets[4:10])

    async def until_ended(self, seconds: float = 5.0) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._chunk()

    async def _chunk(self) -> None:
        size = int((await self._reader.readline()).strip() or b"0", 16)
        self._buffer += await self._reader.readexactly(size)
        await self._reader.readexactly(2)
        if not size:
            self.ended = True
            raise EOFError

    def close(self) -> None:
        self._stream.close()


class Hub:
    """A hub on a real port."""

    def __init__(self, port: int, cookie: str, hub: Any, server: HubServer) -> None:
        self.port, self.cookie, self.hub, self.server = port, cookie, hub, server

    @property
    def relay(self) -> Any:
        return self.hub.app.state.footage_live

    async def look(
        self, sensor: str = "thermal", cookie: str | None = None, buffer: int = 2**20
    ) -> Viewer:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.port))
        reader, stream = await asyncio.open_connection(sock=made, limit=buffer)
        cookie = cookie or self.cookie
        stream.write(
            f"GET /api/sensors/{sensor}/live.mjpeg?reason=track%204 HTTP/1.1\r\n"
            f"Host: localhost:{self.port}\r\nCookie: watchline={cookie}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        assert b"multipart/x-mixed-replace; boundary=watchline" in head
        assert b"no-store" in head and b"content-length" not in head.lower()
        return Viewer(reader, stream)

    async def until(self, viewers: int) -> None:
        async with asyncio.timeout(5):
            while self.relay.viewers != viewers:
                await asyncio.sleep(0.02)


@pytest.fixture
def settings(settings: Any) -> Any:
    hub = settings.hub.model_copy(update={"port": 0})
    return settings.model_copy(update={"hub": hub})


@pytest.fixture
async def served(hub: Any, admin: Any, edge: Any, settings: Any) -> AsyncIterator[Hub]:
    made = listening(settings)
    server = HubServer(hub.app, settings)
    server.config.lifespan = "off"  # the hub fixture has begun it
    task = asyncio.create_task(server.serve(sockets=[made]))
    while not server.started:
        await asyncio.sleep(0.01)
    hub.app.state.footage_live.fps = 10.0
    try:
        yield Hub(made.getsockname()[1], admin.cookies["watchline"], hub, server)
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await task


async def test_an_edge_sends_while_somebody_looks_and_not_longer(served, edge, stranger, hub):
    assert (await edge.wanted()).live == [] and not await edge.show("thermal", picture(1))
    first = await served.look()
    ((wanted,), none) = (await edge.wanted()).live, (await stranger.wanted()).live
    assert (wanted.sensor, wanted.fps, none) == ("thermal", 10.0, [])
    assert await edge.show("thermal", picture(2))
    assert await first.next() == 2
    second = await served.look()
    assert await second.next() == 2  # what is there now, at once
    assert await edge.show("thermal", picture(3))
    assert [await first.next(), await second.next()] == [3, 3]
    assert not await edge.show("lens", picture(9))
    first.close()
    await served.until(1)
    assert await edge.show("thermal", picture(4)) and await second.next() == 4
    second.close()
    await served.until(0)
    assert (await edge.wanted()).live == [] and not await edge.show("thermal", picture(5))
    third = await served.look()
    with pytest.raises(TimeoutError):  # what was shown before is forgotten
        await third.next(0.3)
    third.close()
    rows = hub.query("SELECT object, detail FROM audit_event WHERE op = 'footage.watch'")
    assert rows == [("sensor thermal", {"reason": "track 4"})] * 3
    assert hub.query("SELECT count(*) FROM footage") == [(0,)]


async def test_a_viewer_gets_no_more_pictures_a_second_than_are_meant(served, edge):
    served.relay.fps = 5.0
    viewer = await served.look()
    begun, got = time.monotonic(), []
    sending = asyncio.create_task(_send(edge, 2.0))
    while time.monotonic() - begun < 2.0:
        got.append(await viewer.next())
    sent = await sending
    assert sent > 20 and 6 <= len(got) <= 14
    assert got == sorted(set(got))


async def _send(edge: Any, seconds: float, size: int = 1000) -> int:
    begun, no = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        no += 1
        await edge.show("thermal", picture(no, size))
        await asyncio.sleep(0.01)
    return no


async def test_a_slow_viewer_skips_and_holds_nobody_up(served, edge):
    served.relay.fps = 100.0
    slow, quick = await served.look(buffer=2**16), await served.look()
    got: list[int] = []

    async def read() -> None:
        while True:
            got.append(await quick.next())

    reading = asyncio.create_task(read())
    sent = await _send(edge, 3.0, size=200_000)
    await asyncio.sleep(0.3)
    reading.cancel()
    quick.close()
    assert got[-1] == sent and len(got) > 10
    # The kernel and one picture under way are all that waits for it.
    behind = 0
    with contextlib.suppress(TimeoutError):
        while True:
            await slow.next(1.0)
            behind += 1
    slow.close()
    assert behind < len(got) / 2 and behind < 12, (behind, len(got))


async def test_a_user_has_two_and_a_camera_four(served, edge, admin, hub):
    async def refused(cookie: str) -> Any:
        answer = await admin.get(
            "/api/sensors/thermal/live.mjpeg?reason=check",
            headers={"Cookie": f"watchline={cookie}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (429, "footage.too_many_viewers")
        assert answer.headers["retry-after"]
        return answer.json()["params"]

    first, _ = await served.look(), await served.look("lens")
    params = await refused(served.cookie)
    assert (params["of"], params["most"]) == ("user", 2)
    first.close()
    await served.until(1)
    others = [_session(hub, f"user-{no}") for no in range(3)]
    held = [await served.look(cookie=cookie) for cookie in others[:2] for _ in range(2)]
    params = await refused(others[2])
    assert (params["of"], params["most"]) == ("camera", 4)
    assert hub.query("SELECT count(*) FROM audit_event WHERE op = 'footage.watch'") == [(6,)]
    for viewer in held:
        viewer.close()


def _session(hub: Any, name: str) -> str:
    token = sessions.new_token()
    hub.execute(
        """WITH made AS (INSERT INTO user_account (id, name, password_hash)
                         VALUES (gen_random_uuid(), %s, 'x') RETURNING id)
           INSERT INTO user_session (token_hash, user_id, expires_at)
           SELECT %s, id, now() + interval '1 h' FROM made""",
        name,
        sessions.token_hash(token),
    )
    return token


async def test_it_ends_with_the_session(served, edge, hub):
    viewer = await served.look()
    await edge.show("thermal", picture(1))
    assert await viewer.next() == 1
    hub.execute("DELETE FROM user_session")
    await viewer.until_ended(2.0)
    assert viewer.ended and served.relay.viewers == 0


async def test_it_ends_after_its_time(served, edge):
    served.relay.limit_s = 0.5
    viewer = await served.look()
    begun = time.monotonic()
    await viewer.until_ended(2.0)
    assert viewer.ended and 0.3 < time.monotonic() - begun < 1.5
    assert served.relay.viewers == 0


async def test_it_ends_with_the_hub_at_once(served, edge):
    viewer, slow = await served.look(), await served.look("lens")
    await edge.show("thermal", picture(1))
    assert await viewer.next() == 1
    begun = time.monotonic()
    served.server.should_exit = True
    await viewer.until_ended(3.0)
    await slow.until_ended(3.0)
    assert viewer.ended and slow.ended and time.monotonic() - begun < 2.0
    assert served.relay.viewers == 0


async def test_who_goes_before_the_answer_begins_does_not_look(served, hub, admin):
    relay = served.relay
    camera = type("Camera", (), {"id": "thermal", "edge": "mast"})()
    stream = LiveStream(relay, relay.enter("user", b"session", camera))

    async def broken(message: Any) -> None:
        raise OSError

    with pytest.raises(OSError):
        await stream({}, None, broken)
    assert relay.viewers == 0
