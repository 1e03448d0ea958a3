"""SIGKILL of edge, worker, hub and PostgreSQL: nothing lost, nothing doubled, same incidents.

Two whole systems play the same scenario with the same start and seed at the same time, the same
radar bytes going to both; one is left alone, the other's processes are killed one after the
other. Incidents are compared by (rule, geofence, true target), live or historical alike.
"""

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scenario import Play
from system import System, wait_for
from watchline.db.cluster import Cluster
from watchline.score import SeenFinding, nearest_target, read_truth
from watchline.sectors.plane import SectorPlane

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SECONDS = 60
#: Each of edge, worker, hub and PostgreSQL at least three times.
VICTIMS = ["edge 0", "edge 1", "edge 0", "edge 1", *["worker", "hub", "postgres"] * 3]


class Torn(Play):
    """A play whose accounts are read afterwards."""

    def report(self) -> dict:
        """`watchline report ingest`."""
        return json.loads(self.system.run("watchline", "report", "ingest"))

    def spooled(self) -> int:
        """Rows that the edges, stopped now, still hold."""
        left = 0
        for edge in self.edges:
            spool = self.out / edge / "state/spool.db"
            with sqlite3.connect(f"file:{spool}?mode=ro", uri=True, timeout=10) as database:
                left += database.execute("SELECT count(*) FROM item").fetchone()[0]
        return left

    def incidents(self) -> set[tuple[str, str | None, str | None]]:
        """(rule, geofence, true target) of all incidents."""
        truth = read_truth(self.out / "truth.jsonl")
        plane = SectorPlane(*self.sector["sector"]["origin"])
        rows = self.system.query(
            """SELECT rule_id, geofence_id, (extract(epoch FROM at) * 1e6)::bigint, ST_X(geom),
                      ST_Y(geom) FROM finding"""
        )
        return {
            (
                rule,
                geofence,
                nearest_target(
                    SeenFinding(rule=rule, geofence=geofence, at_us=at_us, lon=lon, lat=lat),
                    truth,
                    plane,
                ),
            )
            for rule, geofence, at_us, lon, lat in rows
        }


@pytest.fixture
def plays(tmp_path: Path) -> Iterator[tuple[Torn, Torn]]:
    """(left alone, disturbed), each with a durable cluster of its own."""
    tmp_path.chmod(0o711)
    clusters = [Cluster(tmp_path / f"pg-{name}", tcp=False) for name in ("calm", "torn")]
    made: list[Torn] = []
    try:
        for cluster, name in zip(clusters, ("calm", "torn"), strict=True):
            (tmp_path / name).mkdir()
            cluster.start(die_with_parent=True)
            cluster.prepare(name)
            system = System(cluster=cluster, database=name, folder=tmp_path / name)
            made.append(Torn.prepare(system, "crossing"))
        yield made[0], made[1]
    finally:
        for play in made:
            play.system.stop()
        for cluster in clusters:
            cluster.destroy()


def kill(play: Torn, victim: str) -> None:
    """SIGKILL one process and start it again, as a supervisor would."""
    if victim == "postgres":
        pid = play.system.cluster.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        play.system.cluster.start(die_with_parent=True)
    else:
        play.system.kill(victim)
        play.system.start(victim)


def test_killed_at_random_it_loses_nothing_and_finds_the_same(plays: tuple[Torn, Torn]) -> None:
    calm, torn = plays
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    victims = VICTIMS.copy()
    dice.shuffle(victims)
    for play in plays:
        play.start()
    for play in plays:
        wait_for("the edges to be heard", lambda p=play: all_heard(p), 60)
    start_at = time.time() + 2
    for play in plays:
        play.radars(start_at=start_at, seconds=SECONDS)
    pause = (SECONDS - 8) / len(victims)
    for victim in victims:
        time.sleep(pause * dice.uniform(0.5, 1.2))
        kill(torn, victim)
    time.sleep(max(0.0, start_at + SECONDS + 1 - time.time()))
    for play in plays:
        play.system.kill("radars", signal.SIGTERM)
        wait_for("everything to be settled", lambda p=play: settled(p), 60)
        for number in range(len(play.edges)):
            play.system.kill(f"edge {number}", signal.SIGTERM)
    wait_for(
        "the historical reruns",
        lambda: (
            torn.system.query("SELECT count(*) FROM late_span WHERE rerun_at IS NULL") == [(0,)]
        ),
        60,
    )
    report = torn.report()
    lost = sum(edge["missing"] for edge in report["edges"])
    print(
        f"seed={seed} kills={len(victims)} stored={report['stored']} "
        f"duplicate={report['duplicates']} lost={lost} left={torn.spooled()}"
    )
    assert report["stored"] > 100, "the test did not bite"
    assert sum(edge["boots"] for edge in report["edges"]) >= 4, "no edge was killed"
    assert (report["duplicates"], lost, torn.spooled()) == (0, 0, 0)
    assert sum(edge["detections"] for edge in report["edges"]) == report["stored"]
    undisturbed = calm.incidents()
    assert len({rule for rule, _, _ in undisturbed}) >= 3, undisturbed
    assert torn.incidents() == undisturbed, f"seed {seed}"


def settled(play: Torn) -> bool:
    """Whether the hub knows of no seq that it misses."""
    return all(edge["missing"] == 0 for edge in play.report()["edges"])


def all_heard(play: Torn) -> bool:
    """Whether every sensor has described itself."""
    try:
        return play.system.query("SELECT count(*) FROM sensor") == [(len(play.edges),)]
    except psycopg.Error:
        return False
