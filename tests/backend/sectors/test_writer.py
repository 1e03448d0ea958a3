"""One writer a sector: what a frozen one leaves behind."""

import time

import pytest

from own_writer import import_sector
from watchline.db.engine import connect_sync
from watchline.sectors import writer
from watchline.sectors.model import WRITER_ALIVE_S

SECTOR = "test"


def take(connection, url="http://b"):
    return writer.take(connection, SECTOR, url=url, token="t")


@pytest.mark.parametrize("helping", ["a commit", "a COPY", "nothing"])
def test_a_writer_frozen_within_a_commit_is_replaced_at_once(database, helping):
    """Its transaction holds the sector's row until a limit ends it: 30 s in a COPY, else 60."""
    import_sector(database)
    url = database.url("ingest")
    with (
        connect_sync(url, autocommit=True) as main,
        connect_sync(url, autocommit=True) as helper,
        connect_sync(url, autocommit=True) as next_one,
    ):
        hold = take(main, "http://a")
        writer.helps(helper, SECTOR)
        assert take(next_one) is None  # it lives
        helper.execute("BEGIN")
        if helping != "nothing":
            writer.fence(helper, hold, hold.rev)
        if helping == "a COPY":
            helper.execute("CREATE TEMP TABLE seen (at int)")
            helper.pgconn.exec_(b"COPY seen FROM STDIN")
        time.sleep(WRITER_ALIVE_S + 0.1)
        began = time.monotonic()
        assert take(next_one) is None  # its own session is ended
        time.sleep(0.2)
        assert take(next_one).epoch == hold.epoch + 1
        assert time.monotonic() - began < 2.0
        pids = [gone.info.backend_pid for gone in (main, helper)]
        alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)"
        assert next_one.execute(alive, [pids]).fetchone() == (0,)
        helper.close()  # psycopg knows nothing of that COPY


def test_a_living_writers_helpers_are_left_alone(database):
    import_sector(database)
    url = database.url("ingest")
    with (
        connect_sync(url, autocommit=True) as main,
        connect_sync(url, autocommit=True) as helper,
        connect_sync(url, autocommit=True) as next_one,
    ):
        take(main)
        writer.helps(helper, SECTOR)
        assert take(next_one) is None
        assert helper.execute("SELECT 1").fetchone() == (1,)
