"""What a camera keeps of what it sees: from frames through the adapter to pieces of footage."""

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from PIL import Image
from pyproj import Geod

from sensors.footage_hub import FootageHub
from sensors.parts import edge_config, public_key, until
from watchline_sensors.adapters import Films
from watchline_sensors.adapters.registry import build_adapters, check_adapters
from watchline_sensors.adapters.thermal import adapter as adapter_module
from watchline_sensors.adapters.thermal.adapter import ThermalAdapter
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.picture import whole_blocks
from watchline_sensors.adapters.thermal.segment import places, read
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import (
    MAX_CLIP_US,
    Detection,
    FootageKind,
    SensorKind,
    WantedFootage,
    WantedLive,
)
from watchline_sensors.edge import run_edge
from watchline_sensors.errors import ConfigError
from watchline_sensors.simulate.rtsp_server import RtspServer
from watchline_sensors.simulate.scenario import STREAM_PATH
from watchline_sensors.terrain import Terrain, save_terrain

MODEL = Path(__file__).parents[4] / "data/models/thermal/thermal.onnx"
LON, LAT, EYE_M = 22.5, 49.2, 25.0
WIDTH, HEIGHT = 320, 256
LENS = Lens(width=WIDTH, height=HEIGHT, focal_x_px=800)
AIM = Aim(azimuth_deg=0.0, elevation_deg=-4.0)
S, PERIOD_US = 1_000_000, 200_000

Sensor = Callable[..., SensorConfig]


@pytest.fixture
def sensor(tmp_path: Path) -> Sensor:
    flat = Terrain(heights_m=np.zeros((201, 201), np.float32), x0_m=-2000, y0_m=-2000, step_m=20)
    save_terrain(tmp_path / "ground.npz", flat)

    def made(**options: Any) -> SensorConfig:
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
                "address": {"host": "127.0.0.1", "port": 9, "path": "/s"},
                "lens": msgspec.structs.asdict(LENS),
                "aim": msgspec.structs.asdict(AIM),
                "doubt": {"azimuth_deg": 0.05, "elevation_deg": 0.05},
                "ground": str(tmp_path / "ground.npz"),
                "model": str(MODEL),
                "max_range_m": 1900.0,
                "footage": {"folder": str(tmp_path / "footage")},
                **options,
            },
        )

    return made


class Scene:
    """Textured ground; a warm walker 300 m north from one second until another."""

    def __init__(self, start_us: int, kind: type = np.uint8) -> None:
        self.start_us, self.kind = start_us, kind
        # Its contrast falls with the frequency, as of ground.
        down, right = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
        white = np.fft.rfft2(np.random.default_rng(1).normal(size=(HEIGHT, WIDTH)))
        field = np.fft.irfft2(white / (np.hypot(down, right) + 1 / WIDTH), (HEIGHT, WIDTH))
        self.ground = 80 + 15 * field / field.std()

    def frames(
        self, seconds: float, *, walks: tuple[float, float] = (0, 0), turned_at_s: float = 1e9
    ) -> Iterator[Frame]:
        for k in range(int(seconds * 5)):
            at_s = k / 5
            turned = 60 if at_s >= turned_at_s else 0
            pixels_ = np.roll(self.ground, turned, axis=1)
            pixels_ = pixels_ + np.random.default_rng(k).normal(0, 2, pixels_.shape)
            if walks[0] <= at_s < walks[1]:
                east_m = -20.0 + 1.4 * (at_s - walks[0])
                (x, foot), (_, head) = pixels(
                    LENS, AIM, [(east_m, 300.0, -EYE_M), (east_m, 300.0, 1.8 - EYE_M)]
                )
                pixels_[round(head) : round(foot), round(x) - 1 : round(x) + 1] += 90
            if self.kind is np.uint16:
                pixels_ = 20_000 + 10 * pixels_
            top = np.iinfo(self.kind).max
            taken = pixels_.clip(0, top).astype(self.kind)
            yield Frame(taken, self.start_us + k * PERIOD_US, Clock.CAMERA)


