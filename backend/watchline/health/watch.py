"""The hub's own look at the system's health, once a second."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchline import logging
from watchline.health import store
from watchline.health.model import Alarm, Facts, alarms, with_since

_log = logging.get("health")
_EVERY_S = 1.0
#: A database that lets us wait for longer does not answer.
_PATIENCE_S = 3.0


class HealthWatch:
    """Reads the facts, keeps the newest, and tells the alarms that they mean.

    While the database does not answer, that is the one alarm: what was read before is old.
    """

    def __init__(self, engine: AsyncEngine, tell: Callable[[Sequence[Alarm]], None]) -> None:
        self.facts: Facts | None = None
        self.alarms: Sequence[Alarm] = ()
        self.failed_reads = 0
        self._engine = engine
        self._tell = tell

    async def run(self) -> None:
        """Until cancelled."""
        reading: asyncio.Task[Facts] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(self._read())
                done, _ = await asyncio.wait({reading}, timeout=_PATIENCE_S)
                if done:
                    facts, reading = self._outcome(reading), None
                else:  # a query that hangs cannot be cancelled while the server is stopped
                    facts = None
                now = datetime.now(UTC)
                found = [_DATABASE_AWAY] if facts is None else alarms(facts)
                self.facts = facts or self.facts
                self.alarms = with_since(found, self.alarms, now)
                self._tell(self.alarms)
                await asyncio.sleep(_EVERY_S)
        finally:
            if reading is not None:
                reading.cancel()

    async def _read(self) -> Facts:
        async with self._engine.connect() as connection:
            return await store.read(connection)

    def _outcome(self, reading: asyncio.Task[Facts]) -> Facts | None:
        try:
            return reading.result()
        except (SQLAlchemyError, OSError) as error:
            self.failed_reads += 1
            _log.warning("health.database_away", error=type(error).__name__)
            return None


_DATABASE_AWAY = Alarm(code="database.away", severity="critical", sector=None, since=None)
