"""An incident as the writer keeps it in mind, and ids that a repeat finds again."""

import hashlib
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident that is not resolved: what joining and clearing need to know of it."""

    id: UUID
    no: int
    rule_id: str
    geofence_id: str | None
    track_ids: frozenset[bytes]
    condition: str  # active or cleared, set by the machine alone
    historical: bool
    findings: int
    events: int  # number of the last incident_event


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
