"""Two hours of a real surface-movement radar into a running hub: everything accounted for, once."""

import json
import shutil

import pytest

from apron import (
    RECORDING,
    RECORDS,
    SECTOR,
    STARTS_OF_CYCLE,
    STATUS,
    TARGET_REPORTS,
    edge_toml,
)
from system import System, wait_for

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(
        not RECORDING.exists(), reason="the airport recording is not part of the repository"
    ),
]


def report(system: System) -> dict:
    return json.loads(system.run("watchline", "report", "ingest"))


def test_the_recording_is_stored_exactly_once_and_opens_alarms(cluster, database, tmp_path):
    system = System(cluster=cluster, database=database.name, folder=tmp_path)
    config, copied = tmp_path / "edge.toml", tmp_path / "copy.toml"
    config.write_text(edge_toml(system.hub, tmp_path / "state"))
    copied.write_text(edge_toml(system.hub, tmp_path / "copied-state"))
    replay = ("watchline-edge", "replay", str(RECORDING), "-c", str(config), "--retime")
    try:
        system.import_sector(SECTOR)
        key = system.run("watchline-edge", "key", "-c", str(config)).split()[-1]
        system.enroll("tower-edge", "apron", key)
        # The hub is away: everything is spooled, nothing is sent; then the spool is copied.
        said = system.run(*replay, "--speed", "max", "--timeout", "1", status=1)
        counters = json.loads(said.strip().splitlines()[-1])["sensors"]["smr"]
        shutil.copytree(tmp_path / "state", tmp_path / "copied-state")
        system.serve()
        system.start("edge", "watchline-edge", "run", "-c", str(config))
        wait_for(
            "all target reports",
            lambda: report(system)["stored"] == TARGET_REPORTS,
            60,
        )
        first = report(system)
        (edge,) = first["edges"]
        assert edge["missing"] == edge["lost"] == edge["quarantined"] == 0
        assert edge["detections"] == TARGET_REPORTS
        assert first["duplicates"] == 0
        wait_for(
            "historical incidents of all three rules",
            lambda: (
                system.query("SELECT count(DISTINCT rule_id) FROM incident WHERE historical")
                == [(3,)]
            ),
            60,
        )
        system.kill("edge", 15)
        # The copy of the spool is sent later: all known already.
        system.start("edge", "watchline-edge", "run", "-c", str(copied))
        wait_for(
            "the copy's boot to be heard",
            lambda: report(system)["edges"][0]["boots"] > edge["boots"],
            60,
        )
        system.kill("edge", 15)
        again = report(system)
        assert (again["stored"], again["duplicates"]) == (TARGET_REPORTS, 0)
        assert counters["records"] == RECORDS
        assert counters["target_reports"] == TARGET_REPORTS
        assert counters["start_of_cycle"] == STARTS_OF_CYCLE
        assert counters["status"] == STATUS
        assert counters["datablocks_in"] == counters["decoded"] + counters["bad"]
    finally:
        system.stop()
