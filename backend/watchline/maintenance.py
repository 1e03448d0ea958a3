"""Days of detections are closed when they are over and dropped when they are too old.

One worker of all does it, once an hour. What else is as old as a dropped day goes with it:
quarantine, tracks that no incident tells of, finished reruns, past starts of edges, failed
logins. Incidents and the audit trail stay. Pictures are deleted when they expire, each at its own
time. Everything that is removed is written to the hub's audit chain, in the same transaction.
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import structlog

from watchline.audit import store as audit
from watchline.db.engine import connect_sync
from watchline.db.sql import load
from watchline.settings import RetentionSettings

log = structlog.get_logger()
_sql = load("watchline", "maintenance.sql")

PASS_S = 3600.0
#: A day is dropped after so many passes have found it too old: a clock that is wrong for less
#: than a day drops nothing.
DUE_PASSES = 24
#: Another worker does it, or the database was away: looked at again after so long.
_RETRY_S = 60.0
_LOCK_TRIES = 40
_LOCK_PAUSE_S = 0.25
_BATCH = 10_000
_PRUNED = ("quarantine", "tracks", "units", "late_spans", "boots", "marks")

Connection = psycopg.Connection[Any]


def run(url: str, retention: RetentionSettings, stopping: threading.Event) -> None:
    """Do the maintenance until `stopping`, or wait in case its doer dies; `url` is the worker's."""
    while not stopping.is_set():
        try:
            with connect(url) as connection:
                if take(connection):
                    _passes(connection, retention, stopping)
        except psycopg.Error as error:
            log.warning("maintenance.database", error=type(error).__name__)
        stopping.wait(_RETRY_S)


def connect(url: str) -> Connection:
    """A connection for it: statements may take long, waits for a lock may not."""
    return connect_sync(
        url,
        application_name="watchline maintenance",
        autocommit=True,
        statement_ms=0,
        lock_ms=2_000,
    )


def take(connection: Connection) -> bool:
    """Become the one that does it, as long as the connection lives; false if another one is."""
    row = connection.execute(_sql["try_lock"]).fetchone()
    return row is not None and bool(row[0])


def _passes(
    connection: Connection, retention: RetentionSettings, stopping: threading.Event
) -> None:
    # The first pass does not count: a worker that starts again and again is no clock.
    delete_footage(connection)
    close_days(connection)
    drop_days(connection, retention.detection_days)
    while not stopping.wait(PASS_S):
        delete_footage(connection)
        close_days(connection)
        count_pass(connection, retention.detection_days)
        drop_days(connection, retention.detection_days)


def close_days(connection: Connection) -> None:
    """Index and mark every day that is over."""
    for (day,) in connection.execute(_sql["over"]).fetchall():
        started = time.monotonic()
        try:
            connection.execute(_sql["close"], {"day": day})
        except psycopg.errors.LockNotAvailable:
            log.warning("maintenance.close_put_off", day=str(day))
            continue
        row = connection.execute(_sql["closed"], {"day": day}).fetchone()
        took_s = round(time.monotonic() - started, 1)
        log.info("maintenance.closed", day=str(day), rows=row[0] if row else 0, took_s=took_s)


def delete_footage(connection: Connection) -> None:
    """Delete the pictures that have expired, and what was asked and never came, with them."""
    now = datetime.now(UTC)
    while _prune(connection, "footage", now) == _BATCH:
        pass


def count_pass(connection: Connection, keep_days: int) -> None:
    """Note once an hour which days are older than `keep_days`."""
    connection.execute(_sql["count_pass"], {"keep": keep_days})


def drop_days(connection: Connection, keep_days: int) -> None:
    """Drop the days that stayed too old, and then whatever is older than every day left."""
    due = connection.execute(_sql["due"], {"keep": keep_days, "passes": DUE_PASSES}).fetchall()
    for day, rows, size in due:
        if _drop(connection, day, {"rows": rows, "bytes": size}):
            log.info("maintenance.dropped", day=str(day), rows=rows)
        else:
            log.warning("maintenance.drop_put_off", day=str(day))
    row = connection.execute(_sql["horizon"], {"keep": keep_days}).fetchone()
    if row is None or row[0] is None:
        return
    for what in _PRUNED:
        while _prune(connection, what, row[0]) == _BATCH:
            pass
    with connection.transaction():
        found = connection.execute(_sql["prune_logins"], {"before": row[0]}).fetchone()
        _record_pruned(connection, "logins", 0 if found is None else found[0], row[0])


def _drop(connection: Connection, day: date, detail: Mapping[str, Any]) -> bool:
    """Drop one day with its audit event; false when something reads detections all the while."""
    for _ in range(_LOCK_TRIES):
        try:
            with connection.transaction():
                # Whoever comes while we wait for the parent's lock waits behind us.
                connection.execute("SET LOCAL lock_timeout = '200ms'")
                _record(connection, "retention.drop", f"detections {day}", detail)
                connection.execute(_sql["drop"], {"day": day})
            return True
        except psycopg.errors.LockNotAvailable:
            time.sleep(_LOCK_PAUSE_S)
    return False


def _prune(connection: Connection, what: str, before: datetime) -> int:
    with connection.transaction():
        done = connection.execute(_sql[f"prune_{what}"], {"before": before, "limit": _BATCH})
        _record_pruned(connection, what, done.rowcount, before)
    return done.rowcount


def _record_pruned(connection: Connection, what: str, rows: int, before: datetime) -> None:
    if rows:
        _record(connection, "retention.prune", what, {"rows": rows, "before": before.isoformat()})
        log.info("maintenance.pruned", what=what, rows=rows)


def _record(connection: Connection, op: str, object: str, detail: Mapping[str, Any]) -> None:
    audit.append_sync(
        connection,
        chain=audit.HUB_CHAIN,
        actor=audit.MACHINE,
        op=op,
        object=object,
        detail=detail,
    )
