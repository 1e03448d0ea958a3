"""Incidents: the list, the file of one, and what a person does to it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.access.model import Action, User
from watchline.access.policy import engine_of, requires
from watchline.audit import store as audit
from watchline.incidents import store
from watchline.incidents.transitions import Disposition, Verb
from watchline.sectors import store as sectors
from watchline.web.types import Body, Note, SectorId

router = APIRouter(tags=["incidents"])

_Worker = Annotated[User, requires(Action.WORK_INCIDENTS)]


class Nothing(Body):
    """An empty object: there is nothing to say beside the verb."""


class Resolution(Body):
    """What it turned out to be."""

    disposition: Disposition
    note: Note | None = None


@router.get("/api/sectors/{s}/incidents", dependencies=[requires(Action.SEE)])
async def incidents(
    request: Request,
    sector: SectorId,
    status: Literal["open", "resolved", "all"] = "open",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[store.IncidentView]:
    """The sector's incidents: open ones by urgency, others the newest first."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        return await store.of_sector(connection, sector, status, limit)


@router.get("/api/incidents/{id}", dependencies=[requires(Action.SEE)])
async def incident(request: Request, id: UUID) -> store.IncidentFile:
    """An incident with its events and evidence."""
    async with engine_of(request).connect() as connection:
        return await store.file(connection, id)


@router.post("/api/incidents/{id}/acknowledge")
async def acknowledge(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Take a new incident in hand."""
    return await _act(request, id, Verb.ACKNOWLEDGE, user)


@router.post("/api/incidents/{id}/resolve")
async def resolve(
    request: Request, id: UUID, body: Resolution, user: _Worker
) -> store.IncidentView:
    """Close an incident and say what it was."""
    return await _act(request, id, Verb.RESOLVE, user, body.disposition, body.note)


@router.post("/api/incidents/{id}/reopen")
async def reopen(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Take a resolution back."""
    return await _act(request, id, Verb.REOPEN, user)


async def _act(
    request: Request,
    id: UUID,
    verb: Verb,
    user: User,
    disposition: Disposition | None = None,
    note: str | None = None,
) -> store.IncidentView:
    """One transaction: the sector's rev, the incident's event and row, audit, the hint to hubs."""
    async with engine_of(request).begin() as connection:
        sector = await store.sector_of(connection, id)
        rev = await sectors.next_rev(connection, sector)
        await store.act(
            connection, id, verb, rev=rev, actor=user.id, disposition=disposition, note=note
        )
        await _audit(connection, sector, id, verb, user, disposition, note)
        await sectors.tell(connection, sector)
        return await store.one(connection, id)


async def _audit(
    connection: AsyncConnection,
    sector: str,
    id: UUID,
    verb: Verb,
    user: User,
    disposition: Disposition | None,
    note: str | None,
) -> None:
    await audit.append(
        connection,
        chain=sector,
        actor=str(user.id),
        op=f"incident.{verb.value}",
        object=f"incident {id}",
        detail={
            "disposition": None if disposition is None else disposition.value,
            "note": note,
        },
    )
