"""Thermal cameras over RTSP or HTTPS: a thread for each reads, looks and places."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchline_sensors.adapters import Adapter, Feed
from watchline_sensors.adapters.thermal.address import resolve
from watchline_sensors.adapters.thermal.detect import Detector, FrameRefused, Model
from watchline_sensors.adapters.thermal.frame import Frame
from watchline_sensors.adapters.thermal.look import Eye
from watchline_sensors.adapters.thermal.masks import masked
from watchline_sensors.adapters.thermal.options import options_of, problems, view_of
from watchline_sensors.adapters.thermal.stream import live_frames
from watchline_sensors.adapters.thermal.watch import BLURRED, CODES, Watch
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health, HealthState
from watchline_sensors.errors import ConfigError, SpoolFull

#: A frame that is judged so is not looked at.
WITHHELD = frozenset(CODES) - {BLURRED}


def build(sensors: Sequence[SensorConfig]) -> list[Adapter]:
    """One adapter for each camera; raises ConfigError."""
    if found := problems(sensors):
        raise ConfigError(found)
    return [ThermalAdapter(sensor) for sensor in sensors]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is."""
    return problems(sensors)


class ThermalAdapter:
    """One camera. The edge's supervisor calls it again when it ends, in 1, 2, 4 ... 30 s."""

    def __init__(self, sensor: SensorConfig) -> None:
        """Raises ConfigError, TerrainUnreadable."""
        self._sensor = sensor
        self._options = options_of(sensor)
        self._view = view_of(sensor, self._options)
        self._detector = Detector(Model(Path(self._options.model)))
        self._mask = (
            masked(self._view, self._options.masks, self._options.mask_height_m)
            if self._options.masks
            else None
        )
        self._watch = Watch()
        self._counts: Counter[str] = Counter(
            frames=0, finds=0, tracklets=0, over_budget=0, refused=0, withheld=0, connections=0
        )
        self._seen_us: int | None = None
        self._code: str | None = None

    async def run(self, feed: Feed) -> None:
        """One connection, until it fails.

        Raises AddressRefused, AddressUnknown, StreamUnreachable, StreamEnded, StreamFrozen,
        FrameTooLarge.
        """
        loop = asyncio.get_running_loop()
        made: asyncio.Queue[list[Detection] | BaseException] = asyncio.Queue()
        stopped = threading.Event()

        def tell(what: list[Detection] | BaseException) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(made.put_nowait, what)

        def read() -> None:
            try:
                for detections in self._looks():
                    if stopped.is_set():
                        return
                    if detections:
                        tell(detections)
            except BaseException as error:
                tell(error)

        threading.Thread(target=read, name=f"camera {self._sensor.id}", daemon=True).start()
        try:
            while True:
                told = await made.get()
                if isinstance(told, BaseException):
                    raise told
                try:
                    await feed.put(told)
                except SpoolFull:  # the edge tells it; the camera need not be called again for it
                    self._counts["refused_by_spool"] += len(told)
        finally:
            stopped.set()

    def _looks(self) -> Iterator[list[Detection]]:
        options = self._options
        where = resolve(options.address, allow_loopback=self._sensor.simulated)
        eye = Eye(
            self._sensor.id, self._view, self._detector,
            least=options.least_score, mask=self._mask,
        )  # fmt: skip
        self._counts["connections"] += 1
        for frame in live_frames(
            where,
            transport=options.transport,
            max_fps=options.max_fps,
            open_s=options.open_s,
            read_s=options.read_s,
            counts=self._counts,
        ):
            yield self._look(eye, frame)

    def _look(self, eye: Eye, frame: Frame) -> list[Detection]:
        lens = self._options.lens
        if frame.pixels.shape != (lens.height, lens.width):
            # Pixels of another frame size would be placed somewhere else.
            self._counts["refused"] += 1
            self._code = "thermal.size_wrong"
            return []
        verdict = self._watch.feed(frame)
        if verdict.code in WITHHELD:
            # Nothing is seen, or it is placed where it is not, or masked where it need not be.
            self._counts["withheld"] += 1
            self._code = verdict.code
            return []
        try:
            look = eye.look(frame)
        except FrameRefused:
            self._counts["refused"] += 1
            self._code = "thermal.frame_refused"
            return []
        self._code, self._seen_us = verdict.code, now_us()
        self._counts["finds"] += look.finds
        self._counts["tracklets"] += len(look.detections)
        return look.detections

    def health(self, now_us: int) -> Sequence[Health]:
        """One heartbeat: what is wrong with the picture, else whether there is one."""
        state, code = HealthState.OK, "health.ok"
        if self._code is not None:
            state, code = HealthState.FAILED, self._code
            if self._code == BLURRED:
                state = HealthState.DEGRADED
        elif self._seen_us is None or now_us - self._seen_us > 2e6 * self._options.read_s:
            state, code = HealthState.FAILED, "thermal.no_picture"
        return [
            Health(
                sensor=self._sensor.id,
                at_us=now_us,
                state=state,
                code=code,
                counters=dict(self._counts),
            )
        ]
