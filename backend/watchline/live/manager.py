"""All live pictures of a hub: finds sectors, listens for hints, minds the screens."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import httpx2
import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchline import logging
from watchline.access import store as access
from watchline.db.engine import session_conninfo
from watchline.errors import LiveTooMany, SectorUnknown
from watchline.health.metrics import SectorFigures
from watchline.health.model import Alarm
from watchline.live import events
from watchline.live.follower import Follower
from watchline.live.screen import Screen
from watchline.live.stream import LiveStream
from watchline.sectors import store as sectors
from watchline.settings import LiveSettings

_log = logging.get("live")
_READY_S = 5.0
_LISTEN_RETRY_S = 1.0
_NOTE_SEEN = timedelta(minutes=1)


class LiveManager:
    """The live side of the hub; `run` is its only long task."""

    def __init__(self, engine: AsyncEngine, database_url: str, settings: LiveSettings) -> None:
        self._engine = engine
        self._database_url = database_url
        self._settings = settings
        self._followers: dict[str, Follower] = {}
        self._found = asyncio.Event()
        self._seen_noted_at = time.monotonic()
        self._stopping = False

    async def run(self) -> None:
        """Until cancelled; a fault of ours costs the screens a reconnect, not the hub its life."""
        while True:
            try:
                await self._run()
            except* Exception as failed:
                _log.error("live.failed", exc_info=failed)
            for screen in self._screens():
                screen.close(events.bye("hub.restarting"))
            self._followers.clear()
            await asyncio.sleep(_LISTEN_RETRY_S)

    async def _run(self) -> None:
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as group:
            group.create_task(self._find_sectors(client, group))
            group.create_task(self._listen())
            group.create_task(self._mind_screens())
            group.create_task(self._check_sessions())

    async def open(
        self, sector: str, session: bytes, last_event_id: str | None, *, packed: bool
    ) -> LiveStream:
        """A new screen's stream; errors: SectorUnknown, LiveTooMany."""
        if self._stopping or self.screens >= self._settings.max_streams:
            raise LiveTooMany(retry_after_s=2)
        follower = await self._follower(sector)
        screen = Screen(session, time.monotonic(), packed=packed)
        return LiveStream(follower.audience, screen, last_event_id, time.monotonic)

    def stop(self) -> None:
        """End every stream with a word, so that the process can end."""
        self._stopping = True
        farewell = events.bye("hub.stopping")
        for screen in self._screens():
            screen.close(farewell)

    def tell_alarms(self, alarms: Sequence[Alarm]) -> None:
        """Tell the screens of each sector the system's alarms that concern it."""
        for sector, follower in self._followers.items():
            mine = [alarm for alarm in alarms if alarm.sector in (None, sector)]
            if follower.picture.tell_alarms(mine):
                follower.audience.changed(urgent=True)

    def figures(self) -> list[SectorFigures]:
        """How the sectors fare, for the metrics."""
        return [follower.figures() for _, follower in sorted(self._followers.items())]

    @property
    def screens(self) -> int:
        """How many streams are open."""
        return len(self._screens())

    @property
    def dropped_screens(self) -> int:
        """How many were dropped because they did not read what they were sent."""
        return sum(follower.audience.dropped for follower in self._followers.values())

    def _screens(self) -> list[Screen]:
        return [s for follower in self._followers.values() for s in follower.audience.screens]

    async def _follower(self, sector: str) -> Follower:
        """The sector's follower; one made this second may not have been found yet."""
        async with self._engine.connect() as connection:
            await sectors.require(connection, sector)
        try:
            async with asyncio.timeout(_READY_S):
                while sector not in self._followers:
                    self._found.clear()
                    await self._found.wait()
                follower = self._followers[sector]
                await follower.ready()
        except TimeoutError:
            raise SectorUnknown(sector=sector) from None
        return follower

    # ── tasks ────────────────────────────────────────────────────────────────────────────────
    async def _find_sectors(self, client: httpx2.AsyncClient, group: asyncio.TaskGroup) -> None:
        interval_s = self._settings.track_interval_ms / 1000
        while True:
            try:
                async with self._engine.connect() as connection:
                    writers = await sectors.writers(connection)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("live.database_away", error=type(error).__name__)
                writers = [follower.writer for follower in self._followers.values()]
            for writer in writers:
                follower = self._followers.get(writer.sector)
                if follower is None:
                    follower = Follower(writer, self._engine, client, interval_s, time.monotonic)
                    self._followers[writer.sector] = follower
                    group.create_task(follower.run())
                follower.tick(writer)
            self._found.set()
            await asyncio.sleep(self._settings.poll_s)

    async def _listen(self) -> None:
        conninfo = session_conninfo(
            self._database_url, application_name="watchline hub listen", statement_ms=0
        )
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    conninfo, autocommit=True
                ) as connection:
                    await connection.execute("LISTEN watchline_sector")
                    async for notice in connection.notifies():
                        follower = self._followers.get(notice.payload)
                        if follower is not None:
                            follower.hint()
            except psycopg.Error as error:
                # The poll goes on: a hint lost costs a second, not an alarm.
                _log.warning("live.listen_broken", error=type(error).__name__)
            await asyncio.sleep(_LISTEN_RETRY_S)

    async def _mind_screens(self) -> None:
        """Drop the screens that do not read; keep the quiet ones awake."""
        slow_s, beat_s = self._settings.slow_client_s, self._settings.heartbeat_s
        while True:
            await asyncio.sleep(min(1.0, slow_s / 4, beat_s / 4))
            now = time.monotonic()
            for screen in self._screens():
                if screen.sending_since is not None:
                    if now - screen.sending_since > slow_s and screen.task and not screen.dropped:
                        screen.dropped = True
                        screen.task.cancel()
                elif now - screen.sent_at > beat_s:
                    screen.heartbeat = True
                    screen.wake()

    async def _check_sessions(self) -> None:
        """Close the streams of ended sessions; an open stream keeps its session in use."""
        while True:
            await asyncio.sleep(self._settings.session_check_s)
            screens = self._screens()
            known = {screen.session for screen in screens}
            if not known:
                continue
            try:
                async with self._engine.begin() as connection:
                    valid = await access.still_valid(connection, known)
                    now = time.monotonic()
                    if now - self._seen_noted_at > _NOTE_SEEN.total_seconds():
                        self._seen_noted_at = now
                        await access.note_seen(connection, valid)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("live.sessions_unchecked", error=type(error).__name__)
                continue
            farewell = events.bye("session.ended")
            for screen in screens:
                if screen.session not in valid:
                    screen.close(farewell)
