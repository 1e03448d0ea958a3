"""Days are closed and dropped beside a running ingest, and what is dropped is written down."""

import datetime as dt
import threading
from typing import Any

import psycopg
import pytest

from system import wait_for
from watchline import maintenance
from watchline.audit import store as audit
from watchline.detections import store
from watchline.settings import RetentionSettings

TODAY = dt.datetime.now(dt.UTC).date()
_INSERT = """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id, timing,
                                    geom)
             SELECT %(day)s::date + interval '12 h', %(day)s::date + s * interval '80 ms', 'e', 1,
                    s, 'r', 'x', 'l',
                    ST_SetSRID(ST_MakePoint(24 + s %% 1000 * 1e-4, 50 + s * 1e-7), 4326)
               FROM generate_series(1, %(rows)s) s"""


def make_day(database: Any, day: dt.date, rows: int = 3) -> None:
    """A day's partition as it was made at the time, with rows."""
    part = f"detection_{day:%Y%m%d}"
    with database.connect("owner") as connection:
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {part} PARTITION OF detection
                FOR VALUES FROM ('{day}T00:00Z') TO ('{day + dt.timedelta(days=1)}T00:00Z')"""
        )
        connection.execute(_INSERT, {"day": day, "rows": rows})


def days(database: Any) -> list[dt.date]:
    with database.connect("ingest") as connection:
        return [row[0] for row in connection.execute("SELECT d FROM detection_days() d ORDER BY 1")]


def count(database: Any, table: str) -> int:
    with database.connect("owner") as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def events(database: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with database.connect("owner") as connection:
        assert audit.verify_chain(connection, audit.HUB_CHAIN).holds
        return connection.execute(
            "SELECT op, object, detail FROM audit_event ORDER BY no"
        ).fetchall()


@pytest.fixture
def connection(database):
    with maintenance.connect(database.url("ingest")) as made:
        assert maintenance.take(made)
        yield made


def passes(connection: Any, keep_days: int = 90, times: int = maintenance.DUE_PASSES) -> None:
    maintenance.close_days(connection)
    for _ in range(times):
        maintenance.count_pass(connection, keep_days)
    maintenance.drop_days(connection, keep_days)


def test_a_closed_day_answers_by_place_and_time_from_its_gist_index(database, connection):
    old = TODAY - dt.timedelta(days=3)
    make_day(database, old, rows=20_000)
    maintenance.close_days(connection)
    with database.connect("app") as app:
        # Whoever asks names a stretch of time and a rectangle; known_at shuts other days out.
        plan = "\n".join(
            row[0]
            for row in app.execute(
                """EXPLAIN SELECT seq, at FROM detection
                    WHERE at >= %(day)s::date AND at < %(day)s::date + 1
                      AND known_at >= %(day)s::date AND known_at < %(day)s::date + interval '2 d'
                      AND geom && ST_MakeEnvelope(24.01, 50, 24.0101, 50.1, 4326)""",
                {"day": old},
            )
        )
        assert f"detection_{old:%Y%m%d}_geom" in plan, plan
        by_place = app.execute(
            """SELECT count(*) FROM detection
                WHERE geom && ST_MakeEnvelope(24.00995, 50, 24.01005, 50.1, 4326)"""
        ).fetchone()
        assert by_place == (20,)
    with database.connect("owner") as owner:
        indexes = {
            row[0]: row[1]
            for row in owner.execute(
                "SELECT tablename, indexdef FROM pg_indexes WHERE indexdef LIKE '%gist%geom%'"
                " AND tablename LIKE 'detection%'"
            )
        }
        row = owner.execute("SELECT row_count FROM closed_day WHERE day = %s", [old]).fetchone()
    # Today's partition has none: it would halve the ingest.
    assert f"detection_{TODAY:%Y%m%d}" not in indexes and f"detection_{old:%Y%m%d}" in indexes
    assert row == (20_000,)


def test_ingest_goes_on_while_a_day_is_closed_and_dropped(database, connection):
    old = TODAY - dt.timedelta(days=100)
    make_day(database, old, rows=50_000)
    stop = threading.Event()
    stored: list[float] = []

    def ingest() -> None:
        with database.connect("ingest", autocommit=False) as writer:
            while not stop.is_set():
                writer.execute(_INSERT, {"day": TODAY, "rows": 10})
                writer.commit()
                stored.append(1)

    thread = threading.Thread(target=ingest)
    thread.start()
    try:
        while len(stored) < 5:
            assert thread.is_alive()
        before = len(stored)
        passes(connection)
        assert old not in days(database)
        assert len(stored) > before
    finally:
        stop.set()
        thread.join()
    assert count(database, "detection") == 10 * len(stored)


def test_a_drop_waits_for_no_reader_and_is_tried_again(database, connection, monkeypatch):
    monkeypatch.setattr(maintenance, "_LOCK_TRIES", 2)
    old = TODAY - dt.timedelta(days=100)
    make_day(database, old)
    with database.connect("app", autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM detection")  # as a backup does for minutes
        passes(connection)
        assert old in days(database) and events(database) == []
        with database.connect("ingest") as writer:
            writer.execute("SET lock_timeout = '1s'")
            writer.execute(_INSERT, {"day": TODAY, "rows": 1})
    passes(connection, times=0)
    assert old not in days(database)
    assert events(database) == [
        (
            "retention.drop",
            f"detections {old}",
            {"rows": 3, "bytes": events(database)[0][2]["bytes"]},
        )
    ]


def test_only_what_is_too_old_goes(database, connection):
    kept, gone = TODAY - dt.timedelta(days=7), TODAY - dt.timedelta(days=8)
    for day in (kept, gone):
        make_day(database, day)
    passes(connection, keep_days=7, times=maintenance.DUE_PASSES - 1)
    assert gone in days(database)  # one pass short
    passes(connection, keep_days=7, times=1)
    assert gone not in days(database) and kept in days(database)


def test_a_clock_that_was_ahead_for_some_hours_drops_nothing(database, connection):
    old = TODAY - dt.timedelta(days=30)
    make_day(database, old)
    maintenance.close_days(connection)
    for keep in (7, 7, 7, 90, 7):  # 7 stands for the clock that is ahead, 90 for the right one
        maintenance.count_pass(connection, keep)
    with database.connect("owner") as owner:
        assert owner.execute(
            "SELECT due_passes FROM closed_day WHERE day = %s", [old]
        ).fetchone() == (1,)
    maintenance.drop_days(connection, 7)
    assert old in days(database)


def test_what_belongs_to_dropped_days_goes_with_them_and_the_rest_stays(database, connection):
    with database.connect("owner") as owner:
        owner.execute(_PAST)
    passes(connection)
    with database.connect("owner") as owner:
        assert owner.execute("SELECT code FROM quarantine").fetchall() == [("new",)]
        assert owner.execute("SELECT no FROM track ORDER BY no").fetchall() == [(2,), (3,)]
        assert owner.execute("SELECT edge_id, boot FROM ledger ORDER BY 1, 2").fetchall() == [
            ("busy", 2),
            ("silent", 1),
        ]
        assert owner.execute("SELECT count(*) FROM late_span").fetchone() == (1,)
        assert owner.execute("SELECT name FROM login_failure").fetchall() == [("new",)]
        assert owner.execute("SELECT count(*) FROM incident").fetchone() == (1,)
    assert {(op, what): detail["rows"] for op, what, detail in events(database)} == {
        ("retention.prune", "quarantine"): 1,
        ("retention.prune", "tracks"): 1,
        ("retention.prune", "late_spans"): 1,
        ("retention.prune", "boots"): 1,
        ("retention.prune", "logins"): 1,
    }


def test_there_is_one_runner_and_another_takes_over(database):
    with maintenance.connect(database.url("ingest")) as first:
        assert maintenance.take(first)
        with maintenance.connect(database.url("ingest")) as second:
            assert not maintenance.take(second)
            first.close()
            for _ in range(100):
                if maintenance.take(second):
                    return
            raise AssertionError("the lock outlived its session")


@pytest.mark.parametrize("role", ["app", "ingest"])
def test_nobody_drops_a_day_that_is_not_closed(database, role):
    with (
        database.connect(role) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)),
    ):
        connection.execute("SELECT drop_detection_day(current_date)")


@pytest.mark.parametrize(
    ("clock", "newest", "believed"),
    [
        ("2026-11-25T23:59:59Z", "2026-12-02", "2026-11-25"),
        ("2026-11-26T01:30:00+02", "2026-12-02", "2026-11-25"),
        ("2038-01-19T03:14:07Z", "2026-12-02", "2038-01-19"),
        ("1970-01-01T00:00:05Z", "2026-12-02", "2026-11-25"),
        ("1970-01-01T00:00:05Z", None, "1970-01-01"),
    ],
)
def test_a_clock_older_than_the_software_is_not_believed(database, clock, newest, believed):
    with database.connect("ingest") as connection:
        row = connection.execute(
            "SELECT believed_day(%s::timestamptz, %s::date, 7)::text", [clock, newest]
        ).fetchone()
    assert row == (believed,)


def test_whatever_the_workers_clock_says_there_is_a_partition(database):
    with database.connect("ingest") as connection:
        held = store.ensure_partitions(connection)
        for year in (1970, 2026, 2038):
            clock = dt.datetime(year, 1, 19, tzinfo=dt.UTC)
            known_us = held.known_us(int(clock.timestamp()) * 1_000_000)
            connection.execute(_STORE, [known_us])
        stored = connection.execute(
            "SELECT DISTINCT (known_at AT TIME ZONE 'UTC')::date FROM detection"
        ).fetchall()
    assert stored == [(dt.datetime.fromtimestamp(held.today_us / 1e6, dt.UTC).date(),)]


_STORE = """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id, timing)
            VALUES (to_timestamp(%s / 1e6), now(), 'e', 1, 1, 'r', 'x', 'l')"""

_PAST = """
DO $$ DECLARE
    old timestamptz := now() - interval '100 d';
    place geometry := ST_SetSRID(ST_MakePoint(24, 50), 4326);
