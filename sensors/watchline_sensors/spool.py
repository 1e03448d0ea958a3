"""The spool: what is put here is on disk before `put` returns, and stays until it is settled.

Puts of all adapters are committed together, see `spool_line.py`; SQLite runs in one thread of
its own, see `spool_file.py`. An item's number is (boot, seq): `boot` 63 random bits per
process start, `seq` counted in memory from 1; a refused put consumes its numbers, which are
then reported as lost.
"""

import asyncio
import functools
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from watchline_sensors.clock import steady_us
from watchline_sensors.contract import Item
from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.errors import SpoolClosed, SpoolDamaged, SpoolError
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool_file import SpoolFile
from watchline_sensors.spool_line import Numbered, Put, PutLine
from watchline_sensors.spool_model import Boot, DeadLetter, Row
from watchline_sensors.spool_salvage import salvage

log = logging.getLogger("watchline.spool")

_MAX_PUT = 2000  # items of one transaction; a longer put is cut
_MAX_RANGES = 500  # freed in one transaction; between two of them puts have their turn
_MAX_UNSPOOLED = 200
_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class SpoolStats:
    """Items since this process started; `rows` is what the file holds now, of all boots."""

    spooled: int = 0
    refused: int = 0
    unusable: int = 0
    damaged: int = 0
    rejected: int = 0
    freed: int = 0
    rows: int = 0
    salvages: int = 0


