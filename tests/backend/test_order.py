"""However input arrives within the rules, the pure steps end in the same bytes.

Reorder buffer, tracker, rules and incidents, as the pipeline strings them together, against one
step over everything in order.
"""

import itertools
import os
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import columns
from judging import area, compiled, line
from plain_sector import ORIGIN, lon_lat
from watchline.detections.intake import REORDER_US
from watchline.detections.ledger import SeqSet
from watchline.detections.placing import EMPTY_BATCH, to_batch
from watchline.detections.reorder import ReorderBuffer
from watchline.detections.rows import Rows, concatenate
from watchline.incidents.lifecycle import Change, raise_findings
from watchline.incidents.model import Incident
from watchline.rules import engine
from watchline.rules.model import Finding, Rule, Severity
from watchline.rules.state import RuleState
from watchline.sectors.plane import SectorPlane
from watchline.tracks import tracker
from watchline.tracks.model import TrackStatus
from watchline.tracks.state import TrackerState
from watchline_sensors.contract import Bearing, Detection, Position

SECOND = 1_000_000
SECONDS = 7
END_US = 100 * SECOND
#: Edge -> its sensors' numbers; the second edge has two radars, and a camera that tells bearings.
SENSORS = {11: (1,), 22: (2, 3)}
CAMERA_M = (-800.0, 40.0)
CAMERAS = {4: lon_lat(*CAMERA_M)}
#: Where they walk north, side by side: two of them together.
WALKERS_M = (-110.0, 60.0, 100.0)
PLANE = SectorPlane(*ORIGIN)
CONFIG = tracker.TrackerConfig()
MEADOW = area([(-150, -100), (150, -100), (150, 60), (-150, 60), (-150, -100)], id="meadow")
DITCH = line([(-400, 100), (400, 100)], id="ditch")
RULES = compiled(MEADOW, DITCH)
#: Every kind that tracks concern, some with qualifiers; absence is told by ticks alone.
STRIP = area([(-150, -100), (150, -100), (150, -60), (-150, -60), (-150, -100)], id="strip")
TRAIL = line([(-400, -30), (400, -30)], id="trail")
EVERY = engine.compile_rules(
    [MEADOW, STRIP, TRAIL],
    [
        Rule(
            id=f"{kind}{number}",
            version=1,
            kind=kind,
            geofence_id=fence,
            severity=Severity.LOW,
            params=params,
        )
        for number, (kind, fence, params) in enumerate(
            [
                ("enter", "meadow", {"min_hits": 4}),
                ("exit", "strip", {"max_sigma_m": 1.8}),
                ("cross", "trail", {"min_age_s": 5.0}),
                ("dwell", "meadow", {"seconds": 2.5}),
                ("dwell", "meadow", {"seconds": 1.2, "radius_m": 20.0, "min_hits": 5}),
                ("speed", "meadow", {"least_mps": 20.0, "seconds": 1.3}),
                ("approach", "trail", {"within_s": 4.0, "seconds": 0.7}),
                ("proximity", "meadow", {"to": "track", "metres": 95.0, "seconds": 0.9}),
                ("proximity", "trail", {"to": "asset", "metres": 30.0}),
                ("count", "meadow", {"tracks": 2, "within_s": 5.0}),
                ("sequence", "trail", {"first": "meadow", "within_s": 9.0}),
                ("motionless_in_cold", "meadow", {"seconds": 1.0, "classes": {}}),
            ]
        )
    ],
)


