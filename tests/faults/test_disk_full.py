"""A disk that another process fills: refused cleanly, nothing acknowledged lost, told, drained.

A whole edge on a tmpfs of 6 MB, a hub on loopback, and a second process that takes every byte
that becomes free.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from faults import oracle
from sensors.fake_hub import FakeHub
from sensors.parts import decoded, edge_config, heartbeat, public_key, sighting, until
from watchline_sensors.adapters import Feed
from watchline_sensors.clock import now_us
from watchline_sensors.contract import Detection, Health, Item
from watchline_sensors.edge import Edge, run_edge
from watchline_sensors.errors import SpoolFull

pytestmark = [pytest.mark.faults, pytest.mark.slow]

_HOG = """
import sys, time
with open(sys.argv[1], "wb", buffering=0) as file:
    while True:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            time.sleep(0.02)
"""


class Device:
    """A radar that remembers what it was promised and when it was first refused."""

    def __init__(self) -> None:
        self.acked: list[str] = []
        self.refused = 0
        self.refused_at: float | None = None
        self._number = 0

    async def run(self, feed: Feed) -> None:
        while True:
            items = []
            for _ in range(20):
                self._number += 1
                items.append(sighting(now_us(), sensor_track=f"track-{self._number}"))
            try:
                await feed.put(items)
                self.acked += [str(item.sensor_track) for item in items]
            except SpoolFull:
                self.refused += len(items)
                self.refused_at = self.refused_at or time.monotonic()
            await asyncio.sleep(0.02)

    def health(self, now_us: int) -> Sequence[Health]:
        return [heartbeat(now_us)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("NO DISK WAS FILLED: mounting a small one needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NO DISK WAS FILLED: this machine lets nobody mount a small one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@asynccontextmanager
async def _edge(
    disk: Path, hub: FakeHub, device: Device, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Edge]:
    """A whole edge process's work, in this one."""
    made: list[Edge] = []
    real = Edge.__init__

    def noted(self: Edge, *args: object) -> None:
        real(self, *args)
        made.append(self)

    monkeypatch.setattr(Edge, "__init__", noted)
    config = edge_config(disk, hub.url)
    hub.public_key = public_key(config)
    stop = asyncio.Event()
    running = asyncio.create_task(run_edge(config, stop, [device]))
    await until(lambda: made)
    try:
        yield made[0]
    finally:
        stop.set()
        await running


def _items(hub: FakeHub) -> Iterator[Item]:
    for body in (*hub.stored.values(), *(body for _, body in hub.accepted.values())):
        yield decoded(body)


def _told(hub: FakeHub, code: str) -> int:
    return sum(isinstance(item, Health) and item.code == code for item in _items(hub))


async def test_a_disk_filled_by_another_process(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await FakeHub(settle_after_s=None).start()
    device = Device()
    hog = None
    try:
        async with _edge(disk, hub, device, monkeypatch) as edge:
            await until(lambda: len(device.acked) > 1000)
            hog = subprocess.Popen([sys.executable, "-c", _HOG, str(disk / "hog")])
            # The hub settles nothing, the disk is taken away: it refuses, and says so.
            await until(lambda: device.refused > 200)
            await until(lambda: _told(hub, "spool.full"))
            assert device.refused_at is not None
            alarm_s = time.monotonic() - device.refused_at
            assert os.statvfs(disk).f_bavail * 4096 < 1_000_000, "the disk was not full"
            # What is settled leaves all the same, and its room is the spool's own.
            hub.settle_after_s = 0.0
            await until(lambda: edge.spool.stats.rows < 100)
            acked = len(device.acked)
            await until(lambda: len(device.acked) > acked + 100)
            assert os.statvfs(disk).f_bavail * 4096 < 1_000_000
            # Full again, and then there is room: it goes on by itself.
            hub.settle_after_s, refused = None, device.refused
            await until(lambda: device.refused > refused + 100)
            hog.kill()
            hog.wait()
            (disk / "hog").unlink()
            returned_at, acked = time.monotonic(), len(device.acked)
            await until(lambda: len(device.acked) > acked + 100)
            hub.settle_after_s = 0.0
            await until(lambda: not edge.spool.full and edge.spool.stats.rows < 100)
            drained_s = time.monotonic() - returned_at
            well = _told(hub, "health.ok")
            await until(lambda: _told(hub, "health.ok") > well)
        stored = [i.sensor_track for i in _items(hub) if isinstance(i, Detection)]
        lost = len(set(device.acked) - set(stored))
        oracle.lines.append(
            f"disk full: acked={len(device.acked)} refused={device.refused} lost={lost}"
            f" duplicate={hub.stored_twice} alarm={alarm_s:.1f}s drained={drained_s:.1f}s"
        )
        assert (lost, hub.stored_twice, hub.bad_signatures) == (0, 0, 0)
        assert len(stored) == len(set(stored))
        assert alarm_s <= 10.0 and drained_s <= 5.0
        counted = sum(len(ranges) for ranges in hub.lost.values())
        assert device.refused <= counted <= device.refused + 20, "what was refused is counted"
    finally:
        if hog is not None:
            hog.kill()
            hog.wait()
        await hub.die()
