"""The spool's SQLite file: one writer, WAL, every commit on disk before it is reported.

Synchronous and single-threaded; `spool.py` runs it in a thread of its own. It is bounded
twice. `max_page_count` bounds the file; puts stop a little below that, so that frees, lost
ranges and dead letters always find room. When the disk itself is full, a reserve file is
given back so that the log can be folded into the database; from then on frees rewrite the
log in place and the spool drains, while puts are refused until the reserve is whole again.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.errors import SpoolDamaged, SpoolFull
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool_disk import Reserve, lock, sync_folder, translated
from watchline_sensors.spool_model import (
    SCHEMA,
    Boot,
    DeadLetter,
    Row,
    checksum,
    integers,
    letter_of,
    row_of,
)

_T = TypeVar("_T")
MAX_DEAD_LETTERS = 1000
_MAX_LETTER_BYTES = 4096
_FREE_ROWS = 5000  # what a transaction deletes at most


class SpoolFile:
    """The open file; every method is one transaction or none.

    `rows` is how many items it holds, of all boots. Raises SpoolFull when there is no room,
    SpoolDamaged when SQLite cannot make sense of the file, SpoolBusy when another process
    has it, SpoolError for the rest.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.path = path
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        self._lock = lock(path.with_name(path.name + ".lock"))
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=2.0)
            try:
                with translated():
                    self._prepare(max_bytes)
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._lock.close()
            raise
        self._disk_full = not self._reserve.take()

    def _prepare(self, max_bytes: int) -> None:
        run = self._db.execute
        run("PRAGMA locking_mode=EXCLUSIVE")  # no shared memory file; we are the only reader
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run("PRAGMA wal_autocheckpoint=64")
        run("PRAGMA journal_size_limit=262144")
        page_bytes = run("PRAGMA page_size").fetchone()[0]
        self._max_pages = max(32, max_bytes // page_bytes)
        run(f"PRAGMA max_page_count={self._max_pages}")
        self._put_pages = self._max_pages - min(64, max(8, self._max_pages // 16))
        self._db.executescript(SCHEMA)
        self.rows = sum(boot.rows for boot in self.boots())
        self._rows_changed = 0
        sync_folder(self.path.parent)

    # ── boots ────────────────────────────────────────────────────────────────────────────────

    def begin_boot(self, boot: int) -> None:
        """Write a new boot down."""
        self._commit(lambda: self._db.execute("INSERT INTO boot (boot) VALUES (?)", (boot,)))

    def boots(self) -> list[Boot]:
        """Every boot with something left to say, oldest first."""
        with translated():
            found = self._db.execute("SELECT boot, highest_seq, rows FROM boot ORDER BY no")
            return [
                Boot(boot=boot, highest_seq=seq, rows=rows)
                for boot, seq, rows in map(integers, found)
            ]

    def forget(self, boot: int) -> None:
        """Drop a boot of which everything is settled."""

        def work() -> None:
            counted = self._db.execute("SELECT rows FROM boot WHERE boot = ?", (boot,)).fetchone()
            self._count(boot, -counted[0] if counted else 0)
            for table in ("item", "lost", "boot"):
                self._db.execute(f"DELETE FROM {table} WHERE boot = ?", (boot,))

        self._commit(work)

    # ── items ────────────────────────────────────────────────────────────────────────────────

    def put(
        self, boot: int, puts: Sequence[Sequence[Row]], highest_seq: int
    ) -> list[SpoolFull | None]:
        """Commit all these puts in one transaction; the answer per put is None or why not.

        When they do not fit together, each is tried alone, so that one put stays whole.
        """

        def work() -> None:
            self._db.executemany(
                "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (boot, row.seq, row.at_us, row.kind, row.body, checksum(boot, row))
                    for rows in puts
                    for row in rows
                ),
            )
            self._count(boot, sum(map(len, puts)))
            self._raise_highest(boot, highest_seq)
            if self._used_pages() > self._put_pages:
                raise SpoolFull

        try:
            if not self._room_on_disk():
                raise SpoolFull("the disk is full")
            self._commit(work, again=False)
        except SpoolFull as full:
            if len(puts) == 1 or self._disk_full:
                return [full] * len(puts)
            return [answer for one in puts for answer in self.put(boot, [one], highest_seq)]
        return [None] * len(puts)

    def rows_after(
        self, boot: int, after_seq: int, limit: int, max_bytes: int
    ) -> tuple[list[Row], list[int]]:
        """At most `limit` rows above `after_seq` in order, and the seqs of damaged ones.

        A damaged row is moved to the dead letters; it is for the caller to declare it lost.
        """
        rows: list[Row] = []
        bad: list[DeadLetter] = []
        size = 0
        with translated():
            cursor = self._db.execute(
                "SELECT seq, at_us, kind, body, checksum FROM item"
                " WHERE boot = ? AND seq > ? ORDER BY seq LIMIT ?",
                (boot, after_seq, limit),
            )
            for values in cursor:
                row = row_of(after_seq, *values[:4])
                after_seq = row.seq
                if checksum(boot, row) != values[4]:
                    bad.append(letter_of(row, "spool.row_damaged"))
                    continue
                rows.append(row)
                size += len(row.body)
                if size >= max_bytes:
                    break
            cursor.close()
        if bad:
            self.bury(boot, bad)
        return rows, [letter.seq for letter in bad]

    def free(
        self, boot: int, settled: Iterable[SeqRange], rejected: Mapping[int, str]
    ) -> tuple[int, int, list[SeqRange]]:
        """Delete settled rows; those of them that were rejected become dead letters.

        One transaction deletes at most 5,000 rows, so that the log stays small and no put
        waits long. Gives (deleted, dead letters, what is left to free).
        """
        ranges = RangeSet(settled)
        dead = self._bury_rejected(
            boot, {seq: code for seq, code in rejected.items() if seq in ranges}
        )
        deleted, left = self._commit(lambda: self._delete(boot, ranges.ranges()))
        return deleted, dead, left

    def _delete(self, boot: int, ranges: list[SeqRange]) -> tuple[int, list[SeqRange]]:
        deleted = 0
        left: list[SeqRange] = []
        for index, (low, high) in enumerate(ranges):
            beyond = self._db.execute(
                "SELECT seq FROM item WHERE boot = ? AND seq >= ? AND seq < ?"
                " ORDER BY seq LIMIT 1 OFFSET ?",
                (boot, low, high, _FREE_ROWS - deleted),
            ).fetchone()
            upto: int = high if beyond is None else beyond[0]
            deleted += self._db.execute(
                "DELETE FROM item WHERE boot = ? AND seq >= ? AND seq < ?", (boot, low, upto)
            ).rowcount
            if upto < high:
                left = [(upto, high), *ranges[index + 1 :]]
                break
        self._count(boot, -deleted)
        return deleted, left

    def seqs(self, boot: int) -> RangeSet:
        """The seqs of a boot that are still in the spool.

        Raises SpoolDamaged when they are not as many as were counted: a spoilt key can hide
        the sound rows behind it without SQLite noticing.
        """
        with translated():
            found = self._db.execute("SELECT seq FROM item WHERE boot = ? ORDER BY seq", (boot,))
            seqs = [seq for (seq,) in map(integers, found)]
            counted = self._db.execute("SELECT rows FROM boot WHERE boot = ?", (boot,)).fetchone()
        if counted is not None and counted[0] != len(seqs):
            raise SpoolDamaged(f"{counted[0]} rows were put, {len(seqs)} are found")
        return RangeSet.of(seqs)

    # ── what will never be sent ──────────────────────────────────────────────────────────────

    def lost(self) -> dict[int, RangeSet]:
        """The seqs declared lost and not yet settled, per boot."""
        out: dict[int, RangeSet] = {}
        with translated():
            found = self._db.execute("SELECT boot, low, high FROM lost")
            for boot, low, high in map(integers, found):
                out.setdefault(boot, RangeSet()).add(low, high)
        return out

    def write_lost(self, boot: int, lost: RangeSet) -> None:
        """Replace what is written of a boot's lost seqs."""

        def work() -> None:
            self._db.execute("DELETE FROM lost WHERE boot = ?", (boot,))
            self._db.executemany(
                "INSERT INTO lost VALUES (?, ?, ?)", ((boot, low, high) for low, high in lost)
            )
            self._raise_highest(boot, (lost.end() or 1) - 1)

        self._commit(work)

    def bury(self, boot: int, letters: Sequence[DeadLetter]) -> None:
        """Move items to the dead letters, of which the last 1,000 are kept."""
        now_us = time.time_ns() // 1000

        def leave() -> None:
            for letter in letters:
                self._count(
                    boot,
                    -self._db.execute(
                        "DELETE FROM item WHERE boot = ? AND seq = ?", (boot, letter.seq)
                    ).rowcount,
                )

        def move() -> None:
            leave()
            self._db.executemany(
                "INSERT INTO dead_letter (boot, seq, at_us, kind, body, code, moved_at_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (boot, d.seq, d.at_us, d.kind, d.body[:_MAX_LETTER_BYTES], d.code, now_us)
                    for d in letters
                ),
            )
            self._db.execute(
                "DELETE FROM dead_letter WHERE no <= (SELECT max(no) FROM dead_letter) - ?",
                (MAX_DEAD_LETTERS,),
            )

        try:
            self._commit(move)
        except SpoolFull:
            # The copy is a courtesy; that the row leaves is not.
            self._commit(leave)

    def _bury_rejected(self, boot: int, rejected: Mapping[int, str]) -> int:
        letters = []
        for seq, code in rejected.items():
            with translated():
                found = self._db.execute(
                    "SELECT seq, at_us, kind, body FROM item WHERE boot = ? AND seq = ?",
                    (boot, seq),
                ).fetchone()
            if found is not None:
                letters.append(letter_of(row_of(0, *found), code))
        if letters:
            self.bury(boot, letters)
        return len(letters)

    def dead_letters(self) -> list[tuple[int, int, str]]:
        """(boot, seq, code) of the last 1,000 dead letters, oldest first."""
        with translated():
            return self._db.execute(
                "SELECT boot, seq, code FROM dead_letter ORDER BY no"
            ).fetchall()

    def close(self) -> None:
        """Fold the log into the database and let go of the file."""
        with suppress(sqlite3.Error):  # what is not folded now is at the next start
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        self._lock.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _count(self, boot: int, rows: int) -> None:
        self._db.execute("UPDATE boot SET rows = rows + ? WHERE boot = ?", (rows, boot))
        self._rows_changed += rows

    def _raise_highest(self, boot: int, seq: int) -> None:
        self._db.execute(
            "UPDATE boot SET highest_seq = ? WHERE boot = ? AND highest_seq < ?", (seq, boot, seq)
        )

    def _used_pages(self) -> int:
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        free: int = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        return pages - free

    def _commit(self, work: Callable[[], _T], *, again: bool = True) -> _T:
        """Run `work` in a transaction; `again` once more after giving the disk's reserve back."""
        self._rows_changed = 0
        try:
            with translated():
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    result = work()
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:  # some errors have rolled it back already
                        self._db.execute("ROLLBACK")
                    raise
                self.rows += self._rows_changed
                return result
        except SpoolFull:
            given = self._reserve_given()
            if not (given and again):
                raise
        return self._commit(work, again=False)

    def _reserve_given(self) -> bool:
        if not self._reserve.disk_is_full():
            return False
        self._disk_full = True
        self._reserve.give()
        with translated():
            # RESTART, not TRUNCATE: the log keeps its blocks, so frees need no new ones.
            self._db.execute("PRAGMA wal_checkpoint(RESTART)")
        return True

    def _room_on_disk(self) -> bool:
        if self._disk_full:
            self._disk_full = not self._reserve.take()
        return not self._disk_full
