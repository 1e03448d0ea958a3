"""The border line of a sector in PostGIS."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.audit import store as audit
from watchline.db import sql
from watchline.errors import SectorUnknown
from watchline.sectors.border import Border
from watchline.sectors.place import PlaceView, place_of
from watchline.sectors.plane import SectorPlane

_SQL = sql.load("watchline.sectors", "border")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What tells the places of one sector."""

    plane: SectorPlane
    border: Border | None

    def of(self, lon_deg: float, lat_deg: float) -> PlaceView:
        """A place as people say it."""
        return place_of(self.border, self.plane, lon_deg, lat_deg)


async def places(connection: AsyncConnection, sector: str) -> Places:
    """The sector's plane and border line; errors: SectorUnknown."""
    found = (await connection.exec_driver_sql(_SQL["origin"], {"sector": sector})).one_or_none()
    if found is None:
        raise SectorUnknown(sector=sector)
    plane = SectorPlane(found.lon, found.lat)
    row = (await connection.exec_driver_sql(_SQL["border"], {"sector": sector})).one_or_none()
    return Places(plane=plane, border=None if row is None else _border(row, plane))


def _border(row: Any, plane: SectorPlane) -> Border:
    lon, lat, chainage_m = shapely.get_coordinates(
        shapely.from_wkb(bytes(row.geom)), include_m=True
    )[:, [0, 1, -1]].T
    return Border(
        xy=np.column_stack(plane.to_plane(lon, lat)),
        chainage_m=chainage_m,
        pillars=tuple(pillar["number"] for pillar in row.pillars),
        pillar_chainage_m=np.array([pillar["chainage_m"] for pillar in row.pillars], float),
    )


async def put(
    connection: AsyncConnection,
    sector: str,
    name: str,
    lon_lat_m: NDArray[np.float64],
    pillars: list[dict[str, Any]],
    *,
    actor: str,
) -> None:
    """Make (n, 3) longitudes, latitudes and chainages the sector's border line; it is locked."""
    line = shapely.linestrings(lon_lat_m)  # its third coordinate is Z; PostGIS is told it is M
    wkb = shapely.to_wkb(line, output_dimension=3, flavor="iso", byte_order=1)
    as_m = wkb[:1] + (2002).to_bytes(4, "little") + wkb[5:]
    values = {"sector": sector, "name": name, "wkb": as_m, "pillars": Jsonb(pillars)}
    await connection.exec_driver_sql(_SQL["put"], values)
    await audit.append(
        connection,
        chain=sector,
        actor=actor,
        op="border.put",
        object=f"sector {sector}",
        detail={"name": name, "sha256": hashlib.sha256(wkb).hexdigest(), "pillars": len(pillars)},
    )
