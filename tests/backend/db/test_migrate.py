"""Migrations reach the newest schema from nothing, twice without harm, with the roles as drawn."""

import subprocess
import sys

import psycopg
import pytest

from watchline.db import migrate


def test_a_second_upgrade_changes_nothing(database) -> None:
    assert migrate.current(database.url("owner")) == migrate.newest()
    migrate.upgrade(database.url("owner"))
    assert migrate.current(database.url("owner")) == migrate.newest()


def test_two_processes_may_migrate_at_once(cluster) -> None:
    with cluster.connect("postgres", "super") as admin:
        admin.execute("CREATE DATABASE race OWNER watchline_owner")
    with cluster.connect("race", "super") as admin:
        admin.execute("CREATE EXTENSION postgis")
    code = "import sys; from watchline.db import migrate; migrate.upgrade(sys.argv[1])"
    command = [sys.executable, "-c", code, cluster.url("race", "owner")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    try:
        assert [process.returncode for process in both] == [0, 0], said
        assert migrate.current(cluster.url("race", "owner")) == migrate.newest()
    finally:
        cluster.drop_database("race")


def test_the_worker_passes_row_security_and_the_hub_does_not(database) -> None:
    with database.connect("super") as connection:
        rows = connection.execute(
            "SELECT rolname, rolbypassrls, rolcanlogin, rolsuper FROM pg_roles"
            " WHERE rolname LIKE 'watchline%' AND rolname <> 'watchline_super'"
        ).fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        "watchline_owner": (False, True, False),
        "watchline_ingest": (True, True, False),
        "watchline_app": (False, True, False),
        "watchline_reader": (False, False, False),
    }


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("app", "DELETE FROM audit_event"),
        ("ingest", "UPDATE audit_event SET op = ''"),
        ("ingest", "SELECT password_hash FROM user_account"),
        ("app", "INSERT INTO ledger (edge_id, boot) VALUES ('e', 1)"),
        ("app", "UPDATE alembic_version SET version_num = 'x'"),
        ("app", "SELECT ensure_detection_partitions(1)"),
        ("app", "CREATE TABLE watchline.mine ()"),
    ],
)
def test_a_role_cannot_do_what_is_not_its_duty(database, role: str, statement: str) -> None:
    with (
        database.connect(role) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_not_even_the_owner_changes_the_audit_trail(database) -> None:
    with (
        database.connect("owner") as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("UPDATE audit_event SET op = ''")
