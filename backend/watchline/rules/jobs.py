"""Back-tests as jobs: one after the other, taken over when their runner dies (psycopg)."""

import threading
import time
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb

from watchline.db.engine import connect_sync
from watchline.db.sql import load
from watchline.errors import WatchlineError
from watchline.rules import backtest

log = structlog.get_logger()
_sql = load("watchline.rules", "backtest.sql")

_LOOK_S = 1.0
_TOUCH_S = 1.0


def run(url: str, stopping: threading.Event) -> None:
    """Work off back-tests until `stopping`."""
    while not stopping.is_set():
        try:
            with connect_sync(
                url, application_name="watchline backtest", autocommit=True, statement_ms=0
            ) as connection:
                while not stopping.is_set():
                    if not run_next(connection):
                        stopping.wait(_LOOK_S)
        except psycopg.Error as error:
            log.warning("backtest.database", error=type(error).__name__)
            stopping.wait(_LOOK_S)


def run_next(connection: psycopg.Connection[Any]) -> bool:
    """Run the one that has waited longest; False when none waits."""
    job = connection.execute(_sql["claim"]).fetchone()
    if job is None:
        return False
    id, sector, rule, draft, days, asked_at = job
    touched = time.monotonic()

    def progress(share: float) -> None:
        nonlocal touched
        if time.monotonic() - touched >= _TOUCH_S:
            touched = time.monotonic()
            connection.execute(_sql["touch"], {"id": id, "progress": share})

    result, code = None, None
    try:
        result = backtest.run(connection, sector, rule, draft, days, asked_at, progress)
    except WatchlineError as error:
        code = error.code
    connection.execute(
        _sql["done"],
        {
            "id": id,
            "status": "failed" if code else "done",
            "result": None if result is None else Jsonb(result),
            "code": code,
        },
    )
    return True
