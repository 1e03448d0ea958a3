"""Each guard is shown to matter: what holds on the product does not hold on a build without it.

The broken builds lie in `broken/`: each takes one guard out and then runs the real program.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.disk import Disk
from faults.line import Line
from faults.nursery import Nursery
from faults.oracle import Verdict, lines
from faults.power import Cut, cut_spool, only_kill
from plain_sector import lon_lat
from system import EdgeDouble, System, wait_for
from watchline_sensors.contract import Detection, Position, SensorInfo

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def tell(build: str, caught: str) -> None:
    """A line for the end of the run."""
    lines.append(f"build without its guard, {build}: caught, {caught}")


# ── the spool ────────────────────────────────────────────────────────────────────────────────
def first_loss(folder: Path, journals: Path, cut: Cut, build: str, *, cuts: int) -> Verdict:
    """The verdict of the first cut in which the build lost something, or of the last one."""
    dice = random.Random()
    for number in range(1, cuts + 1):
        module = f"faults.broken.{build}"
        verdict = cut_spool(folder, journals, cut, dice, rows=2_500, module=module)
        if verdict.lost:
            tell(build, f"{verdict.lost} of {verdict.acked} lost in cut {number}")
            break
    return verdict


def test_a_spool_that_does_not_flush_is_caught(disk: Disk, tmp_path: Path) -> None:
    verdict = first_loss(disk.path, tmp_path, disk.cut, "normal_sync", cuts=30)
    assert verdict.lost, "30 power cuts did not find synchronous=NORMAL"


def test_a_spool_that_acknowledges_early_is_caught(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    verdict = first_loss(tmp_path / "spool", tmp_path, only_kill, "ack_before_commit", cuts=5)
    assert verdict.lost, "5 kills did not find puts that return before their commit"


# ── the hub ──────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def line(cluster, database, nursery: Nursery, tmp_path: Path) -> Iterator[Line]:
    """One edge with a device; nothing is started yet."""
    made = Line(cluster=cluster, database=database.name, folder=tmp_path, nursery=nursery)
    made.tower = made.worker
    try:
        made.prepare()
        yield made
    finally:
        made.stop()


def killed(line: Line, build: str, victim: str) -> Verdict:
    """Run a build of the worker, kill `victim` twice, and let the oracle look."""
    line.start("worker", f"faults.broken.{build}", "worker")
    line.until_healthy("worker", line.worker)
    line.start_edges()
    for _ in range(2):
        before = line.count()
        wait_for("rows", lambda at=before: line.count() > at + 200, 60)
        line.kill(victim)
        line.start(victim)
    return line.verdict(patience_s=10)


def test_a_hub_that_settles_early_is_caught(line: Line) -> None:
    verdict = killed(line, "settled_before_commit", "worker")
    assert verdict.lost, "2 kills did not find receipts that are ahead of the commit"
    tell("settled_before_commit", f"{verdict.lost} of {verdict.acked} lost in 2 kills")


def test_a_hub_without_a_ledger_is_caught(line: Line) -> None:
    verdict = killed(line, "ledger_off", "edge 0")
    assert verdict.duplicate, "2 kills of the edge did not find that nothing drops what is known"
    tell("ledger_off", f"{verdict.duplicate} of {verdict.acked} doubled in 2 kills")


# ── the fence ────────────────────────────────────────────────────────────────────────────────
INFO = SensorInfo(
    sensor="radar", at_us=0, kind="radar", name="Radar", lon_deg=24.0, lat_deg=50.5, height_m=0.0
)


def findings_after_the_rule_was_ended(system: System) -> int:
    """A target walks into the meadow while a person's end of that rule is being committed.

    The pipeline has the old rules in memory; its commit has to wait for the person's.
    """
    edge = EdgeDouble(system, "edge-a")
    system.enroll("edge-a", "test", edge.public_key)
    wait_for("the writer", lambda: edge.post(b"").status_code == 400)
    edge.send(INFO)

    def walk(*steps: int) -> None:
        for step in steps:
            time.sleep(0.4)
            lon, lat = lon_lat(2.0 * (step % 2), -270.0 + 20.0 * step)
            place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
            edge.send(Detection(sensor="radar", at_us=time.time_ns() // 1000, position=place))

    walk(*range(4))
    edge.until_settled()
    with system.connect() as connection, connection.transaction():
        connection.execute("UPDATE sector SET rev = rev + 1 WHERE id = 'test'")
        connection.execute(
            """UPDATE rule SET valid_to = now(), rev = (SELECT rev FROM sector WHERE id = 'test')
                WHERE id = 'meadow-enter'"""
        )
        walk(*range(4, 10))
    edge.until_settled()
    assert system.query("SELECT count(*) FROM track")[0][0] > 0, "the test did not bite"
    return system.query("SELECT count(*) FROM finding WHERE rule_id = 'meadow-enter'")[0][0]


@pytest.mark.parametrize("build", ["watchline", "faults.broken.rev_off"])
def test_a_hub_that_overlooks_a_persons_change_is_caught(line: Line, build: str) -> None:
    line.start("worker", build, "worker")
    line.until_healthy("worker", line.worker)
    found = findings_after_the_rule_was_ended(line)
    assert found == (0 if build == "watchline" else 1)
    if found:
        tell("rev_off", "a finding of a rule that a person had ended")
