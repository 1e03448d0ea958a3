"""Rules in PostGIS: versions are added and their validity is closed, nothing is rewritten."""

from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db.tables import geofence, rule
from watchline.errors import RuleInvalid, RuleUnknown
from watchline.rules.budget import Cost

_IN_FORCE = rule.c.valid_to.is_(None)


async def in_force(connection: AsyncConnection, sector_id: str) -> list[Any]:
    """The valid version of each of the sector's rules, by id."""
    found = await connection.execute(
        select(rule).where(rule.c.sector_id == sector_id, _IN_FORCE).order_by(rule.c.id)
    )
    return list(found)


async def one_in_force(connection: AsyncConnection, rule_id: str) -> Any:
    """The valid version of a rule; errors: RuleUnknown."""
    found = await connection.execute(select(rule).where(rule.c.id == rule_id, _IN_FORCE))
    row = found.one_or_none()
    if row is None:
        raise RuleUnknown(id=rule_id)
    return row


async def cost(connection: AsyncConnection, sector_id: str) -> Cost:
    """What the sector's rules in force take; a geofence's corners are paid once."""
    mine = (rule.c.sector_id == sector_id, _IN_FORCE)
    rules = (await connection.execute(select(func.count()).where(*mine))).scalar_one()
    corners = await connection.execute(
        select(func.coalesce(func.sum(func.ST_NPoints(geofence.c.geom)), 0)).where(
            geofence.c.sector_id == sector_id,
            geofence.c.valid_to.is_(None),
            geofence.c.id.in_(select(rule.c.geofence_id).where(*mine)),
        )
    )
    return Cost(rules=rules, corners=corners.scalar_one())


async def add_version(
    connection: AsyncConnection,
    sector_id: str,
    rule_id: str,
    rev: int,
    *,
    name: str,
    kind: str,
    geofence_id: str,
    severity: str,
    params: dict[str, Any],
) -> int:
    """Close the version in force and add the next, under the sector's lock; gives its number.

    Errors: RuleInvalid when the id was ever used in another sector.
    """
    last = (
        await connection.execute(
            select(rule.c.sector_id, func.max(rule.c.version))
            .where(rule.c.id == rule_id)
            .group_by(rule.c.sector_id)
        )
    ).all()
    if any(row[0] != sector_id for row in last):
        raise RuleInvalid(reason="id_taken", id=rule_id)
    version = 1 + max((row[1] for row in last), default=0)
    await connection.execute(
        update(rule)
        .where(rule.c.id == rule_id, rule.c.sector_id == sector_id, _IN_FORCE)
        .values(valid_to=func.now(), rev=rev)
    )
    await connection.execute(
        insert(rule).values(
            id=rule_id,
            version=version,
            sector_id=sector_id,
            name=name,
            kind=kind,
            geofence_id=geofence_id,
            severity=severity,
            params=params,
            valid_from=func.now(),
            rev=rev,
        )
    )
    return version


async def close_of_geofence(
    connection: AsyncConnection, sector_id: str, geofence_id: str, rev: int
) -> int:
    """End the validity of every rule over a geofence; gives how many there were."""
    done = await connection.execute(
        update(rule)
        .where(rule.c.geofence_id == geofence_id, rule.c.sector_id == sector_id, _IN_FORCE)
        .values(valid_to=func.now(), rev=rev)
    )
    return int(done.rowcount)
