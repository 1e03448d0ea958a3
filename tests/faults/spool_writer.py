"""The process under which the power is cut: the real spool, filled by many adapters at once.

    python -m faults.spool_writer SPOOL JOURNAL SEED

Keys of the journal are boot.seq. What lies there of earlier boots is freed meanwhile, as a hub
that is back would have it.
"""

import asyncio
import hashlib
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from faults.oracle import Journal
from watchline_sensors.clock import now_us
from watchline_sensors.contract import Detection, Position
from watchline_sensors.errors import SpoolFull
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Row

ADAPTERS = 8
MAX_BYTES = 160_000_000


def digest(row: Row) -> str:
    """The payload hash that the journal holds."""
    return hashlib.sha256(row.body).hexdigest()[:16]


def sighting(dice: random.Random) -> Detection:
    """One detection, like no other."""
    return Detection(
        sensor="radar-1",
        at_us=now_us(),
        position=Position(
            lon_deg=dice.uniform(2, 3), lat_deg=41.5, var_east_m2=9.0, var_north_m2=9.0
        ),
        extras={"text": "x" * dice.randrange(40), "number": dice.random()},
    )


async def fill(spool_path: Path, journal: Journal, dice: random.Random) -> None:
    """Put until killed."""
    numbered: dict[asyncio.Task[None] | None, list[str]] = {}

    def given(_: int, rows: Sequence[Row]) -> None:
        keys = [f"{spool.boot}.{row.seq}" for row in rows]
        numbered[asyncio.current_task()] = keys
        journal.given((key, digest(row)) for key, row in zip(keys, rows, strict=True))

    async def adapter() -> None:
        while True:
            try:
                await spool.put([sighting(dice) for _ in range(dice.choice((1, 20, 200)))])
            except SpoolFull:  # nothing was promised; rows of earlier boots are being freed
                await asyncio.sleep(0.05)
                continue
            journal.acked(numbered[asyncio.current_task()])
            await asyncio.sleep(0)

    async def free_old() -> None:
        for boot in await spool.old_boots():
            for low in range(1, boot.highest_seq + 1, 1000):
                await spool.free(boot.boot, [(low, low + 1000)])
                await asyncio.sleep(0.02)
            await spool.forget(boot.boot)

    spool = Spool(spool_path, max_bytes=MAX_BYTES, on_numbered=given)
    await spool.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(free_old())
        for _ in range(ADAPTERS):
            group.create_task(adapter())


def main() -> None:
    """Run as a command."""
    spool, journal, seed = sys.argv[1:]
    asyncio.run(fill(Path(spool), Journal(Path(journal)), random.Random(int(seed))))


if __name__ == "__main__":
    main()
