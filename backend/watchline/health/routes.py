"""The system's alarms, the edges and their books over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection
from typing_extensions import TypedDict

from watchline.access.model import Action
from watchline.access.policy import engine_of, requires, requires_or_token
from watchline.health import ledger, store, view
from watchline.health.ledger import Gap, Hour
from watchline.health.metrics import CONTENT_TYPE, exposition
from watchline.health.model import Alarm
from watchline.health.view import EdgeView
from watchline.health.watch import HealthWatch
from watchline.sectors import store as sectors
from watchline.web.types import ID_PATTERN, SectorId

router = APIRouter(tags=["health"])


class LedgerView(TypedDict):
    """What is not among an edge's detections, and its books of the last day."""

    gaps: list[Gap]
    hours: list[Hour]


@router.get("/api/health", dependencies=[requires(Action.SEE)])
async def health(request: Request) -> list[Alarm]:
    """Every alarm about the system itself, the critical ones first; none when all is well.

    Open screens of a sector are told the same with each pulse of their live stream.
    """
    return list(_watch(request).alarms)


@router.get("/api/sectors/{s}/edges", dependencies=[requires(Action.SEE)])
async def edges(request: Request, sector: SectorId) -> list[EdgeView]:
    """The sector's edges, how they are connected, and what of theirs is settled."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        facts = _watch(request).facts or await store.read(connection)
    return view.edges(facts, sector)


@router.get("/api/sectors/{s}/edges/{id}/ledger", dependencies=[requires(Action.SEE)])
async def edge_ledger(
    request: Request, sector: SectorId, edge: Annotated[str, Path(alias="id", pattern=ID_PATTERN)]
) -> LedgerView:
    """The newest gaps of an edge of the sector with their times, and its last day by the hour."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        if await sectors.sector_of_edge(connection, edge) != sector:
            return {"gaps": [], "hours": []}
        return await connection.run_sync(lambda sync: _ledger(sync, edge))


@router.get(
    "/metrics", dependencies=[requires_or_token(Action.SEE_REPORTS)], include_in_schema=False
)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus, with the token of the settings or a session."""
    watch = _watch(request)
    body = exposition(
        watch.facts, watch.alarms, request.app.state.live.figures(), watch.failed_reads
    )
    return Response(body, media_type=CONTENT_TYPE)


def _ledger(connection: Connection, edge: str) -> LedgerView:
    def run(statement: str, params: dict[str, Any]) -> list[Mapping[str, Any]]:
        return list(connection.exec_driver_sql(statement, params).mappings())  # type: ignore[arg-type]

    return {"gaps": ledger.gaps(run, edge), "hours": ledger.hours(run, edge)}


def _watch(request: Request) -> HealthWatch:
    watch: HealthWatch = request.app.state.health
    return watch
