"""Zones and tripwires: draw, list, pause, remove. They live here: each comes with its rules."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.access.model import Action, User
from watchline.access.policy import engine_of, requires, settings_of
from watchline.audit import store as audit
from watchline.db.engine import connect_sync
from watchline.db.tables import backtest, suppressed_finding
from watchline.errors import BacktestUnknown
from watchline.geofences import store as geofences_store
from watchline.geofences.files import Format
from watchline.rules import describe, history, import_zones, put_zones, zone_files, zones
from watchline.rules import store as rules_store
from watchline.rules.model import Severity
from watchline.sectors import store as sectors
from watchline.web.types import ID_PATTERN, Body, SectorId, new_id

_RuleId = Annotated[str, Path(pattern=ID_PATTERN)]


class BacktestDraft(Body):
    """What of the rule would be otherwise, over how many days until now."""

    days: int = Field(default=7, ge=1, le=90)
    kind: str | None = Field(default=None, max_length=32)
    severity: Severity | None = None
    params: dict[str, Any] | None = None


class BacktestView(TypedDict):
    """A back-test; `result` once its status is done, `code` when it has failed."""

    id: UUID
    rule: str
    days: int
    status: str
    progress: float
    result: dict[str, Any] | None
    code: str | None


class SuppressedView(TypedDict):
    """A finding that was kept and not raised."""

    rule_id: str
    geofence_id: str
    track_no: int
    kind: str
    at: datetime
    reason: str
    evidence: dict[str, Any]


router = APIRouter(tags=["geofences"])

_Editor = Annotated[User, requires(Action.EDIT_GEOFENCES)]
_Uploader = Annotated[User, requires(Action.EDIT_GEOFENCES, body="application/octet-stream")]
_GeofenceId = Annotated[str, Path(pattern=ID_PATTERN)]


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
        prepared = put_zones.prepare([draft], await geofences_store.frame(connection, sector))
        rev = await sectors.next_rev(connection, sector)
        ((id, changed),) = (await put_zones.put(connection, sector, prepared, rev)).items()
        (view,) = await zones.in_force(connection, sector, [id])
        if changed:
            detail = {**view, "rules": [dict(rule) for rule in view["rules"]]}
            await _note(connection, sector, user, "put", f"{id} v{view['version']}", detail)
        await sectors.tell(connection, sector)
    return view


@router.post("/api/sectors/{s}/geofences/import")
async def import_geofences(
    request: Request, sector: SectorId, format: Format, user: _Uploader
) -> import_zones.Imported:
    """Bring the geofences of a file (the body, as application/octet-stream), all or none."""
    return await import_zones.put(
        engine_of(request), sector, await request.body(), format, actor=str(user.id)
    )


@router.get("/api/sectors/{s}/geofences/export", dependencies=[requires(Action.SEE)])
async def export_geofences(request: Request, sector: SectorId, format: Format) -> Response:
    """The geofences in force as a file."""
    async with engine_of(request).connect() as connection:
        views = await zones.in_force(connection, sector)
    data = await asyncio.to_thread(zone_files.write, views, format)
    name = f'attachment; filename="geofences.{format.value}"'
    return Response(
        data, media_type="application/octet-stream", headers={"Content-Disposition": name}
    )


@router.delete("/api/sectors/{s}/geofences/{id}", status_code=204)
async def remove_geofence(
    request: Request,
    sector: SectorId,
    id: _GeofenceId,
    user: _Editor,
    rules: Literal["end"] | None = None,
    move_rules_to: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
) -> Response:
    """End a geofence; what it has found stays.

    While rules need it: 409 geofence.in_use with their names, unless the request says their fate.
    """
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        needing = await zones.remove(
            connection, sector, id, rev, end_rules=rules == "end", move_to=move_rules_to
        )
        detail = {"rules": needing, "moved_to": move_rules_to}
        await _note(connection, sector, user, "remove", id, detail)
        await sectors.tell(connection, sector)
    return Response(status_code=204)


@router.post("/api/sectors/{s}/geofences/{id}/pause")
async def pause_geofence(
    request: Request, sector: SectorId, id: _GeofenceId, draft: zones.PauseDraft, user: _Editor
) -> zones.GeofenceView:
    """Disarm a geofence, or note its maintenance, until a time; then it returns by itself."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        view = await zones.pause(connection, sector, id, draft, rev)
        await _note(connection, sector, user, "pause", id, draft.model_dump(mode="json"))
        await sectors.tell(connection, sector)
    return view


