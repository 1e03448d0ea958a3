"""Bring the geofences of a file into a sector, in one transaction with its audit event."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from watchline.audit import store as audit
from watchline.geofences import store as geofences
from watchline.geofences.files import Format
from watchline.rules import put_zones, zone_files
from watchline.sectors import store as sectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many geofences a file has, how many of them changed, and what was repaired in which."""

    geofences: int
    changed: int
    repairs: list[dict[str, str]]


async def put(
    engine: AsyncEngine,
    sector: str,
    data: bytes,
    format: Format,
    *,
    actor: str,
    progress: Callable[[float], None] = lambda share: None,
) -> Imported:
    """All of a file's geofences or none; what is in the sector besides stays.

    Errors: SectorUnknown, those of `zone_files.read` and of `put_zones.put`. The file is read and
    checked in a thread, and the sector is held only while its rows are written.
    """
    async with engine.connect() as connection:
        frame = await geofences.frame(connection, sector)
    read = await asyncio.to_thread(
        zone_files.read, data, format, frame, lambda share: progress(0.8 * share)
    )
    async with engine.connect() as connection:
        rev = await sectors.next_rev(connection, sector)
        changed = sum((await put_zones.put(connection, sector, read.prepared, rev)).values())
        if changed:
            await audit.append(
                connection,
                chain=sector,
                actor=actor,
                op="geofence.import",
                object=f"sector {sector}",
                detail={
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "changed": changed,
                    "repairs": read.repairs[:100],
                },
            )
            await sectors.tell(connection, sector)
            await connection.commit()
        # Otherwise nothing is kept, not even the raised rev.
    progress(1.0)
    return Imported(geofences=len(read.prepared.drafts), changed=changed, repairs=read.repairs)
