"""Incidents ask for pictures by themselves: once a second the hub looks which have new findings."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchline import logging
from watchline.footage import store
from watchline.footage.model import asks_of

_log = logging.get("footage")
_EVERY_S = 1.0
#: A hub that was down catches up so far.
BACK = timedelta(minutes=10)
#: A camera that sees it later than so long after the incident changed is not asked.
WATCH_S = 15.0
_GIVE_UP_EVERY_S = 60.0


class Asker:
    """Any number of hubs may have one: the machine asks once for the same."""

    def __init__(
        self,
        engine: AsyncEngine,
        keep: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._keep = keep
        self._clock = clock
        self._revs: dict[str, int] = {}
        self._watched: dict[UUID, float] = {}
        self._gave_up_at = clock() - _GIVE_UP_EVERY_S

    async def run(self) -> None:
        """Until cancelled; a database that is away is tried again."""
        while True:
            try:
                await self.look()
            except (SQLAlchemyError, OSError) as error:
                _log.warning("footage.ask_put_off", error=type(error).__name__)
            except Exception as error:  # a fault of ours costs one look, not all later ones
                _log.error("footage.ask_failed", exc_info=error)
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Ask for what the incidents of now want, and give up what nobody answers."""
        now = self._clock()
        async with self._engine.connect() as connection:
            revs, changed = await store.changed(connection, self._revs, BACK)
            watched = {id: until for id, until in self._watched.items() if until > now}
            watched |= dict.fromkeys(changed, now + WATCH_S)
            self._revs, self._watched = revs, watched
            seen, asked = await store.sightings(connection, watched, BACK) if watched else ([], {})
        wanted = asks_of(seen, asked)
        by_sector = sorted(wanted, key=lambda pair: pair[0].camera.sector)
        for _, pairs in groupby(by_sector, key=lambda pair: pair[0].camera.sector):
            async with self._engine.begin() as connection:
                await store.ask(connection, [one for pair in pairs for one in pair], self._keep)
        for id, cameras in asked.items():
            if store.is_served(cameras):
                self._watched.pop(id, None)
        if now - self._gave_up_at >= _GIVE_UP_EVERY_S:
            async with self._engine.begin() as connection:
                await store.give_up(connection)
            self._gave_up_at = now
