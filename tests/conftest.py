"""What tests of many folders share: a PostGIS cluster for the run, a fresh database for a test."""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from watchline.db.cluster import Cluster

# In CI the examples are the same in every run; at a desk each run looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_TEMPLATE = "watchline_template"
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """One database of the test cluster; roles by full name or short: owner, ingest, app, super."""

    cluster: Cluster
    name: str

    def url(self, role: str = "app") -> str:
        """postgresql://… for `role`."""
        return self.cluster.url(self.name, role)

    def sqlalchemy_url(self, role: str = "app") -> str:
        """postgresql+psycopg://… for `role`."""
        return self.cluster.sqlalchemy_url(self.name, role)

    def connect(self, role: str = "app", *, autocommit: bool = True) -> psycopg.Connection:
        """A psycopg connection with the services' search path; close it (``with``)."""
        connection = self.cluster.connect(self.name, role, autocommit=autocommit)
        connection.execute("SET search_path = watchline, public")
        if not autocommit:
            connection.commit()
        return connection


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private cluster for this run, without fsync; it ends with the run, however that ends."""
    folder = Path(tempfile.mkdtemp(prefix="watchline-test-"))
    folder.chmod(0o711)  # as root, the server's own user has to get through
    made = Cluster(folder / "pg", durable=False, tcp=False)
    try:
        made.start(die_with_parent=True)
        yield made
    finally:
        made.destroy()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _template(cluster: Cluster) -> str:
    cluster.prepare(_TEMPLATE)
    return _TEMPLATE


@pytest.fixture
def database(cluster: Cluster, _template: str) -> Iterator[Database]:
    """A fresh, migrated, empty database, dropped after the test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    cluster.clone_database(_template, name)
    try:
        yield Database(cluster=cluster, name=name)
    finally:
        with contextlib.suppress(psycopg.OperationalError):  # a test may have killed the server
            cluster.drop_database(name)
