"""Write what the machine did to incidents: event, evidence, projection.

All inside the transaction of the caller, who has raised the sector's rev before.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from watchline.audit import store as audit
from watchline.db.sql import load
from watchline.incidents.lifecycle import Change, Cleared, Opened, finding_id
from watchline.incidents.model import OpenIncident

_sql = load("watchline.incidents", "record.sql")

Connection = psycopg.Connection[Any]

#: (x_m, y_m) in the sector's plane to (lon_deg, lat_deg).
ToLonLat = Callable[[float, float], tuple[float, float]]


def open_incidents(connection: Connection, sector: str) -> dict[UUID, OpenIncident]:
    """The sector's incidents that no person has resolved."""
    rows = connection.execute(_sql["open_incidents"], {"sector": sector})
    return {
        id: OpenIncident(
            id=id,
            no=no,
            rule_id=rule,
            geofence_id=geofence,
            track_ids=frozenset(track.bytes for track in tracks),
            condition=condition,
            historical=historical,
            findings=findings,
            events=events,
        )
        for id, no, rule, geofence, tracks, condition, historical, findings, events in rows
    }


def last_no(connection: Connection, sector: str) -> int:
    """The highest incident number given out in the sector."""
    row = connection.execute(_sql["last_no"], {"sector": sector}).fetchone()
    return 0 if row is None else int(row[0])


def record(
    connection: Connection,
    sector: str,
    rev: int,
    known_us: int,
    changes: Sequence[Change],
    to_lon_lat: ToLonLat,
) -> None:
    """Store the changes of one step; the sector's row is locked by the fence before."""
    if not changes:
        return
    with connection.pipeline():  # a flood is not a round trip for each statement
        for change in changes:
            _record(connection, sector, rev, known_us, change, to_lon_lat)


def _record(
    connection: Connection,
    sector: str,
    rev: int,
    known_us: int,
    change: Change,
    to_lon_lat: ToLonLat,
) -> None:
    incident = change.incident
    values: dict[str, Any] = {
        "id": incident.id,
        "no": incident.events,
        "rev": rev,
        "known_us": known_us,
    }
    audit.append_sync(
        connection,
        chain=sector,
        actor=audit.MACHINE,
        op=f"incident.{type(change).__name__.lower()}",
        object=str(incident.id),
        detail={"no": incident.no, "findings": incident.findings},
    )
    if isinstance(change, Cleared):
        connection.execute(_sql["clear"], values)
        values |= {"at_us": change.at_us, "kind": "cleared", "detail": Jsonb({})}
        connection.execute(_sql["event"], values)
        return
    finding = change.finding
    lon, lat = to_lon_lat(finding.x_m, finding.y_m)
    identity = finding_id(finding)
    values |= {
        "sector": sector,
        "at_us": finding.at_us,
        "lon": lon,
        "lat": lat,
        "condition": incident.condition,
        "historical": incident.historical,
        "severity": finding.severity,
        "rule": finding.rule_id,
        "rule_version": finding.rule_version,
        "geofence": finding.geofence_id,
        "geofence_version": finding.geofence_version,
        "tracks": [UUID(bytes=track) for track in sorted(incident.track_ids)],
        "findings": incident.findings,
    }
    if isinstance(change, Opened):
        connection.execute(_sql["open"], values | {"no": incident.no})
    else:
        connection.execute(_sql["join"], values)
    connection.execute(
        _sql["event"],
        values
        | {
            "kind": "opened" if isinstance(change, Opened) else "joined",
            "detail": Jsonb({"finding": str(identity)}),
        },
    )
    connection.execute(
        _sql["finding"],
        values
        | {
            "id": identity,
            "incident": incident.id,
            "track": UUID(bytes=finding.track_id),
            "kind": finding.kind,
            "evidence": Jsonb(finding.evidence),
        },
    )


def known_findings(
    connection: Connection, sector: str, from_us: int, to_us: int
) -> Sequence[tuple[str, str, bytes, int]]:
    """(rule, geofence, track, at_us) of the findings of a stretch of time."""
    rows = connection.execute(
        _sql["known_findings"], {"sector": sector, "from_us": from_us, "to_us": to_us}
    )
    return [(rule, geofence, track.bytes, at_us) for rule, geofence, track, at_us in rows]
