"""Units' positions in PostGIS."""

from datetime import datetime
from typing import Any, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db import sql
from watchline.units.model import FRESH_S, Fix, UnitView

_SQL = sql.load("watchline.units", "units")


async def report(
    connection: AsyncConnection,
    sector: str,
    unit: str,
    *,
    at: datetime,
    lon: float,
    lat: float,
    sigma_m: float,
    east_mps: float,
    north_mps: float,
) -> None:
    """Store where a unit is, unless something newer is known."""
    await connection.exec_driver_sql(
        _SQL["report"],
        {
            "sector": sector,
            "id": unit,
            "at": at,
            "lon": lon,
            "lat": lat,
            "sigma_m": sigma_m,
            "east_mps": east_mps,
            "north_mps": north_mps,
        },
    )


async def units(connection: AsyncConnection, sector: str) -> list[UnitView]:
    """Every unit of the sector, by id."""
    found = await connection.exec_driver_sql(_SQL["all"], {"sector": sector, "fresh_s": FRESH_S})
    return [cast(UnitView, dict(row)) for row in found.mappings()]


def fresh(connection: psycopg.Connection[Any], sector: str) -> list[Fix]:
    """The newest report of each unit that has a fresh one, in the order of time."""
    rows = connection.execute(_SQL["fresh"], {"sector": sector, "fresh_s": FRESH_S})
    return [
        Fix(
            unit=unit,
            at_us=at_us,
            lon_deg=lon,
            lat_deg=lat,
            sigma_m=sigma_m,
            east_mps=east,
            north_mps=north,
        )
        for unit, at_us, lon, lat, sigma_m, east, north in rows
    ]
