"""A camera on a real socket: seen, placed, masked; cut off, frozen, black, covered, moved, slow."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from pyproj import Geod

from watchline_sensors.adapters.registry import build_adapters, check_adapters
from watchline_sensors.adapters.thermal.adapter import ThermalAdapter
from watchline_sensors.adapters.thermal.faults import StreamEnded, StreamFrozen, StreamUnreachable
from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config, EdgeConfig, SensorConfig
from watchline_sensors.contract import Detection, HealthState, ObjectClass, SensorKind
from watchline_sensors.edge import open_edge
from watchline_sensors.errors import SpoolFull
from watchline_sensors.simulate.rtsp_server import RtspServer
from watchline_sensors.simulate.scenario import STREAM_PATH
from watchline_sensors.terrain import Terrain, save_terrain

MODEL = Path(__file__).parents[2] / "data/models/thermal/thermal.onnx"
LON, LAT, EYE_M = 22.5, 49.2, 25.0
WIDTH, HEIGHT, FPS = 320, 256, 10.0
LENS = Lens(width=WIDTH, height=HEIGHT, focal_x_px=800)
AIM = Aim(azimuth_deg=0.0, elevation_deg=-4.0)


class Feed:
    """Takes what comes, but for the first `refusals` times."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.detections: list[Detection] = []
        self.refusals = refusals

    async def put(self, items) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SpoolFull
        self.detections += items


