"""Power cuts of a spool and of PostgreSQL: what was acknowledged is there after the reboot."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.disk import Disk
from faults.line import Line
from faults.oracle import TORTURE, Verdict
from faults.power import cut_spool
from system import wait_for
from watchline.db.cluster import Cluster

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def test_a_spool_keeps_what_it_acknowledged(disk: Disk, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    cuts, rows = (24, 45_000) if TORTURE else (3, 8_000)
    total = Verdict()
    for _ in range(cuts):
        total += cut_spool(
            disk.path, tmp_path, disk.cut, dice, rows=rows, module="faults.spool_writer"
        )
    line = total.tell("power cuts of a spool", seed)
    total.hold(line=line, acked=1_000_000 if TORTURE else 10_000, kills=cuts)


@pytest.fixture
def line(disk: Disk, tmp_path: Path) -> Iterator[Line]:
    """A line whose database lies on the disk; its edges' spools do not."""
    cluster = Cluster(disk.path / "pg", tcp=False)
    cluster.start(die_with_parent=True)
    made = Line(cluster=cluster, database="watchline", folder=tmp_path)
    made.tower = made.worker
    try:
        cluster.prepare("watchline")
        made.prepare()
        yield made
    finally:
        made.stop()
        cluster.destroy()


def test_a_database_keeps_what_the_hub_has_called_settled(disk: Disk, line: Line) -> None:
    """The edge frees a row when its receipt says so; if the cut took that row, nobody has it."""
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    line.start("worker", "watchline", "worker")
    line.start_edges()
    cuts, rows = (12, 2000) if TORTURE else (3, 400)
    for _ in range(cuts):
        before = line.count()
        wait_for("rows", lambda at=before: line.count() > at + rows, 60)
        time.sleep(dice.random())
        postmaster = line.cluster.status().pid
        assert postmaster is not None
        os.kill(postmaster, signal.SIGSTOP)  # from here on it has no new children
        disk.cut([postmaster, *children(postmaster)])
        line.cluster.start(die_with_parent=True)
    verdict = line.verdict(60)
    verdict.kills = cuts
    told = verdict.tell("power cuts of PostgreSQL", seed)
    verdict.hold(line=told, acked=cuts * rows, kills=cuts)


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]
