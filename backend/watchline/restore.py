"""Bring a backup back, and show that all of it is there.

The server is one that watchline.db.prepare (or a private cluster) has made ready: roles and
PostGIS. Everything is restored in one transaction, so that a failure leaves what was there
before. Then each table is compared with the manifest, sessions are ended, epochs are raised,
the restore is written to the audit trail, and the schema is brought to the newest.
"""

import hashlib
import subprocess
from pathlib import Path

import msgspec

from watchline.audit import store as audit
from watchline.backup import (
    CHUNK_BYTES,
    Connection,
    Manifest,
    Progress,
    client,
    connect,
    manifest_path,
    server_major,
    statements,
    table_states,
)
from watchline.db import migrate, roles
from watchline.db.binaries import tools
from watchline.db.errors import RestoreFailed, RestoreRefused

_BEGIN = b"BEGIN;\nDROP SCHEMA IF EXISTS watchline CASCADE;\n"
#: Sent last: a script that ends early, because one of us was killed, changes nothing.
_COMMIT = b"\nCOMMIT;\n"


def put_back(url: str, file: Path, *, overwrite: bool, progress: Progress) -> Manifest:
    """Restore `file` into the database of `url`, the owner's; `overwrite` replaces what is there.

    Errors: RestoreRefused (nothing was changed), RestoreFailed, ToolsMissing, ServerError.
    """
    manifest = read_manifest(file)
    _check_file(file, manifest, lambda share: progress(0.1 * share))
    with connect(url, "watchline restore") as connection:
        _check_target(connection, manifest, overwrite)
        _load(url, file, manifest, server_major(connection), lambda s: progress(0.1 + 0.7 * s))
        _compare(connection, manifest, lambda share: progress(0.8 + 0.2 * share))
        with connection.transaction():
            connection.execute("SET LOCAL search_path = watchline, public")
            connection.execute(statements.end_sessions)
            connection.execute(statements.raise_epochs)
            audit.append_sync(
                connection,
                chain=audit.HUB_CHAIN,
                actor="command line",
                op="database.restore",
                object="database",
                detail={"taken_at": manifest.taken_at.isoformat(), "sha256": manifest.sha256},
            )
    migrate.upgrade(url)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What FILE.json says. Errors: RestoreRefused."""
    path = manifest_path(file)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise RestoreRefused(f"{error.strerror}: {path}") from error
    except msgspec.DecodeError as error:
        raise RestoreRefused(f"{path} is not a backup's manifest.") from error


def _check_file(file: Path, manifest: Manifest, progress: Progress) -> None:
    digest, done = hashlib.sha256(), 0
    try:
        with file.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                progress(min(1.0, done / max(1, manifest.bytes)))
    except OSError as error:
        raise RestoreRefused(f"{error.strerror}: {file}") from error
    if digest.hexdigest() != manifest.sha256:
        raise RestoreRefused(f"{file} is damaged: its SHA-256 is not the manifest's.")


def _check_target(connection: Connection, manifest: Manifest, overwrite: bool) -> None:
    if manifest.revision not in migrate.revisions():
        raise RestoreRefused("The backup is of a newer Watchline than this one.")
    if server_major(connection) < manifest.server:
        raise RestoreRefused(f"It needs PostgreSQL {manifest.server} or newer.")
    missing = connection.execute(statements.missing_roles, {"roles": list(roles.NAMES)}).fetchall()
    found = connection.execute(statements.has_postgis).fetchone()
    if missing or found is None or not found[0]:
        raise RestoreRefused("Make the server ready first: python -m watchline.db.prepare")
    sessions = [name for (name,) in connection.execute(statements.sessions)]
    if sessions:
        raise RestoreRefused(f"Stop hub and worker first: {', '.join(sessions)} is connected.")
    if not overwrite and _has_rows(connection):
        raise RestoreRefused("There is data in the database; --overwrite replaces it.")


def _has_rows(connection: Connection) -> bool:
    row = connection.execute("SELECT to_regnamespace('watchline')").fetchone()
    if row is None or row[0] is None:
        return False
    for name, _ in connection.execute(statements.tables).fetchall():
        if name == "alembic_version":
            continue
        found = connection.execute(f'SELECT EXISTS (SELECT FROM watchline."{name}")').fetchone()
        if found is not None and found[0]:
            return True
    return False


def _load(url: str, file: Path, manifest: Manifest, major: int, progress: Progress) -> None:
    """pg_restore writes a script, psql runs it after the clearing, all in one transaction."""
    programs = tools(major)
    conninfo, environment = client(url)
    environment["PGOPTIONS"] = "-c lock_timeout=10s -c client_min_messages=warning"
    psql = [programs["psql"], "--dbname", conninfo, "--no-password", "--no-psqlrc", "--quiet"]
    psql += ["--file=-", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with (
        file.open("rb") as source,
        subprocess.Popen(
            psql, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as runner,
    ):
        assert runner.stdin is not None and runner.stderr is not None
        try:
            runner.stdin.write(_BEGIN)
            runner.stdin.flush()
            with subprocess.Popen(
                [programs["pg_restore"], "--file=-"],
                stdin=subprocess.PIPE,
                stdout=runner.stdin,
                stderr=subprocess.PIPE,
            ) as script:
                assert script.stdin is not None and script.stderr is not None
                done = 0
                while chunk := source.read(CHUNK_BYTES):
                    script.stdin.write(chunk)
                    done += len(chunk)
                    progress(done / max(1, manifest.bytes))
                script.stdin.close()
                said = script.stderr.read()
            if script.returncode != 0:
                raise RestoreFailed(f"Nothing was changed. {_last_line(said)}")
            runner.stdin.write(_COMMIT)
            runner.stdin.flush()
        except BrokenPipeError:
            pass  # psql has ended before its input did; it says why
        finally:
            runner.stdin.close()
        said = runner.stderr.read()
    if runner.returncode != 0:
        raise RestoreFailed(f"Nothing was changed. {_last_line(said)}")


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _compare(connection: Connection, manifest: Manifest, progress: Progress) -> None:
    there = table_states(connection, progress)
    wrong = sorted(
        name
        for name in there.keys() | manifest.tables.keys()
        if there.get(name) != manifest.tables.get(name)
    )
    if wrong:
        raise RestoreFailed(f"These tables are not what was backed up: {', '.join(wrong)}")
