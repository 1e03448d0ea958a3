"""Incidents as people see them and what people do to them, in PostGIS."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.db import sql
from watchline.errors import IncidentUnknown
from watchline.incidents.transitions import EVENT, Disposition, Status, Verb, after
from watchline.rules.model import Severity

_SQL = sql.load("watchline.incidents", "work")
_STATUSES = {
    "open": ["new", "acknowledged"],
    "resolved": ["resolved"],
    "all": ["new", "acknowledged", "resolved"],
}

Which = Literal["open", "resolved", "all"]


class Reference(TypedDict):
    """A rule or geofence in the version that counted."""

    id: str
    version: int
    name: str
    kind: str


class TrackReference(TypedDict):
    """A track; `no` is null while its row is not written yet."""

    id: UUID
    no: int | None


class IncidentView(TypedDict):
    """An incident as list and map show it; times are UTC."""

    id: UUID
    no: int
    rev: int
    sector: str
    opened_at: datetime
    known_at: datetime
    last_at: datetime
    status: Status
    condition: Literal["active", "cleared"]
    severity: Severity
    life_at_risk: bool
    historical: bool
    rule: Reference
    geofence: Reference | None
    lon: float
    lat: float
    tracks: list[TrackReference]
    findings: int
    disposition: Disposition | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None


class EventView(TypedDict):
    """One thing that happened to an incident; `actor` is 'machine' or a person's name."""

    no: int
    at: datetime
    known_at: datetime
    kind: str
    actor: str
    detail: dict[str, Any]


class EvidenceView(TypedDict):
    """A finding: which rule held for which track, when, where and by what figures."""

    id: UUID
    rule: str
    geofence: str | None
    track: UUID
    kind: str
    at: datetime
    lon: float
    lat: float
    evidence: dict[str, Any]


class IncidentFile(IncidentView):
    """An incident with all that is known of it."""

    events: list[EventView]
    evidence: list[EvidenceView]


async def of_sector(
    connection: AsyncConnection, sector: str, which: Which, limit: int
) -> list[IncidentView]:
    """The sector's incidents; open ones by urgency, others the newest first."""
    where = "where_sector" if which == "open" else "where_recent"
    return await _views(
        connection, where, {"sector": sector, "statuses": _STATUSES[which], "limit": limit}
    )


async def changed_since(
    connection: AsyncConnection, sector: str, after_rev: int
) -> list[IncidentView]:
    """Every incident, open or not, that changed in a commit after `after_rev`."""
    return await _views(connection, "where_changed", {"sector": sector, "after": after_rev})


async def one(connection: AsyncConnection, id: UUID) -> IncidentView:
    """One incident; errors: IncidentUnknown."""
    found = await _views(connection, "where_id", {"id": id})
    if not found:
        raise IncidentUnknown(id=str(id))
    return found[0]


async def file(connection: AsyncConnection, id: UUID) -> IncidentFile:
    """One incident with its events and evidence; errors: IncidentUnknown."""
    view = await one(connection, id)
    events = (await connection.exec_driver_sql(_SQL["events"], {"id": id})).mappings().all()
    evidence = (await connection.exec_driver_sql(_SQL["evidence"], {"id": id})).mappings().all()
    return {
        **view,
        "events": [cast(EventView, dict(row)) for row in events],
        "evidence": [cast(EvidenceView, dict(row)) for row in evidence],
    }


async def sector_of(connection: AsyncConnection, id: UUID) -> str:
    """The sector of an incident, to be locked before it; errors: IncidentUnknown."""
    found = (await connection.exec_driver_sql(_SQL["sector_of"], {"id": id})).scalar_one_or_none()
    if found is None:
        raise IncidentUnknown(id=str(id))
    return str(found)


async def act(
    connection: AsyncConnection,
    id: UUID,
    verb: Verb,
    *,
    rev: int,
    actor: UUID,
    disposition: Disposition | None = None,
    note: str | None = None,
) -> Status:
    """A person's step: the event first, then the row that mirrors it; gives the status after.

    The caller holds the sector's row (`rev` is its new one). Errors: IncidentWrongStatus.
    """
    status = (await connection.exec_driver_sql(_SQL["lock"], {"id": id})).scalar_one()
    following = after(Status(status), verb)
    detail: dict[str, Any] = {}
    if disposition is not None:
        detail["disposition"] = disposition.value
    if note:
        detail["note"] = note
    values = {
        "id": id,
        "rev": rev,
        "now": datetime.now(UTC),
        "kind": EVENT[verb],
        "actor": str(actor),
        "status": following.value,
        "disposition": None if disposition is None else disposition.value,
    }
    await connection.exec_driver_sql(_SQL["event"], {**values, "detail": Jsonb(detail)})
    await connection.exec_driver_sql(_SQL[verb.value], values)
    return following


async def _views(
    connection: AsyncConnection, where: str, values: dict[str, Any]
) -> list[IncidentView]:
    statement = f"{_SQL['select_views']}\n{_SQL[where]}"
    found = await connection.exec_driver_sql(statement, values)
    return [_view(row) for row in found.mappings()]


def _view(row: Any) -> IncidentView:
    view = dict(row)
    rule: Reference = _reference(view, "rule")
    geofence = None if view["geofence_id"] is None else _reference(view, "geofence")
    ids: Sequence[UUID] = view.pop("track_ids")
    numbers: Sequence[int | None] = view.pop("track_nos") or [None] * len(ids)
    for name in ("rule", "geofence"):
        for part in ("id", "version", "name", "kind"):
            del view[f"{name}_{part}"]
    view["rule"] = rule
    view["geofence"] = geofence
    view["tracks"] = [{"id": i, "no": n} for i, n in zip(ids, numbers, strict=True)]
    return cast(IncidentView, view)


def _reference(view: dict[str, Any], name: str) -> Reference:
    return {
        "id": view[f"{name}_id"],
        "version": view[f"{name}_version"],
        "name": view[f"{name}_name"] or view[f"{name}_id"],
        "kind": view[f"{name}_kind"] or "",
    }
