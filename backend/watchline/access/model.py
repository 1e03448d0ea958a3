"""Who may do what: one table, role by action. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person is here to do. More roles are more rows of POLICY."""

    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything a route can ask for."""

    ACCOUNT = "account"  # one's own name, password and session
    SEE = "see"  # the picture: sectors, sensors, tracks, incidents, maps
    WORK_INCIDENTS = "work_incidents"  # all that people do to incidents
    EDIT_GEOFENCES = "edit_geofences"  # with the rules on them
    REPORT_POSITIONS = "report_positions"  # of our own units
    SEE_FOOTAGE = "see_footage"  # pictures that were kept
    ASK_FOOTAGE = "ask_footage"  # of an edge, with a justification
    WATCH_LIVE = "watch_live"  # a camera's picture as it comes
    SEE_REPORTS = "see_reports"
    SEE_API = "see_api"  # the OpenAPI document


POLICY: dict[Role, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(Action),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The person behind a request."""

    id: UUID
    name: str
    must_change: bool
    role: Role = Role.ADMINISTRATOR


def allows(role: Role, action: Action) -> bool:
    """Whether the policy table has this pair.

    >>> allows(Role.ADMINISTRATOR, Action.SEE)
    True
    """
    return action in POLICY.get(role, frozenset())
