"""A server of one's own is made ready over TCP, with passwords, as `compose.yaml` does it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from watchline.db.cluster import Cluster
from watchline.db.engine import connect_sync
from watchline.db.prepare import prepare


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A cluster that stands for somebody's server: reached by TCP alone."""
    folder = Path(tempfile.mkdtemp(prefix="watchline-test-"))
    made = Cluster(folder / "pg", durable=False, tcp=True)
    try:
        made.start(die_with_parent=True)
        yield made
    finally:
        made.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def test_it_is_ready_and_all_belongs_to_the_owner(server: Cluster) -> None:
    with server.connect("postgres", "super") as connection:
        connection.execute("ALTER ROLE watchline_super PASSWORD 'a b/c'")
    at = f"127.0.0.1:{server.place().port}"
    admin = f"postgresql://watchline_super:a%20b%2Fc@{at}/postgres"
    for _ in range(2):
        prepare(admin, "own", {"watchline_app": "x:@y", "watchline_ingest": "z"})
    with connect_sync(f"postgresql://watchline_app:x%3A%40y@{at}/own") as connection:
        rows = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'watchline'"
        ).fetchall()
    assert rows == [("watchline_owner",)]
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect_sync(f"postgresql://watchline_app:wrong@{at}/own")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect_sync(f"postgresql://watchline_owner@{at}/own")