@pytest.fixture
def see(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Detection]]:
    def see(camera: ThermalAdapter, frames: Iterator[Frame]) -> list[Detection]:
        monkeypatch.setattr(adapter_module, "live_frames", lambda *_, **__: frames)
        return [one for told in camera._looks() for one in told]

    return see


def camera_of(config: SensorConfig) -> ThermalAdapter:
    (camera,) = build_adapters([config])
    assert isinstance(camera, ThermalAdapter) and isinstance(camera, Films)
    return camera


def wanted(kind: FootageKind, from_us: int, until_us: int | None = None) -> WantedFootage:
    until_us = from_us if until_us is None else until_us
    return WantedFootage(id="p", sensor="camera", kind=kind, from_us=from_us, until_us=until_us)


def grey(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image)


def kept(tmp_path: Path) -> list[Any]:
    files = sorted((tmp_path / "footage/camera").glob("*.shots"))
    return [read(place) for path in files for place in places(path)]


def counters(camera: ThermalAdapter) -> Any:
    (beat,) = camera.health(now_us())
    return beat.counters


def yard(north_m: float) -> list[tuple[float, float]]:
    ring = []
    for x, y in ((-12, -15), (12, -15), (12, 15), (-12, 15)):
        azimuth = np.degrees(np.arctan2(x, north_m + y))
        lon, lat, _ = Geod(ellps="WGS84").fwd(LON, LAT, azimuth, np.hypot(x, north_m + y))
        ring.append((lon, lat))
    return ring


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_walker_is_kept_with_what_came_before(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path, kind: type
) -> None:
    camera = camera_of(sensor())
    start_us = now_us() - 70 * S
    told = see(camera, Scene(start_us, kind).frames(70, walks=(20, 30)))
    assert told
    shots = kept(tmp_path)
    assert counters(camera)["footage_kept"] == len(shots) and not counters(camera)["footage_lost"]
    first_us, last_us = told[0].at_us, told[-1].at_us
    assert shots[0].at_us == first_us - 10 * S and shots[-1].at_us == last_us + 20 * S
    assert len(shots) == (shots[-1].at_us - shots[0].at_us) // PERIOD_US + 1

    # A snapshot shows who was there, and where.
    answer = camera.piece("edge-1", wanted(FootageKind.SNAPSHOT, first_us + 90_000))
    assert (answer.code, answer.media_type, answer.frames) == (None, "image/jpeg", 1)
    assert answer.from_us == answer.until_us == first_us
    (outline,) = answer.outlines
    assert outline.sensor_track == told[0].sensor_track
    picture = grey(answer.octets).astype(float)
    assert picture.shape == (HEIGHT, WIDTH)
    box = picture[
        int(outline.y0 * HEIGHT) : int(outline.y1 * HEIGHT) + 1,
        int(outline.x0 * WIDTH) : int(outline.x1 * WIDTH) + 1,
    ]
    assert box.max() > np.median(picture) + 3 * picture.std()

    # A clip has its frames, at their times.
    from_us = first_us - 2 * S
    answer = camera.piece("edge-1", wanted(FootageKind.CLIP, from_us, from_us + 6 * S))
    assert (answer.code, answer.media_type, answer.frames) == (None, "video/webm", 31)
    assert (answer.from_us, answer.until_us) == (from_us, from_us + 6 * S)
    with av.open(io.BytesIO(answer.octets)) as container:
        times = [round(1000 * frame.time) for frame in container.decode(video=0)]
    assert times == list(range(0, 6001, 200))


def test_what_there_is_not_is_told_with_the_reason(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path
) -> None:
    camera = camera_of(sensor())
    start_us = now_us() - 100 * S
    see(camera, Scene(start_us).frames(40))
    assert not kept(tmp_path), "nobody was there"
    for kind in FootageKind:
        for from_us, code in (
            (start_us, "footage.absent"),
            (start_us - 71 * 3600 * S, "footage.absent"),
            (start_us - 73 * 3600 * S, "footage.expired"),
        ):
            answer = camera.piece("edge-1", wanted(kind, from_us, from_us + S))
            assert (answer.code, answer.octets, answer.frames) == (code, b"", 0)


