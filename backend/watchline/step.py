"""The pure part of a sector's commit: track, judge, raise. Nothing here reads or writes."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from watchline.detections.intake import Work
from watchline.detections.placing import EMPTY_BATCH, to_batch
from watchline.incidents.lifecycle import Change, raise_findings, unknown
from watchline.incidents.model import Incident
from watchline.live.model import TrackRow
from watchline.live.rows import track_rows
from watchline.rules import engine
from watchline.rules.compiling import CompiledRules
from watchline.rules.model import NOTHING, Finding, SensorSign, Surroundings, UnitFix
from watchline.rules.raising import raised
from watchline.rules.state import RuleState
from watchline.sectors.plane import SectorPlane, turn_vector
from watchline.tracks import tracker
from watchline.tracks.model import TrackStatus, TrackUpdates
from watchline.tracks.projector import last_of_each
from watchline.tracks.state import TrackerState
from watchline.units.model import Fix
from watchline_sensors.contract import HealthState

_CONFIG = tracker.TrackerConfig()

Lap = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The committed state that a step starts from; never changed in place."""

    tracker: TrackerState
    rules: RuleState
    book: dict[UUID, Incident]
    next_no: int
    #: What reruns have raised lately: (rule, geofence, track, at_us).
    rerun: Sequence[tuple[str, str | None, bytes, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What a commit's work made of the tracks; nothing that people write can change it."""

    state: TrackerState
    updates: TrackUpdates
    track_ids: NDArray[np.uint8]  # of each live detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the rules and the book of incidents made of it."""

    base: Memory  # what it started from
    memory: Memory
    changes: Sequence[Change]
    suppressed: Sequence[Finding]
    packed: tuple[bytes, bytes]  # the tracker's and the rules' state


def track(
    work: Work,
    state: TrackerState,
    plane: SectorPlane,
    sensors: Mapping[int, tuple[float, float]],
    lap: Lap,
) -> Tracked:
    """Place and track the live detections of a commit's work; `sensors` as in `to_batch`."""
    batch = to_batch(work.live, plane, sensors) if work.live is not None else EMPTY_BATCH
    lap("place")
    state, updates, track_ids = tracker.step(state, batch, work.tick_us, _CONFIG)
    lap("track")
    return Tracked(state=state, updates=updates, track_ids=track_ids)


def around(
    work: Work, sensor_places: Mapping[str, tuple[float, float]], plane: SectorPlane
) -> Surroundings:
    """What rules take from beside the tracks: heartbeats as signs of life, and our own units.

    `sensor_places` are (lon, lat); a heartbeat of a sensor without one is no sign.
    """
    signs = []
    for beat in sorted(work.beats, key=lambda beat: beat.at_us):
        if beat.sensor in sensor_places:
            x, y = plane.to_plane(*sensor_places[beat.sensor])
            working = beat.state in (HealthState.OK, HealthState.DEGRADED)
            signs.append(
                SensorSign(
                    sensor=beat.sensor,
                    at_us=beat.at_us,
                    x_m=float(x),
                    y_m=float(y),
                    working=working,
                )
            )
    units = [_unit_fix(fix, plane) for fix in work.fixes]
    return Surroundings(units=tuple(units), sensors=tuple(signs)) if units or signs else NOTHING


def _unit_fix(fix: Fix, plane: SectorPlane) -> UnitFix:
    x, y = plane.to_plane(fix.lon_deg, fix.lat_deg)
    turn = plane.convergence_rad(fix.lon_deg, fix.lat_deg)
    vx, vy = turn_vector(turn, fix.east_mps, fix.north_mps)
    return UnitFix(
        unit=fix.unit,
        at_us=fix.at_us,
        x_m=float(x),
        y_m=float(y),
        sigma_m=fix.sigma_m,
        vx_mps=float(vx),
        vy_mps=float(vy),
    )


def judge(
    work: Work,
    tracked: Tracked,
    memory: Memory,
    compiled: CompiledRules,
    going_on: Set[str],
    around: Surroundings,
    area: BaseGeometry,
    plane: SectorPlane,
    lap: Lap,
) -> Judged:
    """Judge the tracks and raise the incidents of a sector, whose `area` is in WGS 84.

    `going_on` are the rules that nobody has ended: compiled rules may be a moment older, and an
    ended one raises nothing from its end on.
    """
    rules, findings = engine.step(memory.rules, tracked.updates, work.tick_us, compiled, around)
    lap("judge")
    findings = owned([f for f in findings if f.rule_id in going_on], area, plane)
    updates = tracked.updates
    ended = np.flatnonzero(updates.status == TrackStatus.ENDED)
    book, changes = raise_findings(
        memory.book,
        unknown(raised(findings), memory.rerun),
        tracked.state.live_ids(),
        plane.point_to_lon_lat,
        next_no=memory.next_no,
        ended=[(updates.id[i].tobytes(), int(updates.at_us[i])) for i in ended],
        now_us=work.beat_us,
    )
    lap("raise")
    packed = tracked.state.pack(), rules.pack()
    lap("pack")
    return Judged(
        base=memory,
        memory=Memory(
            tracker=tracked.state,
            rules=rules,
            book=book,
            next_no=memory.next_no + len(book) - len(memory.book),
            rerun=memory.rerun,
        ),
        changes=changes,
        suppressed=[finding for finding in findings if finding.suppressed],
        packed=packed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What readers of the tracks are told after the commit."""

    newest: TrackUpdates  # the last of each track
    up: list[TrackRow]  # those of them that live


def news_of(updates: TrackUpdates, plane: SectorPlane) -> News:
    """The last update of each track, and the rows of those that live."""
    newest = updates.take(last_of_each(updates))
    living = newest.take(np.flatnonzero(newest.status != TrackStatus.ENDED))
    return News(newest=newest, up=track_rows(living, plane))


def owned(findings: Sequence[Finding], area: BaseGeometry, plane: SectorPlane) -> list[Finding]:
    """The findings at points inside `area` (WGS 84): a neighbour sector raises its own."""
    if not findings:
        return []
    lon, lat = plane.to_lon_lat(
        np.array([f.x_m for f in findings]), np.array([f.y_m for f in findings])
    )
    inside = shapely.intersects_xy(area, lon, lat)
    return [finding for finding, mine in zip(findings, inside, strict=True) if mine]