BEGIN
    INSERT INTO sector (id, name, geom, origin, time_zone) VALUES
        ('x', 'X', ST_MakeEnvelope(23, 50, 24, 51, 4326), place, 'UTC');
    INSERT INTO edge (id, sector_id, public_key)
        SELECT id, 'x', decode(repeat('00', 32), 'hex') FROM unnest(ARRAY['busy', 'silent']) id;
    INSERT INTO ledger (edge_id, boot, first_known_at, last_known_at) VALUES
        ('busy', 1, old, old), ('busy', 2, old, now()), ('silent', 1, old, old);
    INSERT INTO quarantine (known_at, edge_id, code, payload) VALUES
        (old, 'busy', 'old', ''), (now(), 'busy', 'new', '');
    INSERT INTO late_span (sector_id, from_at, to_at, changed_at, rerun_at) VALUES
        ('x', old, old, old, old), ('x', old, old, old, NULL);
    INSERT INTO track (id, known_at, sector_id, no, status, first_at, last_at, geom, var_east_m2,
                       cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits)
        SELECT ('00000000-0000-7000-8000-00000000000' || no)::uuid, at, 'x', no, 'ended', at, at,
               place, 1, 0, 1, 0, 0, '{}', '{}', 1
          FROM (VALUES (1, old), (2, old), (3, now())) t(no, at);
    INSERT INTO incident (id, sector_id, no, rev, opened_at, known_at, last_at, status, condition,
                          severity, rule_id, rule_version, geom, track_ids, findings)
        VALUES ('00000000-0000-7000-8000-000000000009', 'x', 1, 1, old, old, old, 'resolved',
                'cleared', 'low', 'r', 1, place,
                ARRAY['00000000-0000-7000-8000-000000000002']::uuid[], 1);
    INSERT INTO login_failure (at, name, source) VALUES (old, 'old', ''), (now(), 'new', '');
END $$"""


def test_it_runs_beside_the_pipelines_until_it_is_stopped(database):
    old = TODAY - dt.timedelta(days=3)
    make_day(database, old)
    stopping = threading.Event()
    thread = threading.Thread(
        target=maintenance.run, args=(database.url("ingest"), RetentionSettings(), stopping)
    )
    thread.start()
    try:
        wait_for("the day to be closed", lambda: count(database, "closed_day") >= 1)
    finally:
        stopping.set()
        thread.join(timeout=10)
    assert not thread.is_alive()
