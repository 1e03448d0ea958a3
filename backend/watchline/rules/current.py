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


def ids(connection: psycopg.Connection[Any], sector: str) -> frozenset[str]:
    """The ids of the sector's rules that have not been ended."""
    return frozenset(id for (id,) in connection.execute(_sql["ids"], {"sector": sector}))


def time_zone(connection: psycopg.Connection[Any], sector: str) -> str:
    """The zone in which the hours of the sector's rules are told."""
    row = connection.execute(_sql["time_zone"], {"sector": sector}).fetchone()
    return "UTC" if row is None else str(row[0])


def sensor_places(
    connection: psycopg.Connection[Any], sector: str
) -> dict[str, tuple[float, float]]:
    """(lon_deg, lat_deg) of each sensor described so far."""
    rows = connection.execute(_sql["sensor_places"], {"sector": sector})
    return {id: (lon, lat) for _, id, lon, lat in rows}


def numbered_places(
    connection: psycopg.Connection[Any], sector: str
) -> dict[int, tuple[float, float]]:
    """The same by the sensors' numbers, as rows of detections know them."""
    rows = connection.execute(_sql["sensor_places"], {"sector": sector})
    return {no: (lon, lat) for no, _, lon, lat in rows}
