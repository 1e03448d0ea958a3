"""An incident, what happens to one, and ids that a repeat finds again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from watchline.incidents.transitions import Disposition, Status
from watchline.rules.model import Severity


class Source(StrEnum):
    """Who told of it: a rule, or a person who heard, saw or was called."""

    RULE = "rule"
    PHONE = "phone"
    FOOTPRINTS = "footprints"
    PATROL = "patrol"
    OTHER = "other"


#: A rule and the geofence it watches.
Trigger = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a track was at its newest finding: sector's plane, metres; 1 σ along the longer axis.

    The velocity is None where the finding does not tell it.
    """

    at_us: int
    x_m: float
    y_m: float
    vx_mps: float | None
    vy_mps: float | None
    sigma_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to an incident; its `detail` is JSON and says all there is to know.

    `actor` is 'machine' or a user's id.
    """

    kind: str
    at_us: int
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What its events have made of it; `projection.apply` is the only maker.

    `alarm_us` is since when it waits for a person (None: it does not), `due_us` until when;
    `merged_into` is where it went when it was taken for the same as another.
    """

    id: UUID
    no: int
    events: int  # number of the last event
    source: Source
    title: str | None
    rule_id: str | None
    rule_version: int | None
    geofence_id: str | None
    geofence_version: int | None
    severity: Severity
    life_at_risk: bool
    historical: bool
    opened_us: int
    last_us: int
    lon: float
    lat: float
    status: Status
    condition: Literal["active", "cleared"]  # set by the machine alone
    triggers: frozenset[Trigger]
    track_ids: frozenset[bytes]
    marks: Mapping[bytes, Mark]
    findings: int
    alarm_us: int | None = None
    due_us: int | None = None
    overdue: bool = False
    snoozed_until_us: int | None = None
    snooze_reason: str | None = None
    patrol: str | None = None
    acknowledged_us: int | None = None
    acknowledged_by: str | None = None
    resolved_us: int | None = None
    resolved_by: str | None = None
    disposition: Disposition | None = None
    merged_into: UUID | None = None
    links: frozenset[UUID] = frozenset()


def derive_id(at_us: int, *parts: str | bytes) -> UUID:
    """A UUID in version 7's layout (RFC 9562) whose random bits hash time and `parts`.

    The same event, worked out again after a crash or by a second process, gets the same id.

    >>> derive_id(0, "a") == derive_id(0, "a") != derive_id(0, "b")
    True
    """
    digest = hashlib.blake2b(digest_size=10)
    for part in (str(at_us), *parts):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(4, "big") + data)
    number = (max(at_us, 0) // 1000) << 80 | int.from_bytes(digest.digest(), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=number)
