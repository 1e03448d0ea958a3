"""Zones and tripwires: draw, list, remove. They live here, because each comes with its rules."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from watchline.access.model import Action, User
from watchline.access.policy import engine_of, requires, settings_of
from watchline.audit import store as audit
from watchline.db.engine import connect_sync
from watchline.rules import history, zones
from watchline.sectors import store as sectors
from watchline.web.types import ID_PATTERN, SectorId

router = APIRouter(tags=["geofences"])

_Editor = Annotated[User, requires(Action.EDIT_GEOFENCES)]


@router.get("/api/sectors/{s}/geofences", dependencies=[requires(Action.SEE)])
async def geofences(request: Request, sector: SectorId) -> list[zones.GeofenceView]:
    """The geofences in force, each with its rules."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        return await zones.in_force(connection, sector)


@router.post("/api/sectors/{s}/geofences", status_code=201)
async def put_geofence(
    request: Request, sector: SectorId, draft: zones.GeofenceDraft, user: _Editor
) -> zones.GeofenceView:
    """Make a geofence with its rules, or the next version of the one whose id is given."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        view, changed = await zones.put(connection, sector, draft, rev)
        if changed:
            await audit.append(
                connection,
                chain=sector,
                actor=str(user.id),
                op="geofence.put",
                object=f"geofence {view['id']} v{view['version']}",
                detail={**view, "rules": [dict(rule) for rule in view["rules"]]},
            )
        await sectors.tell(connection, sector)
    return view


@router.delete("/api/sectors/{s}/geofences/{id}", status_code=204)
async def remove_geofence(
    request: Request,
    sector: SectorId,
    id: Annotated[str, Path(pattern=ID_PATTERN)],
    user: _Editor,
) -> Response:
    """End a geofence and the rules on it; what they have found stays."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        await zones.remove(connection, sector, id, rev)
        await audit.append(
            connection,
            chain=sector,
            actor=str(user.id),
            op="geofence.remove",
            object=f"geofence {id}",
            detail={},
        )
        await sectors.tell(connection, sector)
    return Response(status_code=204)


@router.get("/api/rules/{id}/explain", dependencies=[requires(Action.SEE)])
async def explain(
    request: Request,
    id: Annotated[str, Path(pattern=ID_PATTERN)],
    track: Annotated[int, Query(ge=-(2**62), le=2**62)],
    at: AwareDatetime,
) -> dict[str, Any]:
    """Why a rule did or did not fire for a track at a time: the first predicate that failed."""
    url = settings_of(request).database_url()

    def work() -> dict[str, Any]:
        with connect_sync(url, application_name="watchline explain", autocommit=True) as connection:
            return history.explain_track(connection, id, track, at)

    return await asyncio.to_thread(work)
