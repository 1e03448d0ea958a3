"""Which facts alarm, how loudly, and since when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchline.health.model import (
    Alarm,
    EdgeRow,
    Facts,
    IdleRow,
    QuarantineRow,
    RefusalRow,
    WriterRow,
    alarms,
    edge_state,
    with_since,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


WRITER = WriterRow(sector="s", seen_at=NOW, since=ago(3600))
EDGE = EdgeRow(edge="e", sector="s", seen_at=ago(1), skew_ms=3.0)
REFUSAL = RefusalRow(
    edge="e",
    sector="s",
    code="envelope.signature_wrong",
    total=9,
    recent=4,
    since=ago(60),
    last_at=ago(1),
)


def codes(*edges: EdgeRow, writer: WriterRow = WRITER, **more) -> list[str]:
    return [a.code for a in alarms(Facts(at=NOW, writers=[writer], edges=edges, **more))]


def test_a_system_that_is_well_says_nothing():
    assert codes(EDGE) == []
    assert codes(replace(EDGE, skew_ms=-2000.0, detections=5, expected=5)) == []


def test_a_stopped_worker_alarms_and_its_edges_do_not():
    gone = replace(WRITER, seen_at=ago(9))
    assert codes(replace(EDGE, seen_at=ago(10)), writer=gone) == ["worker.stopped"]
    assert codes(writer=replace(WRITER, seen_at=ago(8))) == []
    (never,) = alarms(Facts(at=NOW, writers=[replace(WRITER, seen_at=None, since=None)]))
    assert (never.code, never.severity, never.sector, never.since) == (
        "worker.stopped",
        "critical",
        "s",
        None,
    )


def test_an_edge_is_silent_first_and_then_offline():
    said = {
        seconds: codes(replace(EDGE, seen_at=ago(seconds))) for seconds in (5, 5.1, 30, 31, 9e6)
    }
    assert said == {
        5: [],
        5.1: ["edge.silent"],
        30: ["edge.silent"],
        31: ["edge.offline"],
        9e6: ["edge.offline"],
    }
    # A writer that has just begun has heard nobody yet.
    begun = replace(WRITER, since=ago(4))
    assert codes(replace(EDGE, seen_at=ago(3600)), writer=begun) == []
    assert edge_state(replace(EDGE, seen_at=None), WRITER, NOW) == "never_heard"
    off = replace(EDGE, seen_at=ago(99), switched_off=True)
    assert edge_state(off, WRITER, NOW) == "off" and codes(off) == []


def test_what_an_edge_and_its_ledger_say():
    assert codes(replace(EDGE, skew_ms=-2001.0)) == ["edge.clock_wrong"]
    assert codes(replace(EDGE, trouble="spool.full", trouble_at=ago(3))) == ["edge.spool_full"]
    assert codes(replace(EDGE, trouble="clock.stepped")) == []
    assert codes(replace(EDGE, missing=3, missing_since=ago(40))) == ["edge.missing"]
    assert codes(replace(EDGE, lost=3, lost_at=ago(3599))) == ["edge.lost"]
    assert codes(replace(EDGE, lost=3, lost_at=ago(3601))) == []


def test_a_refused_edge_and_a_stranger_are_told_for_five_minutes():
    stranger = replace(REFUSAL, edge="", sector=None, code="edge.unknown")
    found = alarms(Facts(at=NOW, refusals=[REFUSAL, stranger]))
    assert [(a.code, a.sector, a.since) for a in found] == [
        ("uplink.edge_refused", "s", ago(60)),
        ("uplink.stranger_refused", None, ago(60)),
    ]
    assert found[0].params == {"edge": "e", "reason": "envelope.signature_wrong", "count": 4}
    assert alarms(Facts(at=NOW, refusals=[replace(REFUSAL, last_at=ago(301))])) == []
    assert alarms(Facts(at=NOW, refusals=[replace(stranger, since=ago(5))])) == []
    assert alarms(Facts(at=NOW, refusals=[replace(REFUSAL, code="uplink.busy")])) == []


def test_the_critical_come_first():
    idle = IdleRow(application="psql", user="somebody", pid=7, since=ago(12))
    bad = QuarantineRow(edge="e", sector="s", code="item.malformed", count=2, since=ago(5))
    gone = replace(EDGE, seen_at=ago(60))
    assert codes(gone, idle=[idle], quarantine=[bad]) == [
        "edge.offline",
        "database.idle_transaction",
        "edge.quarantine",
    ]


def test_what_the_rows_do_not_date_began_when_it_was_first_found():
    skewed = Alarm(
        code="edge.clock_wrong", severity="warning", sector="s", since=None, params={"edge": "e"}
    )
    first = with_since([skewed], [], ago(5))
    again = with_since([replace(skewed, params={"edge": "e", "skew_ms": 9})], first, NOW)
    assert [a.since for a in again] == [ago(5)]
    other = replace(skewed, params={"edge": "other"})
    assert [a.since for a in with_since([other], first, NOW)] == [NOW]
