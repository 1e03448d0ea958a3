"""Where our own units are: reported and read."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, Field

from watchline.access.model import Action
from watchline.access.policy import engine_of, requires
from watchline.errors import UnitAheadOfTime
from watchline.sectors import store as sectors
from watchline.units import store
from watchline.units.model import UnitView
from watchline.web.types import ID_PATTERN, Body, SectorId

router = APIRouter(tags=["units"])

#: A report's clock may be ahead by so much.
_AHEAD = timedelta(seconds=2)


class PositionReport(Body):
    """Where a unit is (WGS 84, m/s), good to `sigma_m` on each axis; `at` is now if not told."""

    at: AwareDatetime | None = None
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    sigma_m: float = Field(default=10.0, ge=1, le=1000)
    east_mps: float = Field(default=0.0, ge=-100, le=100)
    north_mps: float = Field(default=0.0, ge=-100, le=100)


@router.get("/api/sectors/{s}/units", dependencies=[requires(Action.SEE)])
async def units(request: Request, sector: SectorId) -> list[UnitView]:
    """The sector's units by their newest reports."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        return await store.units(connection, sector)


@router.put(
    "/api/sectors/{s}/units/{unit}/position",
    status_code=204,
    dependencies=[requires(Action.REPORT_POSITIONS)],
)
async def report_position(
    request: Request,
    sector: SectorId,
    unit: Annotated[str, Path(pattern=ID_PATTERN)],
    report: PositionReport,
) -> None:
    """Say where a unit is: while that is fresh, its own track raises no alarms.

    Errors: sector.unknown, unit.ahead_of_time.
    """
    now = datetime.now(UTC)
    at = report.at or now
    if at > now + _AHEAD:
        raise UnitAheadOfTime(at=at.isoformat())
    async with engine_of(request).begin() as connection:
        await sectors.require(connection, sector)
        await store.report(connection, sector, unit, **report.model_dump(exclude={"at"}), at=at)
