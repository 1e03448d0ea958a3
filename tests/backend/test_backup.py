"""A backup taken while everything writes, brought back into a new cluster, equals what was."""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from own_writer import INFO, OwnWriter, import_sector, seen
from system import wait_for
from watchline import backup, restore
from watchline.audit import store as audit
from watchline.cli import app
from watchline.db import binaries
from watchline.db.binaries import Binaries
from watchline.db.cluster import Cluster
from watchline.db.errors import BackupFailed, RestoreFailed, RestoreRefused, ServerError
from watchline.history.report import ingest_report

_LOGIN = """
WITH made AS (INSERT INTO user_account (id, name, password_hash)
              VALUES (gen_random_uuid(), 'anna', 'x') RETURNING id)
INSERT INTO user_session (token_hash, user_id, expires_at)
SELECT '\\x00', id, now() + interval '1 d' FROM made"""


def quiet(share: float) -> None:
    assert 0 <= share <= 1


def everything(connection: Any) -> dict[str, list[str]]:
    """All rows of all tables as text, in order."""
    connection.execute("SET timezone = 'UTC'; SET search_path = ''")
    names = connection.execute(
        """SELECT relname FROM pg_class WHERE relkind = 'r'
              AND relnamespace = 'watchline'::regnamespace"""
    ).fetchall()
    return {
        name: [
            row[0]
            for row in connection.execute(f"SELECT t::text FROM watchline.{name} t ORDER BY 1")
        ]
        for (name,) in names
    }


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Iterator[Cluster]:
    """A second cluster, as a replaced machine has it: made ready and empty."""
    folder = Path(tempfile.mkdtemp(prefix="watchline-test-"))
    folder.chmod(0o711)
    made = Cluster(folder / "pg", durable=False, tcp=False)
    try:
        made.start(die_with_parent=True)
        made.prepare("prepared")
        yield made
    finally:
        made.destroy()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new(other) -> Iterator[str]:
    """A fresh database of the second cluster: the owner's URL."""
    other.clone_database("prepared", "new")
    yield other.url("new", "owner")
    other.drop_database("new")


@pytest.fixture
def filled(database) -> Any:
    """The source: a sector with rows in it, nothing running."""
    import_sector(database)
    with database.connect("owner") as connection:
        connection.execute(_LOGIN)
    return database


def test_a_hub_restored_from_a_backup_works_and_tells_what_it_lost(
    filled, other, new, tmp_path, monkeypatch
):
    file = tmp_path / "all.backup"
    monkeypatch.setattr(backup, "tools", lambda major: late_tools(tmp_path, major))
    writer = OwnWriter(filled.url("ingest"))
    stop = threading.Event()

    def ingest() -> None:
        writer.send(INFO)
        while not stop.wait(0.05):
            writer.send(*[seen(writer.seq + n) for n in range(20)])

    writing = threading.Thread(target=ingest)
    writing.start()
    try:
        wait_for("rows", lambda: stored(filled) > 200, 120)
        taken = backup.take(filled.url("owner"), file, quiet)
        enough = stored(filled) + 100
        wait_for("rows after it", lambda: stored(filled) > enough, 60)
        stop.set()
        writing.join()
        writer.until_settled()
    finally:
        stop.set()
        writing.join()
        writer.stop()
    with filled.connect("owner") as connection:
        before, form = everything(connection), described(connection)

    restore.put_back(new, file, overwrite=False, progress=quiet)
    with other.connect("new", "owner") as connection:
        after = everything(connection)
        assert described(connection) == form
        connection.execute("SET search_path = watchline, public")
        assert all(audit.verify_chain(connection, it).holds for it in audit.chains(connection))
    # Every restored detection is one of the source's, and the ledger counts exactly those.
    days = [name for name in after if name.startswith("detection_")]
    kept = [row for name in days for row in after[name]]
    assert len(kept) == sum(taken.tables[name].rows for name in days) > 200
    assert set(kept) < {row for name in days for row in before[name]}
    for name in ("geofence", "rule", "user_account", "site"):
        assert after[name] == before[name] != []
    # Nobody is logged in by a session that may have been ended since.
    assert after["user_session"] == [] != before["user_session"]

    # The edge has freed what was settled after the backup: the ledger shows it as missing.
    again = OwnWriter(other.url("new", "ingest"), seq=writer.seq)
    try:
        again.send(seen(1))
        again.until_settled()
    finally:
        again.stop()
    with other.connect("new", "app") as connection:
        connection.execute("SET search_path = watchline, public")
        (edge,) = ingest_report(connection)["edges"]
    assert edge["detections"] == len(kept) + 1
    assert edge["missing"] == again.seq - edge["settled"] == writer.seq - 1 - len(kept) > 0


