"""The ingest report: what each edge gave out, what is settled, what is missing, and when."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from watchline.db.sql import load
from watchline.health import ledger

statements = load("watchline.history", "report.sql")

Row = Sequence[Any]


def ingest_report(connection: psycopg.Connection[Any], sector: str | None = None) -> dict[str, Any]:
    """The report of one sector, or of all; see `assemble` for its form."""
    arguments = {"sector": sector}

    def run(statement: str, params: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, params).fetchall()

    report = assemble(
        connection.execute(statements["ledger"], arguments).fetchall(),
        connection.execute(statements["sensors"], arguments).fetchall(),
        connection.execute(statements["refused"]).fetchall(),
        connection.execute(statements["stored"], arguments).fetchone() or (0, 0),
    )
    for edge in report["edges"]:
        edge["gaps"] = ledger.gaps(run, edge["edge"])
        edge["hours"] = ledger.hours(run, edge["edge"])
    return report


def assemble(
    boots: Sequence[Row], sensors: Sequence[Row], refused: Sequence[Row], stored: Row
) -> dict[str, Any]:
    """The statements' rows as one JSON object. In every edge settled + missing = expected.

    `stored` counts detection rows and `duplicates` natural keys that are there twice; both are
    read from the detections themselves, not from the ledger.
    """
    edges: dict[str, dict[str, Any]] = {}
    for id, sector, seen_at, skew_ms, boot, *counts, holes in boots:
        edge = edges.setdefault(
            id,
            {
                "edge": id,
                "sector": sector,
                "last_seen_at": None if seen_at is None else seen_at.isoformat(),
                "skew_ms": skew_ms,
                "boots": 0,
                "expected": 0,
                "settled": 0,
                "missing": 0,
                "detections": 0,
                "others": 0,
                "quarantined": 0,
                "lost": 0,
                "holes": [],
                "refused": {},
            },
        )
        if boot is None:
            continue
        highest, settled, found, others, bad, lost = counts
        edge["boots"] += 1
        edge["expected"] += highest
        edge["settled"] += settled
        edge["missing"] += highest - settled
        edge["detections"] += found
        edge["others"] += others
        edge["quarantined"] += bad
        edge["lost"] += lost
        edge["holes"] += [{"boot": boot, "from": low, "to": high - 1} for low, high in holes]
    for id, code, count in refused:
        if id in edges:
            edges[id]["refused"][code] = count
    return {
        "edges": list(edges.values()),
        "sensors": [
            {
                "sensor": id,
                "edge": edge,
                "at": None if at is None else at.isoformat(),
                "state": state,
                "code": code,
                "counters": counters or {},
            }
            for id, edge, at, state, code, counters in sensors
        ],
        "stored": stored[0],
        "duplicates": stored[1],
    }