class Spool:
    """One spool file in use; a Feed for adapters, and the uplink's source.

    `decided_seq`: every seq of this boot up to it is on disk or lost. `committed` is set
    after each group, for whoever waits for new rows. `full`: the last group was refused.
    `unspooled`: by seq, the edge's own words that are to be sent though no disk took them.
    """

    def __init__(self, path: Path, *, max_bytes: int, on_numbered: Numbered | None = None) -> None:
        self.boot = secrets.randbits(63) or 1
        self.stats = SpoolStats()
        self.full = False
        self.decided_seq = 0
        self.committed = asyncio.Event()
        self.unspooled: dict[int, Row] = {}
        self._path, self._max_bytes = path, max_bytes
        self._line = PutLine(on_numbered)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._lost: dict[int, RangeSet] = {}
        self._lost_unwritten: set[int] = set()
        self._lost_written_us = 0
        self._freed = RangeSet()  # of this boot, to tell a hole from what was settled
        self._committer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the file, saving what can be saved if it is damaged; starts a new boot.

        Raises SpoolBusy when another process has it, SpoolFull, SpoolError.
        """
        try:
            await self._in_thread(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        self._committer = asyncio.create_task(self._commit_loop(), name="spool")

    def _open(self) -> None:
        try:
            self._start_boot()
        except SpoolDamaged as damage:
            log.error("%s: %s", damage.code, damage)
            self._salvage()
            self._start_boot()

    def _start_boot(self) -> None:
        self._file = SpoolFile(self._path, max_bytes=self._max_bytes)
        try:
            self._begin_boot()
            self._lost = self._file.lost()
            self.stats.rows = self._file.rows
        except BaseException:
            self._file.close()
            raise

    def _begin_boot(self) -> None:
        """Write this boot down, unless a salvage has saved that line too."""
        if all(boot.boot != self.boot for boot in self._file.boots()):
            self._file.begin_boot(self.boot)

    def _salvage(self) -> None:
        try:
            salvage(self._path)
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(f"it is damaged and could not be saved: {error}") from error
        self.stats.salvages += 1

    async def close(self) -> None:
        """Commit what waits, write the lost ranges and close the file."""
        self._line.close()
        if self._committer is not None:
            await asyncio.wait([self._committer])
            await self._write_lost()
            await self._in_thread(lambda: self._file.close())
        self._thread.shutdown(wait=False)

    # ── putting ──────────────────────────────────────────────────────────────────────────────

    async def put(self, items: Sequence[Item]) -> None:
        """Return once the items are on disk.

        Raises SpoolFull (all of them refused, or of more than 2,000 the later ones) and
        SpoolClosed. An item that cannot be sent is moved to the dead letters, counted, and
        declared lost; it harms no other.
        """
        for start in range(0, len(items), _MAX_PUT):
            await self._put(items[start : start + _MAX_PUT])

    async def say(self, items: Sequence[Item]) -> None:
        """Put the edge's own words (heartbeats, descriptions); raises SpoolClosed alone.

        A full spool must be able to say so: what the disk refuses is kept in memory until it
        is settled, the last 200 items of it; what goes beyond is declared lost.
        """
        await self._put(items, own=True)

    async def _put(self, items: Sequence[Item], *, own: bool = False) -> None:
        if self._committer is None:
            raise SpoolClosed
        await self._line.join(items, own=own).done

    async def _commit_loop(self) -> None:
        group: list[Put] = []
        try:
            while group := await self._line.next_group():
                await self._commit(group)
        finally:
            # Cancelled from outside: nobody may wait for a commit that will not come.
            self._line.close()
            for put in (*group, *await self._line.next_group()):
                put.finish(SpoolClosed())

    async def _commit(self, puts: list[Put]) -> None:
        decided_seq = puts[-1].last_seq
        answers: Sequence[SpoolError | None]
        try:
            answers = await self._use(
                lambda file: file.put(self.boot, [put.rows for put in puts], decided_seq)
            )
        except SpoolError as error:
            answers = [error] * len(puts)
        for put, answer in zip(puts, answers, strict=True):
            if answer is None or put.own:
                self._lose(self.boot, RangeSet.of(letter.seq for letter in put.letters))
            if answer is None:
                self.stats.spooled += len(put.rows)
            elif put.own:
                self._keep_unspooled(put.rows)
            else:
                self.stats.refused += len(put.rows)
                self._lose(self.boot, [(put.first_seq, put.last_seq + 1)])
        await self._bury([letter for put in puts for letter in put.letters])
        was_full, self.full = self.full, answers[-1] is not None
        if self.full and not was_full:
            log.error("spool.full: %s", answers[-1])
        self.decided_seq = decided_seq
        self.committed.set()
        for put, answer in zip(puts, answers, strict=True):
            put.finish(None if put.own else answer)
        if self._lost_unwritten and steady_us() - self._lost_written_us > 1_000_000:
            await self._write_lost()

    # ── taking ───────────────────────────────────────────────────────────────────────────────

    async def rows_after(
        self, boot: int, after_seq: int, *, limit: int, max_bytes: int
    ) -> list[Row]:
        """At most `limit` sound rows of a boot above `after_seq`, in order.

        Rows whose checksum fails go to the dead letters and are declared lost on the way;
        so fewer rows than are left may come, and none only when none is left.
        """
        while True:
            rows, bad = await self._use(
                functools.partial(
                    SpoolFile.rows_after,
                    boot=boot,
                    after_seq=after_seq,
                    limit=limit,
                    max_bytes=max_bytes,
                )
            )
            if bad:
                log.error("spool.row_damaged: %d of boot %d", len(bad), boot)
                self.stats.damaged += len(bad)
                self._lose(boot, RangeSet.of(bad))
            if rows or not bad:
                return rows
            after_seq = bad[-1]

    async def old_boots(self) -> list[Boot]:
        """The earlier boots with something left to say, oldest first."""
        boots = await self._use(lambda file: file.boots())
        return [boot for boot in boots if boot.boot != self.boot]

    async def free(
        self, boot: int, settled: Iterable[SeqRange], rejected: Mapping[int, str] | None = None
    ) -> int:
        """Let go of settled rows and lost ranges; what was rejected becomes dead letters.

        Gives the number of rows that left.
        """
        ranges = list(settled)
        codes = rejected or {}
        if boot == self.boot:
            self._freed.update(ranges)
            for seq in [seq for seq in self.unspooled if seq in self._freed]:
                del self.unspooled[seq]
        freed, todo = 0, ranges
        while todo:
            part, todo = todo[:_MAX_RANGES], todo[_MAX_RANGES:]
            deleted, dead, left = await self._use(
                functools.partial(SpoolFile.free, boot=boot, settled=part, rejected=codes)
            )
            todo = left + todo
            freed += deleted + dead
            self.stats.freed += deleted
            self.stats.rejected += dead
        lost = self._lost.get(boot)
        if lost is not None:
            before = len(lost)
            lost.difference_update(ranges)
            if len(lost) != before:
                self._lost_unwritten.add(boot)
        return freed

    def lost(self, boot: int) -> RangeSet:
        """The seqs of a boot that will never be sent and are not yet settled; a copy."""
        return self._lost.get(boot, RangeSet()).copy()

    async def holes(self, boot: Boot, settled: RangeSet) -> list[SeqRange]:
        """The seqs of an earlier boot that are neither here, nor lost, nor settled."""
        known = await self._use(lambda file: file.seqs(boot.boot))
        known.update(self.lost(boot.boot))
        known.update(settled)
        return known.holes(1, boot.highest_seq + 1)

    async def declare_lost(self, boot: int, ranges: Iterable[SeqRange]) -> None:
        """Say that these seqs will never be sent."""
        self._lose(boot, ranges)
        await self._write_lost()

    async def forget(self, boot: int) -> None:
        """Drop an earlier boot of which everything is settled; one with rows left stays."""
        if await self._use(lambda file: file.forget(boot)):
            self._lost.pop(boot, None)
            self._lost_unwritten.discard(boot)

    async def dead_letters(self) -> list[tuple[int, int, str]]:
        """(boot, seq, code) of the last 1,000 dead letters, oldest first."""
        return await self._use(lambda file: file.dead_letters())

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _keep_unspooled(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.unspooled[row.seq] = row
        while len(self.unspooled) > _MAX_UNSPOOLED:
            oldest = next(iter(self.unspooled))
            del self.unspooled[oldest]
            self._lose(self.boot, [(oldest, oldest + 1)])

    def _lose(self, boot: int, ranges: Iterable[SeqRange]) -> None:
        lost = self._lost.setdefault(boot, RangeSet())
        before = len(lost)
        lost.update(ranges)
        if len(lost) != before:
            self._lost_unwritten.add(boot)

    async def _write_lost(self) -> None:
        """What cannot be written now stays in memory, and is tried again with a later group."""
        self._lost_written_us = steady_us()
        for boot in sorted(self._lost_unwritten):
            lost = self.lost(boot)
            try:
                await self._use(functools.partial(_write_lost, boot=boot, lost=lost))
            except SpoolError as error:
                log.warning("%s: lost ranges are not written yet: %s", error.code, error)
                return
            self._lost_unwritten.discard(boot)

    async def _bury(self, letters: list[DeadLetter]) -> None:
        if not letters:
            return
        self.stats.unusable += len(letters)
        log.error("%s: an item cannot be sent", letters[0].code)
        try:
            await self._use(lambda file: file.bury(self.boot, letters))
        except SpoolError as error:
            log.warning("%s: a dead letter was not kept: %s", error.code, error)

    async def _use(self, work: Callable[[SpoolFile], _T]) -> _T:
        """Run `work` on the file in its thread; after damage once more on what was saved."""
        result, salvaged = await self._in_thread(lambda: self._guarded(work))
        self.stats.rows = self._file.rows
        if salvaged is not None:
            salvaged.update(self._freed)
            salvaged.update(RangeSet.of(self.unspooled))
            salvaged.update(self.lost(self.boot))
            gone = RangeSet(salvaged.holes(1, self.decided_seq + 1))
            self.stats.damaged += len(gone)
            self._lose(self.boot, gone)
            self._lost_unwritten.update(self._lost)
        return result

    def _guarded(self, work: Callable[[SpoolFile], _T]) -> tuple[_T, RangeSet | None]:
        """In the thread; the second answer is what a salvage left of this boot."""
        try:
            return work(self._file), None
        except SpoolDamaged as damage:
            log.error("%s: %s", damage.code, damage)
        self._file.close()
        self._salvage()
        self._file = SpoolFile(self._path, max_bytes=self._max_bytes)
        self._begin_boot()
        return work(self._file), self._file.seqs(self.boot)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _write_lost(file: SpoolFile, *, boot: int, lost: RangeSet) -> None:
    file.write_lost(boot, lost)
