"""Audit events in PostGIS: written in the transaction of what they tell of, never changed.

A chain is a sector's id, or '' for the hub itself (logins, users).
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.audit.chain import Link, Verdict, verify
from watchline.db import sql

HUB_CHAIN = ""
MACHINE = "machine"
_STATEMENTS = sql.load("watchline.audit", "audit")
_PAGE = 10_000


async def lock(connection: AsyncConnection, chain: str) -> None:
    """Hold a chain until the transaction ends; the hub's own chain orders its rare writes."""
    await connection.exec_driver_sql(_STATEMENTS.lock, {"chain": chain})


async def append(
    connection: AsyncConnection,
    *,
    chain: str,
    actor: str,
    op: str,
    object: str,
    detail: Mapping[str, Any],
    at: datetime | None = None,
) -> int:
    """Add an event to a chain inside the running transaction; gives its number.

    `actor` is 'machine' or a user's id, `op` a dotted verb (`incident.acknowledge`), `object`
    what it was done to. Take the sector's row first, so that locks keep their order.
    """
    values = _values(chain, actor, op, object, detail, at)
    await lock(connection, chain)
    return int((await connection.exec_driver_sql(_STATEMENTS.append, values)).scalar_one())


def append_sync(
    connection: "psycopg.Connection[Any]",
    *,
    chain: str,
    actor: str,
    op: str,
    object: str,
    detail: Mapping[str, Any],
    at: datetime | None = None,
) -> None:
    """The same for the worker's plain psycopg connection; nothing is awaited in pipeline mode."""
    connection.execute(_STATEMENTS.lock, {"chain": chain})
    connection.execute(_STATEMENTS.append, _values(chain, actor, op, object, detail, at))


def chains(connection: "psycopg.Connection[Any]") -> list[str]:
    """Every chain there is."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [row[0] for row in cursor.execute(_STATEMENTS.chains).fetchall()]


def verify_chain(connection: "psycopg.Connection[Any]", chain: str) -> Verdict:
    """Read a whole chain, page by page, and check every link."""
    return verify(_links(connection, chain))


def _links(connection: "psycopg.Connection[Any]", chain: str) -> Iterator[Link]:
    # Numbers start at 1, but a forged row may carry any: start below all of them.
    after = -(2**62)
    with connection.cursor(row_factory=tuple_row) as cursor:
        while True:
            cursor.execute(_STATEMENTS.links, {"chain": chain, "after": after, "limit": _PAGE})
            page = cursor.fetchall()
            for no, prev_hash, link_hash, body in page:
                yield Link(no=no, body=body, prev_hash=bytes(prev_hash), hash=bytes(link_hash))
            if len(page) < _PAGE:
                return
            after = page[-1][0]


def _values(
    chain: str, actor: str, op: str, object: str, detail: Mapping[str, Any], at: datetime | None
) -> dict[str, Any]:
    return {
        "chain": chain,
        "actor": actor,
        "op": op,
        "object": object,
        "detail": json.dumps(detail, allow_nan=False),
        "at": at,
    }
