"""Geofences together with the rules on them, as people draw, see and remove them.

The caller's transaction has raised the sector's rev before: see sectors.store.next_rev.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from geoalchemy2.shape import from_shape
from pydantic import Field, model_validator
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.errors import RuleInvalid
from watchline.geofences import shape
from watchline.geofences import store as geofences
from watchline.geofences.model import Direction, GeofenceKind
from watchline.rules import budget
from watchline.rules import store as rules
from watchline.rules.kind import all_kinds, read_params
from watchline.rules.model import Severity
from watchline.web.types import Body, Id, Name, new_id

#: The rule that a new geofence gets when its draft names none.
DEFAULT_KIND = {GeofenceKind.AREA: "enter", GeofenceKind.LINE: "cross"}
MAX_RULES = 16
MAX_PARAMS_BYTES = 4096


class RuleDraft(Body):
    """A rule to be put on a geofence; the name defaults to the geofence's."""

    id: Id | None = None
    kind: str = Field(max_length=32)
    severity: Severity = Severity.HIGH
    name: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class GeofenceDraft(Body):
    """A geofence to be made, or with the `id` of one that is there: its next version.

    Without `rules` a new geofence gets its default rule (area: enter, line: cross; severity
    high) and one that is there keeps its rules. `directions`: one for each segment of a line.
    """

    id: Id | None = None
    name: Name
    kind: GeofenceKind
    geom: shape.DrawnGeometry
    directions: list[Direction] | None = Field(default=None, max_length=shape.MAX_POINTS)
    p_in: float = Field(default=0.9, gt=0, lt=1)
    p_out: float = Field(default=0.1, gt=0, lt=1)
    rules: list[RuleDraft] | None = Field(default=None, max_length=MAX_RULES)

    @model_validator(mode="after")
    def _ordered(self) -> "GeofenceDraft":
        if self.p_out >= self.p_in:
            raise ValueError("p_out must be below p_in")
        return self


class RuleView(TypedDict):
    """A rule in force."""

    id: str
    version: int
    name: str
    kind: str
    severity: Severity
    params: dict[str, Any]


class GeofenceView(TypedDict):
    """A geofence in force with its rules; `geom` is a GeoJSON Polygon or LineString."""

    id: str
    version: int
    name: str
    kind: Literal["area", "line"]
    geom: dict[str, Any]
    directions: list[Direction] | None
    p_in: float
    p_out: float
    rules: list[RuleView]


async def in_force(connection: AsyncConnection, sector: str) -> list[GeofenceView]:
    """The sector's geofences with their rules."""
    of_geofence: dict[str | None, list[Any]] = defaultdict(list)
    for rule in await rules.in_force(connection, sector):
        of_geofence[rule.geofence_id].append(rule)
    return [_view(row, of_geofence[row.id]) for row in await geofences.in_force(connection, sector)]


async def put(
    connection: AsyncConnection, sector: str, draft: GeofenceDraft, rev: int
) -> tuple[GeofenceView, bool]:
    """Make the geofence, or its next version if it differs; gives it and whether anything changed.

    Errors: SectorUnknown, GeofenceInvalid, GeofenceOutsideSector, GeofenceIdTaken, RuleInvalid.
    """
    area = await geofences.sector_area(connection, sector)
    geom, directions = shape.check(draft.kind, draft.geom, draft.directions, area)
    geofence_id = draft.id or str(new_id())
    before = await geofences.one_in_force(connection, sector, geofence_id)
    changed = False
    if before is None or await _differs(connection, before, draft, geom, directions):
        await geofences.add_version(
            connection,
            sector,
            geofence_id,
            rev,
            name=draft.name,
            kind=draft.kind,
            shape=geom,
            directions=None if directions is None else [str(d) for d in directions],
            p_in=draft.p_in,
            p_out=draft.p_out,
        )
        changed = True
    if draft.rules is not None or before is None or before.kind != draft.kind:
        changed |= await _put_rules(connection, sector, geofence_id, draft, rev)
    after = await geofences.one_in_force(connection, sector, geofence_id)
    assert after is not None  # made or found above
    own = [r for r in await rules.in_force(connection, sector) if r.geofence_id == geofence_id]
    return _view(after, own), changed


