"""Footage in PostGIS: asked for, answered, shown. The audit trail is written last in each."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.audit import store as audit
from watchline.db import sql
from watchline.errors import (
    EdgeUnknown,
    FootageNoCamera,
    FootageNotAsked,
    FootageTooMany,
    FootageUnknown,
    IncidentUnknown,
    SensorUnknown,
    WatchlineError,
)
from watchline.footage.model import (
    ASKED_WITHIN,
    MOST_ASKED,
    MOST_CAMERAS,
    NEAR_S,
    PATIENCE,
    UNANSWERED,
    Ask,
    Camera,
    FootageView,
    Sighting,
    Wanted,
    check_answer,
    outline_json,
)
from watchline.web.types import new_id
from watchline_sensors.contract import FootageAnswer, FootageKind, SensorKind, WantedFootage

_SQL = sql.load("watchline.footage", "footage")
#: An incident's list, and what one edge is told at once.
_MOST_LISTED = 500
_MOST_WANTED = 64
_CAMERAS = frozenset({SensorKind.THERMAL, SensorKind.CAMERA})


# ── who is who ────────────────────────────────────────────────────────────────────────────────
async def edge_key(connection: AsyncConnection, edge: str, sensor: str = "") -> tuple[bytes, bool]:
    """An enrolled edge's public key, and whether `sensor` is its own. Errors: EdgeUnknown."""
    found = await connection.exec_driver_sql(_SQL["edge"], {"edge": edge, "sensor": sensor})
    row = found.one_or_none()
    if row is None:
        raise EdgeUnknown
    return bytes(row.public_key), bool(row.has_sensor)


async def camera(connection: AsyncConnection, sensor: str) -> Camera:
    """A sensor that takes pictures. Errors: SensorUnknown, FootageNoCamera."""
    found = await connection.exec_driver_sql(_SQL["sensor"], {"sensor": sensor})
    row = found.one_or_none()
    if row is None:
        raise SensorUnknown(sensor=sensor)
    if row.kind not in _CAMERAS:
        raise FootageNoCamera(sensor=sensor)
    return Camera(id=row.id, sector=row.sector, edge=row.edge)


async def require_incident(
    connection: AsyncConnection, id: UUID, sector: str | None = None
) -> None:
    """Raise IncidentUnknown unless the incident is there (and in the sector)."""
    found = await connection.exec_driver_sql(_SQL["incident_sector"], {"id": id})
    its = found.scalar_one_or_none()
    if its is None or sector not in (None, its):
        raise IncidentUnknown(id=str(id))


# ── asked for ─────────────────────────────────────────────────────────────────────────────────
async def ask(connection: AsyncConnection, asks: Sequence[Ask], keep: timedelta) -> list[UUID]:
    """Ask cameras of one sector for footage and keep it so long; gives the ids.

    What the machine has asked for already has none. Errors: IncidentUnknown, FootageTooMany.
    """
    sector = asks[0].camera.sector
    await connection.exec_driver_sql(_SQL["lock_sector"], {"sector": sector})
    made = []
    for one in asks:
        if one.incident is not None:
            await require_incident(connection, one.incident, sector)
        if one.asked_by is not None:
            await _within_limit(connection, one.asked_by)
        found = await connection.exec_driver_sql(_SQL["ask"], _values(one, keep))
        id = found.scalar_one_or_none()
        if id is not None:
            made.append((id, one))
    for id, one in made:
        await audit.append(
            connection,
            chain=sector,
            actor=audit.MACHINE if one.asked_by is None else str(one.asked_by),
            op="footage.ask",
            object=f"footage {id}",
            detail=_told(one),
        )
    return [id for id, _ in made]


async def _within_limit(connection: AsyncConnection, user: UUID) -> None:
    values = {"user": user, "within": ASKED_WITHIN}
    row = (await connection.exec_driver_sql(_SQL["asked_lately"], values)).one()
    if row.times >= MOST_ASKED:
        wait_s = max(1, round(ASKED_WITHIN.total_seconds() + row.oldest_s))
        minutes = round(ASKED_WITHIN.total_seconds() / 60)
        raise FootageTooMany(most=MOST_ASKED, minutes=minutes, retry_after_s=wait_s)


def _values(one: Ask, keep: timedelta) -> dict[str, Any]:
    return {
        "id": new_id(),
        "sector": one.camera.sector,
        "sensor": one.camera.id,
        "edge": one.camera.edge,
        "kind": one.kind.value,
        "from_at": one.from_at,
        "until_at": one.until_at,
        "incident": one.incident,
        "asked_by": one.asked_by,
        "reason": one.reason,
        "keep": keep,
    }


def _told(one: Ask) -> dict[str, Any]:
    detail = {
        "sensor": one.camera.id,
        "kind": one.kind.value,
        "from": one.from_at.isoformat(),
        "until": one.until_at.isoformat(),
        "incident": None if one.incident is None else str(one.incident),
        "reason": one.reason,
    }
    return {name: value for name, value in detail.items() if value is not None}


# ── shown ─────────────────────────────────────────────────────────────────────────────────────
async def one(connection: AsyncConnection, id: UUID) -> FootageView:
    """One piece; errors: FootageUnknown, also when it has expired."""
    found = await _views(connection, "and_id", {"id": id})
    if not found:
        raise FootageUnknown(id=str(id))
    return found[0]


async def of_incident(connection: AsyncConnection, incident: UUID) -> list[FootageView]:
    """An incident's footage, the newest first."""
    return await _views(connection, "and_incident", {"incident": incident, "limit": _MOST_LISTED})


