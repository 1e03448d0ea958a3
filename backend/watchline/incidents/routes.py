"""Incidents: the list, the file of one, its evidence, and what a person does to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field

from watchline.access.model import Action, User
from watchline.access.policy import engine_of, requires
from watchline.incidents import evidence, nuisance, store, work
from watchline.incidents.hand import Hand, take
from watchline.incidents.model import Source
from watchline.incidents.transitions import Disposition, Verb
from watchline.rules.model import Severity
from watchline.sectors import store as sectors
from watchline.web.types import Body, Name, Note, SectorId

router = APIRouter(tags=["incidents"])

#: More alarms than this are not looked through at once.
_MOST_JUDGED = 20_000
_Worker = Annotated[User, requires(Action.WORK_INCIDENTS)]
_Ids = Annotated[list[UUID], Field(min_length=1, max_length=500)]


class Nothing(Body):
    """An empty object: there is nothing to say beside the verb."""


class Said(Body):
    """A note, or nothing."""

    note: Note | None = None


class Noted(Body):
    """What somebody wants to be remembered."""

    note: Annotated[Note, Field(min_length=1)]


class Dispatch(Body):
    """Who is sent."""

    patrol: Name
    note: Note | None = None


class Resolution(Body):
    """What it turned out to be."""

    disposition: Disposition
    note: Note | None = None


class Resolutions(Resolution):
    """What many turned out to be."""

    ids: _Ids


class Snooze(Body):
    """For how long, and why."""

    seconds: Annotated[int, Field(ge=60, le=7 * 86_400)]
    reason: Name


class Into(Body):
    """The incident that goes on."""

    into: UUID


class To(Body):
    """The other incident."""

    to: UUID


class Tracks(Body):
    """The tracks that go."""

    tracks: _Ids


class ByHand(Body):
    """What somebody has heard, seen or was told; `at` is when it happened (now, if not given)."""

    source: Literal["phone", "footprints", "patrol", "other"]
    title: Name
    severity: Severity
    life_at_risk: bool = False
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    at: AwareDatetime | None = None
    note: Note | None = None


class Resolved(Body):
    """How a bulk resolution went: the code for each that could not be resolved."""

    resolved: int
    refused: dict[UUID, str]


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


@router.post("/api/sectors/{s}/incidents", status_code=201)
async def make(
    request: Request, sector: SectorId, body: ByHand, user: _Worker
) -> store.IncidentView:
    """Make an incident by hand; it lives as any other, in the hands of who makes it."""
    async with _hand(request, user, sector=sector) as hand:
        made = await work.make(
            hand,
            source=Source(body.source),
            title=body.title,
            severity=body.severity,
            life_at_risk=body.life_at_risk,
            lon=body.lon,
            lat=body.lat,
            at=body.at,
            note=body.note,
        )
        return await store.one(hand.connection, made.id)


@router.post("/api/sectors/{s}/incidents/resolve")
async def resolve_all(
    request: Request, sector: SectorId, body: Resolutions, user: _Worker
) -> Resolved:
    """Resolve many at once; one that cannot be keeps none of the others."""
    async with _hand(request, user, *body.ids, sector=sector) as hand:
        refused = await work.resolve_all(hand, body.ids, body.disposition, body.note)
        return Resolved(resolved=len(set(body.ids)) - len(refused), refused=dict(refused))


@router.get("/api/sectors/{s}/nuisance", dependencies=[requires(Action.SEE_REPORTS)])
async def nuisance_report(
    request: Request, sector: SectorId, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> nuisance.Nuisance:
    """How often alarms were nuisance or false, and what could be filtered; nothing is applied."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        alarms = await store.judged(connection, sector, days, _MOST_JUDGED + 1)
    return nuisance.report(alarms[:_MOST_JUDGED], days, complete=len(alarms) <= _MOST_JUDGED)


@router.get("/api/incidents/{id}", dependencies=[requires(Action.SEE)])
async def incident(request: Request, id: UUID) -> store.IncidentFile:
    """An incident with its events and findings."""
    async with engine_of(request).connect() as connection:
        return await store.file(connection, id)


@router.get("/api/incidents/{id}/evidence", dependencies=[requires(Action.SEE)])
async def incident_evidence(request: Request, id: UUID) -> evidence.Evidence:
    """From the incident down to the sensors: rule versions, tracks, detections, poses."""
    async with engine_of(request).connect() as connection:
        await store.one(connection, id)
        return await evidence.of_incident(connection, id)


