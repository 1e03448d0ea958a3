"""A sector's writer driven by hand, on a clock of the test's own: no thread, no chance."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from watchline.db.engine import connect_sync
from watchline.detections.parcel import decode_parcel
from watchline.pipeline import SectorPipeline
from watchline.sectors.clock import SectorClock
from watchline_sensors.contract import Envelope, Item, Lane, Receipt, encode_envelope

SECOND = 1_000_000


class HandClock(SectorClock):
    """Stands where it is put."""

    def __init__(self, now_us: int) -> None:
        super().__init__()
        self.time_us = now_us

    def now_us(self) -> int:
        return self.time_us

    def set(self, database_us: int) -> None:
        """The database's time is of no interest here."""

    def observe(self, asked_us: int, database_us: int, skews_us: Any) -> tuple[int, bool]:
        return 0, False


class HandWriter:
    """A pipeline and its connection; `turn` goes once down its list."""

    def __init__(
        self, database: Any, clock: SectorClock, connection: Any, patience_s: float | None
    ) -> None:
        self.database, self.clock, self._connection = database, clock, connection
        self.frames: list[Any] = []
        self.pipeline = SectorPipeline(
            "test",
            database_url=database.url("ingest"),
            owner_url="http://127.0.0.1:1",
            token="t",
            publish=self.frames.append,
            clock=clock,
            patience_s=patience_s,
        )

    def acquire(self) -> bool:
        """Take the sector."""
        return self.pipeline.acquire(self._connection)

    def turn(self) -> None:
        """One cycle."""
        self.pipeline.cycle(self._connection)

    def send(self, envelope: Envelope) -> Receipt:
        """Let an envelope arrive."""
        return self.pipeline.receive(decode_parcel(encode_envelope(envelope)))

    def query(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement, as the owner."""
        with self.database.connect("owner") as connection:
            return connection.execute(statement, arguments).fetchall()


@contextmanager
def hand_writer(
    database: Any, clock: SectorClock, patience_s: float | None = None
) -> Iterator[HandWriter]:
    """A writer that holds the test sector; it waits for changed rules, unless told otherwise."""
    with connect_sync(database.url("ingest"), autocommit=True) as connection:
        made = HandWriter(database, clock, connection, patience_s)
        assert made.acquire()
        yield made


def envelope(edge: str, first_seq: int, items: list[Item], now_us: int, **changes: Any) -> Envelope:
    """Items in a live envelope of boot 1, numbered from `first_seq` on."""
    seqs = list(range(first_seq, first_seq + len(items)))
    made = Envelope(
        edge=edge,
        boot=1,
        lane=Lane.LIVE,
        sent_at_us=now_us,
        watermark_us=now_us,
        highest_seq=max([first_seq - 1, *seqs]),
        seqs=seqs,
        items=[msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
    )
    return msgspec.structs.replace(made, **changes)
