"""Detections, quarantine, ledger and late spans in PostGIS; all inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql as pgsql

from watchline.db.sql import load
from watchline.detections.accept import Quarantined
from watchline.detections.copy import COLUMNS
from watchline.detections.days import Days
from watchline.detections.ledger import SeqRange, SeqSet, as_multirange

_sql = load("watchline.detections", "store.sql")
_copy = pgsql.SQL("COPY detection ({}) FROM STDIN (FORMAT BINARY)").format(
    pgsql.SQL(", ").join(map(pgsql.Identifier, COLUMNS))
)

Connection = psycopg.Connection[Any]

MAX_LOST_RANGES = 1000

#: As many as the migration makes.
_DAYS_AHEAD = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What one commit settles of one boot of one edge; `lost` is the part that will never come."""

    edge: str
    boot: int
    settled: Sequence[SeqRange]
    highest_seq: int
    detections: int
    others: int
    quarantined: int
    lost: Sequence[SeqRange]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSpan:
    """A stretch of time [from_us, to_us] that got detections after it had been tracked."""

    id: int
    from_us: int
    to_us: int
    changed_at: datetime


def ledger_of(connection: Connection, edge: str) -> dict[int, tuple[SeqSet, int]]:
    """Per boot of the edge: the settled seqs and the highest seq known."""
    rows = connection.execute(_sql["ledger_of"], {"edge": edge}).fetchall()
    return {boot: (_seq_set(text), highest) for boot, text, highest in rows}


def _seq_set(text: str) -> SeqSet:
    return SeqSet(
        (int(low), int(high))
        for low, _, high in (part.partition(",") for part in text.strip("{}[)").split("),["))
        if low
    )


def copy_detections(connection: Connection, stream: bytes) -> None:
    """Send one packed COPY stream (see detections.copy)."""
    with connection.cursor() as cursor, cursor.copy(_copy) as copy:
        copy.write(stream)


def settle(connection: Connection, settlement: Settlement, known_us: int) -> None:
    """Add a settlement to the ledger.

    Of what is lost the newest `MAX_LOST_RANGES` ranges are kept; the count holds all.
    """
    connection.execute(
        _sql["settle"],
        {
            "edge": settlement.edge,
            "boot": settlement.boot,
            "settled": as_multirange(settlement.settled),
            "highest": settlement.highest_seq,
            "detections": settlement.detections,
            "others": settlement.others,
            "quarantined": settlement.quarantined,
            "lost": sum(high - low for low, high in settlement.lost),
            "lost_ranges": as_multirange(settlement.lost),
            "most_lost": MAX_LOST_RANGES,
            "known_us": known_us,
        },
    )


def quarantine(
    connection: Connection, edge: str, boot: int, items: Sequence[Quarantined], known_us: int
) -> None:
    """Keep what could not be used, with the reason."""
    with connection.cursor() as cursor:
        cursor.executemany(
            _sql["quarantine"],
            [
                {
                    "known_us": known_us,
                    "edge": edge,
                    "boot": boot,
                    "seq": item.seq,
                    "code": item.code,
                    "payload": item.payload,
                }
                for item in items
            ],
        )


def ensure_partitions(connection: Connection) -> Days:
    """Make the day partitions from yesterday to a week ahead; which they are."""
    row = connection.execute(_sql["ensure_partitions"], {"ahead": _DAYS_AHEAD}).fetchone()
    assert row is not None  # a SELECT without FROM
    return Days(today_us=row[1], ahead=_DAYS_AHEAD)


def note_late(connection: Connection, sector: str, from_us: int, to_us: int) -> None:
    """Remember that the stretch needs a historical rerun."""
    span = {"sector": sector, "from_us": from_us, "to_us": to_us}
    if connection.execute(_sql["widen_late_span"], span).fetchone() is None:
        connection.execute(_sql["open_late_span"], span)


def due_late_spans(connection: Connection, sector: str, quiet_s: float) -> list[LateSpan]:
    """The spans to which nothing was added for `quiet_s`, earliest first."""
    rows = connection.execute(_sql["due_late_spans"], {"sector": sector, "quiet_s": quiet_s})
    return [
        LateSpan(id=id, from_us=from_us, to_us=to_us, changed_at=changed_at)
        for id, from_us, to_us, changed_at in rows
    ]


def close_late_span(connection: Connection, span: LateSpan) -> bool:
    """Mark the span done; False when more late detections came since it was read."""
    done = connection.execute(
        _sql["close_late_span"], {"id": span.id, "changed_at": span.changed_at}
    ).fetchone()
    return done is not None


def detections_between(
    connection: Connection, sector: str, from_us: int, to_us: int
) -> Sequence[tuple[Any, ...]]:
    """The sector's placed detections with from_us ≤ at < to_us, unordered; see the statement."""
    return connection.execute(
        _sql["detections_between"], {"sector": sector, "from_us": from_us, "to_us": to_us}
    ).fetchall()