def late_tools(folder: Path, major: int) -> Binaries:
    """A pg_dump that starts a second late: without our snapshot it would see more than we."""
    real = binaries.tools(major)
    late = folder / "late"
    late.mkdir()
    (late / "pg_dump").write_text(f'#!/bin/sh\nsleep 1\nexec {real["pg_dump"]} "$@"\n')
    (late / "pg_dump").chmod(0o755)
    return Binaries(major=major, bin=late)


def stored(database: Any) -> int:
    with database.connect("owner") as connection:
        row = connection.execute("SELECT count(*) FROM detection").fetchone()
    return int(row[0])


def described(connection: Any) -> dict[str, Any]:
    """Owners, grants, triggers, functions, indexes and constraints of the schema."""
    return {
        "tables": connection.execute(
            """SELECT relname, relkind, relacl::text, pg_get_userbyid(relowner), reloptions
                 FROM pg_class WHERE relnamespace = 'watchline'::regnamespace ORDER BY 1"""
        ).fetchall(),
        "functions": connection.execute(
            """SELECT proname, proacl::text, prosecdef, proconfig, pg_get_userbyid(proowner)
                 FROM pg_proc WHERE pronamespace = 'watchline'::regnamespace ORDER BY 1"""
        ).fetchall(),
        "schema": connection.execute(
            "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'watchline'"
        ).fetchall(),
        "triggers": connection.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        ).fetchall(),
        "constraints": connection.execute(
            """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'watchline'::regnamespace ORDER BY 1, 2"""
        ).fetchall(),
        "partitions": connection.execute(
            """SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits
                 JOIN pg_class c ON c.oid = inhrelid
                WHERE inhparent = 'watchline.detection'::regclass ORDER BY 1"""
        ).fetchall(),
    }


@pytest.fixture
def taken(filled, tmp_path) -> Path:
    file = tmp_path / "small.backup"
    backup.take(filled.url("owner"), file, quiet)
    return file


def test_quiet_databases_are_equal_row_by_row(filled, taken, other, new):
    restore.put_back(new, taken, overwrite=False, progress=quiet)
    with filled.connect("owner") as connection:
        source = everything(connection)
    with other.connect("new", "owner") as connection:
        copy = everything(connection)
    assert copy["sector"] != source["sector"]  # its epoch is past any that was given out
    assert len(copy.pop("audit_event")) == len(source.pop("audit_event")) + 1
    for name in ("sector", "user_session"):
        copy.pop(name), source.pop(name)
    assert copy == source
    with other.connect("new", "owner") as connection:
        connection.execute("SET search_path = watchline, public")
        assert connection.execute("SELECT epoch FROM sector").fetchone()[0] > 1_700_000_000
        connection.execute(
            """INSERT INTO late_span (sector_id, from_at, to_at, changed_at)
               VALUES ('test', now(), now(), now())"""
        )  # its sequence goes on
    assert taken.stat().st_mode & 0o077 == 0


def test_it_is_refused_over_data_unless_told(taken, new):
    restore.put_back(new, taken, overwrite=False, progress=quiet)
    with pytest.raises(RestoreRefused, match="--overwrite"):
        restore.put_back(new, taken, overwrite=False, progress=quiet)
    restore.put_back(new, taken, overwrite=True, progress=quiet)


def test_it_is_refused_while_hub_or_worker_are_connected(taken, other, new):
    with (
        other.connect("new", "ingest"),
        pytest.raises(RestoreRefused, match="watchline_ingest is connected"),
    ):
        restore.put_back(new, taken, overwrite=True, progress=quiet)


