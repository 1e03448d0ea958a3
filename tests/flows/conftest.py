"""A system of processes for each flow test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import logs
from plain_sector import SECTOR
from system import PASSWORD, System


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """Worker and hub on a fresh database that knows the test sector."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made.import_sector(SECTOR)
        yield made
    finally:
        made.stop()
    # Whatever the flow was, its logs tell no place and no password.
    logs.check(tmp_path, PASSWORD)
