"""A scenario's camera on a real socket: its frames come in time, each with its own."""

import asyncio
import itertools
import time
from collections import Counter

import numpy as np

from watchline_sensors.adapters.thermal.address import Address
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.stream import live_frames
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.camera_emulator import CameraEmulator, camera
from watchline_sensors.simulate.emulator import Pace
from watchline_sensors.simulate.prepare import ports
from watchline_sensors.simulate.scenario import STREAM_PATH, parse_scenario
from watchline_sensors.simulate.world import World

FPS, FRAMES = 5.0, 8


async def test_frames_are_sent_when_they_are_due(area: Area) -> None:
    spec = {
        "id": "camera",
        "name": "Camera",
        "port": 8554,
        "cover": 0.0,
        "frames_per_s": FPS,
        "lens": {"width": 320, "height": 256, "focal_x_px": 700},
        "aim": {"azimuth_deg": 94.0, "elevation_deg": -4.5},
    }
    site = {"id": "mast", "name": "Mast", "at": [8.0, 300], "camera": [spec]}
    scenario = parse_scenario(
        {"name": "Pixels", "seed": 4, "duration_s": 60, "sector": {"id": "s", "name": "S"},
         "site": [site]}
    )  # fmt: skip
    port = ports(scenario, free=True)["camera"]
    made = camera(scenario, *scenario.cameras[0], area, World(scenario, area))
    start_us = round(time.time() * 1e6)
    emulator = CameraEmulator(made, port, start_us)
    task = asyncio.create_task(emulator.run(Pace(start_us, 1.0), 60.0))
    await asyncio.sleep(0.3)

    def read() -> list[Frame]:
        where = Address(host="127.0.0.1", port=port, path=STREAM_PATH)
        frames = live_frames(where, max_fps=25.0, counts=Counter())
        return list(itertools.islice(frames, FRAMES))

    seen = await asyncio.wait_for(asyncio.to_thread(read), 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    own = [frame for frame in seen if frame.clock is Clock.CAMERA]
    assert len(own) >= FRAMES - 2 and emulator.frames >= FRAMES
    for frame in own:
        number = (frame.at_us - start_us) * FPS / 1e6
        assert abs(number - round(number)) < 0.05, "a frame's time is that of the scenario"
        true = made.frame(round(number)).grey.astype(float)
        off = np.abs(frame.pixels.astype(float) - true).mean()
        assert off < 6.0, "the coded picture is the rendered one"
    assert f"camera: {emulator.frames} frames" in emulator.summary()
