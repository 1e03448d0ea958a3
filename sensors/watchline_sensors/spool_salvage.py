"""What can still be read of a damaged spool, put into a fresh file."""

import logging
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from watchline_sensors.errors import SpoolDamaged
from watchline_sensors.spool_disk import sync_folder
from watchline_sensors.spool_model import SCHEMA, boot_of, checksum, lost_range_of, row_of

log = logging.getLogger("watchline.spool")

_TABLES = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master"
#: Magic, page size 4096, write and read version WAL, none reserved, and three fixed fractions:
#: https://www.sqlite.org/fileformat2.html#the_database_header
_HEADER = b"SQLite format 3\x00" + bytes([16, 0, 2, 2, 0, 64, 32, 32])
_COLUMNS = "boot, seq, at_us, kind, body, checksum"
_BOOT = "INSERT OR IGNORE INTO boot (no, boot, highest_seq) VALUES (?, ?, ?)"
_LETTER = (
    "INSERT INTO dead_letter (seq, kind, body, code, moved_at_us)"
    " VALUES (?, ?, ?, 'spool.row_damaged', ?)"
)
_RECOUNT = """
UPDATE boot SET
    rows = (SELECT count(*) FROM item WHERE item.boot = boot.boot),
    highest_seq = max(
        highest_seq,
        coalesce((SELECT max(seq) FROM item WHERE item.boot = boot.boot), 0),
        coalesce((SELECT max(high) - 1 FROM lost WHERE lost.boot = boot.boot), 0)
    )
"""


def salvage(path: Path) -> int:
    """Move the damaged spool aside (to `<name>.damaged`) and save what is readable of it.

    Nobody may have it open. Rows whose checksum fails become dead letters; they, and what
    could not be read, show as holes below their boot's highest seq. Gives the number of
    rows saved.
    """
    fresh = path.with_name(path.name + ".salvaged")
    _remove(fresh)
    saved = 0
    with closing(sqlite3.connect(fresh, isolation_level=None)) as target:
        target.executescript(SCHEMA)
        target.execute("BEGIN")
        _mend_header(path)
        _mend_schema(path)
        with closing(sqlite3.connect(path)) as source:
            source.text_factory = bytes
            saved = _copy(source, target)
        target.execute("COMMIT")
    damaged = path.with_name(path.name + ".damaged")
    _remove(damaged)
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(damaged.with_name(damaged.name + end))
    fresh.replace(path)
    sync_folder(path.parent)
    log.error("spool.damaged: saved %d rows, kept the damaged file as %s", saved, damaged.name)
    return saved


def _mend_header(path: Path) -> None:
    """Write SQLite's first bytes anew: they are the same in all of our files."""
    with path.open("r+b") as file:
        if file.read(len(_HEADER)) != _HEADER:
            file.seek(0)
            file.write(_HEADER)


def _mend_schema(path: Path) -> None:
    """Where the tables' own description is damaged, put ours in its place.

    Tables are always made in the same order, so that they lie where a fresh file has them.
    """
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(SCHEMA)
        ours = fresh.execute(_TABLES).fetchall()
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as source:
            source.text_factory = _readable
            source.execute("PRAGMA writable_schema=ON")  # or nothing at all could be read
            if source.execute(_TABLES).fetchall() == ours:
                return
            source.execute("BEGIN")
            source.execute("DELETE FROM sqlite_master")
            source.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", ours)
            source.execute("COMMIT")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("spool.damaged: the description of the tables: %s", error)


def _readable(text: bytes) -> str:
    return text.decode(errors="replace")


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> int:
    for values in _all(source, "SELECT boot, low, high FROM lost"):
        with _told():
            _insert(target, "INSERT OR IGNORE INTO lost VALUES (?, ?, ?)", lost_range_of(*values))
    for no, boot, highest_seq in _all(source, "SELECT no, boot, highest_seq FROM boot"):
        with _told():
            sound = boot_of(boot, highest_seq, 0)
            _insert(target, _BOOT, (no, sound.boot, sound.highest_seq))
    saved = 0
    # Read from both ends, so that one unreadable page costs only what lies on it.
    for order in ("ASC", "DESC"):
        query = f"SELECT {_COLUMNS} FROM item ORDER BY boot {order}, seq {order}"
        for values in _all(source, query):
            saved += _copy_item(target, values)
    # A boot whose own line was lost is known by its rows and lost ranges.
    target.execute(
        "INSERT OR IGNORE INTO boot (boot) SELECT boot FROM item UNION SELECT boot FROM lost"
    )
    target.execute(_RECOUNT)
    return saved


@contextmanager
def _told() -> Iterator[None]:
    """What has no sense is left out."""
    try:
        yield
    except SpoolDamaged as damage:
        log.warning("spool.damaged: %s", damage.detail)


def _copy_item(target: sqlite3.Connection, values: tuple[Any, ...]) -> int:
    """Only a sound row keeps its place: a wrong key would take another's."""
    boot, seq, at_us, kind, body, stored = values
    try:
        row = row_of(0, seq, at_us, kind, body)
        if checksum(boot, row) == stored:
            return _insert(target, "INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, ?, ?)", values)
    except (SpoolDamaged, struct.error):
        pass  # not even its shape is left
    _insert(target, _LETTER, (seq, kind, body, time.time_ns() // 1000))
    return 0


def _insert(target: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> int:
    try:
        return target.execute(statement, values).rowcount
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        log.warning("spool.damaged: a line has lost its sense: %s", error)
        return 0


def _all(source: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query up to where the file breaks off."""
    try:
        yield from source.execute(query)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("spool.damaged: %s: %s", query, error)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
