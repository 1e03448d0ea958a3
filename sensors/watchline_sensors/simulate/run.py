"""Run a scenario's device emulators and write truth.jsonl beside them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.camera_emulator import CameraEmulator, camera
from watchline_sensors.simulate.emulator import Emulator, Pace
from watchline_sensors.simulate.prepare import LOOPBACK
from watchline_sensors.simulate.radar import Radar
from watchline_sensors.simulate.scenario import Scenario
from watchline_sensors.simulate.truth import TruthFile
from watchline_sensors.simulate.world import World

_TRUTH_EVERY_S = 0.5


async def run_scenario(
    scenario: Scenario,
    area: Area,
    *,
    ports: dict[str, int],
    truth: Path,
    start_us: int,
    speed: float = 1.0,
    duration_s: float | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> list[Emulator | CameraEmulator]:
    """Send until `duration_s` (None: the scenario's end, or for ever when it loops).

    SIGINT and SIGTERM end it early and cleanly. Returns the emulators with their counts;
    the truth file holds every sample up to the end.
    """
    world = World(scenario, area)
    emulators: list[Emulator | CameraEmulator] = [
        Emulator(
            Radar(scenario, site, spec, area, world),
            host=LOOPBACK,
            port=ports[spec.id],
            start_us=start_us,
        )
        for site, spec in scenario.radars
    ]
    emulators += [
        CameraEmulator(camera(scenario, site, spec, area, world), ports[spec.id], start_us)
        for site, spec in scenario.cameras
    ]
    if duration_s is None:
        duration_s = float("inf") if scenario.loop else scenario.duration_s
    pace = Pace(start_us, speed)
    file = TruthFile(truth, world, area, start_us)
    told("running")
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run(pace, duration_s)) for one in emulators]
            tasks.append(group.create_task(_keep_truth(file, pace, duration_s)))
            with _stopped_by_signals(tasks):
                await asyncio.wait(tasks)
    finally:
        file.write_until(min(max(pace.now_s(), 0.0), duration_s))
        file.close()
    return emulators


async def _keep_truth(file: TruthFile, pace: Pace, end_s: float) -> None:
    while pace.now_s() < end_s:
        file.write_until(pace.now_s())
        await asyncio.sleep(_TRUTH_EVERY_S)


@contextlib.contextmanager
def _stopped_by_signals(tasks: list[asyncio.Task[None]]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for task in tasks:
            task.cancel()

    names = (signal.SIGINT, signal.SIGTERM)
    try:
        for name in names:
            loop.add_signal_handler(name, stop)
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(name)
