"""The scan that flows put over their logs sees what it is for."""

import json
from pathlib import Path

import pytest

import logs


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('{"lon": 24.012345}', ["place"]),
        ("at -3.1234 somewhere", ["place"]),
        ("0101000020E610000000000000000038400000000000404940", ["geometry"]),
        ("POINT(24 50)", ["geometry"]),
        ("postgresql://app:pw@db/x", ["login"]),
        ("the word is hunter2", ["secret"]),
        ('{"took_s": 1.25, "rows": 12345, "timestamp": "2026-11-25T20:00:00.123456Z"}', []),
        ("postgresql://app:***@db/x http://127.0.0.1:8610 edge-a: 3 of 4", []),
    ],
)
def test_lines(line: str, wrong: list[str]) -> None:
    assert logs.faults(line, "hunter2") == wrong


def test_a_line_that_is_no_event_is_seen(tmp_path: Path) -> None:
    event = {"event": "a.b", "level": "info", "timestamp": "t"}
    (tmp_path / "hub.log").write_text(json.dumps(event) + "\n")
    (tmp_path / "edge.log").write_text("words\n")
    logs.check(tmp_path)
    (tmp_path / "worker.log").write_text("Traceback (most recent call last):\n")
    with pytest.raises(AssertionError, match=r"worker.log: \['no event'\]"):
        logs.check(tmp_path)
