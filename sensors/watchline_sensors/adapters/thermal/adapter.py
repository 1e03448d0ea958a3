"""Thermal cameras over RTSP or HTTPS: a thread for each reads, looks and places."""

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchline_sensors.adapters import Adapter, Feed
from watchline_sensors.adapters.thermal import footage
from watchline_sensors.adapters.thermal.address import resolve
from watchline_sensors.adapters.thermal.detect import Detector, FrameRefused, Model
from watchline_sensors.adapters.thermal.frame import Frame
from watchline_sensors.adapters.thermal.look import Eye, Look
from watchline_sensors.adapters.thermal.masks import masked
from watchline_sensors.adapters.thermal.options import (
    footage_problems,
    options_of,
    problems,
    view_of,
)
from watchline_sensors.adapters.thermal.pace import Pace
from watchline_sensors.adapters.thermal.picture import jpeg, whole_blocks, within
from watchline_sensors.adapters.thermal.ring import Ring
from watchline_sensors.adapters.thermal.segment import Shot
from watchline_sensors.adapters.thermal.stream import live_frames
from watchline_sensors.adapters.thermal.watch import BLURRED, CODES, MOVED, Watch
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import (
    MAX_LIVE_BYTES,
    Detection,
    FootageAnswer,
    Health,
    HealthState,
    LivePicture,
    WantedFootage,
)
from watchline_sensors.errors import ConfigError, SpoolFull

log = logging.getLogger("watchline.edge")

#: A frame that is judged so is not looked at.
WITHHELD = frozenset(CODES) - {BLURRED}
#: A camera that was moved shows what is masked for some seconds until the watch is sure of it.
_TAKEN_BACK_US = 15_000_000


def build(sensors: Sequence[SensorConfig]) -> list[Adapter]:
    """One adapter for each camera; raises ConfigError."""
    if found := problems(sensors):
        raise ConfigError(found)
    return [ThermalAdapter(sensor) for sensor in sensors]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is."""
    return problems(sensors) + footage_problems(sensors)


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
        self._blocks = None if self._mask is None else whole_blocks(self._mask)
        kept = self._options.footage
        self._ring = (
            None
            if kept.folder is None
            else Ring(Path(kept.folder) / sensor.id, kept.hours, kept.max_mb)
        )
        self._watch = Watch()
        self._pace = Pace(self._options.max_fps)
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
        self._pace = Pace(options.max_fps)
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
        self._pace.feed(frame, now_us())
        verdict = self._watch.feed(frame)
        if verdict.code in WITHHELD:
            # Nothing is seen, or it is placed where it is not, or masked where it need not be.
            self._counts["withheld"] += 1
            if verdict.code == MOVED != self._code and self._ring and self._mask is not None:
                self._ring.retract(frame.at_us - _TAKEN_BACK_US)
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
        if self._ring is not None:
            self._keep(self._ring, look, frame.at_us)
        return look.detections

    def _keep(self, ring: Ring, look: Look, at_us: int) -> None:
        """Nothing that goes wrong here may cost a detection."""
        try:
            picture = jpeg(look.pixels, self._blocks)
        except (OSError, ValueError):
            log.exception("footage.no_picture: %s", self._sensor.id)
            ring.lost += 1
            return
        ring.take(Shot(at_us, picture, look.outlines), told=bool(look.detections))

    # ── footage ──────────────────────────────────────────────────────────────────────────────

    def cameras(self) -> Sequence[str]:
        """This camera, if it keeps footage."""
        return [] if self._ring is None else [self._sensor.id]

    def piece(self, edge: str, wanted: WantedFootage) -> FootageAnswer:
        """What there is of a wanted piece of this camera; blocks while a film is made."""
        if self._ring is None:
            return FootageAnswer(edge=edge, id=wanted.id, code="footage.absent")
        return footage.answer(self._ring, edge, wanted)

    def latest(self, edge: str, camera: str) -> LivePicture | None:
        """The newest picture; None when there is none that is still true."""
        shot = None if self._ring is None else self._ring.latest()
        if shot is None:
            return None
        octets = within(shot.jpeg, MAX_LIVE_BYTES)
        return LivePicture(edge=edge, sensor=camera, at_us=shot.at_us, octets=octets)

    def tidy(self) -> None:
        """Delete what may be kept no longer."""
        if self._ring is not None:
            self._ring.tidy()

    def health(self, now_us: int) -> Sequence[Health]:
        """One heartbeat: what is wrong with the picture, else whether there is one."""
        state, code = HealthState.OK, "health.ok"
        if self._code is not None:
            state, code = HealthState.FAILED, self._code
            if self._code == BLURRED:
                state = HealthState.DEGRADED
        elif self._seen_us is None or now_us - self._seen_us > 2e6 * self._options.read_s:
            state, code = HealthState.FAILED, "thermal.no_picture"
        elif slow := self._pace.code(now_us):
            state, code = HealthState.DEGRADED, slow
        return [
            Health(
                sensor=self._sensor.id,
                at_us=now_us,
                state=state,
                code=code,
                counters={**self._counts, **self._footage_counts()},
            )
        ]

    def _footage_counts(self) -> dict[str, int]:
        if self._ring is None:
            return {}
        return {
            "footage_kept": self._ring.kept,
            "footage_lost": self._ring.lost,
            "footage_mb": self._ring.octets // 1_000_000,
        }