async def octets(connection: AsyncConnection, id: UUID, first: int, count: int) -> bytes:
    """A stretch of a kept piece; errors: FootageUnknown: it was deleted since."""
    values = {"id": id, "first": first, "count": count}
    found = (await connection.exec_driver_sql(_SQL["octets"], values)).scalar_one_or_none()
    if found is None:
        raise FootageUnknown(id=str(id))
    return bytes(found)


async def note_look(
    connection: AsyncConnection, user: UUID, sector: str, op: str, object: str, **detail: Any
) -> None:
    """Write down that somebody looks at a picture."""
    await audit.append(
        connection, chain=sector, actor=str(user), op=op, object=object, detail=detail
    )


async def _views(
    connection: AsyncConnection, which: str, values: Mapping[str, Any]
) -> list[FootageView]:
    found = await connection.exec_driver_sql(f"{_SQL['select_views']}\n{_SQL[which]}", dict(values))
    return [cast(FootageView, dict(row)) for row in found.mappings()]


# ── answered ──────────────────────────────────────────────────────────────────────────────────
async def wanted(connection: AsyncConnection, edge: str) -> list[WantedFootage]:
    """What waits for the edge's answer, the longest first."""
    values = {"edge": edge, "limit": _MOST_WANTED}
    found = await connection.exec_driver_sql(_SQL["wanted"], values)
    return [
        WantedFootage(
            id=str(row.id),
            sensor=row.sensor,
            kind=FootageKind(row.kind),
            from_us=row.from_us,
            until_us=row.until_us,
        )
        for row in found
    ]


async def answer(
    connection: AsyncConnection, id: UUID, told: FootageAnswer, sha256: bytes
) -> WatchlineError | None:
    """Take an edge's answer; the same one twice is one.

    Gives what is wrong with it: that is committed as well, so that the edge is not asked for ever.
    Errors: FootageUnknown: nothing like it was asked of this edge; FootageNotAsked: it was answered
    otherwise, given up, or has expired.
    """
    found = await connection.exec_driver_sql(_SQL["hold"], {"id": id, "edge": told.edge})
    row = found.one_or_none()
    if row is None:
        raise FootageUnknown(id=str(id))
    if row.state == "kept" and told.code is None and bytes(row.sha256) == sha256:
        return None
    if row.state == "absent" and row.code == told.code:
        return None
    if row.state != "asked" or not row.alive:
        raise FootageNotAsked(id=str(id))
    asked = Wanted(kind=FootageKind(row.kind), from_us=row.from_us, until_us=row.until_us)
    wrong: WatchlineError | None = None
    try:
        check_answer(asked, told)
    except WatchlineError as error:
        wrong = error
    code = told.code if wrong is None else wrong.code
    if code is not None:
        await connection.exec_driver_sql(_SQL["miss"], {"id": id, "code": code})
        return wrong
    await connection.exec_driver_sql(
        _SQL["keep"],
        {
            "id": id,
            "media_type": told.media_type,
            "sha256": sha256,
            "bytes": len(told.octets),
            "frames": told.frames,
            "from_us": told.from_us,
            "until_us": told.until_us,
            "outlines": Jsonb(outline_json(told.outlines)),
        },
    )
    await connection.exec_driver_sql(_SQL["keep_octets"], {"id": id, "octets": told.octets})
    await audit.append(
        connection,
        chain=row.sector,
        actor=audit.MACHINE,
        op="footage.keep",
        object=f"footage {id}",
        detail={"edge": told.edge, "sha256": sha256.hex(), "bytes": len(told.octets)},
    )
    return None


async def give_up(connection: AsyncConnection) -> int:
    """Wait no longer for what nobody has answered in time; how much it was."""
    values = {"code": UNANSWERED, "patience": PATIENCE}
    return (await connection.exec_driver_sql(_SQL["give_up"], values)).rowcount


# ── asked for by incidents ────────────────────────────────────────────────────────────────────
async def changed(
    connection: AsyncConnection, revs: Mapping[str, int], back: timedelta
) -> tuple[dict[str, int], set[UUID]]:
    """Each sector's rev, and which incidents with a finding within `back` changed since `revs`."""
    values = {"revs": json.dumps(dict(revs)), "back": back}
    rows = (await connection.exec_driver_sql(_SQL["changed"], values)).all()
    return {row.sector: row.rev for row in rows}, {id for row in rows for id in row.incidents}


async def sightings(
    connection: AsyncConnection, incidents: Collection[UUID], back: timedelta
) -> tuple[list[Sighting], dict[UUID, set[str]]]:
    """Which thermal cameras saw the incidents, and which of them were asked before."""
    values = {
        "incidents": list(incidents),
        "back": back,
        "near": timedelta(seconds=NEAR_S),
    }
    seen = [
        Sighting(
            incident=row.incident,
            camera=Camera(id=row.sensor, sector=row.sector, edge=row.edge),
            at=row.at,
        )
        for row in await connection.exec_driver_sql(_SQL["sightings"], values)
    ]
    asked: dict[UUID, set[str]] = {}
    for row in await connection.exec_driver_sql(_SQL["asked_by_machine"], values):
        asked.setdefault(row.incident, set()).add(row.sensor)
    return seen, asked


def is_served(cameras: Collection[str]) -> bool:
    """Whether an incident has asked as many cameras as it may."""
    return len(cameras) >= MOST_CAMERAS
