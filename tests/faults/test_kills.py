"""SIGKILL of edges, hub, worker and PostgreSQL: nothing lost, nothing doubled, same incidents.

Two whole systems play the same scenario with the same start and seed at the same time, the same
radar bytes going to both; one is left alone, the other's processes are killed one after the
other. Incidents are compared by (rule, geofence, true target), live or historical alike. Beside
its radar each edge of the disturbed one has a device that keeps a journal of what was promised.
"""

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults import storm
from faults.killer import Killer, victims
from faults.line import Line
from faults.nursery import Nursery
from faults.oracle import TORTURE
from scenario import Play
from system import wait_for
from watchline.db.cluster import Cluster
from watchline.history.report import ingest_report
from watchline.score import SeenFinding, nearest_target, read_truth
from watchline.sectors.plane import SectorPlane

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KILLS, SECONDS = (520, 300.0) if TORTURE else (60, 55.0)


@dataclass
class Storm(Play):
    """A play on a line of processes."""

    system: Line

    def incidents(self) -> set[tuple[str, str | None, str | None]]:
        """(rule, geofence, true target) of all incidents."""
        truth = read_truth(self.out / "truth.jsonl")
        plane = SectorPlane(*self.sector["sector"]["origin"])
        rows = self.system.query(
            """SELECT rule_id, geofence_id, (extract(epoch FROM at) * 1e6)::bigint, ST_X(geom),
                      ST_Y(geom) FROM finding"""
        )
        seen = (
            SeenFinding(rule=rule, geofence=geofence, at_us=at_us, lon=lon, lat=lat)
            for rule, geofence, at_us, lon, lat in rows
        )
        return {(one.rule, one.geofence, nearest_target(one, truth, plane)) for one in seen}

    def report(self) -> dict[str, Any]:
        """What `watchline report ingest` prints."""
        with self.system.connect() as connection:
            return ingest_report(connection)

    def begin(self) -> None:
        """Worker, hub and edges, until every sensor has described itself."""
        self.system.serve()
        self.system.start_edges()
        sensors = len(self.edges) * (2 if self.system.per_s else 1)
        wait_for(
            "the edges to be heard",
            lambda: self.system.query("SELECT count(*) FROM sensor") == [(sensors,)],
            60,
        )

    def settled(self) -> bool:
        """Whether the hub misses no seq that it knows of, and no rerun waits."""
        waiting = self.system.query("SELECT count(*) FROM late_span WHERE rerun_at IS NULL")
        return waiting == [(0,)] and all(edge["missing"] == 0 for edge in self.report()["edges"])


@pytest.fixture
def plays(cluster, database, nursery: Nursery, tmp_path: Path) -> Iterator[tuple[Storm, Storm]]:
    """(left alone, disturbed); the disturbed one has a durable cluster of its own."""
    tmp_path.chmod(0o711)
    scenario = tmp_path / "storm.toml"
    scenario.write_text(storm.scenario(SECONDS))
    folders = [tmp_path / "calm", tmp_path / "torn"]
    for folder in folders:
        folder.mkdir()
    own = Cluster(tmp_path / "pg", tcp=False)
    calm = Line(
        cluster=cluster, database=database.name, folder=folders[0], per_s=0, nursery=nursery
    )
    torn = Line(cluster=own, database="torn", folder=folders[1], per_s=40, nursery=nursery)
    try:
        own.start(die_with_parent=True)
        own.prepare("torn")
        yield prepared(calm, scenario), prepared(torn, scenario)
    finally:
        for line in (calm, torn):
            line.stop()
        own.destroy()


def prepared(line: Line, scenario: Path) -> Storm:
    """The scenario set up on a line."""
    play = Storm.prepare(line, scenario)
    line.configs = {edge: play.out / edge / "edge.toml" for edge in play.edges}
    if line.per_s:
        for edge in play.edges:
            line.add_device(edge)
    return play


def test_killed_at_random_it_loses_nothing_and_finds_the_same(plays: tuple[Storm, Storm]) -> None:
    calm, torn = plays
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    for play in plays:
        play.begin()
    start_at = time.time() + 2
    for play in plays:
        play.radars(start_at=start_at, seconds=SECONDS)
    killer = Killer(torn.system)
    for number, victim in enumerate(victims(dice, KILLS, len(torn.edges))):
        due_s = 1 + (SECONDS - 5) * (number + dice.random()) / KILLS
        time.sleep(max(0.0, start_at + due_s - time.time()))
        killer.kill(victim)
    took_s = time.time() - start_at
    killer.until_recovered()
    time.sleep(max(0.0, start_at + SECONDS + 1 - time.time()))
    verdict = torn.system.verdict(90)
    torn.system.hush()
    for play in plays:
        play.system.kill("radars", signal.SIGTERM)
        wait_for("everything to be settled and rerun", play.settled, 120)
    report = torn.report()
    verdict.kills = killer.kills.total()
    undisturbed, found = calm.incidents(), torn.incidents()
    share = ", ".join(f"{count} {name}" for name, count in sorted(killer.kills.items()))
    told = verdict.tell(
        f"kills ({share} in {took_s:.0f} s, events found {len(found)} of {len(undisturbed)})", seed
    )
    verdict.hold(line=told, acked=2000, kills=KILLS)
    assert took_s <= SECONDS + 20, told
    assert (report["duplicates"], sum(edge["missing"] for edge in report["edges"])) == (0, 0)
    assert sum(edge["detections"] for edge in report["edges"]) == report["stored"]
    assert len(undisturbed) >= SECONDS / storm.EVERY_S, "the test did not bite"
    assert found == undisturbed, told