def test_a_clip_is_no_longer_than_it_may_be(
    sensor: Sensor, see: Callable[..., list[Detection]]
) -> None:
    camera = camera_of(sensor())
    assert camera._ring is not None
    start_us = now_us() - 200 * S
    see(camera, Scene(start_us).frames(0.2))
    (shot,) = camera._ring.between(start_us, start_us)
    for k in range(190):
        camera._ring.take(shot._replace(at_us=start_us + k * S), told=True)
    answer = camera.piece("edge-1", wanted(FootageKind.CLIP, start_us, start_us + 3600 * S))
    assert answer.until_us - answer.from_us == MAX_CLIP_US and answer.frames == 121


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_what_is_masked_is_in_no_kept_shot(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path, kind: type
) -> None:
    camera = camera_of(sensor(masks=[yard(420.0)]))
    mask = camera._mask
    assert mask is not None and 100 < mask.sum() < mask.size / 4
    start_us = now_us() - 60 * S
    assert see(camera, Scene(start_us, kind).frames(60, walks=(20, 30)))
    shots = kept(tmp_path)
    latest = camera.latest("edge-1", "camera")
    assert len(shots) > 150 and latest is not None
    for picture in [*(shot.jpeg for shot in shots), latest.octets]:
        seen = grey(picture)
        assert len(np.unique(seen[mask])) == 1, "one grey, not nearly"
        assert abs(int(seen[mask][0]) - np.median(seen[~mask])) <= 2
    # The grown blocks hide no more than they must.
    seen, more = grey(shots[0].jpeg), whole_blocks(mask) & ~mask
    assert len(np.unique(seen[more])) == 1 and more.sum() < 0.2 * mask.size
    # In a film, neighbouring blocks may bleed into it by an encoder's error; what lay under the
    # mask is in none of the pictures that it is made of.
    answer = camera.piece("e", wanted(FootageKind.CLIP, start_us + 15 * S, start_us + 30 * S))
    with av.open(io.BytesIO(answer.octets)) as container:
        films = [frame.to_ndarray()[:HEIGHT] for frame in container.decode(video=0)]
    inner = np.pad(mask, 8, mode="edge")
    core = np.logical_and.reduce(
        [np.roll(inner, (i, j), (0, 1)) for i in (-8, 0, 8) for j in (-8, 0, 8)]
    )[8:-8, 8:-8]
    assert core.any() and len(films) > 70
    assert max(np.ptp(film[core]) for film in films) <= 8


def test_a_camera_that_was_moved_keeps_nothing(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path
) -> None:
    """Nor do the seconds stay that the watch needs to be sure: their masks lie elsewhere."""
    camera = camera_of(sensor(masks=[yard(420.0)]))
    start_us = now_us() - 90 * S
    turned_us = start_us + 40 * S
    assert see(camera, Scene(start_us).frames(90, walks=(20, 60), turned_at_s=40))
    (beat,) = camera.health(now_us())
    assert beat.code == "thermal.moved" and beat.counters["withheld"] > 100
    assert kept(tmp_path) and all(shot.at_us < turned_us for shot in kept(tmp_path))
    for from_us in (turned_us, turned_us + 10 * S, turned_us + 40 * S):
        answer = camera.piece("e", wanted(FootageKind.CLIP, from_us, from_us + 5 * S))
        assert answer.code == "footage.absent"
    assert camera.latest("e", "camera") is None


def test_frames_of_another_size_are_not_kept(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path
) -> None:
    camera = camera_of(sensor())
    frames = Scene(now_us() - 20 * S).frames(20)
    see(camera, (frame._replace(pixels=frame.pixels[:-8]) for frame in frames))
    assert counters(camera)["refused"] == 100
    assert camera.latest("e", "camera") is None and not kept(tmp_path)


