"""A whole night through the hub's own steps, without a database and without waiting.

The edges' envelopes go the way of the pipeline: inbox, intake, track, judge, raise. What is left
out: the commit, and with it the people. Nobody closes or snoozes an incident all night.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
import shapely
from shapely.geometry import shape

from watchline import sector_file
from watchline.detections.inbox import Arrival, Inbox
from watchline.detections.intake import Intake
from watchline.detections.parcel import decode_parcel
from watchline.detections.placing import edge_number
from watchline.geofences.model import Direction, Geofence, GeofenceKind, Purpose
from watchline.geofences.rings import rings_of
from watchline.geofences.schedule import Local
from watchline.incidents.lifecycle import Change
from watchline.rules.compiling import CompiledRules, compile_rules
from watchline.rules.model import Rule, Severity
from watchline.rules.state import RuleState
from watchline.score.places import Place
from watchline.sectors.plane import SectorPlane
from watchline.step import Memory, around, judge, track
from watchline.tracks.state import TrackerState
from watchline.tracks.tracker import SLOT_US
from watchline.units.model import Fix
from watchline_sensors.contract import SensorInfo

TICK_US = 1_000_000
#: What a person hears: a new incident, and one that is raised again.
HEARD = ("opened", "raised")


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """All that reaches the hub at one instant, as `watchline-edge simulate headless` writes it."""

    at_us: int
    envelopes: list[bytes]
    fixes: list[Fix]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A change that a person hears, and when."""

    known_us: int
    change: Change


def compiled_of(document: bytes) -> CompiledRules:
    """The geofences and rules of a sector file, as the hub would judge by them.

    Raises SectorFileInvalid, and what the hub refuses of rules and geofences.
    """
    file = sector_file.read(document)
    plane = SectorPlane(*file.sector.origin)
    local = Local(
        zone=ZoneInfo(file.sector.time_zone), lon_deg=plane.lon_deg, lat_deg=plane.lat_deg
    )
    geofences = [
        Geofence(
            id=told.id,
            version=1,
            kind=GeofenceKind(told.kind),
            rings=rings_of(shapely.orient_polygons(shape(told.geom)), plane),
            directions=tuple(map(Direction, told.directions or ())),
            p_in=told.p_in,
            p_out=told.p_out,
            purpose=Purpose(told.purpose),
            local=local,
        )
        for told in file.geofences
    ]
    rules = [
        Rule(
            id=told.id,
            version=1,
            kind=told.kind,
            geofence_id=told.geofence_id,
            severity=Severity(told.severity),
            params=told.params,
        )
        for told in file.rules
    ]
    compiled = compile_rules(geofences, rules, zone=file.sector.time_zone)
    if compiled.refused:
        raise compiled.refused[0]
    return compiled


class Night:
    """The hub of one sector; give it what it hears in the order of time.

    `suppressed` counts findings about our own, `late` what came too late to be judged.
    """

    def __init__(self, document: bytes, start_us: int) -> None:
        """Takes a sector file; raises as `compiled_of`."""
        self.suppressed = self.late = 0
        self._compiled = compiled_of(document)
        told = json.loads(document)["sector"]
        self._plane = SectorPlane(*told["origin"])
        self._area = shape(told["geom"])
        self._inbox = Inbox({}, {})
        self._intake = Intake((), slot_us=SLOT_US, now_us=start_us)
        self._memory = Memory(
            tracker=TrackerState.empty(), rules=RuleState.empty(), book={}, next_no=1
        )
        self._sensors: dict[int, tuple[float, float]] = {}
        self._tick_us = start_us
        self._shown: dict[int, int] = {}

    def places(self) -> list[Place]:
        """Where the confirmed tracks are that have got a plot since this was last asked."""
        tracks = self._memory.tracker.tracks
        tracks = tracks[tracks["no"] > 0]
        columns = [tracks[name].tolist() for name in ("no", "at_us", "x_m", "y_m")]
        told = zip(*columns, *tracks["p"][:, :3].T.tolist(), strict=True)
        rows = [row for row in told if self._shown.get(row[0]) != row[1]]
        self._shown = dict(zip(tracks["no"].tolist(), tracks["at_us"].tolist(), strict=True))
        return [Place(*row[1:]) for row in rows]

    def hear(self, heard: Heard) -> list[Alarm]:
        """One step of the pipeline, and what a person then hears."""
        now_us = heard.at_us
        for envelope in heard.envelopes:
            self._inbox.receive(decode_parcel(envelope), now_us=now_us, epoch=1)
        arrivals = self._inbox.take()
        self._register(arrivals)
        clock_us = self._memory.tracker.clock_us
        work = self._intake.take(arrivals, self._inbox, now_us=now_us, clock_us=clock_us)
        if now_us - self._tick_us >= TICK_US:
            self._intake.tick(work, now_us)
            self._tick_us = now_us
        work.fixes = heard.fixes
        self.late += sum(map(len, (*work.late, *work.uncertain)))
        tracked = track(work, self._memory.tracker, self._plane, self._sensors, _no_lap)
        judged = judge(
            work,
            tracked,
            self._memory,
            self._compiled,
            self._compiled.by_id.keys(),
            around(work, {}, self._plane),
            self._area,
            self._plane,
            _no_lap,
        )
        self._memory = judged.memory
        self.suppressed += len(judged.suppressed)
        if work.live is not None:
            names = {edge_number(arrival.edge): arrival.edge for arrival in arrivals}
            for edge, boot, seqs in work.live.by_boot():
                work.settling[names[edge], boot].add_all(seqs)
        self._inbox.settle([(key, seqs.ranges()) for key, seqs in work.settling.items()], work.rows)
        return [
            Alarm(known_us=now_us, change=change)
            for change in judged.changes
            if change.event.kind in HEARD
        ]

    def _register(self, arrivals: Sequence[Arrival]) -> None:
        """Number the sensors that are described for the first time."""
        for arrival in arrivals:
            for item in arrival.accepted.others:
                if isinstance(item, SensorInfo) and item.sensor not in self._inbox.sensors:
                    number = len(self._inbox.sensors) + 1
                    self._inbox.describe({item.sensor: (number, arrival.edge)})
                    self._sensors[number] = (item.lon_deg, item.lat_deg)


def _no_lap(stage: str) -> None:
    pass
