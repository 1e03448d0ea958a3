"""A system of processes for each flow test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plain_sector import SECTOR
from system import System


@pytest.fixture
def system(cluster, database, tmp_path: Path) -> Iterator[System]:
    """Worker and hub on a fresh database that knows the test sector."""
    made = System(cluster=cluster, database=database.name, folder=tmp_path)
    try:
        made.import_sector(SECTOR)
        yield made
    finally:
        made.stop()