def test_without_a_folder_there_is_no_footage(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path
) -> None:
    camera = camera_of(sensor(footage={}))
    start_us = now_us() - 40 * S
    assert see(camera, Scene(start_us).frames(40, walks=(20, 30)))
    assert camera.cameras() == [] and camera.latest("e", "camera") is None
    camera.tidy()
    answer = camera.piece("e", wanted(FootageKind.SNAPSHOT, start_us + 25 * S))
    assert answer.code == "footage.absent"
    assert "footage_kept" not in counters(camera)
    assert camera_of(sensor()).cameras() == ["camera"]


def test_a_broken_disk_costs_no_detection(
    sensor: Sensor, see: Callable[..., list[Detection]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    config = sensor(footage={"folder": str(tmp_path / "file")})
    assert "is no folder that can be written to" in " ".join(check_adapters([config]))
    broken = camera_of(config)  # the edge starts none the less
    start_us = now_us() - 40 * S
    told = see(broken, Scene(start_us).frames(40, walks=(20, 30)))
    assert len(told) == len(see(camera_of(sensor()), Scene(start_us).frames(40, walks=(20, 30))))
    assert counters(broken)["footage_lost"] > 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "x", "days": 3}, "days"),
        ({"folder": "x", "hours": 0}, "hours"),
        ({"folder": "x", "hours": 721}, "hours"),
        ({"folder": "x", "max_mb": 10}, "max_mb"),
        ({"folder": ""}, "folder"),
    ],
)
def test_options_that_cannot_be_are_told(
    sensor: Sensor, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_adapters([sensor(footage=options)])
    assert words in str(caught.value)
    assert check_adapters([sensor(footage=options)])


async def test_from_the_cameras_socket_to_the_hubs(sensor: Sensor, tmp_path: Path) -> None:
    """The whole edge: RTSP in, a snapshot, a clip that was still to come, and live pictures out."""
    hub = await FootageHub().start()
    server = RtspServer(WIDTH, HEIGHT, frames_per_s=10.0)
    port = await server.start(0)

    async def film() -> None:
        for frame in Scene(0).frames(1000, walks=(1, 900)):
            server.push(frame.pixels, now_us())
            await asyncio.sleep(0.1)

    config = edge_config(tmp_path, hub.url, watermark_delay_ms=1000)
    hub.key = public_key(config)
    address = {"host": "127.0.0.1", "port": port, "path": STREAM_PATH}
    one = sensor(address=address, masks=[yard(420.0)])
    camera, stop = camera_of(one), asyncio.Event()
    config = msgspec.structs.replace(config, sensors=[one])
    tasks = [asyncio.create_task(film()), asyncio.create_task(run_edge(config, stop, [camera]))]
    try:
        await until(lambda: counters(camera).get("footage_kept", 0) > 5)
        at_us = now_us()
        hub.want(
            wanted(FootageKind.SNAPSHOT, at_us),
            msgspec.structs.replace(wanted(FootageKind.CLIP, at_us, at_us + 2 * S), id="ahead"),
            live=[WantedLive(sensor="camera", fps=4.0)],
        )
        await until(lambda: len(hub.answers) == 2 and len(hub.live) >= 5)
    finally:
        stop.set()
        await asyncio.wait_for(tasks[1], 10.0)
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await server.stop()
        await hub.die()
    picture, ahead = hub.answers
    assert (picture.id, picture.code, ahead.id, ahead.code) == ("p", None, "ahead", None)
    assert abs(picture.from_us - at_us) < S and ahead.frames >= 5
    assert at_us <= ahead.from_us < ahead.until_us <= at_us + 2 * S
    for octets in (picture.octets, hub.live[-1][1].octets):
        assert len(np.unique(grey(octets)[camera._mask])) == 1
    assert hub.live[-1][1].at_us > at_us and hub.bad_signatures == 0
