"""A wire that loses 30 % of its packets each way and falls silent for 10 s: nothing is lost."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from faults.line import Line
from faults.net import ADDRESSES, Net, NoNet
from faults.oracle import TORTURE
from system import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LOSS_PERCENT = 30
PARTITION_S = 10.0
STUCK_S = 15.0


@pytest.fixture
def net() -> Iterator[Net]:
    """The two namespaces."""
    try:
        made = Net()
    except NoNet as error:
        pytest.skip(f"NO NETWORK WAS BROKEN: {error}")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def line(cluster, database, net: Net, tmp_path: Path) -> Iterator[Line]:
    """Edges on the tower's side; the worker on the hub's, its database over the unix socket."""
    made = Line(cluster=cluster, database=database.name, folder=tmp_path, devices=2, per_s=100)
    made.tower = f"http://{ADDRESSES['hub']}:{made.worker_port}"
    made.within = {
        "worker": net.within("hub"),
        **{f"edge {n}": net.within("tower") for n in range(made.devices)},
    }
    try:
        made.prepare()
        yield made
    finally:
        made.stop()


@pytest.mark.skipif(not TORTURE, reason="a long test for `make torture`")
def test_a_bad_link_loses_and_doubles_nothing(net: Net, line: Line) -> None:
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    line.start("worker", "watchline", "worker", WATCHLINE_WORKER_HOST=ADDRESSES["hub"])
    line.start_edges()
    wait_for("rows", line.count, 60)
    partitions: list[tuple[float, float]] = []
    half = half_a_request(net, line)
    for _ in range(10):
        net.lose(LOSS_PERCENT)
        time.sleep(dice.uniform(15, 25))
        silent_from = time.time()
        net.lose(100)
        half.kill()
        time.sleep(PARTITION_S)
        partitions.append((silent_from, time.time()))
    net.lose(LOSS_PERCENT)
    time.sleep(5)
    net.lose(0)
    mended_at = time.monotonic()
    verdict = line.verdict()
    verdict.kills = len(partitions)
    verdict.longest_gap_s = stuck_s(line, partitions)
    told = verdict.tell("30 % loss and silent partitions (kills: partitions)", seed)
    verdict.hold(line=told, acked=2000, kills=10)
    assert verdict.longest_gap_s <= STUCK_S, told
    time.sleep(max(0.0, mended_at + STUCK_S - time.monotonic()))
    for side in ("tower", "hub"):
        assert max(net.silent_s(side), default=0.0) < STUCK_S, "a connection is half dead"


def half_a_request(net: Net, line: Line) -> subprocess.Popen[bytes]:
    """A client whose connection ends with a reset when it is killed; nobody repeats a lost one."""
    program = f"""
import socket, struct, time
with socket.create_connection(({ADDRESSES["hub"]!r}, {line.worker_port})) as client:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(b"POST /api/uplink HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\n1234")
    print("sent", flush=True)
    time.sleep(600)
"""
    command = [*net.within("tower"), sys.executable, "-c", program]
    client = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert client.stdout is not None and client.stdout.readline() == b"sent\n"
    return client


def stuck_s(line: Line, partitions: list[tuple[float, float]]) -> float:
    """The longest time in which nothing was stored although there was a link."""
    rows = line.query(
        "SELECT DISTINCT extract(epoch FROM known_at)::float8 AS at FROM detection ORDER BY at"
    )
    return max(
        b - a - sum(max(0.0, min(b, until) - max(a, since)) for since, until in partitions)
        for (a,), (b,) in pairwise(rows)
    )
