"""The gap ledger of one edge as people read it: every gap with its times, and hour by hour."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from watchline.db import sql
from watchline.health.model import MISSING_AFTER

_STATEMENTS = sql.load("watchline.health", "ledger")
_MOST_GAPS = 200

#: Runs one statement with its parameters and gives its rows by column name.
Run = Callable[[str, dict[str, Any]], Iterable[Mapping[str, Any]]]


class Gap(TypedDict):
    """Seqs [from_seq, to_seq] of a boot (text: 63 bits) that are not among the detections.

    They were given out between the times; `from_at` is None when that was before the boot was
    first heard. `code` says why they were quarantined.
    """

    edge: str
    boot: str
    from_seq: int
    to_seq: int
    kind: Literal["missing", "lost", "quarantined"]
    code: str | None
    from_at: datetime | None
    to_at: datetime


class Hour(TypedDict):
    """What had been given out in the hour, by when the hub knew it: settled + missing = expected.

    `lost` is a part of settled.
    """

    hour: datetime
    expected: int
    settled: int
    missing: int
    lost: int


def gaps(run: Run, edge: str) -> list[Gap]:
    """The newest gaps of an edge, at most 200."""
    found: list[Any] = [
        dict(row)
        for statement, params in (
            ("gaps", {"edge": edge, "age": MISSING_AFTER}),
            ("quarantined", {"edge": edge}),
        )
        for row in run(_STATEMENTS[statement], params)
    ]
    return sorted(found, key=lambda gap: gap["to_at"], reverse=True)[:_MOST_GAPS]


def hours(run: Run, edge: str) -> list[Hour]:
    """The hours of the last day in which the edge gave out anything."""
    found: list[Any] = [dict(row) for row in run(_STATEMENTS.hours, {"edge": edge})]
    return found
