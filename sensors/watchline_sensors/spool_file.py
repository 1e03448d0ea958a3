"""The spool's SQLite file: one writer, WAL, every commit on disk before it is reported.

Synchronous and single-threaded; `spool.py` runs it in a thread of its own. It owns its disk
before it uses it: the log is given its blocks at the start, and the file grows by a megabyte
that is really allocated and then lies in SQLite's list of free pages. So a full disk shows in
one place, when the file would grow: the put is refused, while commits, checkpoints, and with
them the frees that make room again, need nothing that another process could have taken. Some
pages are always kept back from puts, so that frees, lost ranges and dead letters find room.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TypeVar

from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.errors import SpoolDamaged, SpoolFull
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool_disk import back, back_open, lock, sync_folder, translated
from watchline_sensors.spool_model import (
    SCHEMA,
    Boot,
    DeadLetter,
    Row,
    boot_of,
    checksum,
    integers,
    letter_of,
    lost_range_of,
    row_of,
)

_T = TypeVar("_T")
MAX_DEAD_LETTERS = 1000
_MAX_LETTER_BYTES = 4096
_FREE_ROWS, _FREE_FEW = 5000, 50  # what a transaction deletes at most
_LOG_BYTES = 1 << 20  # 64 pages until it is folded in, and the largest commits but few
_GROW_PAGES = 256


class SpoolFile:
    """The open file; every method is one transaction or none.

    `rows` is how many items it holds, of all boots. Raises SpoolFull when there is no room,
    SpoolDamaged when SQLite cannot make sense of the file, SpoolBusy when another process
    has it, SpoolError for the rest.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.path = path
        with ExitStack() as undo:
            self._lock = undo.enter_context(lock(path.with_name(path.name + ".lock")))
            self._handle = undo.enter_context(path.open("ab"))
            self._db = undo.enter_context(
                closing(sqlite3.connect(path, isolation_level=None, timeout=2.0))
            )
            with translated():
                self._prepare(max_bytes)
            self._backed = self._back_all()
            if self._used_pages() > self._pages - self._kept_pages:
                self._grow()
            self._undo = undo.pop_all()

    def _prepare(self, max_bytes: int) -> None:
        # A flipped bit can make a text of a blob: what comes out are its bytes all the same.
        self._db.text_factory = bytes
        run = self._db.execute
        run("PRAGMA locking_mode=EXCLUSIVE")  # no shared memory file; we are the only reader
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run("PRAGMA wal_autocheckpoint=64")
        run(f"PRAGMA journal_size_limit={_LOG_BYTES}")
        self._page_bytes: int = run("PRAGMA page_size").fetchone()[0]
        self._max_pages = max(32, max_bytes // self._page_bytes)
        self._kept_pages = min(64, max(8, self._max_pages // 16))
        self._db.executescript(SCHEMA)
        self._pages: int = run("PRAGMA page_count").fetchone()[0]
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
            return [boot_of(*values) for values in found]

    def forget(self, boot: int) -> bool:
        """Drop a boot of which everything is settled.

        False when rows of it are still here: then its highest seq was less than it should be,
        and is mended. Raises SpoolDamaged when rows of it were counted that nobody finds.
        """

        def work() -> bool:
            (left,) = self._db.execute(
                "SELECT max(seq) FROM item WHERE boot = ?", (boot,)
            ).fetchone()
            if left is not None:
                self._raise_highest(boot, left)
                return False
            counted = self._db.execute("SELECT rows FROM boot WHERE +boot = ?", (boot,)).fetchone()
            if counted not in (None, (0,)):
                raise SpoolDamaged(f"{counted[0]} rows are not found")
            self._db.execute("DELETE FROM lost WHERE boot = ?", (boot,))
            # Here and below "+" keeps SQLite from an index that a flipped bit may have blinded.
            self._db.execute("DELETE FROM boot WHERE +boot = ?", (boot,))
            return True

        return self._commit(work)

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
            if not self._backed or self._used_pages() > self._pages - self._kept_pages:
                raise SpoolFull

        while True:
            try:
                self._commit(work)
            except SpoolFull as full:
                if self._grow():
                    continue
                if len(puts) == 1:
                    return [full]
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
        try:
            deleted, left = self._commit(lambda: self._delete(boot, ranges.ranges(), _FREE_ROWS))
        except SpoolFull:  # so much log the disk has not got
            deleted, left = self._commit(lambda: self._delete(boot, ranges.ranges(), _FREE_FEW))
        return deleted, dead, left

    def _delete(self, boot: int, ranges: list[SeqRange], most: int) -> tuple[int, list[SeqRange]]:
        deleted = 0
        left: list[SeqRange] = []
        for index, (low, high) in enumerate(ranges):
            beyond = self._db.execute(
                "SELECT seq FROM item WHERE boot = ? AND seq >= ? AND seq < ?"
                " ORDER BY seq LIMIT 1 OFFSET ?",
                (boot, low, high, most - deleted),
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

        Raises SpoolDamaged when they are not as many as were counted, or as another way to
        them finds: a spoilt key can hide the sound rows behind it without SQLite noticing.
        """
        with translated():
            found = self._db.execute("SELECT seq FROM item WHERE boot = ? ORDER BY seq", (boot,))
            seqs = [seq for (seq,) in map(integers, found)]
            counts = self._db.execute(
                "SELECT count(*) FROM item WHERE boot = ? AND seq > 0"
                " UNION SELECT rows FROM boot WHERE +boot = ?",
                (boot, boot),
            ).fetchall()
        if any(count != len(seqs) for (count,) in counts):
            raise SpoolDamaged(f"there are {len(seqs)} rows, or as many as {counts} say")
        return RangeSet.of(seqs)

    # ── what will never be sent ──────────────────────────────────────────────────────────────

    def lost(self) -> dict[int, RangeSet]:
        """The seqs declared lost and not yet settled, per boot."""
        out: dict[int, RangeSet] = {}
        with translated():
            found = self._db.execute("SELECT boot, low, high FROM lost")
            for boot, low, high in (lost_range_of(*values) for values in found):
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
            found = self._db.execute("SELECT boot, seq, code FROM dead_letter ORDER BY no")
            return [(boot, seq, bytes(code).decode(errors="replace")) for boot, seq, code in found]

    def close(self) -> None:
        """Fold the log into the database and let go of the file."""
        with suppress(sqlite3.Error):  # what is not folded now is at the next start
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._undo.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _count(self, boot: int, rows: int) -> None:
        self._db.execute("UPDATE boot SET rows = rows + ? WHERE +boot = ?", (rows, boot))
        self._rows_changed += rows

    def _raise_highest(self, boot: int, seq: int) -> None:
        self._db.execute(
            "UPDATE boot SET highest_seq = ? WHERE +boot = ? AND highest_seq < ?", (seq, boot, seq)
        )

    def _used_pages(self) -> int:
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        free: int = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        return pages - free

    def _commit(self, work: Callable[[], _T]) -> _T:
        """Run `work` in a transaction."""
        self._rows_changed = 0
        with translated():
            self._db.execute(f"PRAGMA max_page_count={self._pages}")
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

    def _back_all(self) -> bool:
        log = self.path.with_name(self.path.name + "-wal")
        return back(log, _LOG_BYTES) and self._back(self._pages)

    def _back(self, pages: int) -> bool:
        return back_open(self._handle.fileno(), pages * self._page_bytes)

    def _grow(self) -> bool:
        """Let the file have a megabyte more; False when it or the disk is full.

        The blocks come first. SQLite then gets them as pages that it fills and frees at once:
        freed pages are not written, so that this costs little.
        """
        if not self._backed:
            self._backed = self._back_all()
            return self._backed
        pages = min(self._pages + _GROW_PAGES, self._max_pages)
        if pages == self._pages or not self._back(pages):
            return False
        new = pages - self._pages

        def work() -> None:
            free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
            filler = (free + new - 4) * (self._page_bytes - 4)
            self._db.execute("INSERT INTO ballast VALUES (zeroblob(?))", (filler,))
            self._db.execute("DELETE FROM ballast")

        before, self._pages = self._pages, pages
        try:
            self._commit(work)
        except SpoolFull:
            return False
        finally:
            with translated():
                self._pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        return self._pages > before
