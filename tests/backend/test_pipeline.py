"""A sector's writer on a clock of the test's own."""

import datetime as dt
import time

import pytest

from own_writer import INFO, OwnWriter, import_sector, seen
from watchline.sectors.clock import SectorClock


@pytest.mark.parametrize("year", [1970, 2038])
def test_a_clock_far_off_stops_no_sector(database, year):
    import_sector(database)
    began = time.monotonic()
    off_s = dt.datetime(year, 1, 19, tzinfo=dt.UTC).timestamp()
    writer = OwnWriter(
        database.url("ingest"),
        clock=SectorClock(lambda: round((off_s + time.monotonic() - began) * 1e6)),
    )
    try:
        writer.send(INFO, seen(1))
        assert writer.until_settled().settled == [(1, 3)]
    finally:
        writer.stop()
    with database.connect("owner") as connection:
        known = connection.execute("SELECT known_at FROM detection").fetchall()
    assert abs(known[0][0].timestamp() - time.time()) < 60  # the database's time
