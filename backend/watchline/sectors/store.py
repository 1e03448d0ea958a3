"""Sectors, their sensors and their writers in PostGIS."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db import sql
from watchline.errors import EdgeUnknown, SectorUnknown
from watchline.sectors.model import WRITER_ALIVE_S, SectorView, SensorView, sensor_state

_STATEMENTS = sql.load("watchline.sectors", "sectors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Which process owns a sector, and the sector's last commit."""

    sector: str
    epoch: int
    rev: int
    url: str | None
    token: str | None


async def sectors(connection: AsyncConnection) -> list[SectorView]:
    """Every sector, by id."""
    found = await connection.exec_driver_sql(_STATEMENTS["all"])
    return [
        {
            "id": row.id,
            "name": row.name,
            "time_zone": row.time_zone,
            "synthetic": row.synthetic,
            "geom": row.geom,
            "origin": (row.origin_lon, row.origin_lat),
            "rev": row.rev,
        }
        for row in found
    ]


async def require(connection: AsyncConnection, sector: str) -> None:
    """Raise SectorUnknown unless the sector is there."""
    found = await connection.exec_driver_sql(_STATEMENTS.exists, {"sector": sector})
    if not found.scalar_one():
        raise SectorUnknown(sector=sector)


async def next_rev(connection: AsyncConnection, sector: str) -> int:
    """Begin a person's change of a sector: lock its row and raise its rev, which is given back.

    Lock order everywhere: sector, ledger, tracks, incidents by id, outbox. Errors: SectorUnknown.
    """
    found = await connection.exec_driver_sql(_STATEMENTS.next_rev, {"sector": sector})
    rev = found.scalar_one_or_none()
    if rev is None:
        raise SectorUnknown(sector=sector)
    return int(rev)


async def tell(connection: AsyncConnection, sector: str) -> None:
    """Hint to hubs and the worker, on commit, that the sector has changed."""
    await connection.exec_driver_sql(_STATEMENTS.tell, {"sector": sector})


async def rev(connection: AsyncConnection, sector: str) -> int:
    """The sector's last commit; errors: SectorUnknown."""
    found = await connection.exec_driver_sql(_STATEMENTS.rev, {"sector": sector})
    newest = found.scalar_one_or_none()
    if newest is None:
        raise SectorUnknown(sector=sector)
    return int(newest)


async def sensors(connection: AsyncConnection, sector: str) -> list[SensorView]:
    """The sector's sensors as they fare now."""
    found = await connection.exec_driver_sql(_STATEMENTS.sensors, {"sector": sector})
    return [_sensor(dict(row)) for row in found.mappings()]


def _sensor(row: dict[str, Any]) -> SensorView:
    state, code = sensor_state(row["state"], row["code"], row.pop("age_s"))
    view: SensorView = {**row, "state": state, "code": code}  # type: ignore[typeddict-item]
    return view


async def writers(connection: AsyncConnection) -> list[Writer]:
    """Every sector with its writer, for the live picture."""
    found = await connection.exec_driver_sql(_STATEMENTS.writers)
    return [
        Writer(
            sector=row.id, epoch=row.epoch, rev=row.rev, url=row.owner_url, token=row.owner_token
        )
        for row in found
    ]


async def sector_of_edge(connection: AsyncConnection, edge: str) -> str | None:
    """The sector that the edge belongs to, or None."""
    found = await connection.exec_driver_sql(_STATEMENTS.sector_of_edge, {"edge": edge})
    sector: str | None = found.scalar_one_or_none()
    return sector


async def owner_of_edge(connection: AsyncConnection, edge: str) -> str | None:
    """The address of the process that takes the edge's envelopes; None while no writer is alive.

    Errors: EdgeUnknown, also for an edge that was shut out.
    """
    found = await connection.exec_driver_sql(
        _STATEMENTS.owner_of_edge, {"edge": edge, "alive_s": WRITER_ALIVE_S}
    )
    row = found.one_or_none()
    if row is None:
        raise EdgeUnknown
    url: str | None = row.owner_url
    return url
