"""Incidents as people see them, in PostGIS."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.db import sql
from watchline.errors import IncidentUnknown
from watchline.incidents import nuisance
from watchline.incidents.model import Source
from watchline.incidents.transitions import OPEN, Disposition, Status
from watchline.rules.model import Severity
from watchline.sectors import border_store
from watchline.sectors.place import PlaceView

_SQL = sql.load("watchline.incidents", "views")
_JUDGED = sql.load("watchline.incidents", "nuisance")["judged"]
_STATUSES = {
    "open": sorted(OPEN),
    "resolved": [Status.RESOLVED],
    "all": sorted(Status),
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


class IncidentReference(TypedDict):
    """Another incident."""

    id: UUID
    no: int


class IncidentView(TypedDict):
    """An incident as list and map show it; times are UTC.

    One made by hand has a `title` and no rule. It waits for a person since `alarm_at`, to be
    acknowledged until `due_at`.
    """

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
    source: Source
    title: str | None
    rule: Reference | None
    geofence: Reference | None
    lon: float
    lat: float
    place: PlaceView
    tracks: list[TrackReference]
    findings: int
    alarm_at: datetime | None
    due_at: datetime | None
    overdue: bool
    snoozed_until: datetime | None
    snooze_reason: str | None
    patrol: str | None
    merged_into: IncidentReference | None
    links: list[IncidentReference]
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


async def judged(
    connection: AsyncConnection, sector: str, days: int, limit: int
) -> list[nuisance.Judged]:
    """The newest alarms of the last days with what became of them."""
    values = {"sector": sector, "days": days, "limit": limit}
    found = await connection.exec_driver_sql(_JUDGED, values)
    return [nuisance.Judged(**dict(row)) for row in found.mappings()]


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


async def _views(
    connection: AsyncConnection, where: str, values: dict[str, Any]
) -> list[IncidentView]:
    statement = f"{_SQL['select_views']}\n{_SQL[where]}"
    rows = (await connection.exec_driver_sql(statement, values)).mappings().all()
    places = {
        sector: await border_store.places(connection, sector)
        for sector in {row["sector"] for row in rows}
    }
    return [_view(row, places[row["sector"]]) for row in rows]


def _view(row: Any, places: border_store.Places) -> IncidentView:
    view = dict(row)
    view["place"] = places.of(view["lon"], view["lat"])
    rule = None if view["rule_id"] is None else _reference(view, "rule")
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
