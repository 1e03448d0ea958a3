"""Read a sector with its sites, geofences, rules and edges from a file; again changes nothing.

What people drew since, and what the file no longer names, stays as it is.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geoalchemy2.shape import from_shape, to_shape
from pydantic import Field, ValidationError, field_validator
from shapely import Point, Polygon
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from watchline.audit import store as audit
from watchline.db.tables import sector as sector_table
from watchline.db.tables import site as site_table
from watchline.errors import SectorFileInvalid
from watchline.geofences import store as geofences
from watchline.geofences.shape import PolygonGeometry
from watchline.rules import put_zones
from watchline.rules.zones import GeofenceDraft
from watchline.sectors import edges
from watchline.sectors import store as sectors
from watchline.web.types import Body, Id, Name

_ACTOR = "command line"
MAX_BYTES = 16 * 1024 * 1024


class _Sector(Body):
    id: Id
    name: Name
    time_zone: str
    synthetic: bool = False
    geom: PolygonGeometry
    origin: tuple[float, float]

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("unknown time zone") from error
        return name


class _Site(Body):
    id: Id
    name: Name
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class _Geofence(Body):
    id: Id
    name: Name
    kind: Literal["area", "line"]
    geom: dict[str, Any]
    purpose: str = "alarm"
    schedule: dict[str, Any] | None = None
    directions: list[str] | None = None
    p_in: float = 0.9
    p_out: float = 0.1


class _Rule(Body):
    id: Id
    name: Name
    kind: str
    geofence_id: Id
    severity: str
    params: dict[str, Any] = Field(default_factory=dict)


class _Edge(Body):
    """Without a `key` it is only named: keys are made at the edge and enrolled one by one."""

    id: Id
    site: Id | None = None
    key: str | None = None


class SectorFile(Body):
    """The whole file."""

    sector: _Sector
    sites: list[_Site] = Field(default_factory=list)
    geofences: list[_Geofence] = Field(default_factory=list)
    rules: list[_Rule] = Field(default_factory=list)
    edges: list[_Edge] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: how many of each kind changed."""

    sector: str
    sector_changed: bool
    sites: int
    geofences: int
    edges: int

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return self.sector_changed or bool(self.sites or self.geofences or self.edges)


def read(data: bytes) -> SectorFile:
    """Check the form of a file; errors: SectorFileInvalid with the first fields that are wrong."""
    if len(data) > MAX_BYTES:
        raise SectorFileInvalid(reason="too_large")
    try:
        return SectorFile.model_validate(json.loads(data))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SectorFileInvalid(reason="not_json") from error
    except ValidationError as error:
        raise SectorFileInvalid(fields=_fields(error)) from error


async def put(
    engine: AsyncEngine, data: bytes, progress: Callable[[float], None] = lambda share: None
) -> Imported:
    """Bring the database to what the file says, in one transaction.

    Errors: SectorFileInvalid, and those of geofences, rules and edges. A sector's origin cannot
    change: its tracks are kept in metres from there.
    """
    file = read(data)
    async with engine.connect() as connection:
        done = await _put(connection, file, progress)
        if done.changed:
            await audit.append(
                connection,
                chain=file.sector.id,
                actor=_ACTOR,
                op="sector.import",
                object=f"sector {file.sector.id}",
                detail={
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "sites": done.sites,
                    "geofences": done.geofences,
                    "edges": done.edges,
                },
            )
            await sectors.tell(connection, file.sector.id)
            await connection.commit()
        # Otherwise nothing is kept, not even the raised rev.
    return done


async def _put(
    connection: AsyncConnection, file: SectorFile, progress: Callable[[float], None]
) -> Imported:
    changed, rev = await _put_sector(connection, file.sector)
    sites = 0
    for site in file.sites:
        sites += await _put_site(connection, file.sector.id, site)
    geofences = await _put_geofences(connection, file, rev, progress)
    enrolled = 0
    for edge in file.edges:
        if edge.key is not None:
            key = edges.read_key(edge.key)
            enrolled += await edges.enroll(connection, edge.id, file.sector.id, key, actor=_ACTOR)
    return Imported(
        sector=file.sector.id,
        sector_changed=changed,
        sites=sites,
        geofences=geofences,
        edges=enrolled,
    )


