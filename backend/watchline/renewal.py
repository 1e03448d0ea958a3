"""A sector's geofences and rules, read and compiled again whenever people have changed them.

That is the work of a thread of its own, which leaves the processor to the pipeline's: live
judging goes on by what was in force, and takes what is new between two steps.
"""

import os
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import psycopg
import structlog

from watchline.db.engine import connect_sync
from watchline.geofences import current as current_geofences
from watchline.rules import current as current_rules
from watchline.rules import engine
from watchline.sectors.plane import SectorPlane

log = structlog.get_logger()

#: How long the pipeline waits for what has changed: a few geofences are compiled by then.
PATIENCE_S = 0.03
_NICE = 10
_SWITCH_S = 0.0005


class Renewal:
    """The newest compiled rules of one sector; `see` and `latest` may be called by any thread."""

    def __init__(self, sector: str, plane: SectorPlane, database_url: str) -> None:
        self._sector, self._plane, self._url = sector, plane, database_url
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix=f"compile {sector}", initializer=step_back
        )
        self._lock = threading.Lock()
        self._asked_rev = -1
        self._under_way: Future[None] | None = None
        self._compiled: engine.CompiledRules | None = None

    def see(self, newest_rev: int, wait_s: float | None) -> None:
        """Renew if anything has changed since; wait for it so long at most (None: to the end)."""
        with self._lock:
            if newest_rev > self._asked_rev:
                self._asked_rev = newest_rev
                if self._under_way is not None:
                    self._under_way.cancel()  # one that has not begun reads nothing newer
                self._under_way = self._pool.submit(self._compile)
            under_way = self._under_way
        if under_way is not None:
            wait([under_way], wait_s)

    def latest(self) -> engine.CompiledRules:
        """What was compiled last; waits only for the first. Raises what reading it raised."""
        under_way = self._under_way
        if under_way is not None and (self._compiled is None or under_way.done()):
            under_way.result()
        assert self._compiled is not None  # somebody has asked
        return self._compiled

    def _compile(self) -> None:
        with connect_sync(self._url, application_name="watchline compile") as connection:
            # Geofences, pauses and rules of one instant.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            made = read_and_compile(connection, self._sector, self._plane)
        for refused in made.refused:
            log.error(
                "sector.rule_refused",
                sector=self._sector,
                code=refused.code,
                params=refused.params,
            )
        self._compiled = made


def read_and_compile(
    connection: psycopg.Connection[Any], sector: str, plane: SectorPlane
) -> engine.CompiledRules:
    """Compile what is valid now."""
    return engine.compile_rules(
        current_geofences.current(connection, sector, plane),
        current_rules.current(connection, sector),
        zone=current_rules.time_zone(connection, sector),
    )


def step_back() -> None:
    """Let all other threads go first: the priority is the calling thread's alone (Linux).

    A thread that comes back from machine code waits for the interpreter, each time up to the
    switch interval of the process: 5 ms, were it not set.
    """
    os.nice(_NICE)
    sys.setswitchinterval(_SWITCH_S)
