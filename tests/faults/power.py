"""Power cuts of a spool: run its writer, cut, reboot, and let the oracle look."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faults.nursery import python_path
from faults.oracle import Obligations, Verdict, judge
from faults.spool_writer import MAX_BYTES, digest, sighting
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Row

#: Ends the writers given by their process ids and brings the disk back.
Cut = Callable[[list[int]], None]


def only_kill(writers: list[int]) -> None:
    """No power cut: SIGKILL, after which the kernel still writes what it was given."""
    for pid in writers:
        os.kill(pid, signal.SIGKILL)


def cut_spool(
    folder: Path, journals: Path, cut: Cut, dice: random.Random, *, rows: int, module: str
) -> Verdict:
    """One cut of `module` at a moment drawn after about `rows` acknowledgements."""
    spool_path = folder / "spool.db"
    journal = journals / f"journal-{dice.getrandbits(32):x}"
    writer = subprocess.Popen(
        [sys.executable, "-m", module, spool_path, journal, str(dice.getrandbits(32))],
        env={**os.environ, "PYTHONPATH": python_path()},
    )
    try:
        wanted = rows * dice.uniform(1.0, 1.2)
        deadline = time.monotonic() + 60
        while (done := _rows(journal)) < wanted and time.monotonic() < deadline:
            assert writer.poll() is None, "the writer ended by itself"
            time.sleep(0.002 if done > 0.9 * wanted else 0.05)
        cut([writer.pid])
    finally:
        writer.kill()
        writer.wait()
    due = Obligations.read(journal)
    return asyncio.run(_after(spool_path, due)) + Verdict(kills=1)


def _rows(journal: Path) -> float:
    """About how many lines of `acked` it has: a pair of lines takes some 90 bytes."""
    return journal.stat().st_size / 90 if journal.exists() else 0


async def _after(spool_path: Path, due: Obligations) -> Verdict:
    """What the spool gives back of the boot that was cut; a fresh row passes through it."""
    boot = int(next(iter(due.acked)).partition(".")[0])
    given: list[Row] = []
    spool = Spool(spool_path, max_bytes=MAX_BYTES, on_numbered=lambda _, rows: given.extend(rows))
    await spool.open()
    try:
        assert spool.stats.salvages == 0, "the file was damaged"
        found: list[tuple[str, str]] = []
        after_seq = 0
        while rows := await spool.rows_after(boot, after_seq, limit=5000, max_bytes=10**9):
            after_seq = rows[-1].seq
            found += ((f"{boot}.{row.seq}", digest(row)) for row in rows)
        await spool.put([sighting(random.Random(1))])
        fresh = await spool.rows_after(spool.boot, 0, limit=2, max_bytes=10**9)
        assert fresh == given, "no fresh row passes"
        assert await spool.free(spool.boot, [(1, 2)]) == 1
    finally:
        await spool.close()
    with contextlib.closing(sqlite3.connect(spool_path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return judge(due, found)