async def _put_sector(connection: AsyncConnection, told: _Sector) -> tuple[bool, int]:
    area = _area(told.geom)
    plain = {"name": told.name, "time_zone": told.time_zone, "synthetic": told.synthetic}
    found = await connection.execute(select(sector_table).where(sector_table.c.id == told.id))
    there = found.one_or_none()
    if there is None:
        await connection.execute(
            insert(sector_table).values(
                id=told.id,
                geom=from_shape(area, srid=4326),
                origin=from_shape(Point(told.origin), srid=4326),
                **plain,
            )
        )
        return True, await sectors.next_rev(connection, told.id)
    origin = to_shape(there.origin)
    if not origin.equals_exact(Point(told.origin), 1e-9):
        raise SectorFileInvalid(reason="origin_changed")
    rev = await sectors.next_rev(connection, told.id)
    same = to_shape(there.geom).equals_exact(area, 1e-9) and all(
        getattr(there, name) == value for name, value in plain.items()
    )
    if not same:
        await connection.execute(
            update(sector_table)
            .where(sector_table.c.id == told.id)
            .values(geom=from_shape(area, srid=4326), **plain)
        )
    return not same, rev


async def _put_site(connection: AsyncConnection, sector: str, told: _Site) -> bool:
    place = Point(told.lon, told.lat)
    found = await connection.execute(select(site_table).where(site_table.c.id == told.id))
    there = found.one_or_none()
    if there is not None and there.sector_id != sector:
        raise SectorFileInvalid(reason="site_elsewhere", site=told.id)
    if (
        there is not None
        and there.name == told.name
        and there.geom is not None
        and to_shape(there.geom).equals_exact(place, 1e-9)
    ):
        return False
    values = {"name": told.name, "geom": from_shape(place, srid=4326)}
    await connection.execute(
        upsert(site_table)
        .values(id=told.id, sector_id=sector, **values)
        .on_conflict_do_update(index_elements=[site_table.c.id], set_=values)
    )
    return True


async def _put_geofences(
    connection: AsyncConnection, file: SectorFile, rev: int, progress: Callable[[float], None]
) -> int:
    of_geofence: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for rule in file.rules:
        draft = rule.model_dump()
        of_geofence[draft.pop("geofence_id")].append(draft)
    unknown = set(of_geofence) - {geofence.id for geofence in file.geofences}
    if unknown:
        raise SectorFileInvalid(reason="rule_without_geofence", geofences=sorted(unknown))
    drafts = []
    for geofence in file.geofences:
        told = {**geofence.model_dump(), "rules": of_geofence.get(geofence.id)}
        try:
            drafts.append(GeofenceDraft.model_validate(told))
        except ValidationError as error:
            raise SectorFileInvalid(geofence=geofence.id, fields=_fields(error)) from error
    frame = await geofences.frame(connection, file.sector.id)
    prepared = put_zones.prepare(drafts, frame, progress)
    return sum((await put_zones.put(connection, file.sector.id, prepared, rev)).values())


def _area(geom: PolygonGeometry) -> Polygon:
    rings = geom.coordinates
    if not rings or any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise SectorFileInvalid(reason="sector_ring_open")
    area = Polygon(rings[0], rings[1:])
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise SectorFileInvalid(reason="sector_out_of_range")
    if not area.is_valid or area.area == 0.0:
        raise SectorFileInvalid(reason="sector_self_intersection")
    return area


def _fields(error: ValidationError) -> list[str]:
    return [".".join(str(part) for part in item["loc"]) for item in error.errors()[:10]]
