"""The geofences in force, in the sector's plane, as the compiled index wants them."""

from datetime import datetime
from typing import Any

import numpy as np
import psycopg
import shapely

from watchline.db.sql import load
from watchline.geofences.model import Direction, Geofence, GeofenceKind
from watchline.sectors.plane import SectorPlane

_sql = load("watchline.geofences", "current.sql")


def newest_rev(connection: psycopg.Connection[Any], sector: str) -> int:
    """The rev of the sector's last change of a geofence or rule."""
    row = connection.execute(_sql["newest_rev"], {"sector": sector}).fetchone()
    return 0 if row is None else int(row[0])


def current(
    connection: psycopg.Connection[Any],
    sector: str,
    plane: SectorPlane,
    at: datetime | None = None,
) -> list[Geofence]:
    """All geofences of the sector whose validity is open, or was at a time."""
    geofences = []
    rows = connection.execute(_sql["current"], {"sector": sector, "at": at})
    for id, version, kind, wkb, directions, p_in, p_out in rows:
        shape = shapely.from_wkb(bytes(wkb))
        lines = (
            [shape.exterior, *shape.interiors] if isinstance(shape, shapely.Polygon) else [shape]
        )
        rings = []
        for line in lines:
            x, y = plane.to_plane(*shapely.get_coordinates(line).T)
            rings.append(np.column_stack([x, y]))
        geofences.append(
            Geofence(
                id=id,
                version=version,
                kind=GeofenceKind(kind),
                rings=tuple(rings),
                directions=tuple(map(Direction, directions or ())),
                p_in=p_in,
                p_out=p_out,
            )
        )
    return geofences
