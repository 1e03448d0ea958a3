"""Gaps have times, and the books of each hour are closed: settled + missing = expected."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.rows import dict_row

from watchline.detections import store
from watchline.detections.accept import Quarantined
from watchline.detections.store import Settlement
from watchline.health import ledger


@pytest.fixture
def connection(hub):
    hub.execute(
        """INSERT INTO edge (id, sector_id, public_key, last_seen_at)
           VALUES ('e', 'test', decode(repeat('00', 32), 'hex'), now())"""
    )
    with hub.database.connect("ingest") as made:
        yield made


@pytest.fixture
def now(connection) -> datetime:
    return connection.execute("SELECT now()").fetchone()[0]


def settle(connection: Any, at: datetime, *ranges: tuple[int, int], highest: int, **more) -> None:
    lost = more.pop("lost", ())
    quarantined = more.pop("quarantined", 0)
    count = sum(high - low for low, high in ranges) - sum(high - low for low, high in lost)
    store.settle(
        connection,
        Settlement(
            edge="e",
            boot=more.pop("boot", 2**62),
            settled=ranges,
            highest_seq=highest,
            detections=count - quarantined,
            others=0,
            quarantined=quarantined,
            lost=lost,
        ),
        round(at.timestamp() * 1e6),
    )


def night(connection: Any, now: datetime) -> datetime:
    """Ten seqs a second for two minutes until five minutes ago; of them 400 to 599 are missing,
    700 to 709 lost and 800 quarantined."""
    begun = now - timedelta(minutes=7)
    for second in range(0, 121, 5):
        low, high = 10 * second + 1, 10 * second + 51
        at = begun + timedelta(seconds=second + 5)
        if low == 401 or 450 < low < 600:
            settle(connection, at, highest=high - 1)
        elif low == 701:
            settle(connection, at, (low, high), highest=high - 1, lost=[(701, 711)])
        elif low == 801:
            settle(connection, at, (low, high), highest=high - 1, quarantined=1)
            bad = Quarantined(seq=801, code="item.malformed", payload=b"x")
            store.quarantine(connection, "e", 2**62, [bad], round(at.timestamp() * 1e6))
        else:
            settle(connection, at, (low, high), highest=high - 1)
    return begun


def runner(connection: Any) -> ledger.Run:
    def run(statement: str, params: dict[str, Any]):
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, params).fetchall()

    return run


def test_each_gap_is_told_with_its_seqs_its_times_and_its_kind(connection, now):
    begun = night(connection, now)
    told = [
        (
            gap["kind"],
            gap["from_seq"],
            gap["to_seq"],
            gap["code"],
            round((gap["from_at"] - begun).total_seconds()),
            round((gap["to_at"] - begun).total_seconds()),
        )
        for gap in ledger.gaps(runner(connection), "e")
    ]
    assert told == [
        ("quarantined", 801, 801, "item.malformed", 85, 85),
        ("lost", 701, 710, None, 65, 75),
        ("missing", 401, 600, None, 35, 65),
    ]


def test_the_hours_add_up_over_boots_and_outages(connection, now):
    hour = now.replace(minute=0, second=0, microsecond=0)
    for age_h, low, high, highest in ((30, 1, 101, 100), (5, 101, 181, 200), (2, 201, 301, 300)):
        settle(connection, hour - timedelta(hours=age_h), (low, high), highest=highest)
    settle(connection, now, highest=330)  # the tail: given out, not here
    settle(connection, now - timedelta(seconds=1), (1, 11), highest=10, boot=5, lost=[(1, 4)])
    hours = ledger.hours(runner(connection), "e")
    assert all(each["settled"] + each["missing"] == each["expected"] for each in hours)
    told = {
        round((hour - each["hour"]) / timedelta(hours=1)): (
            each["expected"],
            each["missing"],
            each["lost"],
        )
        for each in hours
    }
    assert told == {5: (100, 20, 0), 2: (100, 0, 0), 0: (40, 30, 3)}


async def test_the_console_and_the_report_say_the_same(hub, admin, connection, now):
    night(connection, now)
    from watchline.history.report import ingest_report

    hub.execute("UPDATE sector SET owner_seen_at = now(), owner_since = now() - interval '1 h'")
    with hub.database.connect("app") as app:
        report = ingest_report(app, "test")
    (row,) = report["edges"]
    told = (await admin.get("/api/sectors/test/edges/e/ledger")).json()
    assert json.loads(json.dumps(row["gaps"], default=datetime.isoformat))[0]["boot"] == str(2**62)
    assert [gap["from_seq"] for gap in told["gaps"]] == [gap["from_seq"] for gap in row["gaps"]]
    assert [h["expected"] for h in told["hours"]] == [h["expected"] for h in row["hours"]]
    hub.app.state.health.facts = None
    (edge,) = (await admin.get("/api/sectors/test/edges")).json()
    assert edge["settled"] == row["settled"] and edge["expected"] == row["expected"] == 1250
    assert edge["missing"] == row["missing"] == 200 and edge["on_the_way"] == 0
    assert (edge["lost"], edge["quarantined"], edge["state"]) == (10, 1, "connected")
    assert (await admin.get("/api/sectors/test/edges/none/ledger")).json()["gaps"] == []
    assert (await admin.get("/api/sectors/none/edges")).status_code == 404


def test_what_was_given_out_just_now_is_not_missing_yet(connection, now):
    settle(connection, now - timedelta(seconds=29), (1, 11), highest=20)
    assert ledger.gaps(runner(connection), "e") == []
    assert datetime.now(UTC) - now < timedelta(seconds=60)
