"""Findings as the rules make them in the test sector, and incidents rebuilt from their events."""

import time
from collections.abc import Sequence
from typing import Any

from psycopg.rows import dict_row

from plain_sector import ORIGIN
from watchline.incidents.lifecycle import raise_findings
from watchline.incidents.model import Event
from watchline.incidents.projection import fold
from watchline.incidents.record import record
from watchline.incidents.rows import SQL, from_row
from watchline.rules.model import Finding, Severity

#: Tracks of people who walk together.
TRACKS = tuple(f"01900000-0000-7000-8000-00000000{letter * 4}" for letter in "abcd")


def finding_of(track: bytes, at_us: int, **changes: Any) -> Finding:
    """Somebody comes into the meadow, walking with the others."""
    values: dict[str, Any] = {
        "rule_id": "meadow-enter",
        "rule_version": 1,
        "kind": "enter",
        "severity": Severity.HIGH,
        "geofence_id": "meadow",
        "geofence_version": 1,
        "track_id": track,
        "track_no": 1,
        "at_us": at_us,
        "x_m": 0.0,
        "y_m": 0.0,
        "var_x_m2": 1.0,
        "cov_xy_m2": 0.0,
        "var_y_m2": 1.0,
        "vx_mps": 1.0,
        "vy_mps": 0.0,
        "evidence": {"p": 0.97, "sensors": [1], "hits": 4},
    }
    return Finding(**values | changes | {"severity": Severity(changes.get("severity", "high"))})


def raise_in(database: Any, no: int, findings: Sequence[Finding]) -> str:
    """Raise an incident as the worker does, at the origin of the test sector; gives its id."""
    book, raised = raise_findings({}, findings, set(), lambda x, y: ORIGIN, next_no=no)
    (incident,) = book.values()
    with database.connect("ingest", autocommit=False) as connection:
        ((rev,),) = connection.execute(
            "UPDATE sector SET rev = rev + 1 WHERE id = 'test' RETURNING rev"
        ).fetchall()
        record(connection, "test", rev, time.time_ns() // 1000, raised)
        connection.commit()
    return str(incident.id)


def rebuilt(database: Any) -> int:
    """Fold every incident from its events and compare it with its row; gives how many."""
    with database.connect("owner") as connection:
        cursor = connection.cursor(row_factory=dict_row)
        rows = cursor.execute(SQL["select"]).fetchall()
        for row in rows:
            history = cursor.execute(SQL["history"], {"id": row["id"]}).fetchall()
            assert fold(row["id"], [Event(**event) for event in history]) == from_row(row)
    return len(rows)
