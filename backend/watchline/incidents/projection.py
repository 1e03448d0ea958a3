"""What each kind of event makes of an incident; pure. The events are the truth, this reads them.

`apply` folds one event; an incident is the fold of all of them, from `opened` on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any
from uuid import UUID

from watchline.errors import IncidentWrongStatus
from watchline.incidents.model import Event, Incident, Mark, Source, Trigger
from watchline.incidents.transitions import Disposition, Status, Verb, after
from watchline.rules.model import Severity

MACHINE = "machine"
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_Detail = Mapping[str, Any]


def fold(id: UUID, events: Iterable[Event]) -> Incident:
    """The incident that a whole history makes, from its `opened` on."""
    history = iter(events)
    incident = opened(id, next(history))
    for event in history:
        incident = apply(incident, event)
    return incident


def opened(id: UUID, event: Event) -> Incident:
    """The incident after its first event.

    A machine's waits as an alarm. One that a person makes is in that person's hands.
    """
    detail = event.detail
    by_person = event.actor != MACHINE
    made = Incident(
        id=id,
        no=detail["no"],
        events=1,
        source=Source(detail["source"]),
        title=detail["title"],
        rule_id=detail["rule"],
        rule_version=detail["rule_version"],
        geofence_id=detail["geofence"],
        geofence_version=detail["geofence_version"],
        severity=Severity(detail["severity"]),
        life_at_risk=detail["life_at_risk"],
        historical=detail["historical"],
        opened_us=detail["opened_us"],
        last_us=detail["last_us"],
        lon=detail["lon"],
        lat=detail["lat"],
        status=Status.ACKNOWLEDGED if by_person else Status.NEW,
        condition=detail["condition"],
        triggers=triggers_of(detail["triggers"]),
        track_ids=tracks_of(detail["tracks"]),
        marks=marks_of(detail["marks"]),
        findings=detail["findings"],
    )
    if by_person:
        return replace(made, acknowledged_us=event.at_us, acknowledged_by=event.actor)
    return _alarm(made, event.at_us, detail)


def apply(incident: Incident, event: Event) -> Incident:
    """The incident after one more event. Errors: IncidentWrongStatus, if a person may not."""
    return _STEPS[event.kind](replace(incident, events=incident.events + 1), event)


# ── what the machine does: it never changes the status, and never lowers ──────────────────────
def _joined(incident: Incident, event: Event) -> Incident:
    detail = event.detail
    newest = detail["at_us"] >= incident.last_us
    return replace(
        incident,
        condition=incident.condition if incident.historical else "active",
        severity=max(incident.severity, Severity(detail["severity"]), key=_RANK.__getitem__),
        life_at_risk=incident.life_at_risk or detail["life_at_risk"],
        # The place follows the newest finding, so that the map shows where it is now.
        lon=detail["lon"] if newest else incident.lon,
        lat=detail["lat"] if newest else incident.lat,
        last_us=max(incident.last_us, detail["at_us"]),
        track_ids=incident.track_ids | tracks_of(detail["marks"]),
        marks={**incident.marks, **marks_of(detail["marks"])},
        findings=incident.findings + 1,
    )


def _raised(incident: Incident, event: Event) -> Incident:
    return _alarm(_joined(incident, event), event.at_us, event.detail)


def _cleared(incident: Incident, event: Event) -> Incident:
    return replace(incident, condition="cleared")


def _overdue(incident: Incident, event: Event) -> Incident:
    return replace(incident, overdue=True)


def _rang_again(incident: Incident, event: Event) -> Incident:
    return _alarm(incident, event.at_us, event.detail)


def _alarm(incident: Incident, at_us: int, detail: _Detail) -> Incident:
    """It waits for a person from now on, or goes on waiting; whatever slept is awake."""
    within_s = detail["within_s"]
    if incident.alarm_us is None:
        incident = replace(
            incident,
            alarm_us=at_us,
            due_us=None if within_s is None else at_us + within_s * 1_000_000,
            overdue=False,
        )
    return replace(incident, snoozed_until_us=None, snooze_reason=None)


# ── what people do ────────────────────────────────────────────────────────────────────────────
def _quiet(incident: Incident) -> Incident:
    """Nobody is waited for any more."""
    return replace(
        incident,
        alarm_us=None,
        due_us=None,
        overdue=False,
        snoozed_until_us=None,
        snooze_reason=None,
    )


def _in_hand(incident: Incident, event: Event, verb: Verb) -> Incident:
    """Quiet, in the status that the verb leads to, and acknowledged if it was not before."""
    return replace(
        _quiet(incident),
        status=after(incident.status, verb),
        acknowledged_us=incident.acknowledged_us or event.at_us,
        acknowledged_by=incident.acknowledged_by or event.actor,
    )


def _acknowledged(incident: Incident, event: Event) -> Incident:
    if incident.status is not Status.NEW and incident.alarm_us is None:
        raise IncidentWrongStatus(status=incident.status.value)  # somebody has been faster
    return _in_hand(incident, event, Verb.ACKNOWLEDGE)


def _handed_back(incident: Incident, event: Event) -> Incident:
    incident = replace(
        incident,
        status=after(incident.status, Verb.HAND_BACK),
        acknowledged_us=None,
        acknowledged_by=None,
    )
    return _alarm(incident, event.at_us, event.detail)


def _dispatched(incident: Incident, event: Event) -> Incident:
    incident = _in_hand(incident, event, Verb.DISPATCH)
    return replace(incident, patrol=event.detail["patrol"])


def _recalled(incident: Incident, event: Event) -> Incident:
    return replace(incident, status=after(incident.status, Verb.RECALL), patrol=None)


def _arrived(incident: Incident, event: Event) -> Incident:
    return _in_hand(incident, event, Verb.ARRIVE)


def _resolved(incident: Incident, event: Event) -> Incident:
    return replace(
        _quiet(incident),
        status=after(incident.status, Verb.RESOLVE),
        disposition=Disposition(event.detail["disposition"]),
        resolved_us=event.at_us,
        resolved_by=event.actor,
    )


def _reopened(incident: Incident, event: Event) -> Incident:
    # Somebody has it in hand now, even if nobody had before.
    return replace(
        _in_hand(incident, event, Verb.REOPEN),
        disposition=None,
        resolved_us=None,
        resolved_by=None,
        merged_into=None,
        patrol=None,
    )


def _snoozed(incident: Incident, event: Event) -> Incident:
    after(incident.status, Verb.SNOOZE)
    return replace(
        _quiet(incident),
        snoozed_until_us=event.detail["until_us"],
        snooze_reason=event.detail["reason"],
    )


def _woken(incident: Incident, event: Event) -> Incident:
    """What nobody has acknowledged is an alarm again."""
    after(incident.status, Verb.WAKE)
    if incident.snoozed_until_us is None:
        raise IncidentWrongStatus(status=incident.status.value)
    if incident.status is Status.NEW:
        return _alarm(incident, event.at_us, event.detail)
    return replace(incident, snoozed_until_us=None, snooze_reason=None)


def _merged(incident: Incident, event: Event) -> Incident:
    return replace(
        _quiet(incident),
        status=after(incident.status, Verb.MERGE),
        merged_into=UUID(event.detail["into"]),
        resolved_us=event.at_us,
        resolved_by=event.actor,
    )


def _absorbed(incident: Incident, event: Event) -> Incident:
    """The worse, the earlier, the newer of both. Who merges has seen what waited in the other."""
    after(incident.status, Verb.ABSORB)
    other = event.detail
    newer = other["last_us"] > incident.last_us
    return replace(
        incident,
        severity=max(incident.severity, Severity(other["severity"]), key=_RANK.__getitem__),
        life_at_risk=incident.life_at_risk or other["life_at_risk"],
        opened_us=min(incident.opened_us, other["opened_us"]),
        last_us=max(incident.last_us, other["last_us"]),
        lon=other["lon"] if newer else incident.lon,
        lat=other["lat"] if newer else incident.lat,
        condition="active" if "active" in (incident.condition, other["condition"]) else "cleared",
        triggers=incident.triggers | triggers_of(other["triggers"]),
        track_ids=incident.track_ids | tracks_of(other["tracks"]),
        marks={**incident.marks, **marks_of(other["marks"])},
        findings=incident.findings + other["findings"],
        historical=incident.historical and other["historical"],
    )


def _split(incident: Incident, event: Event) -> Incident:
    """Tracks went to a new incident."""
    after(incident.status, Verb.SPLIT)
    return _released(incident, event)


def _released(incident: Incident, event: Event) -> Incident:
    """Tracks went back to the incident that they had come from."""
    gone = tracks_of(event.detail["tracks"])
    return replace(
        incident,
        track_ids=incident.track_ids - gone,
        marks={track: mark for track, mark in incident.marks.items() if track not in gone},
        triggers=triggers_of(event.detail["triggers"]),
        findings=event.detail["findings"],
    )


def _linked(incident: Incident, event: Event) -> Incident:
    return replace(incident, links=incident.links | {UUID(event.detail["to"])})


def _unlinked(incident: Incident, event: Event) -> Incident:
    return replace(incident, links=incident.links - {UUID(event.detail["to"])})


def _noted(incident: Incident, event: Event) -> Incident:
    return incident


_STEPS: Mapping[str, Callable[[Incident, Event], Incident]] = {
    "joined": _joined,
    "raised": _raised,
    "cleared": _cleared,
    "overdue": _overdue,
    "rang_again": _rang_again,
    "acknowledged": _acknowledged,
    "handed_back": _handed_back,
    "dispatched": _dispatched,
    "recalled": _recalled,
    "arrived": _arrived,
    "resolved": _resolved,
    "reopened": _reopened,
    "snoozed": _snoozed,
    "woken": _woken,
    "merged": _merged,
    "absorbed": _absorbed,
    "split": _split,
    "released": _released,
    "linked": _linked,
    "unlinked": _unlinked,
    "noted": _noted,
}


# ── the JSON of tracks, marks and triggers ────────────────────────────────────────────────────
def triggers_json(triggers: Iterable[Trigger]) -> list[list[str | None]]:
    """Rules with their geofences, in order."""
    return sorted(([rule, geofence] for rule, geofence in triggers), key=repr)


def triggers_of(told: Sequence[Sequence[Any]]) -> frozenset[Trigger]:
    """Their inverse."""
    return frozenset((rule, geofence) for rule, geofence in told)


def marks_json(marks: Mapping[bytes, Mark]) -> dict[str, list[Any]]:
    """Marks by track id, each as its fields in order."""
    return {str(UUID(bytes=track)): list(astuple(marks[track])) for track in sorted(marks)}


def marks_of(told: Mapping[str, Sequence[Any]]) -> dict[bytes, Mark]:
    """Their inverse."""
    names = Mark.__dataclass_fields__
    return {
        UUID(track).bytes: Mark(**dict(zip(names, row, strict=True))) for track, row in told.items()
    }


def tracks_json(tracks: Iterable[bytes]) -> list[str]:
    """Track ids, in order."""
    return [str(UUID(bytes=track)) for track in sorted(tracks)]


def tracks_of(told: Iterable[str]) -> frozenset[bytes]:
    """Their inverse."""
    return frozenset(UUID(track).bytes for track in told)
