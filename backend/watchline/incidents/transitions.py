"""What a person may do to an incident; pure. A machine opens and clears, only a person closes.

new --acknowledge--> acknowledged --resolve--> resolved
new --resolve--> resolved --reopen--> acknowledged
"""

from collections.abc import Mapping
from enum import StrEnum

from watchline.errors import IncidentWrongStatus


class Status(StrEnum):
    """How far people are with an incident."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Verb(StrEnum):
    """What a person does; the incident's event is named by its past tense."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class Disposition(StrEnum):
    """What an incident turned out to be."""

    GENUINE_CROSSING = "genuine_crossing"
    GENUINE_SMUGGLING = "genuine_smuggling"
    GENUINE_DISTRESS = "genuine_distress"
    GENUINE_OTHER = "genuine_other"
    NUISANCE_ANIMAL = "nuisance_animal"
    NUISANCE_WEATHER = "nuisance_weather"
    NUISANCE_VEGETATION = "nuisance_vegetation"
    NUISANCE_FRIENDLY = "nuisance_friendly"
    NUISANCE_CIVILIAN = "nuisance_civilian"
    NO_TARGET = "no_target"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"


#: The kind of incident_event that each verb leaves.
EVENT: Mapping[Verb, str] = {
    Verb.ACKNOWLEDGE: "acknowledged",
    Verb.RESOLVE: "resolved",
    Verb.REOPEN: "reopened",
}

_NEXT: Mapping[tuple[Status, Verb], Status] = {
    (Status.NEW, Verb.ACKNOWLEDGE): Status.ACKNOWLEDGED,
    (Status.NEW, Verb.RESOLVE): Status.RESOLVED,
    (Status.ACKNOWLEDGED, Verb.RESOLVE): Status.RESOLVED,
    (Status.RESOLVED, Verb.REOPEN): Status.ACKNOWLEDGED,
}


def after(status: Status, verb: Verb) -> Status:
    """The status that follows; errors: IncidentWrongStatus with the present `status`.

    >>> after(Status.NEW, Verb.ACKNOWLEDGE).value
    'acknowledged'
    """
    following = _NEXT.get((status, verb))
    if following is None:
        raise IncidentWrongStatus(status=status.value)
    return following
