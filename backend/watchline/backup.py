"""Take the whole database into one file while everything runs.

FILE is pg_dump's custom format, of one snapshot; FILE.json beside it says from when it is, its
SHA-256, and for every table how many rows it holds and their fingerprint in that same snapshot,
so that a restore can show that it brought back all of it (watchline.restore).
"""

import hashlib
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from watchline.db.binaries import tools
from watchline.db.engine import connect_sync, plain_url
from watchline.db.errors import BackupFailed, ServerError
from watchline.db.sql import load

statements = load("watchline", "backup.sql")

#: Told the share that is done, 0 to 1.
Progress = Callable[[float], None]
Connection = psycopg.Connection[Any]

CHUNK_BYTES = 1 << 20
_DUMPING = re.compile(r'dumping contents of table "watchline\.(\w+)"')


class TableState(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows a table has, and the sum of their hashes."""

    rows: int
    fingerprint: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What FILE.json says. `revision` is the schema's, `server` PostgreSQL's major version."""

    taken_at: datetime
    revision: str
    server: int
    bytes: int
    sha256: str
    tables: dict[str, TableState]


def manifest_path(file: Path) -> Path:
    """FILE.json, beside the backup."""
    return file.with_name(f"{file.name}.json")


def take(url: str, file: Path, progress: Progress) -> Manifest:
    """Back the database up into `file`, which must not be there yet; `url` is the owner's.

    A file of this name is always a whole backup: it gets its name at the end, on disk.
    Errors: BackupFailed, ToolsMissing, ServerError.
    """
    if file.exists():
        raise BackupFailed(f"{file} is there already.")
    part = file.with_name(f"{file.name}.part")
    try:
        manifest = _take(url, part, progress)
        _write_durably(manifest_path(file), msgspec.json.format(msgspec.json.encode(manifest)))
        part.rename(file)
        _sync(file.parent)
    except psycopg.Error as error:
        raise BackupFailed(str(error)) from error
    except OSError as error:
        raise BackupFailed(f"{error.strerror}: {error.filename or file}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def table_states(connection: Connection, progress: Progress) -> dict[str, TableState]:
    """Every table of the schema as the connection's snapshot has it."""
    found = connection.execute(statements.tables).fetchall()
    total = sum(size for _, size in found) or 1
    states, done = {}, 0
    for name, size in found:
        rows, fingerprint = connection.execute(  # type: ignore[misc]  # one row always
            statements.fingerprint.format(table=f'"{name}"')
        ).fetchone()
        states[name] = TableState(rows=rows, fingerprint=fingerprint)
        done += size
        progress(done / total)
    return states


@contextmanager
def connect(url: str, name: str) -> Iterator[Connection]:
    """The owner's connection, without time limits. Errors: ServerError when nobody answers."""
    try:
        connection = connect_sync(
            url,
            application_name=name,
            autocommit=True,
            statement_ms=0,
            lock_ms=10_000,
            idle_in_transaction_ms=0,
        )
    except psycopg.OperationalError as error:
        raise ServerError(f"It does not answer: {error}") from error
    with connection:
        yield connection


def server_major(connection: Connection) -> int:
    """PostgreSQL's major version."""
    return connection.info.server_version // 10_000


def revision(connection: Connection) -> str:
    """The schema's revision; errors: psycopg's when there is no schema."""
    row = connection.execute(statements.revision).fetchone()
    return "" if row is None else str(row[0])


def client(url: str) -> tuple[str, dict[str, str]]:
    """What PostgreSQL's own programs get: a conninfo without, an environment with the password."""
    said = conninfo_to_dict(plain_url(url))
    password = said.pop("password", None)
    environment = {**os.environ, "PGTZ": "UTC"}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **said), environment


def _take(url: str, part: Path, progress: Progress) -> Manifest:
    with connect(url, "watchline backup") as connection:
        major = server_major(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with _dump_of_snapshot(connection, url, part, major) as dump:
            dump.follow(progress)
            taken_at = datetime.now(UTC)
            schema = revision(connection)
            states = table_states(connection, lambda share: None)
            dump.until_begun()
        # Its own transaction now holds the snapshot: ours would only be an idle one.
        digest, size = dump.finish()
    progress(1.0)
    return Manifest(
        taken_at=taken_at,
        revision=schema,
        server=major,
        bytes=size,
        sha256=digest,
        tables=states,
    )


@contextmanager
def _dump_of_snapshot(
    connection: Connection, url: str, part: Path, major: int
) -> Iterator["_Dump"]:
    with connection.transaction():
        row = connection.execute(statements.export).fetchone()
        connection.execute(statements.hold)
        assert row is not None  # a SELECT without FROM
        conninfo, environment = client(url)
        command = [tools(major)["pg_dump"], "--dbname", conninfo, "--no-password", "--verbose"]
        command += ["--format=custom", "--compress=1", "--schema=watchline"]
        command += [f"--snapshot={row[0]}"]
        sizes = dict(connection.execute(statements.tables).fetchall())
        dump = _Dump(command, environment, part, sizes)
        try:
            yield dump
        except BaseException:
            dump.kill()
            raise


class _Dump:
    """A pg_dump whose output goes to a file and through SHA-256, followed by two threads."""

    def __init__(
        self, command: list[str], environment: dict[str, str], part: Path, sizes: dict[str, int]
    ) -> None:
        # Readable to its owner alone: it holds positions and the hashes of passwords.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._sink = os.fdopen(descriptor, "wb", buffering=0)
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._sizes = sizes
        self._said: list[str] = []
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._failed: OSError | None = None
        self._begun = threading.Event()
        self._progress: Progress = lambda share: None
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._store, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    def follow(self, progress: Progress) -> None:
        """Tell `progress` from now on."""
        self._progress = progress

    def until_begun(self) -> None:
        """Until it has its snapshot and its locks, or has failed."""
        self._begun.wait()

    def kill(self) -> None:
        """End it, for there is no use for it any more."""
        self._process.kill()
        self._end()

    def finish(self) -> tuple[str, int]:
        """Until it has ended well and all is on disk: SHA-256 in hex, and bytes."""
        status = self._end()
        if self._failed is not None:
            raise self._failed
        if status != 0:
            raise BackupFailed("".join(self._said[-5:]).strip())
        return self._digest.hexdigest(), self._bytes

    def _end(self) -> int:
        for thread in self._threads:
            thread.join()
        self._sink.close()
        return self._process.wait()

    def _store(self) -> None:
        source = self._process.stdout
        assert source is not None
        try:
            while chunk := source.read(CHUNK_BYTES):
                self._begun.set()  # output begins when all tables are locked
                view = memoryview(chunk)
                while view:
                    view = view[self._sink.write(view) :]
                self._digest.update(chunk)
                self._bytes += len(chunk)
            os.fsync(self._sink.fileno())
        except OSError as error:
            self._failed = error
            self._process.kill()
        finally:
            self._begun.set()

    def _listen(self) -> None:
        source: IO[bytes] | None = self._process.stderr
        assert source is not None
        total = sum(self._sizes.values()) or 1
        done = now = 0
        for line in source:
            text = line.decode(errors="replace")
            self._said = [*self._said[-9:], text]
            match = _DUMPING.search(text)
            if match:
                done += now
                now = self._sizes.get(match[1], 0)
                self._progress(done / total)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as sink:
        sink.write(data)
        sink.flush()
        os.fsync(sink.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems cannot; the files themselves are on disk
        os.fsync(descriptor)
    os.close(descriptor)
