"""Detections, quarantine, ledger and late spans in PostGIS; all inside the caller's transaction."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql as pgsql

from watchline.db.sql import load
from watchline.detections.accept import Quarantined
from watchline.detections.copy import COLUMNS
from watchline.detections.days import Days
from watchline.detections.ledger import SeqRange, SeqSet, as_multirange
from watchline.detections.spans import Span, widen

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


def copy_detections(connection: Connection, stream: memoryview) -> None:
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


def note_late(
    connection: Connection, sector: str, at_us: NDArray[np.int64], now_us: int
) -> NDArray[np.bool_]:
    """Remember the stretches of late stamps for a rerun; gives which are too many to be judged."""
    waiting = connection.execute(_sql["waiting_spans"], {"sector": sector}).fetchall()
    changed, refused = widen(waiting, at_us, now_us)
    with connection.cursor() as cursor:
        cursor.executemany(
            _sql["put_late_span"],
            [{"sector": sector, "from_us": low, "to_us": high} for low, high in changed],
        )
    return refused


def due_late_spans(
    connection: Connection, sector: str, *, quiet_s: float, most_s: float
) -> Sequence[int]:
    """Ids of the stretches to rerun, earliest first: to which nothing was added for `quiet_s`,
    that have waited `most_s`, or whose rerun was interrupted.
    """
    values = {"sector": sector, "quiet_s": quiet_s, "most_s": most_s}
    return [id for (id,) in connection.execute(_sql["due_late_spans"], values)]


def begin_late_span(connection: Connection, id: int) -> Span | None:
    """Let a stretch grow no more; None when it is part of another by now."""
    return connection.execute(_sql["begin_late_span"], {"id": id}).fetchone()


def close_late_span(connection: Connection, id: int) -> None:
    """Mark a stretch done."""
    connection.execute(_sql["close_late_span"], {"id": id})


def detections_between(
    connection: Connection, sector: str, from_us: int, to_us: int, page: int
) -> Generator[Sequence[tuple[Any, ...]], None, None]:
    """The sector's placed detections with from_us ≤ at < to_us by `at`, in pages of rows as of
    the statement. No transaction stays open between pages.
    """
    with connection.cursor(name="detections", withhold=True) as cursor:
        cursor.execute(
            _sql["detections_between"], {"sector": sector, "from_us": from_us, "to_us": to_us}
        )
        while found := cursor.fetchmany(page):
            yield found
