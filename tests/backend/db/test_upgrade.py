"""A hub with data is brought to the newest schema, step by step, and has all of it afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from own_writer import OwnWriter, seen
from watchline.audit import store as audit
from watchline.db import migrate, roles
from watchline.history.report import ingest_report

FIRST = "0002"
#: What a migration takes away on purpose: (revision, table, column).
GIVEN_UP: set[tuple[str, str, str]] = set()


@pytest.fixture
def old(cluster) -> Iterator[Any]:
    """A database of schema 0002 with rows in every table."""
    name = "upgraded"
    with cluster.connect("postgres", "super") as admin:
        roles.ensure_roles(admin)
        roles.ensure_database(admin, name)
    try:
        with cluster.connect(name, "super") as admin:
            admin.execute("CREATE EXTENSION postgis")
        migrate.upgrade(cluster.url(name, "owner"), FIRST)
        with cluster.connect(name, "owner") as connection:
            connection.execute(Path(__file__).with_name("filled_0002.sql").read_text())
            for chain in ("", "test"):
                for n in range(3):
                    audit.append_sync(
                        connection, chain=chain, actor="a", op="x.y", object=f"{n}", detail={"n": n}
                    )
            save_state(connection)
        yield name
    finally:
        cluster.drop_database(name)


def save_state(connection: Any) -> None:
    """The packed states that a writer of that schema left."""
    from watchline.rules.state import RuleState
    from watchline.tracks.state import TrackerState

    connection.execute(
        "INSERT INTO sector_state VALUES ('test', 1200, 1, %s, %s)",
        [TrackerState.empty().pack(), RuleState.empty().pack()],
    )


def columns(connection: Any) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            """SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a
                   ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relkind = 'r' AND c.relnamespace = 'watchline'::regnamespace
                  AND c.relname <> 'alembic_version'"""
        ).fetchall()
    )


def rows(connection: Any, names: set[tuple[str, str]]) -> dict[str, list[str]]:
    """Every table's rows as text, in these columns and in order."""
    connection.execute("SET timezone = 'UTC'")
    held: dict[str, list[str]] = {}
    for table in sorted({table for table, _ in names}):
        chosen = ", ".join(f'"{column}"' for of, column in sorted(names) if of == table)
        found = connection.execute(f"SELECT ROW({chosen})::text FROM watchline.{table} ORDER BY 1")
        held[table] = [row[0] for row in found]
    return held


def test_every_step_keeps_every_row_and_the_hub_works_on(cluster, old):
    url = cluster.url(old, "owner")
    steps = migrate.revisions()
    later = steps[steps.index(FIRST) + 1 :]
    assert later
    with cluster.connect(old, "owner") as connection:
        empty = [name for name, held in rows(connection, columns(connection)).items() if not held]
        assert all(name.startswith("detection_2") for name in empty), empty
        for step in later:
            names = columns(connection)
            kept = {name for name in names if (step, *name) not in GIVEN_UP}
            before = rows(connection, kept)
            migrate.upgrade(url, step)
            assert kept <= columns(connection), step
            assert rows(connection, kept) == before, step
        assert migrate.current(url) == migrate.newest()
        connection.execute("SET search_path = watchline, public")
        assert audit.chains(connection) == ["", "test"]
        assert all(audit.verify_chain(connection, chain).links == 3 for chain in ("", "test"))

    writer = OwnWriter(cluster.url(old, "ingest"), seq=525, boot=7)
    try:
        writer.send(seen(526))
        writer.until_settled()
    finally:
        writer.stop()
    with cluster.connect(old, "app") as connection:
        connection.execute("SET search_path = watchline, public")
        found = {edge["edge"]: edge for edge in ingest_report(connection)["edges"]}
    assert (found["edge-a"]["detections"], found["edge-a"]["missing"]) == (501, 15)
    assert found["edge-b"]["missing"] == 0
