"""A thermal camera on the network: its frames, in real time, over RTSP.

A frame is rendered in a thread and sent when it is due, stamped with its own time. A camera that
cannot keep up leaves frames out, as a real one does.
"""

import asyncio
from dataclasses import dataclass

import msgspec
import numpy as np

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.emulator import Pace
from watchline_sensors.simulate.scenario import CameraSpec, Scenario, SiteSpec
from watchline_sensors.simulate.thermal_camera import ThermalCamera
from watchline_sensors.simulate.world import World


def camera(
    scenario: Scenario, site: SiteSpec, spec: CameraSpec, area: Area, world: World
) -> ThermalCamera:
    """One camera of a scenario, aimed where it truly looks; takes some seconds."""
    aimed = msgspec.structs.replace(spec, aim=spec.true_aim(scenario.seed))
    at = np.asarray(area.border.point(*site.at), float)
    return ThermalCamera(aimed, scenario.seed, at, area, world)


@dataclass(slots=True)
class CameraEmulator:
    """Serves one camera's frames until `end_s`; counts what it did."""

    camera: ThermalCamera
    port: int
    start_us: int
    frames: int = 0
    skipped: int = 0

    async def run(self, pace: Pace, end_s: float) -> None:
        """Frame after frame. Those that were due before now are left out."""
        from watchline_sensors.simulate.rtsp_server import RtspServer  # needs the extra `thermal`

        spec = self.camera.spec
        server = RtspServer(spec.lens.width, spec.lens.height, frames_per_s=spec.frames_per_s)
        await server.start(self.port)
        try:
            number = 0
            while number / spec.frames_per_s < end_s:
                late = pace.now_s() * spec.frames_per_s - number
                if late > 1.0:
                    self.skipped += int(late)
                    number += int(late)
                picture = await asyncio.to_thread(self.camera.frame, number)
                await pace.until(number / spec.frames_per_s)
                server.push(picture.grey, self.start_us + round(number * 1e6 / spec.frames_per_s))
                self.frames += 1
                number += 1
        finally:
            await server.stop()

    def summary(self) -> str:
        """What it did, in one line."""
        return f"{self.camera.spec.id}: {self.frames} frames, {self.skipped} left out"
