"""A sector's writer in this process, on a clock of the test's own."""

import datetime as dt
import json
import threading
import time

import msgspec
import pytest

from plain_sector import SECTOR
from system import wait_for
from watchline import sector_file
from watchline.db.engine import async_engine
from watchline.pipeline import NotOwner, SectorPipeline
from watchline_sensors.contract import Detection, Envelope, Lane, Position, SensorInfo


@pytest.fixture
async def sector(database):
    """The test sector with one edge."""
    engine = async_engine(database.url("app"))
    try:
        await sector_file.put(engine, json.dumps(SECTOR).encode())
    finally:
        await engine.dispose()
    with database.connect("owner") as connection:
        connection.execute(
            "INSERT INTO edge (id, sector_id, public_key) VALUES ('e', 'test', %s)", [bytes(32)]
        )


def _envelope(at_us: int) -> Envelope:
    items = [
        SensorInfo(
            sensor="r", at_us=1, kind="radar", name="R", lon_deg=24.0, lat_deg=50.5, height_m=200.0
        ),
        Detection(
            sensor="r",
            at_us=at_us,
            position=Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=4.0, var_north_m2=4.0),
        ),
    ]
    return Envelope(
        edge="e",
        boot=1,
        lane=Lane.LIVE,
        sent_at_us=at_us,
        watermark_us=at_us,
        highest_seq=2,
        seqs=[1, 2],
        items=[msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
    )


@pytest.mark.parametrize("year", [1970, 2038])
def test_a_clock_far_off_stops_no_sector(database, sector, year):
    began = time.monotonic()
    off = dt.datetime(year, 1, 19, tzinfo=dt.UTC).timestamp()
    pipeline = SectorPipeline(
        "test",
        database_url=database.url("ingest"),
        owner_url="http://127.0.0.1:1",
        token="t",
        publish=lambda frame: None,
        clock_us=lambda: round((off + time.monotonic() - began) * 1e6),
    )
    thread = threading.Thread(target=pipeline.run)
    thread.start()
    try:

        def settled() -> bool:
            try:
                pipeline.receive(_envelope(time.time_ns() // 1000))
            except NotOwner:
                return False
            with database.connect("owner") as connection:
                row = connection.execute("SELECT settled::text FROM ledger").fetchone()
            return row == ("{[1,3)}",)

        wait_for("both items to be settled", settled)
    finally:
        pipeline.stop()
        thread.join(timeout=10)
    with database.connect("owner") as connection:
        known = connection.execute("SELECT known_at FROM detection").fetchall()
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert known in ([(today,)], [(today - dt.timedelta(days=1),)])  # midnight may have passed
