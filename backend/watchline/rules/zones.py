"""Geofences together with the rules on them, as people see, remove and pause them.

The caller's transaction has raised the sector's rev before: see sectors.store.next_rev.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.errors import (
    GeofenceInUse,
    GeofenceUnknown,
    PauseInvalid,
    RuleInvalid,
    RuleUnknown,
)
from watchline.geofences import shape
from watchline.geofences import store as geofences
from watchline.geofences.model import Direction, GeofenceKind, Purpose
from watchline.geofences.schedule import Local, Schedule, as_us, holds
from watchline.rules import budget
from watchline.rules import store as rules
from watchline.rules.kind import read_params
from watchline.rules.model import Severity
from watchline.web.types import Body, Id, Name

MAX_RULES = 16
MAX_PAUSE = timedelta(days=31)


class RuleDraft(Body):
    """A rule to be put on a geofence; the name defaults to the geofence's."""

    id: Id | None = None
    kind: str = Field(max_length=32)
    severity: Severity = Severity.HIGH
    name: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)


class GeofenceDraft(Body):
    """A geofence to be made, or with the `id` of one that is there: its next version.

    Without `rules` a new geofence for alarms gets its default rule (area: enter, line: cross;
    severity high) and one that is there keeps its rules. `directions`: one for each segment of a
    line. Circles and corridors are of kind area.
    """

    id: Id | None = None
    name: Name
    kind: GeofenceKind
    geom: shape.DrawnGeometry
    purpose: Purpose = Purpose.ALARM
    schedule: Schedule | None = None
    directions: list[Direction] | None = Field(default=None, max_length=shape.MAX_POINTS)
    p_in: float = Field(default=0.9, gt=0, lt=1)
    p_out: float = Field(default=0.1, gt=0, lt=1)
    rules: list[RuleDraft] | None = Field(default=None, max_length=MAX_RULES)

    @model_validator(mode="after")
    def _ordered(self) -> "GeofenceDraft":
        if self.p_out >= self.p_in:
            raise ValueError("p_out must be below p_in")
        return self


class PauseDraft(Body):
    """Take a geofence out of force from now on; it returns by itself `until` then."""

    reason: geofences.PauseReason
    until: AwareDatetime


class RuleView(TypedDict):
    """A rule in force."""

    id: str
    version: int
    name: str
    kind: str
    severity: Severity
    params: dict[str, Any]


class PauseView(TypedDict):
    """Why a geofence is out of force, and until when."""

    reason: geofences.PauseReason
    until: str


class GeofenceView(TypedDict):
    """A valid geofence with its rules; `geom` is a GeoJSON Polygon or LineString.

    `drawn` is the Circle or Corridor that the polygon outlines. `in_force` says whether it counts
    now, by its schedule and unless it is paused.
    """

    id: str
    version: int
    name: str
    kind: Literal["area", "line"]
    purpose: Purpose
    geom: dict[str, Any]
    drawn: dict[str, Any] | None
    directions: list[Direction] | None
    p_in: float
    p_out: float
    schedule: dict[str, Any] | None
    pause: PauseView | None
    in_force: bool
    rules: list[RuleView]


async def in_force(
    connection: AsyncConnection, sector: str, ids: Sequence[str] | None = None
) -> list[GeofenceView]:
    """The sector's geofences (or those named) with their rules; errors: SectorUnknown."""
    local = (await geofences.frame(connection, sector)).local
    now_us = as_us(datetime.now(UTC))
    of_geofence: dict[str | None, list[Any]] = defaultdict(list)
    for rule in await rules.in_force(connection, sector, ids):
        of_geofence[rule.geofence_id].append(rule)
    return [
        _view(row, of_geofence[row.id], local, now_us)
        for row in await geofences.in_force(connection, sector, ids)
    ]