class Device:
    """Textured ground and a warm walker 300 m north; `still`: no walker, no noise.

    `covered`: something hangs before the lens; `turned_px`: it looks so far to the side;
    `pause_s`: from one frame to the next.
    """

    def __init__(self) -> None:
        self.server = RtspServer(WIDTH, HEIGHT, frames_per_s=FPS)
        rng = np.random.default_rng(1)
        self.ground = np.kron(rng.normal(80, 8, (HEIGHT // 4, WIDTH // 4)), np.ones((4, 4)))
        self.still = self.covered = False
        self.turned_px, self.pause_s = 0, 1 / FPS
        self.east_m = -20.0
        self.port = 0

    def picture(self, number: int) -> np.ndarray:
        if self.covered:
            return np.random.default_rng(number).normal(120, 2, self.ground.shape).astype(np.uint8)
        frame = np.roll(self.ground, self.turned_px, axis=1)
        if not self.still:
            self.east_m += 1.4 / FPS
            frame += np.random.default_rng(number).normal(0, 2, frame.shape)
            (x, foot), (_, head) = pixels(
                LENS, AIM, [(self.east_m, 300.0, -EYE_M), (self.east_m, 300.0, 1.8 - EYE_M)]
            )
            frame[round(head) : round(foot), round(x) - 1 : round(x) + 1] += 90
        return frame.clip(0, 255).astype(np.uint8)

    async def run(self) -> None:
        number = 0
        while True:
            self.server.push(self.picture(number), now_us())
            number += 1
            await asyncio.sleep(self.pause_s)


@asynccontextmanager
async def device(port: int = 0) -> AsyncIterator[Device]:
    one = Device()
    one.port = await one.server.start(port)
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.server.stop()


@pytest.fixture
def sensor(tmp_path: Path) -> Callable[..., SensorConfig]:
    flat = Terrain(heights_m=np.zeros((201, 201), np.float32), x0_m=-2000, y0_m=-2000, step_m=20)
    save_terrain(tmp_path / "ground.npz", flat)

    def made(port: int, **options) -> SensorConfig:
        return SensorConfig(
            id="camera",
            adapter="thermal",
            name="Camera",
            kind=SensorKind.THERMAL,
            lon_deg=LON,
            lat_deg=LAT,
            height_m=EYE_M,
            simulated=True,
            options={
                "address": {"host": "127.0.0.1", "port": port, "path": STREAM_PATH},
                "lens": structs.asdict(LENS),
                "aim": structs.asdict(AIM),
                "doubt": {"azimuth_deg": 0.05, "elevation_deg": 0.05},
                "ground": str(tmp_path / "ground.npz"),
                "model": str(MODEL),
                "max_range_m": 1900.0,
                "max_fps": 5.0,
                "read_s": 1.0,
                **options,
            },
        )

    return made


def adapter_of(config: SensorConfig) -> ThermalAdapter:
    (adapter,) = build_adapters([config])
    assert isinstance(adapter, ThermalAdapter)
    return adapter


async def until(condition: Callable[[], object], timeout_s: float) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < timeout_s, "it did not come true in time"
        await asyncio.sleep(0.05)
    return time.monotonic() - start


async def test_a_walker_is_placed_where_he_walks_and_a_full_spool_is_counted(sensor):
    feed = Feed(refusals=1)
    async with device() as camera:
        adapter = adapter_of(sensor(camera.port))
        task = asyncio.create_task(adapter.run(feed))
        await until(lambda: len(feed.detections) >= 3, 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        true = camera.east_m
    assert adapter.health(now_us())[0].counters["refused_by_spool"] == 1
    last = feed.detections[-1]
    assert last.position is not None and last.classes is not None and last.defect() is None
    way, _, metres = Geod(ellps="WGS84").inv(LON, LAT, last.position.lon_deg, last.position.lat_deg)
    east, north = metres * math.sin(math.radians(way)), metres * math.cos(math.radians(way))
    assert east == pytest.approx(true, abs=5.0)
    assert north == pytest.approx(300.0, abs=25.0)
    assert last.position.var_north_m2 > 4 * last.position.var_east_m2
    assert abs(last.at_us - now_us()) < 5_000_000
    assert last.extras is not None and last.extras["clock"] == "camera"
    assert len({one.sensor_track for one in feed.detections}) == 1
    assert sum(last.classes.values()) == pytest.approx(1.0)
    assert ObjectClass.UNKNOWN in last.classes


async def test_under_a_mask_nobody_is_seen(sensor):
    feed = Feed()
    ring = []
    for east, north in ((-60, 250), (60, 250), (60, 350), (-60, 350)):
        way, away = math.degrees(math.atan2(east, north)), math.hypot(east, north)
        lon, lat, _ = Geod(ellps="WGS84").fwd(LON, LAT, way, away)
        ring.append((lon, lat))
    async with device() as camera:
        adapter = adapter_of(sensor(camera.port, masks=[ring]))
        task = asyncio.create_task(adapter.run(feed))
        await until(lambda: adapter.health(now_us())[0].counters["frames"] > 60, 40)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert feed.detections == []


async def test_killed_it_is_told_and_called_again(sensor, tmp_path):
    feed = Feed()
    async with device() as camera:
        config = sensor(camera.port)
        adapter, port = adapter_of(config), camera.port
        edge_config = EdgeConfig(id="edge", hub="http://127.0.0.1:9", state=tmp_path / "state")
        async with open_edge(Config(edge=edge_config, sensors=[config]), [adapter]) as edge:
            supervised = edge.adapters[0]
            task = asyncio.create_task(edge.supervise(supervised, feed))
            await until(lambda: feed.detections, 30)
            await camera.server.stop()
            await until(lambda: supervised.failure is not None, 10)
            assert supervised.failure == StreamEnded.code
            async with device(port) as again:
                before = len(feed.detections)
                # The edge waits 1, 2, 4 s; a tracklet needs a second, the background five.
                took = await until(lambda: adapter._seen_us > now_us() - 500_000, 20)
                assert took <= 10.0
                await until(lambda: len(feed.detections) > before, 30)
                assert again.port == port
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_frozen_on_the_line_and_nobody_there_are_told_apart(sensor):
    async with device() as camera:
        adapter = adapter_of(sensor(camera.port))
        task = asyncio.create_task(adapter.run(Feed()))
        await until(lambda: adapter.health(now_us())[0].state is HealthState.OK, 20)
        camera.server.frozen = True
        with pytest.raises(StreamFrozen):
            await asyncio.wait_for(task, 10)
        port = camera.port
    with pytest.raises(StreamUnreachable):
        await asyncio.wait_for(adapter_of(sensor(port)).run(Feed()), 10)


async def test_a_black_and_a_standing_picture_are_told_and_clear(sensor):
    async with device() as camera:
        adapter = adapter_of(sensor(camera.port))

        def code() -> str:
            return adapter.health(now_us())[0].code

        task = asyncio.create_task(adapter.run(Feed()))
        await until(lambda: code() == "health.ok", 20)
        camera.server.black = True
        await until(lambda: code() == "thermal.no_signal", 60)
        assert adapter.health(now_us())[0].state is HealthState.FAILED
        camera.server.black = False
        await until(lambda: code() == "health.ok", 30)
        camera.still = True
        await until(lambda: code() == "thermal.frozen", 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_covered_moved_and_slow_are_told_and_nothing_is_seen_meanwhile(sensor):
    feed = Feed()
    async with device() as camera:
        adapter = adapter_of(sensor(camera.port, read_s=5.0))

        def code() -> str:
            return adapter.health(now_us())[0].code

        task = asyncio.create_task(adapter.run(feed))
        await until(lambda: feed.detections and code() == "health.ok", 30)
        await asyncio.sleep(8)  # the watch has learned the view
        camera.covered = True
        await until(lambda: code() == "thermal.covered", 60)
        blind = len(feed.detections)
        await asyncio.sleep(2)
        assert len(feed.detections) == blind
        camera.covered = False
        await until(lambda: code() == "health.ok", 30)
        camera.turned_px = 25
        await until(lambda: code() == "thermal.moved", 60)
        blind = len(feed.detections)
        await asyncio.sleep(2)
        assert len(feed.detections) == blind, "it would be placed where it is not"
        camera.turned_px = 0
        await until(lambda: code() == "health.ok", 30)
        camera.pause_s = 1.5
        await until(lambda: code() == "thermal.slow", 60)
        assert adapter.health(now_us())[0].state is HealthState.DEGRADED
        camera.pause_s = 1 / FPS
        await until(lambda: code() == "health.ok", 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_frame_of_another_size_is_not_placed(sensor):
    feed = Feed()
    async with device() as camera:
        wrong = structs.asdict(structs.replace(LENS, width=640, height=512))
        adapter = adapter_of(sensor(camera.port, lens=wrong))
        task = asyncio.create_task(adapter.run(feed))
        await until(lambda: adapter.health(now_us())[0].code == "thermal.size_wrong", 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert feed.detections == []


def test_what_is_wrong_with_the_options_is_told_at_once(sensor):
    config = sensor(8554)
    good = config.options

    def told(**options) -> list[str]:
        return check_adapters([structs.replace(config, options={**good, **options})])

    assert told() == []
    assert "ground" in told(ground="/nowhere.npz")[0]
    assert "model" in told(model="/nowhere.onnx")[0]
    assert "host" in told(address={"host": "a@b"})[0]
    assert "lens" in told(lens={"width": 640})[0]
    assert "address" in told(address="exec:whatever")[0]
    high = structs.replace(config, height_m=900.0)
    assert "900 m above" in check_adapters([high])[0]
