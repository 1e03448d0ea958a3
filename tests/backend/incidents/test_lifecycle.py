"""Findings open, join and raise incidents; the clock and the end of tracks never close one."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.incidents.lifecycle import Retold, finding_id, not_told, raise_findings
from watchline.incidents.model import Event, derive_id
from watchline.incidents.projection import (
    apply,
    fold,
    marks_json,
    tracks_json,
    triggers_json,
)
from watchline.rules.model import NO_TRACK, Finding, Severity

A, B, C = b"a" * 16, b"b" * 16, b"c" * 16
SECOND = 1_000_000
PERSON = "01900000-0000-7000-8000-000000000001"


def finding(track=A, at_us=SECOND, rule="r1", geofence="g1", **changes):
    values = {
        "rule_id": rule,
        "rule_version": 1,
        "kind": "enter",
        "severity": Severity.HIGH,
        "geofence_id": geofence,
        "geofence_version": 1,
        "track_id": track,
        "track_no": 1,
        "at_us": at_us,
        "x_m": 0.0,
        "y_m": 0.0,
        "var_x_m2": 0.25,
        "cov_xy_m2": 0.0,
        "var_y_m2": 0.25,
        "evidence": {},
    }
    return Finding(**values | changes)


def walking(track, at_us, x_m, y_m=0.0, vx_mps=1.4, **changes):
    return finding(track, at_us, x_m=x_m, y_m=y_m, vx_mps=vx_mps, vy_mps=0.0, **changes)


def step(book, findings=(), live=(), next_no=1, **options):
    return raise_findings(
        book, list(findings), set(live), lambda x, y: (x, y), next_no=next_no, **options
    )


def kinds(changes):
    return [change.event.kind for change in changes]


def person(incident, kind, at_us=10 * SECOND, **detail):
    return apply(incident, Event(kind=kind, at_us=at_us, actor=PERSON, detail=detail))


def only(book):
    (incident,) = book.values()
    return incident


def test_a_finding_opens_and_the_same_track_joins():
    book, changes = step({}, [finding(), finding(at_us=2 * SECOND)], next_no=5)
    assert kinds(changes) == ["opened", "joined"]
    incident = only(book)
    assert (incident.no, incident.findings, incident.condition) == (5, 2, "active")
    assert (incident.alarm_us, incident.due_us) == (SECOND, 181 * SECOND)


def test_a_second_intruder_never_hides_in_the_firsts_incident():
    book, changes = step({}, [finding(A), finding(B)])
    assert kinds(changes) == ["opened", "opened"]
    assert sorted(i.no for i in book.values()) == [1, 2]


def test_who_walks_beside_the_first_raises_its_incident_again():
    book, _ = step({}, [walking(A, SECOND, 0)])
    taken = person(only(book), "acknowledged")
    sent = person(taken, "dispatched", patrol="Alfa-2")
    assert sent.alarm_us is None
    book, changes = step({sent.id: sent}, [walking(B, 21 * SECOND, 5, 30)], next_no=2)
    assert kinds(changes) == ["raised"]
    incident = only(book)
    assert changes[0].event.detail["count"] == len(incident.track_ids) == 2
    assert incident.status == "dispatched"  # no machine recalls
    assert (incident.alarm_us, incident.due_us) == (21 * SECOND, 201 * SECOND)
    # The same two again are no news.
    assert kinds(step(book, [walking(B, 30 * SECOND, 15)])[1]) == ["joined"]


def test_those_who_do_not_move_together_have_incidents_of_their_own():
    book, _ = step({}, [walking(A, SECOND, 0)])
    far = walking(B, SECOND, 60)
    other_way = walking(B, SECOND, 5, vx_mps=-1.4)
    much_later = walking(B, 40 * SECOND, 50)
    unsure = walking(B, SECOND, 60, var_x_m2=100.0)
    assert [kinds(step(book, [each])[1]) for each in (far, other_way, much_later, unsure)] == [
        ["opened"],
        ["opened"],
        ["opened"],
        ["raised"],
    ]


def test_a_third_joins_the_nearest():
    findings = [walking(A, SECOND, 0), walking(B, SECOND, 80), walking(C, SECOND, 45)]
    _, changes = step({}, findings)
    assert kinds(changes) == ["opened", "opened", "raised"]
    assert changes[-1].incident.track_ids == {B, C}


def test_another_rule_or_geofence_opens_its_own():
    _, changes = step({}, [finding(), finding(rule="r2"), finding(geofence="g2")])
    assert kinds(changes) == ["opened"] * 3


def test_what_is_about_no_track_is_an_incident_of_its_own_and_is_not_cleared_with_any():
    silent = [finding(NO_TRACK, evidence={"sensor": name}) for name in ("north", "south")]
    book, changes = step({}, silent)
    assert kinds(changes) == ["opened", "opened"]
    assert len(book) == len({finding_id(each) for each in silent}) == 2
    assert all(incident.track_ids == frozenset() for incident in book.values())
    assert step(book, now_us=2 * SECOND)[1] == []


def test_what_was_merged_goes_on_in_the_other():
    book, _ = step({}, [finding(A), finding(B, rule="r2")])
    one, other = book.values()
    told = {
        "severity": "high",
        "life_at_risk": False,
        "historical": False,
        "opened_us": 1,
        "last_us": 1,
        "lon": 0.0,
        "lat": 0.0,
        "condition": "active",
        "triggers": triggers_json(other.triggers),
        "tracks": tracks_json(other.track_ids),
        "marks": marks_json(other.marks),
        "findings": 1,
    }
    one = person(one, "absorbed", **told)
    _, changes = step({one.id: one}, [finding(B, 5 * SECOND, rule="r2")])
    assert kinds(changes) == ["joined"] and changes[0].incident.id == one.id


def test_a_worse_finding_of_the_same_track_raises_and_none_lowers():
    book, _ = step({}, [finding(severity=Severity.MEDIUM)])
    taken = person(only(book), "acknowledged")
    worse = finding(at_us=11 * SECOND, severity=Severity.VERY_HIGH)
    book, changes = step({taken.id: taken}, [worse, finding(severity=Severity.LOW)])
    assert kinds(changes) == ["raised", "joined"]
    assert only(book).severity == "very_high" and only(book).alarm_us == 11 * SECOND
    cold = finding(at_us=12 * SECOND, life_at_risk=True)
    book, changes = step({taken.id: taken}, [cold, finding()])
    assert kinds(changes) == ["raised", "joined"]
    assert only(book).life_at_risk and only(book).due_us == 72 * SECOND


def test_the_end_of_the_tracks_clears_and_a_new_finding_makes_it_active_again():
    book, _ = step({}, [finding()])
    assert step(book, live={A}, now_us=2 * SECOND)[1] == []
    book, changes = step(book, now_us=3 * SECOND)
    assert kinds(changes) == ["cleared"]
    assert (only(book).condition, only(book).status) == ("cleared", "new")
    assert step(book, now_us=4 * SECOND)[1] == []
    book, changes = step(book, [finding(at_us=4 * SECOND)])
    assert kinds(changes) == ["joined"]
    assert only(book).condition == "active"


def test_an_alarm_that_nobody_acknowledges_is_overdue_once():
    book, _ = step({}, [finding()], live={A})
    due_us = only(book).due_us
    assert step(book, live={A}, now_us=due_us - 1)[1] == []
    book, changes = step(book, live={A}, now_us=due_us + 700_000)
    assert kinds(changes) == ["overdue"] and changes[0].event.at_us == due_us
    assert only(book).overdue and only(book).status == "new"
    assert step(book, live={A}, now_us=due_us + 5 * SECOND)[1] == []
    assert not person(only(book), "acknowledged").overdue


def test_sleep_ends_in_an_alarm_and_a_second_intruder_wakes():
    book, _ = step({}, [walking(A, SECOND, 0)], live={A})
    asleep = person(only(book), "snoozed", until_us=60 * SECOND, reason="deer")
    assert asleep.alarm_us is None and asleep.due_us is None and asleep.status == "new"
    book = {asleep.id: asleep}
    assert step(book, [walking(A, 20 * SECOND, 28)], live={A}, now_us=59 * SECOND)[1][0] is not None
    awake, changes = step(book, live={A}, now_us=61 * SECOND)
    assert kinds(changes) == ["rang_again"]
    assert (only(awake).alarm_us, only(awake).due_us) == (60 * SECOND, 240 * SECOND)
    assert only(awake).snoozed_until_us is None
    # After a long outage both are found at once.
    assert kinds(step(book, live={A}, now_us=900 * SECOND)[1]) == ["rang_again", "overdue"]
    raised, changes = step(book, [walking(B, 2 * SECOND, 10)], live={A, B})
    assert kinds(changes) == ["raised"] and only(raised).snoozed_until_us is None


def test_it_is_cleared_when_the_last_of_its_tracks_ends():
    book, _ = step({}, [walking(A, SECOND, 0), walking(B, 2 * SECOND, 5)])
    assert only(book).track_ids == {A, B}
    book, changes = step(book, live={B}, ended=[(A, 3 * SECOND)])
    assert changes == []
    _, changes = step(book, ended=[(B, 4 * SECOND)], now_us=9 * SECOND)
    assert [(change.event.kind, change.event.at_us) for change in changes] == [
        ("cleared", 4 * SECOND)
    ]


def test_the_given_book_is_not_touched():
    book, _ = step({}, [finding()])
    before = dict(book)
    step(book, [finding(at_us=2 * SECOND)], now_us=999 * SECOND)
    assert book == before


def test_a_historical_finding_never_joins_a_live_incident_and_is_never_overdue():
    book, _ = step({}, [finding()])
    book, changes = step(book, [finding(at_us=2 * SECOND)], next_no=2, historical=True)
    assert kinds(changes) == ["opened"]
    late = changes[0].incident
    assert late.historical and late.condition == "cleared" and late.due_us is None
    assert kinds(step({late.id: late}, now_us=9_999 * SECOND)[1]) == []


def test_ids_are_found_again_by_a_repeat():
    assert finding_id(finding()) == finding_id(finding())
    assert finding_id(finding()) != finding_id(finding(at_us=SECOND + 1))
    identity = derive_id(1_700_000_000_000_000, "x")
    assert identity.version == 7 and identity.variant == "specified in RFC 4122"
    assert identity.int >> 80 == 1_700_000_000_000
    assert derive_id(0, "ab", "c") != derive_id(0, "a", "bc")


walkers = st.builds(
    walking,
    st.sampled_from([bytes([n]) * 16 for n in range(1, 7)]),
    st.integers(0, 90).map(lambda second: second * SECOND),
    st.floats(-120, 120),
    vx_mps=st.sampled_from([1.4, -1.4]),
    rule=st.sampled_from(["r1", "r2"]),
)


@settings(deadline=None)
@given(st.lists(walkers, max_size=30), st.lists(st.integers(0, 30), max_size=6))
def test_no_cut_changes_anything_and_the_events_tell_it_all(findings, cuts):
    whole, changes = step({}, findings)
    pieces, told = {}, []
    bounds = sorted({0, len(findings), *(min(cut, len(findings)) for cut in cuts)})
    for low, high in pairwise(bounds):
        pieces, more = step(pieces, findings[low:high], next_no=len(pieces) + 1)
        told += more
    assert (pieces, told) == (whole, changes)
    for id, incident in whole.items():
        events = [change.event for change in changes if change.incident.id == id]
        assert fold(id, events) == incident
    held = {(i.triggers, track) for i in whole.values() for track in i.track_ids}
    assert {track for _, track in held} == {each.track_id for each in findings}


def retold(at_s, track=A, tracks=(), from_s=None, until_s=None):
    return Retold(
        finding=finding(track, at_s * SECOND),
        tracks=set(tracks),
        from_us=(at_s if from_s is None else from_s) * SECOND,
        until_us=(at_s if until_s is None else until_s) * SECOND,
    )


def told(at_s, track=A, rule="r1"):
    return (rule, "g1", track, at_s * SECOND)


def test_what_live_judging_has_told_is_not_told_again():
    one = retold(100)
    assert not_told([one], [told(104)]) == []
    assert not_told([one], [told(106)]) == [one.finding]
    assert not_told([one], [told(100, rule="r2"), told(100, track=B)]) == [one.finding]
    # Of another live track that had a part in it.
    assert not_told([retold(100, tracks=[A, B])], [told(103, track=B)]) == []
    # At the end of a gap in what was live; or before one in what was seen at all.
    assert not_told([retold(100, until_s=110)], [told(114)]) == []
    assert not_told([retold(100, until_s=110)], [told(116)]) != []
    assert not_told([retold(100, from_s=90)], [told(86)]) == []
    assert not_told([retold(100, from_s=90)], [told(84)]) != []


def test_what_was_told_once_is_one_event_only():
    """In and out and in again within a gap: live judging saw the last of it."""
    gap = [retold(at_s, until_s=110) for at_s in (100, 107)]
    assert not_told(gap, [told(110)]) == [gap[0].finding]
    gap = [retold(at_s, until_s=120) for at_s in (100, 107)]
    assert not_told(gap, [told(120)]) == [gap[1].finding]
    # Two abreast whom live judging took for one.
    pair = [retold(100, track=B, tracks=[A]), retold(100, track=C, tracks=[A])]
    assert not_told(pair, [told(100)]) == [pair[1].finding]
