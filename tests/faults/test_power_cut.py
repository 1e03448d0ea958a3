"""Power cuts of a spool and of PostgreSQL: what was acknowledged is there after the reboot."""

import random
from pathlib import Path

import pytest

from faults.disk import Disk
from faults.oracle import TORTURE, Verdict
from faults.power import cut_spool

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
