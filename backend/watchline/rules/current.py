"""The rules in force."""

from datetime import datetime
from typing import Any

import psycopg

from watchline.db.sql import load
from watchline.rules.model import Rule, Severity

_sql = load("watchline.rules", "current.sql")


def current(
    connection: psycopg.Connection[Any], sector: str, at: datetime | None = None
) -> list[Rule]:
    """All rules of the sector whose validity is open, or was at a time."""
    return [
        Rule(
            id=id,
            version=version,
            kind=kind,
            geofence_id=geofence,
            severity=Severity(severity),
            params=params,
        )
        for id, version, kind, geofence, severity, params in connection.execute(
            _sql["current"], {"sector": sector, "at": at}
        )
    ]