@router.post("/api/sectors/{s}/geofences/{id}/arm")
async def arm_geofence(
    request: Request, sector: SectorId, id: _GeofenceId, user: _Editor
) -> zones.GeofenceView:
    """End a geofence's pause now."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        view = await zones.arm(connection, sector, id, rev)
        await _note(connection, sector, user, "arm", id, {})
        await sectors.tell(connection, sector)
    return view


@router.get("/api/rule-kinds", dependencies=[requires(Action.SEE)])
async def rule_kinds() -> list[describe.KindView]:
    """Every kind of rule with the schema of its parameters: what an editor is made of."""
    return describe.views()


@router.post("/api/sectors/{s}/geofences/{id}/rules", status_code=201)
async def put_rule(
    request: Request, sector: SectorId, id: _GeofenceId, draft: zones.RuleDraft, user: _Editor
) -> zones.RuleView:
    """Give a geofence one more rule, or the next version of its rule whose id is given."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        made = await put_zones.put_rule(connection, sector, id, draft, rev)
        (view,) = await zones.in_force(connection, sector, [id])
        rule = next(each for each in view["rules"] if each["id"] == made)
        await _note(connection, sector, user, "put_rule", id, dict(rule))
        await sectors.tell(connection, sector)
    return rule


@router.delete("/api/sectors/{s}/geofences/{id}/rules/{rule}", status_code=204)
async def end_rule(
    request: Request,
    sector: SectorId,
    id: _GeofenceId,
    rule: Annotated[str, Path(pattern=ID_PATTERN)],
    user: _Editor,
) -> Response:
    """End a rule of a geofence; what it has found stays."""
    async with engine_of(request).begin() as connection:
        rev = await sectors.next_rev(connection, sector)
        await zones.end_rule(connection, sector, id, rule, rev)
        await _note(connection, sector, user, "end_rule", id, {"rule": rule})
        await sectors.tell(connection, sector)
    return Response(status_code=204)


@router.get("/api/rules/{id}/explain", dependencies=[requires(Action.SEE)])
async def explain(
    request: Request,
    id: _RuleId,
    track: Annotated[int, Query(ge=-(2**62), le=2**62)],
    at: AwareDatetime,
) -> dict[str, Any]:
    """Why a rule did or did not fire for a track at a time: the first predicate that failed."""
    url = settings_of(request).database_url()

    def work() -> dict[str, Any]:
        with connect_sync(url, application_name="watchline explain", autocommit=True) as connection:
            return history.explain_track(connection, id, track, at)

    return await asyncio.to_thread(work)


@router.get("/api/sectors/{s}/suppressed", dependencies=[requires(Action.SEE)])
async def suppressed(
    request: Request, sector: SectorId, hours: Annotated[int, Query(ge=1, le=168)] = 24
) -> list[SuppressedView]:
    """What was found in the last hours and not raised, with the reason; the newest 500."""
    row = suppressed_finding.c
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        found = await connection.execute(
            select(row.rule_id, row.geofence_id, row.track_no, row.kind, row.at, row.reason,
                   row.evidence)
            .where(row.sector_id == sector, row.at > func.now() - timedelta(hours=hours))
            .order_by(row.at.desc())
            .limit(500)
        )  # fmt: skip
    return [cast(SuppressedView, dict(each._mapping)) for each in found]


@router.post("/api/rules/{id}/backtest", status_code=202)
async def put_backtest(
    request: Request, id: _RuleId, draft: BacktestDraft, user: _Editor
) -> BacktestView:
    """Run a draft of a rule over what is stored of the last days; a worker does it."""
    changes = draft.model_dump(mode="json", exclude_none=True, exclude={"days"})
    made = new_id()
    async with engine_of(request).begin() as connection:
        rule = await rules_store.one_in_force(connection, id)
        await connection.execute(
            insert(backtest).values(
                id=made,
                sector_id=rule.sector_id,
                rule_id=id,
                draft=changes,
                days=draft.days,
                asked_by=str(user.id),
            )
        )
    return await backtest_view(request, made)


@router.get("/api/backtests/{id}", dependencies=[requires(Action.SEE)])
async def backtest_view(request: Request, id: UUID) -> BacktestView:
    """How far a back-test is, and what it found: see docs/reference/rules."""
    async with engine_of(request).connect() as connection:
        row = (await connection.execute(select(backtest).where(backtest.c.id == id))).one_or_none()
    if row is None:
        raise BacktestUnknown(id=str(id))
    return {
        "id": row.id,
        "rule": row.rule_id,
        "days": row.days,
        "status": row.status,
        "progress": row.progress,
        "result": row.result,
        "code": row.code,
    }


async def _note(
    connection: AsyncConnection, sector: str, user: User, op: str, what: str, detail: dict[str, Any]
) -> None:
    await audit.append(
        connection,
        chain=sector,
        actor=str(user.id),
        op=f"geofence.{op}",
        object=f"geofence {what}",
        detail=detail,
    )
