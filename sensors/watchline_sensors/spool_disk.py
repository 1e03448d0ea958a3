"""The disk under the spool: whose it is, what it says, and a reserve for when it is full."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from watchline_sensors.errors import (
    SpoolBusy,
    SpoolDamaged,
    SpoolError,
    SpoolFull,
    SpoolUnwritable,
)

_RESERVE_BYTES = 1 << 20


class Reserve:
    """A file that holds disk space until there is none left."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def disk_is_full(self) -> bool:
        """Whether the disk has less left than SQLite's log may grow to."""
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize < _RESERVE_BYTES // 4

    def give(self) -> None:
        """Hand the space back to the disk."""
        self._path.unlink(missing_ok=True)

    def take(self) -> bool:
        """Hold the space again; False when the disk has not got it."""
        try:
            with self._path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)
        except OSError:
            self.give()
            return False
        return True


def lock(path: Path) -> IO[bytes]:
    """An advisory lock that ends with its process, however that ends; makes the folder.

    Raises SpoolBusy when another has it, SpoolUnwritable when there can be none.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise SpoolUnwritable(f"{error.filename}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise SpoolBusy(str(path)) from error
    return file


def sync_folder(path: Path) -> None:
    """Put new names in this folder on disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors as ours, by its primary result code."""
    try:
        yield
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            raise SpoolFull from error
        if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise SpoolUnwritable(str(error)) from error
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise SpoolBusy(str(error)) from error
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise SpoolDamaged(str(error)) from error
        raise SpoolError(str(error)) from error
