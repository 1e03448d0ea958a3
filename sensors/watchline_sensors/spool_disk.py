"""The disk under the spool: whose it is, what it says, and blocks of it taken beforehand."""

import errno
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


def back(path: Path, size: int) -> bool:
    """Give the file this many bytes of real disk, what it holds kept; False if there are none.

    Not for a file that SQLite has locked by then: closing it here would end SQLite's lock.
    """
    with path.open("ab") as file:
        return back_open(file.fileno(), size)


def back_open(handle: int, size: int) -> bool:
    """The same for an open file."""
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise SpoolUnwritable(str(error)) from error
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
    except UnicodeDecodeError as error:  # what SQLite quotes of a damaged description
        raise SpoolDamaged("a text has lost its letters") from error
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            raise SpoolFull from error
        if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise SpoolUnwritable(str(error)) from error
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise SpoolBusy(str(error)) from error
        if primary in _DAMAGE:
            raise SpoolDamaged(str(error)) from error
        raise SpoolError(str(error)) from error


#: Our statements never change, our keys are never used twice, and the file was opened for
#: writing: a table or a column that is not there, a key that is there already, or a file that
#: calls itself read-only, is a flipped bit as well.
_DAMAGE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
)
