"""One reading of what alarms and metrics are made of."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.db import sql
from watchline.health.model import (
    MISSING_AFTER,
    EdgeRow,
    Facts,
    IdleRow,
    QuarantineRow,
    RefusalRow,
    WriterRow,
)

_STATEMENTS = sql.load("watchline.health", "health")


async def read(connection: AsyncConnection) -> Facts:
    """The facts of all sectors now."""

    async def rows(name: str, **params: Any) -> list[dict[str, Any]]:
        found = await connection.exec_driver_sql(_STATEMENTS[name], params or None)
        return [dict(row) for row in found.mappings()]

    now = (await rows("now"))[0]["now"]
    missing = {row.pop("edge"): row for row in await rows("missing", age=MISSING_AFTER)}
    return Facts(
        at=now,
        writers=[WriterRow(**row) for row in await rows("writers")],
        edges=[EdgeRow(**row, **missing.get(row["edge"], {})) for row in await rows("edges")],
        refusals=[RefusalRow(**row) for row in await rows("refusals")],
        quarantine=[QuarantineRow(**row) for row in await rows("quarantine")],
        idle=[IdleRow(**row) for row in await rows("idle")],
    )
