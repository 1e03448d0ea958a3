"""One track with the way it went."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from watchline.access.model import Action
from watchline.access.policy import engine_of, requires
from watchline.sectors import store as sectors
from watchline.tracks import store
from watchline.web.types import SectorId

router = APIRouter(tags=["tracks"])


@router.get("/api/sectors/{s}/tracks/{no}", dependencies=[requires(Action.SEE)])
async def track(
    request: Request, sector: SectorId, no: Annotated[int, Path(ge=0, lt=2**63)]
) -> store.TrackView:
    """A track, live or ended, by its number in the sector."""
    async with engine_of(request).connect() as connection:
        await sectors.require(connection, sector)
        return await store.by_no(connection, sector, no)
