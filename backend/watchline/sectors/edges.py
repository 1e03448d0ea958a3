"""Enrol an edge: which sector it sends to, and the key that its envelopes are checked with."""

import base64
import binascii

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.audit import store as audit
from watchline.db.tables import edge
from watchline.errors import EdgeElsewhere, EdgeKeyInvalid

_KEY_BYTES = 32  # Ed25519, RFC 8032


def read_key(text: str) -> bytes:
    """A public key from base64; errors: EdgeKeyInvalid."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise EdgeKeyInvalid from error
    if len(key) != _KEY_BYTES:
        raise EdgeKeyInvalid(bytes=len(key))
    return key


async def enroll(
    connection: AsyncConnection, edge_id: str, sector: str, key: bytes, *, actor: str
) -> bool:
    """Enrol an edge or give it another key; whether anything changed.

    The caller has raised the sector's rev, so that its worker reads the edges again.
    Errors: EdgeElsewhere: an edge belongs to one sector for good.
    """
    found = await connection.execute(
        select(edge.c.sector_id, edge.c.public_key, edge.c.enabled).where(edge.c.id == edge_id)
    )
    there = found.one_or_none()
    if there is not None and there.sector_id != sector:
        raise EdgeElsewhere(edge=edge_id, sector=there.sector_id)
    if there is not None and bytes(there.public_key) == key and there.enabled:
        return False
    values = {"public_key": key, "enabled": True, "enrolled_at": func.now()}
    await connection.execute(
        insert(edge)
        .values(id=edge_id, sector_id=sector, **values)
        .on_conflict_do_update(index_elements=[edge.c.id], set_=values)
    )
    await audit.append(
        connection,
        chain=sector,
        actor=actor,
        op="edge.enroll",
        object=f"edge {edge_id}",
        detail={"public_key": base64.b64encode(key).decode()},
    )
    return True
