"""Geofences in PostGIS: versions are added and their validity is closed, nothing is rewritten."""

from typing import Any

from geoalchemy2.shape import from_shape, to_shape
from shapely import Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db.tables import geofence, sector
from watchline.errors import GeofenceIdTaken, GeofenceUnknown, SectorUnknown

_IN_FORCE = geofence.c.valid_to.is_(None)
_COLUMNS = (
    geofence.c.id,
    geofence.c.version,
    geofence.c.sector_id,
    geofence.c.name,
    geofence.c.kind,
    geofence.c.directions,
    geofence.c.p_in,
    geofence.c.p_out,
    func.ST_AsGeoJSON(geofence.c.geom, 9).label("geom_json"),
)


async def sector_area(connection: AsyncConnection, sector_id: str) -> Polygon:
    """The ground the sector owns (WGS 84 degrees); errors: SectorUnknown."""
    found = await connection.execute(select(sector.c.geom).where(sector.c.id == sector_id))
    geom = found.scalar_one_or_none()
    if geom is None:
        raise SectorUnknown(sector=sector_id)
    area = to_shape(geom)
    assert isinstance(area, Polygon)  # the column's type
    return area


async def in_force(connection: AsyncConnection, sector_id: str) -> list[Any]:
    """The valid version of each of the sector's geofences, by id."""
    found = await connection.execute(
        select(*_COLUMNS)
        .where(geofence.c.sector_id == sector_id, _IN_FORCE)
        .order_by(geofence.c.id)
    )
    return list(found)


async def one_in_force(connection: AsyncConnection, sector_id: str, geofence_id: str) -> Any:
    """The valid version of one geofence, if it has one."""
    found = await connection.execute(
        select(*_COLUMNS).where(
            geofence.c.id == geofence_id, geofence.c.sector_id == sector_id, _IN_FORCE
        )
    )
    return found.one_or_none()


async def add_version(
    connection: AsyncConnection,
    sector_id: str,
    geofence_id: str,
    rev: int,
    *,
    name: str,
    kind: str,
    shape: BaseGeometry,
    directions: list[str] | None,
    p_in: float,
    p_out: float,
) -> int:
    """Close the version in force and add the next, under the sector's lock; gives its number.

    Errors: GeofenceIdTaken when the id was ever used in another sector.
    """
    last = (
        await connection.execute(
            select(geofence.c.sector_id, func.max(geofence.c.version))
            .where(geofence.c.id == geofence_id)
            .group_by(geofence.c.sector_id)
        )
    ).all()
    if any(row[0] != sector_id for row in last):
        raise GeofenceIdTaken(id=geofence_id)
    version = 1 + max((row[1] for row in last), default=0)
    await _close(connection, sector_id, geofence_id, rev)
    await connection.execute(
        insert(geofence).values(
            id=geofence_id,
            version=version,
            sector_id=sector_id,
            name=name,
            kind=kind,
            geom=from_shape(shape, srid=4326),
            directions=directions,
            p_in=p_in,
            p_out=p_out,
            valid_from=func.now(),
            rev=rev,
        )
    )
    return version


async def close(connection: AsyncConnection, sector_id: str, geofence_id: str, rev: int) -> None:
    """End a geofence's validity; its versions stay. Errors: GeofenceUnknown."""
    if not await _close(connection, sector_id, geofence_id, rev):
        raise GeofenceUnknown(id=geofence_id)


async def _close(connection: AsyncConnection, sector_id: str, geofence_id: str, rev: int) -> int:
    done = await connection.execute(
        update(geofence)
        .where(geofence.c.id == geofence_id, geofence.c.sector_id == sector_id, _IN_FORCE)
        .values(valid_to=func.now(), rev=rev)
    )
    return int(done.rowcount)