async def remove(
    connection: AsyncConnection,
    sector: str,
    id: str,
    rev: int,
    *,
    end_rules: bool = False,
    move_to: str | None = None,
) -> list[str]:
    """End a geofence's validity; its rules end too, or move to another; gives their ids.

    Told both, the rules over it move and those that only name it in their parameters end.
    Errors: GeofenceUnknown; GeofenceInUse with the `rules` when their fate is not told, or when
    those that only name it in their parameters would have to move; RuleInvalid when the other
    geofence does not suit them.
    """
    await geofences.close(connection, sector, id, rev)
    needing = await rules.that_need(connection, sector, id)
    undecided = [rule for rule in needing if not (end_rules or (move_to and rule.over))]
    if undecided:
        raise GeofenceInUse(
            id=id, rules=[{"id": r.id, "name": r.name, "kind": r.kind} for r in undecided]
        )
    if move_to is not None:
        await _move_rules(connection, sector, id, move_to, rev)
    ending = [rule.id for rule in needing if not (move_to and rule.over)]
    await rules.close(connection, sector, ending, rev)
    return [rule.id for rule in needing]


async def _move_rules(connection: AsyncConnection, sector: str, id: str, to: str, rev: int) -> None:
    found = await geofences.in_force(connection, sector, [to])
    if not found:
        raise GeofenceUnknown(id=to)
    if found[0].purpose != Purpose.ALARM:
        raise RuleInvalid(reason="purpose_wrong", purpose=found[0].purpose)
    there = await rules.in_force(connection, sector, [id])
    told = [rule_row(rule, to) for rule in there]
    for rule in told:
        read_params(rule["kind"], rule["params"], GeofenceKind(found[0].kind))
    await rules.put(connection, sector, [id], told, rev)
    budget.require(await rules.cost(connection, sector))


async def end_rule(connection: AsyncConnection, sector: str, id: str, rule: str, rev: int) -> None:
    """End a rule of a geofence; what it has found stays. Errors: RuleUnknown."""
    if rule not in {each.id for each in await rules.in_force(connection, sector, [id])}:
        raise RuleUnknown(id=rule)
    await rules.close(connection, sector, [rule], rev)


async def pause(
    connection: AsyncConnection, sector: str, id: str, draft: PauseDraft, rev: int
) -> GeofenceView:
    """Disarm a geofence, or note its maintenance, until a time.

    Errors: GeofenceUnknown; PauseInvalid when it would not end within 31 days from now.
    """
    left = draft.until - datetime.now(UTC)
    if not timedelta(0) < left <= MAX_PAUSE:
        raise PauseInvalid(most_days=MAX_PAUSE.days)
    await geofences.pause(connection, sector, id, rev, draft.reason, draft.until)
    return (await in_force(connection, sector, [id]))[0]


async def arm(connection: AsyncConnection, sector: str, id: str, rev: int) -> GeofenceView:
    """End a geofence's pause now; errors: GeofenceUnknown."""
    await geofences.arm(connection, sector, id, rev)
    return (await in_force(connection, sector, [id]))[0]


def _view(row: Any, own: Sequence[Any], local: Local, now_us: int) -> GeofenceView:
    schedule = None if row.schedule is None else Schedule.model_validate(row.schedule)
    return {
        "id": row.id,
        "version": row.version,
        "name": row.name,
        "kind": row.kind,
        "purpose": row.purpose,
        "geom": row.geom,
        "drawn": row.drawn,
        "directions": row.directions,
        "p_in": round(row.p_in, 6),
        "p_out": round(row.p_out, 6),
        "schedule": row.schedule,
        "pause": (
            None
            if row.reason is None
            else {"reason": row.reason, "until": row.until_at.astimezone(UTC).isoformat()}
        ),
        "in_force": row.reason is None and holds(schedule, now_us, local),
        "rules": [
            {**_rule(rule), "version": rule.version, "severity": Severity(rule.severity)}  # type: ignore[typeddict-item]
            for rule in own
        ],
    }


def rule_row(rule: Any, geofence: str) -> dict[str, Any]:
    """A rule in force as rules.store.put wants it, over a geofence."""
    return {**_rule(rule), "geofence_id": geofence}


def _rule(row: Any) -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("id", "name", "kind", "severity", "params")}
