"""Rules in PostGIS: versions are added and their validity is closed, nothing is rewritten."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db import sql
from watchline.errors import RuleInvalid, RuleUnknown
from watchline.rules.budget import Cost

_SQL = sql.load("watchline.rules", "store")


async def in_force(
    connection: AsyncConnection, sector: str, geofences: Sequence[str] | None = None
) -> list[Any]:
    """The valid version of each of the sector's rules (or of those over some geofences), by id."""
    found = await connection.exec_driver_sql(
        _SQL["in_force"],
        {"sector": sector, "geofences": None if geofences is None else list(geofences)},
    )
    return list(found)


async def one_in_force(connection: AsyncConnection, id: str) -> Any:
    """The valid version of a rule; errors: RuleUnknown."""
    found = (await connection.exec_driver_sql(_SQL["one_in_force"], {"id": id})).one_or_none()
    if found is None:
        raise RuleUnknown(id=id)
    return found


async def cost(connection: AsyncConnection, sector: str) -> Cost:
    """What the sector's rules in force take; a geofence's corners are paid once."""
    found = await connection.exec_driver_sql(_SQL["cost"], {"sector": sector})
    return Cost(*found.one())


async def put(
    connection: AsyncConnection,
    sector: str,
    geofences: Sequence[str],
    told: Sequence[dict[str, Any]],
    rev: int,
) -> set[str]:
    """Give `geofences` the rules `told` and no others; gives the geofences whose rules changed.

    `told` has the columns of the statement; the sector is locked. Errors: RuleInvalid when an id
    was ever used in another sector.
    """
    values = {"sector": sector, "rev": rev, "ids": [rule["id"] for rule in told]}
    taken = (await connection.exec_driver_sql(_SQL["elsewhere"], values)).scalar_one()
    if taken is not None:
        raise RuleInvalid(reason="id_taken", id=taken)
    found = await connection.exec_driver_sql(
        _SQL["put"], {**values, "geofences": list(geofences), "told": Jsonb(list(told))}
    )
    return set(found.scalars())


async def that_need(connection: AsyncConnection, sector: str, geofence: str) -> list[Any]:
    """The rules over a geofence (`over`), and those that name it in their parameters."""
    found = await connection.exec_driver_sql(
        _SQL["that_need"], {"sector": sector, "geofence": geofence}
    )
    return list(found)


async def close(connection: AsyncConnection, sector: str, ids: Sequence[str], rev: int) -> None:
    """End the validity of rules; their versions stay."""
    await connection.exec_driver_sql(
        _SQL["close"], {"sector": sector, "ids": list(ids), "rev": rev}
    )
