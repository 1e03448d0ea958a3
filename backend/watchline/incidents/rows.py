"""An incident and its events as parameters and rows of incident.sql; no connection in here."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from watchline.db.sql import load
from watchline.incidents.model import Event, Incident, Source
from watchline.incidents.projection import marks_json, marks_of, triggers_json, triggers_of
from watchline.incidents.transitions import Disposition, Status
from watchline.rules.model import Severity

SQL = load("watchline.incidents", "incident.sql")


def put_values(incident: Incident, sector: str, rev: int, known_us: int) -> dict[str, Any]:
    """The parameters of `put`; `known_us` counts for a new incident alone."""
    values = {field.name: getattr(incident, field.name) for field in fields(incident)}
    return values | {
        "sector": sector,
        "rev": rev,
        "known_us": known_us,
        "triggers": Jsonb(triggers_json(incident.triggers)),
        "track_ids": [UUID(bytes=track) for track in sorted(incident.track_ids)],
        "marks": Jsonb(marks_json(incident.marks)),
        "links": sorted(incident.links),
    }


def event_values(incident: Incident, event: Event, known_us: int) -> dict[str, Any]:
    """The parameters of `event`; the incident is the one after it."""
    return {
        "id": incident.id,
        "no": incident.events,
        "at_us": event.at_us,
        "known_us": known_us,
        "kind": event.kind,
        "actor": event.actor,
        "detail": Jsonb(dict(event.detail)),
    }


def from_row(row: Mapping[str, Any]) -> Incident:
    """The incident in a row of `select`."""
    disposition = row["disposition"]
    return Incident(
        **{
            **row,
            "source": Source(row["source"]),
            "severity": Severity(row["severity"]),
            "status": Status(row["status"]),
            "disposition": None if disposition is None else Disposition(disposition),
            "triggers": triggers_of(row["triggers"]),
            "track_ids": frozenset(track.bytes for track in row["track_ids"]),
            "marks": marks_of(row["marks"]),
            "links": frozenset(row["links"]),
        }
    )
