"""What a person may do to an incident, as a table; and any sequence of it as a machine."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.errors import IncidentWrongStatus
from watchline.incidents.model import Event
from watchline.incidents.projection import MACHINE, apply, fold, opened
from watchline.incidents.transitions import EVENT, Status, Verb, after

ANY = "new acknowledged dispatched on_scene resolved"
OPEN = "new acknowledged dispatched on_scene"
#: Verb: the statuses it is allowed in, and what follows each ("=": it stays).
ALLOWED = {
    "acknowledge": {"new": "acknowledged", "acknowledged dispatched on_scene": "="},
    "hand_back": {"acknowledged": "new"},
    "dispatch": {"new acknowledged dispatched": "dispatched", "on_scene": "="},
    "recall": {"dispatched on_scene": "acknowledged"},
    "arrive": {"new acknowledged dispatched": "on_scene"},
    "resolve": {OPEN: "resolved"},
    "reopen": {"resolved": "acknowledged"},
    "merge": {OPEN: "resolved"},
    "snooze": {OPEN: "="},
    "wake": {OPEN: "="},
    "absorb": {OPEN: "="},
    "split": {OPEN: "="},
    "release": {ANY: "="},
    "link": {ANY: "="},
    "unlink": {ANY: "="},
    "note": {ANY: "="},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("verb", Verb)
def test_the_table_and_nothing_else(status, verb):
    for statuses, following in ALLOWED[verb.value].items():
        if status.value in statuses.split():
            assert after(status, verb) == (status if following == "=" else following)
            return
    with pytest.raises(IncidentWrongStatus) as refused:
        after(status, verb)
    assert refused.value.params == {"status": status.value}
    assert (refused.value.status, refused.value.code) == (409, "incident.wrong_status")


ID = UUID("01900000-0000-7000-8000-000000000001")
OTHER = "01900000-0000-7000-8000-000000000002"
PERSON = "01900000-0000-7000-8000-0000000000aa"
TRACKS = [f"01900000-0000-7000-8000-00000000000{n}" for n in "345"]
TRIGGERS = [["r1", "g1"]]
OPENED = {
    "no": 1,
    "source": "rule",
    "title": None,
    "rule": "r1",
    "rule_version": 1,
    "geofence": "g1",
    "geofence_version": 1,
    "severity": "medium",
    "life_at_risk": False,
    "historical": False,
    "opened_us": 1,
    "last_us": 1,
    "lon": 24.0,
    "lat": 50.5,
    "condition": "active",
    "triggers": TRIGGERS,
    "tracks": TRACKS[:1],
    "marks": {},
    "findings": 1,
    "within_s": 600,
}
FOUND = {
    "at_us": 5,
    "lon": 24.1,
    "lat": 50.6,
    "severity": "high",
    "life_at_risk": False,
    "within_s": 180,
    "marks": {TRACKS[1]: [5, 0.0, 0.0, None, None, 1.0]},
}
DETAILS = {
    "joined": FOUND,
    "raised": FOUND,
    "rang_again": {"within_s": 600},
    "handed_back": {"within_s": 600},
    "woken": {"within_s": 600},
    "dispatched": {"patrol": "Alfa-2"},
    "resolved": {"disposition": "nuisance_animal"},
    "snoozed": {"until_us": 99, "reason": "deer"},
    "merged": {"into": OTHER},
    "linked": {"to": OTHER},
    "unlinked": {"to": OTHER},
    "split": {"tracks": TRACKS[1:2], "triggers": TRIGGERS, "findings": 1},
    "released": {"tracks": TRACKS[2:], "triggers": TRIGGERS, "findings": 1},
    "absorbed": {
        **{name: OPENED[name] for name in ("life_at_risk", "historical", "opened_us", "condition")},
        "severity": "very_high",
        "last_us": 3,
        "lon": 24.2,
        "lat": 50.7,
        "triggers": [["r2", None]],
        "tracks": TRACKS[2:],
        "marks": {},
        "findings": 2,
    },
}
MACHINES = ["joined", "raised", "cleared", "overdue", "rang_again"]
RANKS = ["low", "medium", "high", "very_high"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(MACHINES + list(EVENT.values())), max_size=40))
def test_whatever_happens_in_whatever_order(kinds):
    first = Event(kind="opened", at_us=1, actor=MACHINE, detail=OPENED)
    history, incident = [first], opened(ID, first)
    for at_us, kind in enumerate(kinds, start=2):
        by = MACHINE if kind in MACHINES else PERSON
        event = Event(kind=kind, at_us=at_us, actor=by, detail=DETAILS.get(kind, {}))
        if by == MACHINE and incident.status is Status.RESOLVED:
            continue  # a machine does not see what is resolved
        if kind == "overdue" and incident.due_us is None:
            continue  # nor does it miss a deadline that is not there
        before = incident
        try:
            incident = apply(incident, event)
        except IncidentWrongStatus:
            assert by == PERSON, "no person's status stops a machine"
            continue
        history.append(event)
        # A machine never closes, dispatches, recalls or lowers.
        if by == MACHINE:
            assert incident.status is before.status and incident.patrol == before.patrol
            assert RANKS.index(incident.severity) >= RANKS.index(before.severity)
            assert incident.life_at_risk >= before.life_at_risk
        # What is new waits for somebody or sleeps; what is resolved does neither.
        waits, sleeps = incident.alarm_us is not None, incident.snoozed_until_us is not None
        assert not (waits and sleeps)
        assert (waits or sleeps) or incident.status is not Status.NEW
        assert not (waits or sleeps) or incident.status is not Status.RESOLVED
        assert (incident.acknowledged_by is None) or incident.status is not Status.NEW
        assert (incident.resolved_by is None) == (incident.status is not Status.RESOLVED)
        assert (incident.due_us is None) <= (not incident.overdue)
        if kind == "raised":
            assert waits
    assert fold(ID, history) == incident
    assert incident.events == len(history)
