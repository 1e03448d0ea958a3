"""Live pictures, relayed in this process' memory from an edge to whoever looks; never stored."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from watchline import logging
from watchline.access import store as access
from watchline.errors import FootageTooManyViewers
from watchline.footage.model import Camera
from watchline_sensors.contract import WantedLive

_log = logging.get("footage")
#: Pictures a second that a viewer gets, and an edge is asked for.
FPS = 2.0
#: One call shows pictures for so long.
LIMIT_S = 600.0
MOST_OF_USER = 2
MOST_OF_CAMERA = 4
#: A picture that is older than this is not live.
_FRESH_S = 5.0
_RETRY_S = 5
_FAREWELL_S = 1.0
_BOUNDARY = b"watchline"


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    octets: bytes
    came_at: float


@dataclass(slots=True, eq=False)
class Viewer:
    """Somebody who looks at a camera in a session. It is given the newest picture or none."""

    user: UUID
    session: bytes
    camera: Camera
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Relay:
    """The viewers of this hub; `run` is its only long task.

    An edge that asks another hub does not learn of them.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        check_s: float,
        *,
        fps: float = FPS,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fps = fps
        self.limit_s = limit_s
        self.clock = clock
        self._engine = engine
        self._check_s = check_s
        self._viewers: set[Viewer] = set()
        self._newest: dict[str, _Picture] = {}
        self._stopping = False

    async def run(self) -> None:
        """Until cancelled: close the pictures of sessions that have ended."""
        while True:
            await asyncio.sleep(self._check_s)
            known = {viewer.session for viewer in self._viewers}
            if not known:
                continue
            try:
                async with self._engine.connect() as connection:
                    valid = await access.still_valid(connection, known)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("footage.sessions_unchecked", error=type(error).__name__)
                continue
            for viewer in self._viewers:
                if viewer.session not in valid:
                    viewer.over.set()

    def enter(self, user: UUID, session: bytes, camera: Camera) -> Viewer:
        """Begin to look; whoever does has to `leave`. Errors: FootageTooManyViewers."""
        of_user = sum(viewer.user == user for viewer in self._viewers)
        of_camera = sum(1 for _ in self._of(camera.id))
        if of_user >= MOST_OF_USER:
            raise FootageTooManyViewers(most=MOST_OF_USER, of="user", retry_after_s=_RETRY_S)
        if of_camera >= MOST_OF_CAMERA:
            raise FootageTooManyViewers(most=MOST_OF_CAMERA, of="camera", retry_after_s=_RETRY_S)
        viewer = Viewer(user, session, camera)
        if self._stopping:
            viewer.over.set()
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Look no longer; with the last one the camera's picture is forgotten."""
        self._viewers.discard(viewer)
        if not any(self._of(viewer.camera.id)):
            self._newest.pop(viewer.camera.id, None)

    def show(self, sensor: str, octets: bytes) -> bool:
        """Hand on a picture; whether anybody looks."""
        looking = list(self._of(sensor))
        if looking:
            self._newest[sensor] = _Picture(octets, self.clock())
        for viewer in looking:
            viewer.news.set()
        return bool(looking)

    def wanted(self, edge: str) -> list[WantedLive]:
        """The edge's cameras that somebody looks at."""
        sensors = {viewer.camera.id for viewer in self._viewers if viewer.camera.edge == edge}
        return [WantedLive(sensor=sensor, fps=self.fps) for sensor in sorted(sensors)]

    def newest(self, sensor: str) -> _Picture | None:
        """The camera's picture of now."""
        picture = self._newest.get(sensor)
        if picture is None or self.clock() - picture.came_at > _FRESH_S:
            return None
        return picture

    def stop(self) -> None:
        """End every stream, so that the process can end."""
        self._stopping = True
        for viewer in self._viewers:
            viewer.over.set()

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def _of(self, sensor: str) -> Iterator[Viewer]:
        return (viewer for viewer in self._viewers if viewer.camera.id == sensor)


class LiveStream(Response):
    """A viewer's pictures, one after the other in the same place of a page.

    At most `fps` a second; while one is on its way to a slow viewer, newer ones pass it by.
    """

    def __init__(self, relay: Relay, viewer: Viewer) -> None:
        super().__init__(
            media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}",
            headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
        )
        del self.headers["content-length"]
        self._relay = relay
        self._viewer = viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one viewer until it goes, its time is up, or the relay ends it."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        except BaseException:
            self._relay.leave(self._viewer)
            raise
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(self._pictures(send))
        over = asyncio.create_task(self._viewer.over.wait())
        tasks = {gone, sending, over}
        try:
            await asyncio.wait(
                tasks, timeout=self._relay.limit_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            self._relay.leave(self._viewer)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not sending.cancelled():
            sending.result()  # it ends by itself only when it fails
        if gone.cancelled():
            # Who does not read does not hear that it is over either, and holds nobody up.
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pictures(self, send: Send) -> None:
        relay, viewer = self._relay, self._viewer
        part = b"--" + _BOUNDARY + b"\r\n"
        shown: _Picture | None = None
        while True:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            # An edge that is a little early is not made to wait for its next picture.
            next_at = relay.clock() + 0.8 / relay.fps if shown else 0.0
            while (picture := relay.newest(viewer.camera.id)) is None or picture is shown:
                viewer.news.clear()
                await viewer.news.wait()
            if (wait_s := next_at - relay.clock()) > 0:
                await asyncio.sleep(wait_s)
                picture = relay.newest(viewer.camera.id) or picture
            shown = picture
            part = _part(picture.octets)


def _part(octets: bytes) -> bytes:
    """One picture; the boundary behind it tells the browser at once that it is whole."""
    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(octets)
    return head + octets + b"\r\n--" + _BOUNDARY + b"\r\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