@cache
def night(seed: int) -> dict[int, Rows]:
    """What each edge sees, in its own order: walkers, clutter, and plots at one instant."""
    rng = np.random.default_rng(seed)
    seen: dict[int, list[tuple[int, int, float, float]]] = {edge: [] for edge in SENSORS}
    for edge, sensors in SENSORS.items():
        for sensor in sensors:
            for walker in range(len(WALKERS_M)):
                for second in range(SECONDS):
                    at_us = second * SECOND + 41_000 * walker + 130_000 * sensor
                    north = -140 + 24.0 * at_us / SECOND
                    place = rng.normal((WALKERS_M[walker], north), 2.0)
                    seen[edge].append((at_us, sensor, *place.tolist()))
            for at_us in rng.integers(0, SECONDS * SECOND, 20).tolist():
                seen[edge].append((at_us, sensor, *rng.uniform(-300, 300, 2).tolist()))
            seen[edge] += [(s * SECOND, sensor, 250.0, 0.0) for s in range(0, SECONDS, 3)]
    for at_us, east, north in walked(2.0, SECOND // 3, 17_000):
        seen[22].append((at_us, 4, east, north))
    return {edge: rows_of(edge, sorted(plots)) for edge, plots in seen.items()}


def walked(from_s: float, every_us: int, first_us: int) -> list[tuple[int, float, float]]:
    """(at_us, east, north) of the first walker, as nobody errs."""
    times = range(first_us, SECONDS * SECOND, every_us)
    return [
        (at_us, WALKERS_M[0], -140 + 24.0 * at_us / SECOND)
        for at_us in times
        if at_us >= from_s * SECOND
    ]


def rows_of(edge: int, plots: list[tuple[int, int, float, float]]) -> Rows:
    items = []
    for at_us, sensor, east, north in plots:
        if sensor in CAMERAS:
            way = np.degrees(np.arctan2(east - CAMERA_M[0], north - CAMERA_M[1]))
            seen = Bearing(bearing_deg=float(way) % 360.0, sigma_deg=0.1)
            items.append(Detection(sensor="a", at_us=at_us, bearing=seen))
            continue
        lon, lat = lon_lat(east, north)
        place = Position(lon_deg=lon, lat_deg=lat, var_east_m2=6.0, var_north_m2=6.0)
        items.append(Detection(sensor="a", at_us=at_us, position=place))
    rows = columns.rows_of(items, edge=edge, boot=7 * edge, arrived_us=0)
    rows["sensor"][:] = [sensor for _, sensor, _, _ in plots]
    return rows


@dataclass
class Line:
    """The pipeline's pure half."""

    state: TrackerState = field(default_factory=TrackerState.empty)
    rules: RuleState = field(default_factory=RuleState.empty)
    book: dict[UUID, Incident] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    every: RuleState = field(default_factory=RuleState.empty)
    found: list[Finding] = field(default_factory=list)

    def step(self, rows: Rows | None, tick_us: int | None) -> None:
        batch = EMPTY_BATCH if rows is None else to_batch(rows, PLANE, CAMERAS)
        self.state, updates, _ = tracker.step(self.state, batch, tick_us, CONFIG)
        self.rules, findings = engine.step(self.rules, updates, tick_us, RULES)
        self.every, found = engine.step(self.every, updates, tick_us, EVERY)
        self.found += found
        ended = np.flatnonzero(updates.status == TrackStatus.ENDED)
        self.book, changes = raise_findings(
            self.book,
            findings,
            self.state.live_ids(),
            PLANE.point_to_lon_lat,
            next_no=len(self.book) + 1,
            ended=[(updates.id[i].tobytes(), int(updates.at_us[i])) for i in ended],
            now_us=tick_us if tick_us == END_US else None,
        )
        self.changes += changes


@cache
def in_one_go(seed: int) -> Line:
    """All rows in order in a single step."""
    whole = Line()
    whole.step(concatenate(list(night(seed).values())).in_time_order(), END_US)
    return whole


def in_pieces(seed: int, way: int) -> tuple[Line, int]:
    """In the manner of `way`: random cuts, delays, repeats and order of the edges, and ticks."""
    rng = np.random.default_rng(way)
    pieces, late = Line(), 0
    held = ReorderBuffer(
        slot_us=tracker.SLOT_US, hold_us=REORDER_US, expected=frozenset(), grace_until_us=0
    )
    for edge in SENSORS:
        held.heard(edge, 0, 0)
    sent = dict.fromkeys(SENSORS, 0)
    known = {edge: SeqSet() for edge in SENSORS}
    now_us = 0
    while now_us < SECONDS * SECOND + 2 * SECOND:
        now_us += int(rng.integers(20_000, 250_000))
        for edge in rng.permutation(list(SENSORS)).tolist():
            rows = night(seed)[edge]
            at_us = rows["at_us"]
            until_us = now_us - int(rng.integers(0, 150_000))
            upto = int(np.searchsorted(at_us, until_us, side="right"))
            low = max(0, sent[edge] - int(rng.integers(0, 30)))  # some of it once more
            cuts = sorted({low, max(low, upto), *rng.integers(low, max(low, upto) + 1, 2).tolist()})
            for a, b in itertools.pairwise(cuts):
                fresh = np.array([k for k in range(a, b) if k + 1 not in known[edge]], np.intp)
                known[edge].add(a + 1, b + 1)
                late += int((at_us[fresh] < pieces.state.clock_us).sum())
                held.put(arrived(rows.take(fresh), now_us))
            sent[edge] = max(sent[edge], upto)
            rest = at_us[sent[edge] :]
            held.heard(edge, min([until_us, *(rest[:1] - 1).tolist()]), now_us)
            if rng.random() < 0.3:
                pieces.step(held.release(now_us), None)
        tick_us = held.passed_us(now_us) if rng.random() < 0.5 else None
        released = held.release(now_us)
        pieces.step(released, None if released is not None else tick_us)
    pieces.step(held.release(END_US), END_US)
    return pieces, late


def arrived(rows: Rows, now_us: int) -> Rows:
    rows["arrived_us"][:] = now_us  # `take` has copied them
    return rows


@settings(max_examples=2000 if "WATCHLINE_TORTURE" in os.environ else 100, deadline=None)
@given(seed=st.integers(0, 3), way=st.integers(0, 2**32 - 1))
def test_arrival_changes_nothing(seed: int, way: int) -> None:
    one, (other, late) = in_one_go(seed), in_pieces(seed, way)
    assert late == 0, "the rules were kept"
    assert one.state.pack() == other.state.pack()
    assert one.rules.pack() == other.rules.pack()
    assert one.book == other.book
    assert sorted(map(repr, one.changes)) == sorted(map(repr, other.changes))
    assert sorted(map(repr, one.found)) == sorted(map(repr, other.found))
    assert one.every.pack() == other.every.pack()


def test_the_night_raises_all_kinds() -> None:
    kinds = {change.event.kind for change in in_one_go(0).changes}
    assert kinds >= {"opened", "raised", "cleared"}
    assert len(in_one_go(0).book) == 2
    assert in_one_go(0).state.next_no > 3
    assert EVERY.refused == ()
    assert {finding.rule_id for finding in in_one_go(0).found} == {
        made.rule.id for made in EVERY.made
    }
