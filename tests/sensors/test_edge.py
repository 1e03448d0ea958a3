"""The edge process in one piece: adapters, heartbeat, replay and a tidy end."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sensors.fake_hub import FakeHub
from sensors.parts import (
    decoded,
    edge_config,
    heartbeat,
    public_key,
    sighting,
    sightings,
    until,
)
from watchline_sensors import edge as edge_module
from watchline_sensors import vitals
from watchline_sensors.adapters import Adapter, Feed
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Detection, Health, HealthState, SensorInfo
from watchline_sensors.edge import drain, run_edge, run_replay
from watchline_sensors.errors import AdapterError, SpoolFull
from watchline_sensors.spool import Spool


class Device:
    """An adapter under the test's thumb."""

    def __init__(self, sensor: str = "radar-1") -> None:
        self.sensor = sensor
        self.runs = 0
        self.seen = 0
        self.crash: BaseException | None = None
        self.refused = 0

    async def run(self, feed: Feed) -> None:
        self.runs += 1
        while True:
            if self.crash is not None:
                raise self.crash
            try:
                await feed.put([sighting(now_us(), self.sensor)])
                self.seen += 1
            except SpoolFull:
                self.refused += 1
            await asyncio.sleep(0.01)

    def health(self, now_us: int) -> Sequence[Health]:
        return [heartbeat(now_us, self.sensor, seen=self.seen)]


class File:
    """A recording: it ends."""

    def __init__(self, count: int, crash: Exception | None = None) -> None:
        self.count, self.crash = count, crash

    async def run(self, feed: Feed) -> None:
        for start in range(0, self.count, 500):
            await feed.put(sightings(min(500, self.count - start)))
        if self.crash is not None:
            raise self.crash

    def health(self, now_us: int) -> Sequence[Health]:
        return [heartbeat(now_us, decoded=self.count)]


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    hub = await FakeHub().start()
    yield hub
    await hub.die()


class Running:
    """`run_edge` as a task, stopped as SIGTERM would."""

    def __init__(self, config: Config, adapters: Sequence[Adapter]) -> None:
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(run_edge(config, self.stop, adapters))

    async def end(self) -> float:
        started = time.monotonic()
        self.stop.set()
        await self.task
        return time.monotonic() - started


def _config(hub: FakeHub, folder: Path, **more: Any) -> Config:
    config = edge_config(folder, hub.url, **more)
    hub.public_key = public_key(config)
    return config


def _items(hub: FakeHub) -> list[Any]:
    return [decoded(hub.stored[key]) for key in sorted(hub.stored)]


def _healths(hub: FakeHub, sensor: str = "radar-1") -> list[tuple[HealthState, str]]:
    beats = [item for item in _items(hub) if isinstance(item, Health) and item.sensor == sensor]
    return [(beat.state, beat.code) for beat in beats]


async def test_it_describes_beats_sees_and_says_goodbye(hub: FakeHub, tmp_path: Path) -> None:
    device = Device()
    running = Running(_config(hub, tmp_path), [device])
    await until(lambda: device.seen >= 10)
    assert await running.end() < 2.5
    items = _items(hub)
    assert isinstance(items[0], SensorInfo)
    # The put that the end has cut short may be kept, too.
    assert device.seen <= sum(isinstance(item, Detection) for item in items) <= device.seen + 1
    assert isinstance(items[-1], Health)
    assert _healths(hub) == [
        (HealthState.OK, "health.ok"),
        (HealthState.GOODBYE, "health.goodbye"),
    ]


async def test_without_a_hub_it_ends_in_two_seconds_and_keeps_everything(
    hub: FakeHub, tmp_path: Path
) -> None:
    config = _config(hub, tmp_path)
    await hub.die()
    device = Device()
    running = Running(config, [device])
    await until(lambda: device.seen >= 10)
    assert await running.end() < 4.0
    await hub.start(hub.port)
    figures = await drain(config, 8.0)
    assert figures["unsettled"] == 0
    assert _healths(hub)[-1] == (HealthState.GOODBYE, "health.goodbye")
    kept = sum(isinstance(item, Detection) for item in _items(hub))
    assert device.seen <= kept <= device.seen + 1


@pytest.mark.parametrize(
    ("crash", "code"),
    [(ZeroDivisionError("oh"), "adapter.crashed"), (AdapterError("no port"), "adapter.failed")],
)
async def test_a_crash_harms_no_other_adapter_and_is_told(
    hub: FakeHub, tmp_path: Path, crash: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "_PROVEN_US", 200_000)
    monkeypatch.setattr(edge_module, "_LOOK_S", 0.1)
    bad, good = Device("radar-1"), Device("radar-2")
    running = Running(_config(hub, tmp_path), [bad, good])
    await until(lambda: bad.seen and good.seen)
    bad.crash = crash
    await until(lambda: (HealthState.FAILED, code) in _healths(hub), 3.0)
    before, bad.crash = good.seen, None
    await until(lambda: bad.runs == 2, 3.0)
    await until(lambda: _healths(hub)[-1][0] is HealthState.OK, 3.0)
    assert good.seen > before + 10
    await running.end()
    assert HealthState.FAILED not in {state for state, _ in _healths(hub, "radar-2")}


