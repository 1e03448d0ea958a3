"""Sectors, their sensors, and where an edge finds its sector's worker."""

import re

from fastapi import APIRouter, Request

from watchline.access.model import Action
from watchline.access.policy import edge_signature, engine_of, requires
from watchline.errors import EdgeUnknown, UplinkMisdirected, UplinkNoWriter
from watchline.sectors import store
from watchline.sectors.model import SectorView, SensorView
from watchline.web.types import ID_PATTERN, SectorId

router = APIRouter(tags=["sectors"])

_RETRY_AFTER_S = 2


@router.get("/api/sectors", dependencies=[requires(Action.SEE)])
async def sectors(request: Request) -> list[SectorView]:
    """Every sector."""
    async with engine_of(request).connect() as connection:
        return await store.sectors(connection)


@router.get("/api/sectors/{s}/sensors", dependencies=[requires(Action.SEE)])
async def sensors(request: Request, sector: SectorId) -> list[SensorView]:
    """The sector's sensors and how they fare."""
    async with engine_of(request).connect() as connection:
        await store.require(connection, sector)
        return await store.sensors(connection, sector)


@router.post("/api/uplink", status_code=421, dependencies=[edge_signature()])
async def uplink(request: Request) -> None:
    """Tell an edge which worker takes its envelopes; the hub itself takes none.

    Answers 421 uplink.misdirected with `owner`, 403 edge.unknown, or 503 uplink.no_writer.
    """
    edge = request.headers.get("watchline-edge", "")
    if not re.fullmatch(ID_PATTERN, edge):
        raise EdgeUnknown
    async with engine_of(request).connect() as connection:
        owner = await store.owner_of_edge(connection, edge)
    if owner is None:
        raise UplinkNoWriter(retry_after_s=_RETRY_AFTER_S)
    raise UplinkMisdirected(owner=owner)
