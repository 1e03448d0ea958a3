"""Geofences in PostGIS: versions are added and their validity is closed, nothing is rewritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import shapely
from psycopg.types.json import Jsonb
from shapely import Polygon
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db import sql
from watchline.errors import GeofenceIdTaken, GeofenceUnknown, SectorUnknown
from watchline.geofences.schedule import Local
from watchline.sectors.plane import SectorPlane

_SQL = sql.load("watchline.geofences", "store")
#: So many go to the database in one statement.
CHUNK = 1000

PauseReason = Literal["disarmed", "maintenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a sector's geofences are measured in: its ground (degrees), its plane, its clocks."""

    area: Polygon
    plane: SectorPlane
    local: Local


async def frame(connection: AsyncConnection, sector: str) -> Frame:
    """The sector's frame; errors: SectorUnknown."""
    found = await connection.exec_driver_sql(_SQL["frame"], {"sector": sector})
    row = found.one_or_none()
    if row is None:
        raise SectorUnknown(sector=sector)
    area = shapely.from_wkb(bytes(row.geom))
    assert isinstance(area, Polygon)  # the column's type
    return Frame(
        area=area,
        plane=SectorPlane(row.lon, row.lat),
        local=Local(zone=ZoneInfo(row.time_zone), lon_deg=row.lon, lat_deg=row.lat),
    )


async def in_force(
    connection: AsyncConnection, sector: str, ids: Sequence[str] | None = None
) -> list[Any]:
    """The valid version of each of the sector's geofences (or of those named), by id."""
    found = await connection.exec_driver_sql(
        _SQL["in_force"], {"sector": sector, "ids": None if ids is None else list(ids)}
    )
    return list(found)


async def put(
    connection: AsyncConnection, sector: str, told: Sequence[dict[str, Any]], rev: int
) -> set[str]:
    """Add the next version of each geofence that differs from the one in force; gives their ids.

    `told` has the columns of the statement; the sector is locked. Errors: GeofenceIdTaken when an
    id was ever used in another sector.
    """
    changed: set[str] = set()
    for first in range(0, len(told), CHUNK):
        chunk = list(told[first : first + CHUNK])
        values = {"sector": sector, "rev": rev, "ids": [row["id"] for row in chunk]}
        taken = (await connection.exec_driver_sql(_SQL["elsewhere"], values)).scalar_one()
        if taken is not None:
            raise GeofenceIdTaken(id=taken)
        found = await connection.exec_driver_sql(_SQL["put"], {**values, "told": Jsonb(chunk)})
        changed |= set(found.scalars())
    return changed


async def close(connection: AsyncConnection, sector: str, id: str, rev: int) -> None:
    """End a geofence's validity; its versions stay. Errors: GeofenceUnknown."""
    found = await connection.exec_driver_sql(
        _SQL["close"], {"sector": sector, "id": id, "rev": rev}
    )
    if found.first() is None:
        raise GeofenceUnknown(id=id)


async def pause(
    connection: AsyncConnection,
    sector: str,
    id: str,
    rev: int,
    reason: PauseReason,
    until: datetime,
) -> None:
    """Take a geofence out of force from now until a time, instead of any pause under way."""
    await arm(connection, sector, id, rev)
    await connection.exec_driver_sql(
        _SQL["pause"], {"sector": sector, "id": id, "reason": reason, "until": until, "rev": rev}
    )


async def arm(connection: AsyncConnection, sector: str, id: str, rev: int) -> None:
    """End the pauses of a geofence now. Errors: GeofenceUnknown."""
    if not await in_force(connection, sector, [id]):
        raise GeofenceUnknown(id=id)
    await connection.exec_driver_sql(_SQL["arm"], {"sector": sector, "id": id, "rev": rev})
