"""A sector's writer in the test's own process, and an edge that hands it envelopes."""

import asyncio
import json
import threading
import time
from typing import Any

import msgspec

from plain_sector import SECTOR, lon_lat
from system import wait_for
from watchline import sector_file
from watchline.db.engine import async_engine
from watchline.detections.parcel import decode_parcel
from watchline.pipeline import NotOwner, SectorPipeline
from watchline.sectors.clock import SectorClock
from watchline_sensors.contract import (
    Detection,
    Envelope,
    Item,
    Lane,
    Position,
    Receipt,
    SensorInfo,
    encode_envelope,
)

EDGE = "edge-a"
INFO = SensorInfo(
    sensor="radar", at_us=1, kind="radar", name="R", lon_deg=24.0, lat_deg=50.5, height_m=200.0
)


def import_sector(database: Any, *edges: str) -> None:
    """The test sector with these edges enrolled; with none given, EDGE."""

    async def put() -> None:
        engine = async_engine(database.url("app"))
        try:
            await sector_file.put(engine, json.dumps(SECTOR).encode())
        finally:
            await engine.dispose()

    asyncio.run(put())
    with database.connect("owner") as connection:
        for edge in edges or (EDGE,):
            connection.execute(
                "INSERT INTO edge (id, sector_id, public_key) VALUES (%s, 'test', %s)",
                [edge, bytes(32)],
            )


def seen(seq: int) -> Detection:
    """Somebody in the meadow's neighbourhood, a tenth of a second ago."""
    lon, lat = lon_lat(3.0 * (seq % 2), 10.0 * (seq % 50))
    return Detection(
        sensor="radar",
        at_us=time.time_ns() // 1000 - 100_000,
        position=Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0),
    )


class OwnWriter:
    """The pipeline of the test sector on a thread; `seq` is the last one that was given out."""

    def __init__(
        self,
        url: str,
        *,
        boot: int = 1,
        seq: int = 0,
        clock: SectorClock | None = None,
    ) -> None:
        self.boot = boot
        self.seq = seq
        self._pipeline = SectorPipeline(
            "test",
            database_url=url,
            owner_url="http://127.0.0.1:1",
            token="t",
            publish=lambda frame: None,
            clock=clock,
        )
        self._thread = threading.Thread(target=self._pipeline.run, daemon=True)
        self._thread.start()
        wait_for("the writer", lambda: self._pipeline.hold is not None, 60)

    def send(self, *items: Item) -> Receipt:
        """The next items in one envelope; sent again as long as nobody holds the sector."""
        now_us = time.time_ns() // 1000
        seqs = list(range(self.seq + 1, self.seq + 1 + len(items)))
        self.seq += len(items)
        envelope = Envelope(
            edge=EDGE,
            boot=self.boot,
            lane=Lane.LIVE,
            sent_at_us=now_us,
            watermark_us=now_us,
            highest_seq=self.seq,
            seqs=seqs,
            items=[msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
        )

        def received() -> Receipt | None:
            try:
                return self._pipeline.receive(decode_parcel(encode_envelope(envelope)))
            except NotOwner:
                return None

        receipt: Receipt = wait_for("somebody to take it", received)
        return receipt

    def until_settled(self) -> Receipt:
        """Empty envelopes until the newest seq is settled."""

        def settled() -> Receipt | None:
            receipt = self.send()
            return receipt if receipt.settled and receipt.settled[-1][1] > self.seq else None

        receipt: Receipt = wait_for(f"seq {self.seq} to be settled", settled, 60)
        return receipt

    def stop(self) -> None:
        """End it after its present commit."""
        self._pipeline.stop()
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()
