"""What lies in the spool, and how it is laid out."""

import struct
import zlib
from dataclasses import dataclass

from watchline_sensors.errors import SpoolDamaged

KIND_SENSOR_INFO, KIND_DETECTION, KIND_HEALTH = 0, 1, 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS boot (
    no INTEGER PRIMARY KEY,            -- order of starts; never part of a row's identity
    boot INTEGER NOT NULL UNIQUE,
    highest_seq INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0    -- how many of its items are in this file
);
CREATE TABLE IF NOT EXISTS item (
    boot INTEGER NOT NULL, seq INTEGER NOT NULL, at_us INTEGER NOT NULL,
    kind INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (boot, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (
    boot INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,  -- [low, high)
    PRIMARY KEY (boot, low)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letter (
    no INTEGER PRIMARY KEY, boot INTEGER, seq INTEGER, at_us INTEGER, kind INTEGER,
    body BLOB, code TEXT NOT NULL, moved_at_us INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS ballast (filler BLOB);  -- how the file grows: put in, taken out
"""
_KEY = struct.Struct("<qqqq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One spooled item; `body` is its msgpack, untouched from put to envelope."""

    seq: int
    at_us: int
    kind: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """A process start of this edge and the last seq it is known to have given out."""

    boot: int
    highest_seq: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An item that will never be sent, and why."""

    seq: int
    at_us: int
    kind: int
    body: bytes
    code: str


def checksum(boot: int, row: Row) -> int:
    """CRC-32 over the row's key, time, kind and body: a flip in any of them shows."""
    return zlib.crc32(row.body, zlib.crc32(_KEY.pack(boot, row.seq, row.at_us, row.kind)))


def row_of(after_seq: int, seq: object, at_us: object, kind: object, body: object) -> Row:
    """What a query gave as a Row; raises SpoolDamaged.

    A row whose very shape is wrong is no flipped bit but a broken file.
    """
    if (
        isinstance(seq, int)
        and isinstance(at_us, int)
        and isinstance(kind, int)
        and isinstance(body, bytes)
        and seq > after_seq
    ):
        return Row(seq=seq, at_us=at_us, kind=kind, body=body)
    raise SpoolDamaged("a row has lost its shape")


def integers(values: tuple[object, ...]) -> tuple[int, ...]:
    """These columns, all of them integers; raises SpoolDamaged when one has become another."""
    numbers = tuple(value for value in values if isinstance(value, int))
    if len(numbers) == len(values):
        return numbers
    raise SpoolDamaged("a number has lost its shape")


def boot_of(boot: object, highest_seq: object, rows: object) -> Boot:
    """What a query gave as a Boot; raises SpoolDamaged when it is none that we would write.

    No edge lives to give out 2**48 numbers; what says so is a flipped bit.
    """
    boot, highest_seq, rows = integers((boot, highest_seq, rows))
    if 0 < boot < 2**63 and 0 <= highest_seq < 2**48 and rows >= 0:
        return Boot(boot=boot, highest_seq=highest_seq, rows=rows)
    raise SpoolDamaged("a boot has lost its sense")


def lost_range_of(boot: object, low: object, high: object) -> tuple[int, int, int]:
    """What a query gave as a lost range of a boot; raises SpoolDamaged."""
    boot, low, high = integers((boot, low, high))
    if 0 < low < high <= 2**48:
        return boot, low, high
    raise SpoolDamaged("a lost range has lost its sense")


def letter_of(row: Row, code: str) -> DeadLetter:
    """This row as a dead letter."""
    return DeadLetter(seq=row.seq, at_us=row.at_us, kind=row.kind, body=row.body, code=code)
