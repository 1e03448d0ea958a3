"""Write what the machine did to incidents: event, evidence, projection.

All inside the transaction of the caller, who has raised the sector's rev before.
"""

from collections.abc import Sequence, Set
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from watchline.audit import store as audit
from watchline.db.sql import load
from watchline.incidents.lifecycle import Change, finding_id
from watchline.incidents.model import Incident
from watchline.incidents.rows import SQL, event_values, from_row, put_values

_sql = load("watchline.incidents", "record.sql")

Connection = psycopg.Connection[Any]


def open_incidents(
    connection: Connection, sector: str, *, historical: bool = False
) -> dict[UUID, Incident]:
    """The sector's incidents that no person has resolved; all, or the historical ones alone."""
    which = SQL["where_open_historical" if historical else "where_open"]
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"{SQL['select']}\n{which}", {"sector": sector})
        return {row["id"]: from_row(row) for row in rows}


def last_no(connection: Connection, sector: str) -> int:
    """The highest incident number given out in the sector."""
    row = connection.execute(SQL["last_no"], {"sector": sector}).fetchone()
    return 0 if row is None else int(row[0])


def record(
    connection: Connection,
    sector: str,
    rev: int,
    known_us: int,
    changes: Sequence[Change],
) -> None:
    """Store the changes of one step; the sector's row is locked by the fence before."""
    if not changes:
        return
    with connection.pipeline():  # a flood is not a round trip for each statement
        for change in changes:
            _record(connection, sector, rev, known_us, change)


def _record(connection: Connection, sector: str, rev: int, known_us: int, change: Change) -> None:
    incident, event, finding = change.incident, change.event, change.finding
    audit.append_sync(
        connection,
        chain=sector,
        actor=audit.MACHINE,
        op=f"incident.{event.kind}",
        object=str(incident.id),
        detail={"no": incident.no, "findings": incident.findings},
    )
    connection.execute(SQL["put"], put_values(incident, sector, rev, known_us))
    connection.execute(SQL["event"], event_values(incident, event, known_us))
    if finding is None:
        return
    connection.execute(
        _sql["finding"],
        {
            "id": finding_id(finding),
            "incident": incident.id,
            "sector": sector,
            "rule": finding.rule_id,
            "rule_version": finding.rule_version,
            "geofence": finding.geofence_id,
            "geofence_version": finding.geofence_version,
            "track": UUID(bytes=finding.track_id),
            "kind": finding.kind,
            "at_us": finding.at_us,
            "lon": event.detail["lon"],
            "lat": event.detail["lat"],
            "evidence": Jsonb(finding.evidence),
        },
    )


def known_findings(
    connection: Connection, sector: str, from_us: int, to_us: int, tracks: Set[bytes]
) -> Sequence[tuple[str, str, bytes, int]]:
    """(rule, geofence, track, at_us) of the findings of some tracks in a stretch of time."""
    ids = [UUID(bytes=track) for track in tracks]
    rows = connection.execute(
        _sql["known_findings"],
        {"sector": sector, "from_us": from_us, "to_us": to_us, "tracks": ids},
    )
    return [(rule, geofence, track.bytes, at_us) for rule, geofence, track, at_us in rows]


def told_by_reruns(
    connection: Connection, sector: str, from_us: int
) -> Sequence[tuple[str, str | None, bytes, int]]:
    """(rule, geofence, track, at_us) of what reruns have raised, from a time on."""
    rows = connection.execute(_sql["told_by_reruns"], {"sector": sector, "from_us": from_us})
    return [(rule, geofence, track.bytes, at_us) for rule, geofence, track, at_us in rows]