@router.post("/api/incidents/{id}/acknowledge")
async def acknowledge(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Take in hand what waits: a new incident, or one that was raised again."""
    return await _simple(request, id, user, Verb.ACKNOWLEDGE)


@router.post("/api/incidents/{id}/hand_back")
async def hand_back(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Take an acknowledgement back: it waits again."""
    async with _hand(request, user, id) as hand:
        await work.alarm_again(hand, id, Verb.HAND_BACK)
        return await store.one(hand.connection, id)


@router.post("/api/incidents/{id}/dispatch")
async def dispatch(request: Request, id: UUID, body: Dispatch, user: _Worker) -> store.IncidentView:
    """Send a patrol, or another one."""
    return await _simple(request, id, user, Verb.DISPATCH, patrol=body.patrol, note=body.note)


@router.post("/api/incidents/{id}/recall")
async def recall(
    request: Request, id: UUID, user: _Worker, body: Said | None = None
) -> store.IncidentView:
    """Nobody is sent any more."""
    return await _simple(request, id, user, Verb.RECALL, note=body and body.note)


@router.post("/api/incidents/{id}/arrive")
async def arrive(
    request: Request, id: UUID, user: _Worker, body: Said | None = None
) -> store.IncidentView:
    """A patrol is on the scene."""
    return await _simple(request, id, user, Verb.ARRIVE, note=body and body.note)


@router.post("/api/incidents/{id}/resolve")
async def resolve(
    request: Request, id: UUID, body: Resolution, user: _Worker
) -> store.IncidentView:
    """Close an incident and say what it was."""
    return await _simple(
        request, id, user, Verb.RESOLVE, disposition=body.disposition.value, note=body.note
    )


@router.post("/api/incidents/{id}/reopen")
async def reopen(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Take a resolution or a merge back."""
    async with _hand(request, user, id) as hand:
        await work.reopen(hand, id)
        return await store.one(hand.connection, id)


@router.post("/api/incidents/{id}/snooze")
async def snooze(request: Request, id: UUID, body: Snooze, user: _Worker) -> store.IncidentView:
    """Put it off; it rings again then, or as soon as somebody new turns up."""
    async with _hand(request, user, id) as hand:
        await work.snooze(hand, id, body.seconds, body.reason)
        return await store.one(hand.connection, id)


@router.post("/api/incidents/{id}/wake")
async def wake(
    request: Request, id: UUID, user: _Worker, body: Nothing | None = None
) -> store.IncidentView:
    """Let it sleep no longer."""
    async with _hand(request, user, id) as hand:
        await work.alarm_again(hand, id, Verb.WAKE)
        return await store.one(hand.connection, id)


@router.post("/api/incidents/{id}/merge")
async def merge(request: Request, id: UUID, body: Into, user: _Worker) -> store.IncidentView:
    """It is the same as another, which goes on for both; gives the other."""
    async with _hand(request, user, id, body.into) as hand:
        await work.merge(hand, id, body.into)
        return await store.one(hand.connection, body.into)


@router.post("/api/incidents/{id}/split")
async def split(request: Request, id: UUID, body: Tracks, user: _Worker) -> store.IncidentView:
    """Some tracks are another incident; gives the new one."""
    async with _hand(request, user, id) as hand:
        _, made = await work.split(hand, id, body.tracks)
        return await store.one(hand.connection, made.id)


@router.post("/api/incidents/{id}/link")
async def link(request: Request, id: UUID, body: To, user: _Worker) -> store.IncidentView:
    """It has to do with another."""
    return await _link(request, id, body, user, Verb.LINK)


@router.post("/api/incidents/{id}/unlink")
async def unlink(request: Request, id: UUID, body: To, user: _Worker) -> store.IncidentView:
    """It has nothing to do with another."""
    return await _link(request, id, body, user, Verb.UNLINK)


@router.post("/api/incidents/{id}/note")
async def note(request: Request, id: UUID, body: Noted, user: _Worker) -> store.IncidentView:
    """Add a note to its timeline."""
    return await _simple(request, id, user, Verb.NOTE, note=body.note)


async def _link(request: Request, id: UUID, body: To, user: User, verb: Verb) -> store.IncidentView:
    async with _hand(request, user, id, body.to) as hand:
        await work.link(hand, id, body.to, verb)
        return await store.one(hand.connection, id)


async def _simple(
    request: Request, id: UUID, user: User, verb: Verb, **detail: Any
) -> store.IncidentView:
    async with _hand(request, user, id) as hand:
        await hand.happen(id, verb, **detail)
        return await store.one(hand.connection, id)


@asynccontextmanager
async def _hand(
    request: Request, user: User, *ids: UUID, sector: str | None = None
) -> AsyncIterator[Hand]:
    """One transaction: the sector's rev, the incidents' events and rows, audit, the hint."""
    async with engine_of(request).begin() as connection:
        yield await take(connection, user.id, *ids, sector=sector)
