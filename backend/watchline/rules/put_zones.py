"""Put geofences with their rules into a sector: one that was drawn, or thousands from a file.

And one rule of a geofence that is there.

The caller's transaction has raised the sector's rev before: see sectors.store.next_rev.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.errors import (
    GeofenceInvalid,
    GeofenceUnknown,
    RuleInvalid,
    RuleUnknown,
    WatchlineError,
)
from watchline.geofences import check, shape
from watchline.geofences import store as geofences
from watchline.geofences.model import Geofence, GeofenceKind, Purpose
from watchline.geofences.rings import rings_of
from watchline.geofences.store import Frame
from watchline.rules import budget
from watchline.rules import store as rules
from watchline.rules.kind import all_kinds, read_params
from watchline.rules.zones import MAX_RULES, GeofenceDraft, RuleDraft, rule_row
from watchline.web.types import new_id

#: The rule that a new geofence for alarms gets when its draft names none.
DEFAULT_KIND = {GeofenceKind.AREA: "enter", GeofenceKind.LINE: "cross"}
MAX_PARAMS_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Geofences that can be judged, as the statements want them, and their drafts."""

    drafts: dict[str, GeofenceDraft]
    told: list[dict[str, Any]]


def prepare(
    drafts: Sequence[GeofenceDraft],
    frame: Frame,
    progress: Callable[[float], None] = lambda share: None,
) -> Prepared:
    """Check geofences and their rules: half a millisecond each, and none of it in the database.

    Errors, naming the `geofence` where it has an id: GeofenceInvalid, GeofenceOutsideSector,
    RuleInvalid.
    """
    prepared: dict[str, GeofenceDraft] = {}
    told: list[dict[str, Any]] = []
    judged: list[Geofence] = []
    for number, draft in enumerate(drafts):
        id = draft.id or str(new_id())
        try:
            if id in prepared:
                raise GeofenceInvalid(reason="id_twice", id=id)
            prepared[id] = draft
            if draft.kind is GeofenceKind.LINE and draft.purpose is not Purpose.ALARM:
                raise GeofenceInvalid(reason="purpose_wrong", purpose=draft.purpose.value)
            geom, directions = shape.check(
                draft.kind, draft.geom, draft.directions, frame.area, frame.plane
            )
            geom = shapely.orient_polygons(geom)  # as RFC 7946 wants it; some formats turn rings
            judged.append(
                Geofence(
                    id=id,
                    version=0,
                    kind=draft.kind,
                    rings=rings_of(geom, frame.plane),
                    directions=tuple(directions or ()),
                    p_in=draft.p_in,
                    p_out=draft.p_out,
                )
            )
            _want(id, draft, {})
        except WatchlineError as error:
            raise _named(error, draft) from error
        told.append(_row(id, draft, geom, directions))
        if number % 100 == 0:
            progress(number / len(drafts))
    for id, defect in check.defects(judged).items():
        raise _named(defect, prepared[id])
    return Prepared(drafts=prepared, told=told)


async def put(
    connection: AsyncConnection, sector: str, prepared: Prepared, rev: int
) -> dict[str, bool]:
    """Make each geofence, or its next version if it differs; gives whether each id changed.

    All or nothing, in the caller's transaction. Errors: GeofenceIdTaken, RuleInvalid.
    """
    await _require_others(connection, sector, prepared)
    ids = list(prepared.drafts)
    kinds = {row.id: row.kind for row in await geofences.in_force(connection, sector, ids)}
    whose: list[str] = []
    wanted: dict[str, dict[str, Any]] = {}
    for id, draft in prepared.drafts.items():
        if draft.rules is not None or kinds.get(id) != draft.kind:
            whose.append(id)
            _want(id, draft, wanted)
        elif draft.purpose is not Purpose.ALARM:
            whose.append(id)
    changed = await geofences.put(connection, sector, prepared.told, rev)
    for first in range(0, len(whose), geofences.CHUNK):
        some = set(whose[first : first + geofences.CHUNK])
        theirs = [rule for rule in wanted.values() if rule["geofence_id"] in some]
        changed |= await rules.put(connection, sector, sorted(some), theirs, rev)
    if changed:
        budget.require(await rules.cost(connection, sector))
    return {id: id in changed for id in ids}