async def remove(connection: AsyncConnection, sector: str, geofence_id: str, rev: int) -> None:
    """End the validity of a geofence and of the rules on it; errors: GeofenceUnknown."""
    await geofences.close(connection, sector, geofence_id, rev)
    await rules.close_of_geofence(connection, sector, geofence_id, rev)


async def _put_rules(
    connection: AsyncConnection, sector: str, geofence_id: str, draft: GeofenceDraft, rev: int
) -> bool:
    drafts = [RuleDraft(kind=DEFAULT_KIND[draft.kind])] if draft.rules is None else draft.rules
    wanted: dict[str, dict[str, Any]] = {}
    for number, rule in enumerate(drafts):
        if len(json.dumps(rule.params)) > MAX_PARAMS_BYTES:
            raise RuleInvalid(reason="params_too_large", place=f"rules[{number}].params")
        try:
            params = read_params(rule.kind, rule.params, draft.kind)
        except RuleInvalid as error:
            within = error.params.get("place", "$").removeprefix("$")
            place = f"rules[{number}]" + (
                f".params{within}" if "place" in error.params else ".kind"
            )
            raise RuleInvalid(**error.params | {"place": place}) from error
        for other in all_kinds()[rule.kind].others(params):
            if await geofences.one_in_force(connection, sector, other) is None:
                place = f"rules[{number}].params"
                raise RuleInvalid(reason="geofence_unknown", geofence=other, place=place)
        rule_id = rule.id or _free_id(f"{geofence_id}.{rule.kind}", wanted)
        if rule_id in wanted:
            raise RuleInvalid(reason="id_taken", id=rule_id)
        wanted[rule_id] = {
            "name": rule.name or draft.name,
            "kind": rule.kind,
            "severity": rule.severity.value,
            "params": rule.params,
        }
    there = {
        row.id: row
        for row in await rules.in_force(connection, sector)
        if row.geofence_id == geofence_id
    }
    if {
        id: {key: getattr(row, key) for key in ("name", "kind", "severity", "params")}
        for id, row in there.items()
    } == wanted:
        return False
    await rules.close_of_geofence(connection, sector, geofence_id, rev)
    for rule_id, values in wanted.items():
        await rules.add_version(connection, sector, rule_id, rev, geofence_id=geofence_id, **values)
    budget.require(await rules.cost(connection, sector))
    return True


def _free_id(wish: str, taken: dict[str, Any]) -> str:
    if wish not in taken:
        return wish
    return next(f"{wish}.{n}" for n in range(2, MAX_RULES + 2) if f"{wish}.{n}" not in taken)


async def _differs(
    connection: AsyncConnection,
    before: Any,
    draft: GeofenceDraft,
    geom: BaseGeometry,
    directions: Sequence[Direction] | None,
) -> bool:
    drawn = func.ST_AsGeoJSON(from_shape(geom, srid=4326), 9)
    same_place = before.geom_json == (await connection.execute(select(drawn))).scalar_one()
    return not (
        same_place
        and before.name == draft.name
        and before.kind == draft.kind
        and before.directions == (None if directions is None else [str(d) for d in directions])
        and abs(before.p_in - draft.p_in) < 1e-6  # stored in single precision
        and abs(before.p_out - draft.p_out) < 1e-6
    )


def _view(row: Any, own: Sequence[Any]) -> GeofenceView:
    return {
        "id": row.id,
        "version": row.version,
        "name": row.name,
        "kind": row.kind,
        "geom": json.loads(row.geom_json),
        "directions": row.directions,
        "p_in": round(row.p_in, 6),
        "p_out": round(row.p_out, 6),
        "rules": [
            {
                "id": rule.id,
                "version": rule.version,
                "name": rule.name,
                "kind": rule.kind,
                "severity": rule.severity,
                "params": rule.params,
            }
            for rule in own
        ],
    }
