"""What a person may do to an incident; pure. A machine opens and clears, only a person closes.

Statuses only ever change by these verbs. A verb that is not named for a status is refused.
"""

from collections.abc import Mapping
from enum import StrEnum

from watchline.errors import IncidentWrongStatus


class Status(StrEnum):
    """How far people are with an incident."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"


class Verb(StrEnum):
    """What a person does."""

    ACKNOWLEDGE = "acknowledge"
    HAND_BACK = "hand_back"  # undoes acknowledge
    DISPATCH = "dispatch"
    RECALL = "recall"  # undoes dispatch and arrive
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    REOPEN = "reopen"  # undoes resolve and merge
    SNOOZE = "snooze"
    WAKE = "wake"  # undoes snooze
    MERGE = "merge"  # into another
    ABSORB = "absorb"  # what the other does meanwhile
    SPLIT = "split"
    RELEASE = "release"  # gives back what it had absorbed
    LINK = "link"
    UNLINK = "unlink"  # undoes link
    NOTE = "note"


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
    Verb.HAND_BACK: "handed_back",
    Verb.DISPATCH: "dispatched",
    Verb.RECALL: "recalled",
    Verb.ARRIVE: "arrived",
    Verb.RESOLVE: "resolved",
    Verb.REOPEN: "reopened",
    Verb.SNOOZE: "snoozed",
    Verb.WAKE: "woken",
    Verb.MERGE: "merged",
    Verb.ABSORB: "absorbed",
    Verb.SPLIT: "split",
    Verb.RELEASE: "released",
    Verb.LINK: "linked",
    Verb.UNLINK: "unlinked",
    Verb.NOTE: "noted",
}

OPEN = frozenset(Status) - {Status.RESOLVED}
_IN_HAND = OPEN - {Status.NEW}

#: Verb -> the status that follows each status it is allowed in.
_NEXT: Mapping[Verb, Mapping[Status, Status]] = {
    # A raise of an incident that is in hand is acknowledged too; the patrol stays where it is.
    Verb.ACKNOWLEDGE: {s: s for s in _IN_HAND} | {Status.NEW: Status.ACKNOWLEDGED},
    Verb.HAND_BACK: {Status.ACKNOWLEDGED: Status.NEW},
    # A second patrol may be sent, and may be sent while the first is there.
    Verb.DISPATCH: dict.fromkeys(OPEN, Status.DISPATCHED) | {Status.ON_SCENE: Status.ON_SCENE},
    Verb.RECALL: dict.fromkeys((Status.DISPATCHED, Status.ON_SCENE), Status.ACKNOWLEDGED),
    # Also when nobody was sent: a patrol may have been there.
    Verb.ARRIVE: dict.fromkeys(OPEN - {Status.ON_SCENE}, Status.ON_SCENE),
    Verb.RESOLVE: dict.fromkeys(OPEN, Status.RESOLVED),
    Verb.REOPEN: {Status.RESOLVED: Status.ACKNOWLEDGED},
    Verb.SNOOZE: {s: s for s in OPEN},
    Verb.WAKE: {s: s for s in OPEN},
    Verb.MERGE: dict.fromkeys(OPEN, Status.RESOLVED),
    Verb.ABSORB: {s: s for s in OPEN},
    Verb.SPLIT: {s: s for s in OPEN},
    Verb.RELEASE: {s: s for s in Status},
    Verb.LINK: {s: s for s in Status},
    Verb.UNLINK: {s: s for s in Status},
    Verb.NOTE: {s: s for s in Status},
}


def after(status: Status, verb: Verb) -> Status:
    """The status that follows; errors: IncidentWrongStatus with the present `status`.

    >>> after(Status.NEW, Verb.ACKNOWLEDGE).value
    'acknowledged'
    """
    following = _NEXT[verb].get(status)
    if following is None:
        raise IncidentWrongStatus(status=status.value)
    return following
