"""Keep one sector's picture up to date: the writer's feed for tracks, PostGIS for the rest."""

import asyncio
import time
from collections.abc import Callable

import httpx2
import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchline import logging
from watchline.db import sql
from watchline.errors import SectorUnknown
from watchline.health.metrics import SectorFigures
from watchline.incidents import store as incidents
from watchline.live.audience import Audience
from watchline.live.feed_client import FeedBroken, frames
from watchline.live.model import Frame, Pulse
from watchline.live.picture import Picture
from watchline.sectors import store as sectors
from watchline.sectors.store import Writer

_log = logging.get("live")
_GEOFENCES = sql.load("watchline.geofences", "current.sql")

#: Before the first pulse.
_SILENCE = Pulse(
    at_us=0,
    detections_per_s=0.0,
    lag_ms=0.0,
    backlog=0,
    edges_connected=0,
    edges_total=0,
    sensors_ok=0,
    sensors_total=0,
)
#: A writer whose pulse is older than this is down.
PULSE_LATE_S = 3.0
_FIRST_DELAY_S = 0.2
_MAX_DELAY_S = 2.0
#: Hints come in bursts; PostGIS is asked at most so often.
_READ_INTERVAL_S = 0.03
#: Open incidents shown at once; more would help nobody.
_MAX_OPEN = 1000


class Follower:
    """One sector's tasks; `audience` is where its screens sit."""

    def __init__(
        self,
        writer: Writer,
        engine: AsyncEngine,
        client: httpx2.AsyncClient,
        interval_s: float,
        clock: Callable[[], float],
    ) -> None:
        self.writer = writer
        self.picture = Picture(sector=writer.sector)
        self.audience = Audience(self.picture, interval_s, clock)
        self._engine = engine
        self._client = client
        self._clock = clock
        self._pulsed_at = clock()  # it has a moment to answer before it counts as down
        self._dirty = asyncio.Event()
        self._read_sensors = True
        self._loaded = asyncio.Event()
        self._failing: str | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_feed())
            group.create_task(self._follow_record())

    async def ready(self) -> None:
        """Until PostGIS has been read once."""
        await self._loaded.wait()

    def hint(self, *, sensors: bool = False) -> None:
        """Something beside tracks may have changed."""
        self._read_sensors |= sensors
        self._dirty.set()

    def tick(self, writer: Writer) -> None:
        """Once a second: where the writer is now, and a pulse of our own while it is silent."""
        self.writer = writer
        self.hint(sensors=True)
        if self._clock() - self._pulsed_at > PULSE_LATE_S:
            self._say_down()

    def figures(self) -> SectorFigures:
        """How the sector fares, for the metrics."""
        picture = self.picture
        pulse = picture.pulse or _SILENCE
        return SectorFigures(
            sector=picture.sector,
            writer_up=picture.writer_up,
            rev=picture.rev,
            detections_per_s=pulse.detections_per_s,
            lag_ms=pulse.lag_ms,
            backlog=pulse.backlog,
            edges_connected=pulse.edges_connected,
            detections=pulse.stored,
            late=pulse.late,
            uncertain=pulse.uncertain,
            commits=pulse.commits,
            commit_s=pulse.commit_s,
            screens=len(self.audience.screens),
            screens_dropped=self.audience.dropped,
        )

    # ── the writer's feed ────────────────────────────────────────────────────────────────────
    async def _follow_feed(self) -> None:
        delay = _FIRST_DELAY_S
        while True:
            writer = self.writer
            if writer.url is None or writer.token is None:
                await asyncio.sleep(_FIRST_DELAY_S)
                continue
            try:
                async for frame in frames(self._client, writer.url, writer.sector, writer.token):
                    delay = _FIRST_DELAY_S
                    self._take(frame)
            except FeedBroken as error:
                self._note(str(error))
            self._pulsed_at = -1e9
            await asyncio.sleep(delay)
            delay = min(2 * delay, _MAX_DELAY_S)

    def _take(self, frame: Frame) -> None:
        if frame.sector != self.picture.sector:
            return
        if frame.pulse is not None and frame.epoch:
            self._pulsed_at = self._clock()
            self.picture.tell_writer(True, _now_us())
            self._note(None)
        if self.picture.apply(frame):
            self.audience.changed()
        if frame.changed:
            self.hint(sensors="sensors" in frame.changed)

    def _say_down(self) -> None:
        last = self.picture.pulse or _SILENCE
        sensors = list(self.picture.sensors.values())
        self.picture.tell_writer(
            False,
            _now_us(),
            msgspec.structs.replace(
                last,
                at_us=_now_us(),
                detections_per_s=0.0,
                edges_connected=0,
                sensors_ok=sum(sensor["state"] == "ok" for sensor in sensors),
                sensors_total=len(sensors),
            ),
        )
        self.audience.changed()

    # ── PostGIS ──────────────────────────────────────────────────────────────────────────────
    async def _follow_record(self) -> None:
        while True:
            self._dirty.clear()
            try:
                await self._read()
            except (SQLAlchemyError, OSError, SectorUnknown) as error:
                self._read_sensors = True
                self._note(f"database {type(error).__name__}")
            await asyncio.sleep(_READ_INTERVAL_S)
            await self._dirty.wait()

    async def _read(self) -> None:
        sector = self.picture.sector
        with_sensors, self._read_sensors = self._read_sensors, False
        async with self._engine.connect() as connection:
            # The rev first: whatever it covers is committed and seen by the statements below.
            rev = await sectors.rev(connection, sector)
            if not self._loaded.is_set():
                changed = await incidents.of_sector(connection, sector, "open", _MAX_OPEN)
            elif rev > self.picture.record_rev:
                changed = await incidents.changed_since(connection, sector, self.picture.record_rev)
            else:
                changed = []
            newest = await connection.exec_driver_sql(_GEOFENCES["newest_rev"], {"sector": sector})
            geofence_rev = int(newest.scalar_one())
            sensors = await sectors.sensors(connection, sector) if with_sensors else None
        news = self.picture.apply_record(
            rev, incidents=changed, sensors=sensors, geofence_rev=geofence_rev
        )
        self._loaded.set()
        if news:
            self.audience.changed(urgent=True)

    def _note(self, failing: str | None) -> None:
        if failing != self._failing:
            self._failing = failing
            if failing is None:
                _log.info("live.feed_up", sector=self.picture.sector)
            else:
                _log.warning("live.feed_down", sector=self.picture.sector, code=failing)


def _now_us() -> int:
    return time.time_ns() // 1000