async def test_restarts_come_slower_and_slower(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds >= 1 and len(waits) < 7 and asyncio.current_task().get_name() == "adapter":
            waits.append(seconds)
            seconds = 0
        await real(seconds)

    monkeypatch.setattr(edge_module.asyncio, "sleep", sleep)
    device = Device()
    device.crash = OSError("gone")
    running = Running(_config(hub, tmp_path), [device])
    await until(lambda: len(waits) == 7)
    await running.end()
    assert waits == [1, 2, 4, 8, 16, 30, 30]


async def test_it_beats_each_period(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vitals.PERIOD_US == 10_000_000
    monkeypatch.setattr(vitals, "PERIOD_US", 200_000)
    monkeypatch.setattr(edge_module, "_LOOK_S", 0.05)
    running = Running(_config(hub, tmp_path), [Device()])
    await until(lambda: len(_healths(hub)) >= 4, 3.0)
    await running.end()


async def test_a_full_spool_is_told_once_it_drains(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_module, "_LOOK_S", 0.05)
    monkeypatch.setattr(edge_module, "_TROUBLE_US", 100_000)
    config = _config(hub, tmp_path, spool_max_mb=1)
    hub.answer_with = (503, {"Retry-After": "1"}, b"")

    class Flood(Device):
        async def run(self, feed: Feed) -> None:
            while not self.refused:
                try:
                    await feed.put(sightings(100))
                except SpoolFull:
                    self.refused += 1
            await super().run(feed)

    device = Flood()
    running = Running(config, [device])
    await until(lambda: device.refused >= 3)
    hub.answer_with = None
    await until(lambda: device.seen > 5)
    await until(lambda: _healths(hub)[-1:] == [(HealthState.OK, "health.ok")])
    await running.end()
    assert sum(len(lost) for lost in hub.lost.values()) >= 100


async def test_a_step_of_the_clock_is_told(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_module, "_LOOK_S", 0.05)
    shift = 0
    monkeypatch.setattr(edge_module, "now_us", lambda: now_us() + shift)
    running = Running(_config(hub, tmp_path), [Device()])
    await until(lambda: (HealthState.OK, "health.ok") in _healths(hub))
    shift = -3_600_000_000
    await until(lambda: (HealthState.DEGRADED, "clock.stepped") in _healths(hub), 3.0)
    await running.end()


async def test_a_replay_ends_when_all_is_settled(hub: FakeHub, tmp_path: Path) -> None:
    hub.settle_after_s = 0.2
    told: list[str] = []
    figures = await run_replay(
        _config(hub, tmp_path),
        File(1700),
        timeout_s=8.0,
        stop=asyncio.Event(),
        progress=told.append,
    )
    assert (figures["ended"], figures["unsettled"]) == (True, 0)
    assert figures["sensors"] == {"radar-1": {"decoded": 1700}}
    assert figures["spool"]["spooled"] == figures["uplink"]["settled"] == len(hub.stored)
    assert sum(isinstance(item, Detection) for item in _items(hub)) == 1700
    assert told[-1].endswith("left 0, connected")


async def test_a_replay_says_what_is_left(hub: FakeHub, tmp_path: Path) -> None:
    hub.settle_after_s = None
    config = _config(hub, tmp_path)
    figures = await run_replay(config, File(100), timeout_s=0.3, stop=asyncio.Event())
    assert figures["ended"] and figures["unsettled"] >= 102
    hub.settle_after_s = 0.0
    assert (await drain(config, 8.0))["unsettled"] == 0
    assert hub.stored_twice == 0


async def test_a_replay_can_be_stopped_and_can_fail(hub: FakeHub, tmp_path: Path) -> None:
    config = _config(hub, tmp_path)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    figures = await run_replay(config, Device(), timeout_s=9.0, stop=stop)
    assert not figures["ended"]
    with pytest.raises(AdapterError, match="unreadable"):
        await run_replay(
            config, File(5, AdapterError("unreadable")), timeout_s=9.0, stop=asyncio.Event()
        )


async def test_a_replay_waits_rather_than_fill_the_spool(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    monkeypatch.setattr(edge_module, "_REPLAY_ROWS_PER_MB", 1000)
    real = Spool.put

    async def watched(self: Spool, items: Any) -> None:
        nonlocal most
        await real(self, items)
        most = max(most, self.stats.rows)

    monkeypatch.setattr(Spool, "put", watched)
    figures = await run_replay(
        _config(hub, tmp_path, spool_max_mb=1), File(9000), timeout_s=8.0, stop=asyncio.Event()
    )
    assert figures["unsettled"] == 0 and figures["spool"]["refused"] == 0
    assert most <= 1500