async def put_rule(
    connection: AsyncConnection, sector: str, geofence: str, draft: RuleDraft, rev: int
) -> str:
    """Give a geofence one more rule, or the next version of its rule of that id; gives the id.

    Errors: GeofenceUnknown, RuleUnknown, RuleInvalid with its `place` in the draft.
    """
    found = await geofences.in_force(connection, sector, [geofence])
    if not found:
        raise GeofenceUnknown(id=geofence)
    (over,) = found
    if over.purpose != Purpose.ALARM:
        raise RuleInvalid(reason="purpose_wrong", purpose=over.purpose)
    _check_params(draft, GeofenceKind(over.kind), "")
    params = read_params(draft.kind, draft.params, GeofenceKind(over.kind))
    for other in all_kinds()[draft.kind].others(params):
        if not await geofences.in_force(connection, sector, [other]):
            raise RuleInvalid(reason="geofence_unknown", other=other, place="params")
    there = {rule.id: rule for rule in await rules.in_force(connection, sector, [geofence])}
    if draft.id is not None and draft.id not in there:
        raise RuleUnknown(id=draft.id)
    if draft.id is None and len(there) >= MAX_RULES:
        raise RuleInvalid(reason="too_many_rules", most=MAX_RULES)
    id = draft.id or str(new_id())
    told = {rule.id: rule_row(rule, geofence) for rule in there.values()}
    told[id] = {
        "id": id,
        "name": draft.name or over.name,
        "kind": draft.kind,
        "geofence_id": geofence,
        "severity": draft.severity.value,
        "params": draft.params,
    }
    await rules.put(connection, sector, [geofence], list(told.values()), rev)
    budget.require(await rules.cost(connection, sector))
    return id


async def _require_others(connection: AsyncConnection, sector: str, prepared: Prepared) -> None:
    """Raise RuleInvalid if a rule names a geofence that is neither there nor put with it."""
    named: dict[str, tuple[GeofenceDraft, str]] = {}
    for draft in prepared.drafts.values():
        for number, rule in enumerate(draft.rules or ()):
            params = read_params(rule.kind, rule.params, draft.kind)
            for other in all_kinds()[rule.kind].others(params):
                named.setdefault(other, (draft, f"rules[{number}].params"))
    missing = named.keys() - prepared.drafts.keys()
    if missing:
        there = await geofences.in_force(connection, sector, sorted(missing))
        missing -= {row.id for row in there}
    for other in sorted(missing):
        draft, place = named[other]
        raise _named(RuleInvalid(reason="geofence_unknown", other=other, place=place), draft)


def _row(
    id: str, draft: GeofenceDraft, geom: BaseGeometry, directions: Sequence[str] | None
) -> dict[str, Any]:
    made = isinstance(draft.geom, shape.CircleGeometry | shape.CorridorGeometry)
    return {
        "id": id,
        "name": draft.name,
        "kind": draft.kind.value,
        "purpose": draft.purpose.value,
        "wkb": shapely.to_wkb(geom, hex=True),
        "drawn": _rounded(draft.geom.model_dump()) if made else None,
        "schedule": (None if draft.schedule is None else draft.schedule.model_dump(mode="json")),
        "directions": None if directions is None else [str(one) for one in directions],
        "p_in": draft.p_in,
        "p_out": draft.p_out,
    }


def _rounded(drawn: dict[str, Any]) -> dict[str, Any]:
    """With coordinates to 1e-9 degrees, as geometries are compared."""
    return {**drawn, "coordinates": np.round(drawn["coordinates"], 9).tolist()}


def _want(id: str, draft: GeofenceDraft, wanted: dict[str, dict[str, Any]]) -> None:
    """Add the rules that a geofence shall have."""
    alarms = draft.purpose is Purpose.ALARM
    drafts = draft.rules
    if drafts is None:
        drafts = [RuleDraft(kind=DEFAULT_KIND[draft.kind])] if alarms else []
    if drafts and not alarms:
        raise RuleInvalid(reason="purpose_wrong", purpose=draft.purpose.value)
    for number, rule in enumerate(drafts):
        _check_params(rule, draft.kind, f"rules[{number}].")
        rule_id = rule.id or _free_id(f"{id}.{rule.kind}", wanted)
        if rule_id in wanted:
            raise RuleInvalid(reason="id_taken", id=rule_id)
        wanted[rule_id] = {
            "id": rule_id,
            "name": rule.name or draft.name,
            "kind": rule.kind,
            "geofence_id": id,
            "severity": rule.severity.value,
            "params": rule.params,
        }


def _check_params(rule: RuleDraft, kind: GeofenceKind, prefix: str) -> None:
    """Raise RuleInvalid with its `place` in the draft."""
    if len(json.dumps(rule.params)) > MAX_PARAMS_BYTES:
        raise RuleInvalid(reason="params_too_large", place=f"{prefix}params")
    try:
        read_params(rule.kind, rule.params, kind)
    except RuleInvalid as error:
        within = error.params.get("place")
        place = "kind" if within is None else f"params{within.removeprefix('$')}"
        raise RuleInvalid(**error.params | {"place": prefix + place}) from error


def _free_id(wish: str, taken: dict[str, Any]) -> str:
    number, id = 1, wish
    while id in taken:
        number += 1
        id = f"{wish}.{number}"
    return id


def _named(error: WatchlineError, draft: GeofenceDraft) -> WatchlineError:
    if draft.id is None:
        return error
    return type(error)(**error.params, geofence=draft.id)
