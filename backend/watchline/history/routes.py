"""Reports over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from watchline.access.model import Action
from watchline.access.policy import engine_of, requires, settings_of
from watchline.db.engine import connect_sync
from watchline.history.report import ingest_report
from watchline.sectors import store as sectors
from watchline.web.types import SectorId

router = APIRouter(tags=["history"])


@router.get("/api/sectors/{s}/report", dependencies=[requires(Action.SEE_REPORTS)])
async def report(request: Request, sector: SectorId) -> dict[str, Any]:
    """The ingest ledger of a sector, as `watchline report ingest` prints it."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
    url = settings_of(request).database_url()
    return await run_in_threadpool(_report, url, sector)


def _report(url: str, sector: str) -> dict[str, Any]:
    with connect_sync(url, application_name="watchline hub report", autocommit=True) as connection:
        return ingest_report(connection, sector)
