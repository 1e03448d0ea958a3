"""A system of processes for each flow test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import logs
from plain_sector import RADAR, SECTOR
from system import PASSWORD, EdgeDouble, System, wait_for
from watchline_sensors.contract import encode_envelope


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


@pytest.fixture
def edge(system: System) -> EdgeDouble:
    """The test's own edge, whose radar the hub knows."""
    made = EdgeDouble(system, "edge-a")
    system.enroll("edge-a", "test", made.public_key)
    system.serve()
    wait_for("the writer", lambda: made.post(encode_envelope(made.envelope())).is_success)
    made.send(RADAR)
    made.until_settled()
    return made
