"""Findings open or join incidents; the end of the tracks clears, never closes."""

from watchline.incidents.lifecycle import Cleared, Joined, Opened, finding_id, raise_findings
from watchline.incidents.model import derive_id
from watchline.rules.model import Finding, Severity

A, B = b"a" * 16, b"b" * 16


def finding(track=A, at_us=1_000_000, rule="r1", geofence="g1"):
    return Finding(
        rule_id=rule,
        rule_version=1,
        kind="enter",
        severity=Severity.HIGH,
        geofence_id=geofence,
        geofence_version=1,
        track_id=track,
        track_no=1,
        at_us=at_us,
        x_m=0,
        y_m=0,
        var_x_m2=1,
        cov_xy_m2=0,
        var_y_m2=1,
        evidence={},
    )


def test_a_finding_opens_and_the_same_track_joins():
    book, changes = raise_findings({}, [finding(), finding(at_us=2_000_000)], [], {A}, next_no=5)
    assert [type(c) for c in changes] == [Opened, Joined]
    (incident,) = book.values()
    assert (incident.no, incident.findings, incident.condition) == (5, 2, "active")


def test_a_second_intruder_never_hides_in_the_firsts_incident():
    book, changes = raise_findings({}, [finding(A), finding(B)], [], {A, B}, next_no=1)
    assert [type(c) for c in changes] == [Opened, Opened]
    assert sorted(i.no for i in book.values()) == [1, 2]


def test_another_rule_or_geofence_opens_its_own():
    _, changes = raise_findings(
        {}, [finding(), finding(rule="r2"), finding(geofence="g2")], [], {A}, next_no=1
    )
    assert [type(c) for c in changes] == [Opened] * 3


def test_the_end_of_the_track_clears_and_a_new_finding_makes_it_active_again():
    book, _ = raise_findings({}, [finding()], [], {A}, next_no=1)
    book, changes = raise_findings(book, [], [(A, 3_000_000)], set(), next_no=2)
    assert [type(c) for c in changes] == [Cleared]
    assert next(iter(book.values())).condition == "cleared"
    book, changes = raise_findings(book, [finding(at_us=4_000_000)], [], {A}, next_no=2)
    assert [type(c) for c in changes] == [Joined]
    assert next(iter(book.values())).condition == "active"


def test_the_given_book_is_not_touched():
    book, _ = raise_findings({}, [finding()], [], {A}, next_no=1)
    before = dict(book)
    raise_findings(book, [finding(at_us=2_000_000)], [(A, 1)], set(), next_no=2)
    assert book == before


def test_a_historical_finding_never_joins_a_live_incident():
    book, _ = raise_findings({}, [finding()], [], {A}, next_no=1)
    _, changes = raise_findings(
        book, [finding(at_us=2_000_000)], [], {A}, next_no=2, historical=True
    )
    assert isinstance(changes[0], Opened) and changes[0].incident.historical


def test_ids_are_found_again_by_a_repeat():
    assert finding_id(finding()) == finding_id(finding())
    assert finding_id(finding()) != finding_id(finding(at_us=1_000_001))
    identity = derive_id(1_700_000_000_000_000, "x")
    assert identity.version == 7 and identity.variant == "specified in RFC 4122"
    assert identity.int >> 80 == 1_700_000_000_000
    assert derive_id(0, "ab", "c") != derive_id(0, "a", "bc")
