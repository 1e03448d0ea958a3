"""Tracks as PostGIS keeps them, with the way they went."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.db import sql
from watchline.errors import TrackUnknown
from watchline_sensors.contract import CLASS_ORDER

#: The most points of a way that one answer holds; the newest are kept.
MAX_PATH_POINTS = 2000
_STATEMENTS = sql.load("watchline.tracks", "tracks")


class TrackView(TypedDict):
    """A track; `classes` are probabilities, `path` its plots as [lon, lat, unix seconds]."""

    id: UUID
    no: int
    status: str
    first_at: datetime
    last_at: datetime
    lon: float
    lat: float
    classes: dict[str, float]
    sensors: list[str]
    hits: int
    path: list[tuple[float, float, float]]


async def by_no(connection: AsyncConnection, sector: str, no: int) -> TrackView:
    """The track of this number, live or ended; errors: TrackUnknown."""
    found = await connection.exec_driver_sql(_STATEMENTS.by_no, {"sector": sector, "no": no})
    row = found.mappings().one_or_none()
    if row is None:
        raise TrackUnknown(no=no)
    points = await _plots(connection, row) if row["path"] is None else row["path"]
    return {
        "id": row["id"],
        "no": row["no"],
        "status": row["status"],
        "first_at": row["first_at"],
        "last_at": row["last_at"],
        "lon": row["lon"],
        "lat": row["lat"],
        "classes": {
            name.value: round(float(share), 3)
            for name, share in zip(CLASS_ORDER, row["classes"], strict=True)
        },
        "sensors": list(row["sensors"]),
        "hits": row["hits"],
        "path": [(p[0], p[1], p[2]) for p in points[-MAX_PATH_POINTS:]],
    }


async def _plots(connection: AsyncConnection, row: Any) -> list[tuple[float, float, float]]:
    found = await connection.exec_driver_sql(
        _STATEMENTS.plots,
        {
            "sensors": list(row["sensors"]),
            "first_at": row["first_at"],
            "last_at": row["last_at"],
            "track": row["id"],
            "limit": MAX_PATH_POINTS,
        },
    )
    return [(p.lon, p.lat, p.at_s) for p in found]
