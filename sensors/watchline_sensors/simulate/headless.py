"""A night without network and without waiting: what the edges of a scenario would send, in order.

The radars' datagrams are the emulators' own; each edge decodes and places them with its adapter
as it would on the air. What is left out: the sockets, the spool, the signature and the waiting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from watchline_sensors.adapters.asterix.decode import decode_datagram
from watchline_sensors.adapters.asterix.receiver import Receiver
from watchline_sensors.adapters.thermal.detect import Detector, Model
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.look import Eye
from watchline_sensors.adapters.thermal.options import options_of, view_of
from watchline_sensors.config import Config
from watchline_sensors.contract import Detection, Envelope, Item, Lane, encode_envelope
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.camera_emulator import camera
from watchline_sensors.simulate.emulator import Slice, slices
from watchline_sensors.simulate.radar import Radar
from watchline_sensors.simulate.scenario import Scenario, SiteSpec
from watchline_sensors.simulate.thermal_camera import ThermalCamera
from watchline_sensors.simulate.world import World

#: An edge sends so often. On the air it is each 0.1 s: what is known here is known up to 1.9 s
#: later than there, never earlier.
PERIOD_US = 2_000_000
#: On its way to the hub.
FLIGHT_US = 30_000
#: A patrol's device tells where it is so often, so well, and is heard so much later.
FIX_PERIOD_US = 10_000_000
FIX_SIGMA_M = 5.0
FIX_FLIGHT_US = 1_000_000

_item_encoder = msgspec.msgpack.Encoder()


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """Where one of our own units says that it is."""

    unit: str
    at_us: int
    lon_deg: float
    lat_deg: float
    sigma_m: float
    east_mps: float
    north_mps: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """All that reaches the hub at one instant: an envelope of each edge, and patrols' fixes."""

    at_us: int
    envelopes: list[bytes]
    fixes: list[Fix]


@dataclass(slots=True)
class _Camera:
    """One camera, and the eye that looks at its frames."""

    camera: ThermalCamera
    eye: Eye
    number: int = 0

    def until(self, t_s: float, start_us: int) -> list[Detection]:
        """What is seen up to a time and was not told before."""
        seen: list[Detection] = []
        per_s = self.camera.spec.frames_per_s
        while self.number / per_s <= t_s:
            at_us = start_us + round(self.number * 1e6 / per_s)
            frame = Frame(self.camera.frame(self.number).grey, at_us, Clock.CAMERA)
            seen += self.eye.look(frame).detections
            self.number += 1
        return seen


@dataclass(slots=True)
class _Source:
    """One radar and what of it has not been heard yet."""

    radar: Radar
    turn: int = 0
    waiting: list[Slice] = field(default_factory=list)

    def until(self, t_s: float, start_us: int) -> list[Slice]:
        """What leaves the device up to a time and was not told before."""
        while self.turn * self.radar.spec.rotation_s < t_s:
            self.waiting += slices(self.radar.turn(self.turn), self.radar, start_us)
            self.turn += 1
        due = [part for part in self.waiting if part.due_s <= t_s]
        self.waiting = self.waiting[len(due) :]
        return due


class _Edge:
    """One edge: its adapter, its boot and the seqs that it has given out."""

    def __init__(
        self, config: Config, sources: Sequence[_Source], cameras: Sequence[_Camera], boot: int
    ) -> None:
        self._name, self._boot, self._seq = config.edge.id, boot, 0
        self._delay_us = config.edge.watermark_delay_ms * 1000
        self._sensors = config.sensors
        radars = [sensor for sensor in config.sensors if sensor.adapter == "asterix"]
        self._receiver = Receiver(radars) if radars else None
        self._sources, self._cameras = sources, cameras

    def envelope(self, start_us: int, now_us: int) -> bytes:
        """What it sends now; the first time with the descriptions of its sensors."""
        items: list[Item] = []
        if self._seq == 0:
            items += [sensor.info(start_us) for sensor in self._sensors]
        due = [
            part
            for source in self._sources
            for part in source.until((now_us - start_us) / 1e6, start_us)
        ]
        for part in sorted(due, key=lambda part: part.due_s):
            for datagram in part.datagrams:
                assert self._receiver is not None
                found = decode_datagram(datagram, self._receiver.intake.editions)
                items += self._receiver.take(found, start_us + round(part.due_s * 1e6))
        for watching in self._cameras:
            items += watching.until((now_us - start_us) / 1e6, start_us)
        first, self._seq = self._seq + 1, self._seq + len(items)
        return encode_envelope(
            Envelope(
                edge=self._name,
                boot=self._boot,
                lane=Lane.LIVE,
                sent_at_us=now_us,
                watermark_us=now_us - self._delay_us,
                highest_seq=self._seq,
                seqs=list(range(first, self._seq + 1)),
                items=[msgspec.Raw(_item_encoder.encode(item)) for item in items],
            )
        )


def night(
    scenario: Scenario,
    area: Area,
    configs: Sequence[Config],
    *,
    start_us: int,
    duration_s: float,
) -> Iterator[Heard]:
    """Everything that the hub hears, in the order of time; `configs` are the sites' in order."""
    world = World(scenario, area)
    edges = [
        _Edge(
            config,
            [_Source(Radar(scenario, site, spec, area, world)) for spec in site.radar],
            _cameras(scenario, site, area, world, config),
            boot=number + 1,
        )
        for number, (site, config) in enumerate(zip(scenario.site, configs, strict=True))
    ]
    for index in range(1, int(duration_s * 1e6) // PERIOD_US + 1):
        now_us = start_us + index * PERIOD_US
        yield Heard(
            at_us=now_us + FLIGHT_US,
            envelopes=[edge.envelope(start_us, now_us) for edge in edges],
            fixes=_fixes(world, area, scenario.seed, start_us, now_us + FLIGHT_US),
        )


def _cameras(
    scenario: Scenario, site: SiteSpec, area: Area, world: World, config: Config
) -> list[_Camera]:
    sensors = {sensor.id: sensor for sensor in config.sensors}
    made = []
    for spec in site.camera:
        sensor = sensors[spec.id]
        options = options_of(sensor)
        eye = Eye(
            spec.id,
            view_of(sensor, options),
            Detector(Model(Path(options.model))),
            least=options.least_score,
        )
        made.append(_Camera(camera(scenario, site, spec, area, world), eye))
    return made


def _fixes(world: World, area: Area, seed: int, start_us: int, now_us: int) -> list[Fix]:
    """The patrols' fixes that are heard in the period up to now."""
    at_us = (now_us - FIX_FLIGHT_US) // FIX_PERIOD_US * FIX_PERIOD_US
    heard_us = at_us + FIX_FLIGHT_US
    if not (now_us - PERIOD_US < heard_us <= now_us) or at_us < start_us:
        return []
    t_s = (at_us - start_us) / 1e6
    there = world.near(t_s, t_s + 1e-6)
    moment = world.at(t_s, there)
    rng = np.random.default_rng([seed, at_us])
    fixes = []
    for k, n in enumerate(there):
        target = world.targets[n]
        if target.unit is None or not moment.present[k]:
            continue
        place = area.plane.to_lon_lat(moment.xy_m[k] + rng.normal(0.0, FIX_SIGMA_M, 2))
        fixes.append(
            Fix(
                unit=target.unit,
                at_us=at_us,
                lon_deg=float(place[0]),
                lat_deg=float(place[1]),
                sigma_m=FIX_SIGMA_M,
                east_mps=float(moment.velocity_mps[k, 0]),
                north_mps=float(moment.velocity_mps[k, 1]),
            )
        )
    return fixes
