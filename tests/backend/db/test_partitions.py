"""Day partitions of detections: ahead, in UTC, without stopping a running COPY."""

import datetime as dt

import psycopg
import pytest

_NAMES = """SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'watchline.detection'::regclass ORDER BY 1"""
_INSERT = """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id, timing)
             VALUES (%s, now(), 'e', 1, 1, 's', 'x', 'l') RETURNING tableoid::regclass::text"""


def test_the_migration_made_yesterday_to_next_week(database) -> None:
    with database.connect("ingest") as connection:
        names = [row[0] for row in connection.execute(_NAMES)]
        row = connection.execute("SELECT (now() AT TIME ZONE 'UTC')::date").fetchone()
    today: dt.date = row[0]
    days = [today + dt.timedelta(days=n) for n in range(-1, 8)]
    expected = [f"detection_{day:%Y%m%d}" for day in days]
    # The template was made once for the run, which midnight may have passed since.
    assert set(expected[1:-1]) <= set(names)


def test_a_call_makes_what_is_missing_once_and_with_indexes(database) -> None:
    with database.connect("ingest") as connection:
        before = len(connection.execute(_NAMES).fetchall())
        made = connection.execute("SELECT ensure_detection_partitions(20)").fetchone()[0]
        again = connection.execute("SELECT ensure_detection_partitions(20)").fetchone()[0]
        names = [row[0] for row in connection.execute(_NAMES)]
        indexes = connection.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = %s", [names[-1]]
        ).fetchone()[0]
        parents = connection.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'detection'"
        ).fetchone()[0]
    assert made > 0
    assert (again, len(names)) == (0, before + made)
    assert indexes == parents > 0


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "Pacific/Kiritimati"])
def test_days_end_at_midnight_utc_whatever_the_session_says(database, zone: str) -> None:
    with database.connect("ingest", autocommit=False) as connection:
        connection.execute(f"SET timezone = '{zone}'")
        connection.execute("SELECT ensure_detection_partitions(12)")
        day = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day += dt.timedelta(days=11)
        last = day - dt.timedelta(microseconds=1)
        assert connection.execute(_INSERT, [day]).fetchone()[0] == f"detection_{day:%Y%m%d}"
        assert connection.execute(_INSERT, [last]).fetchone()[0] == f"detection_{last:%Y%m%d}"


def test_making_partitions_does_not_wait_for_a_running_copy(database) -> None:
    with (
        database.connect("ingest", autocommit=False) as writer,
        database.connect("ingest") as other,
    ):
        writer.execute(_INSERT, [dt.datetime.now(dt.UTC)])
        other.execute("SET lock_timeout = '500ms'")
        assert other.execute("SELECT ensure_detection_partitions(30)").fetchone()[0] > 0
        writer.commit()


@pytest.mark.parametrize("days", [-1, 401, None])
def test_days_out_of_bounds_are_refused(database, days: int | None) -> None:
    with (
        database.connect("ingest") as connection,
        pytest.raises(psycopg.errors.InvalidParameterValue),
    ):
        connection.execute("SELECT ensure_detection_partitions(%s::int)", [days])