@pytest.mark.parametrize("damage", ["bit", "cut", "manifest", "no manifest", "newer"])
def test_a_damaged_backup_is_refused(taken, new, damage):
    data, told = taken.read_bytes(), backup.manifest_path(taken)
    if damage == "bit":
        taken.write_bytes(data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])
    elif damage == "cut":
        taken.write_bytes(data[:-1])
    elif damage == "manifest":
        told.write_text('{"revision": 3')
    elif damage == "no manifest":
        told.unlink()
    else:
        manifest = restore.read_manifest(taken)
        told.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, revision="9999")))
    with pytest.raises(RestoreRefused):
        restore.put_back(new, taken, overwrite=True, progress=quiet)


def test_a_backup_that_cannot_be_loaded_leaves_what_was_there(taken, other, new):
    """A dump cut in the middle, with a manifest that says so."""
    with other.connect("new", "owner") as connection:
        connection.execute("INSERT INTO watchline.login_failure (name, source) VALUES ('a', 'b')")
        before = everything(connection)
    cut = taken.read_bytes()[: taken.stat().st_size // 2]
    taken.write_bytes(cut)
    manifest = restore.read_manifest(taken)
    lying = msgspec.structs.replace(manifest, sha256=hashlib.sha256(cut).hexdigest())
    backup.manifest_path(taken).write_bytes(msgspec.json.encode(lying))
    with pytest.raises(RestoreFailed, match="Nothing was changed"):
        restore.put_back(new, taken, overwrite=True, progress=quiet)
    with other.connect("new", "owner") as connection:
        assert everything(connection) == before


def test_a_table_that_came_back_otherwise_is_named(taken, new):
    manifest = restore.read_manifest(taken)
    rule = msgspec.structs.replace(manifest.tables["rule"], fingerprint="1")
    tables = {**manifest.tables, "rule": rule}
    backup.manifest_path(taken).write_bytes(
        msgspec.json.encode(msgspec.structs.replace(manifest, tables=tables))
    )
    with pytest.raises(RestoreFailed, match=r"not what was backed up: rule$"):
        restore.put_back(new, taken, overwrite=False, progress=quiet)


def test_a_backup_is_never_written_over_and_a_failed_one_leaves_nothing(filled, taken, tmp_path):
    url = filled.url("owner")
    with pytest.raises(BackupFailed, match="there already"):
        backup.take(url, taken, quiet)
    with pytest.raises(BackupFailed, match="No such file"):
        backup.take(url, tmp_path / "nowhere" / "x", quiet)
    (tmp_path / "full.part").symlink_to("/dev/full")
    with pytest.raises(BackupFailed, match="No space left"):
        backup.take(url, tmp_path / "full", quiet)
    with pytest.raises(ServerError, match="does not answer"):
        backup.take(url.replace(filled.name, "no_such_database"), tmp_path / "y", quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == [taken.name, f"{taken.name}.json"]


def test_a_restore_that_ends_before_its_last_statement_changes_nothing(
    taken, other, new, monkeypatch
):
    with other.connect("new", "owner") as connection:
        before = everything(connection)
    monkeypatch.setattr(restore, "_COMMIT", b"")  # killed where it would hurt most
    with pytest.raises(RestoreFailed, match="not what was backed up"):
        restore.put_back(new, taken, overwrite=True, progress=quiet)
    with other.connect("new", "owner") as connection:
        assert everything(connection) == before


def test_the_commands(taken, other, new, tmp_path, monkeypatch):
    place = other.place()
    monkeypatch.setenv("WATCHLINE_DATABASE_HOST", str(place.sockets))
    monkeypatch.setenv("WATCHLINE_DATABASE_PORT", str(place.port))
    monkeypatch.setenv("WATCHLINE_DATABASE_NAME", "new")
    run = CliRunner().invoke
    done = run(app, ["restore", str(taken)])
    assert done.exit_code == 0 and "each is what was backed up" in done.output
    done = run(app, ["restore", str(taken)])
    assert done.exit_code == 1 and "restore.refused" in done.output
    assert run(app, ["restore", str(taken), "--overwrite"]).exit_code == 0
    done = run(app, ["backup", str(tmp_path / "second")])
    assert done.exit_code == 0 and "SHA-256" in done.output
