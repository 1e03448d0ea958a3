"""The ingest report as an operator reads it."""

from datetime import UTC, datetime

from watchline.history.table import table

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EDGE = {
    "edge": "edge-a",
    "last_seen_at": AT.isoformat(),
    "skew_ms": -1234.5,
    "expected": 12_345,
    "settled": 12_300,
    "missing": 45,
    "lost": 7,
    "quarantined": 0,
    "refused": {"envelope.signature_wrong": 3},
    "gaps": [],
}


def gap(**changes):
    return {
        "edge": "edge-a",
        "from_at": None,
        "to_at": AT,
        "from_seq": 1,
        "to_seq": 45,
        "kind": "missing",
        "code": None,
        **changes,
    }


def report(**changes):
    return {"edges": [{**EDGE, **changes}], "stored": 12_293, "duplicates": 0}


def test_an_edge_is_a_line_and_no_gaps_are_said():
    head, line, _, stored, *rest = table(report()).splitlines()
    assert head.split()[:3] == ["edge", "last", "heard"]
    assert line.split() == [
        "edge-a", "2026-01-02", "03:04:05", "-1.2", "s", "12,345", "12,300", "45", "7", "0",
    ]  # fmt: skip
    assert len(head) == len(line)
    assert stored == "12,293 detections are stored, 0 of them twice."
    assert rest == ["", "edge-a, refused: envelope.signature_wrong 3", "No gaps."]


def test_gaps_are_listed_with_their_times_and_not_without_end():
    gaps = [gap(), gap(kind="lost", from_at=AT), gap(kind="quarantined", code="item.malformed")]
    text = table(report(gaps=gaps, refused={}, last_seen_at=None, skew_ms=None))
    assert "never" in text and "missing so far" in text and "declared lost" in text
    assert "item.malformed" in text and "No gaps." not in text
    assert text.count("2026-01-02 03:04:05") == 4
    assert "and 5 more: --json lists them." in table(report(gaps=[gap()] * 25))
