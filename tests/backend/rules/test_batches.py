"""The same findings however the input is cut into batches, kept, and read again, and ticked.

Rules of every kind on random geofences of every shape, walks, units, heartbeats and air.
"""

import os
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import SECOND, area, band, compiled, cut, disc, judge, line, star, updates
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules import engine
from watchline.rules.kind import all_kinds
from watchline.rules.model import (
    AirReading,
    Finding,
    Rule,
    SensorSign,
    Severity,
    Surroundings,
    UnitFix,
)
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates

CASES = 2000 if "WATCHLINE_TORTURE" in os.environ else 40
SECONDS = 40
END_US = 3 * SECONDS * SECOND


def some_geofences(rng: np.random.Generator) -> list[Geofence]:
    stars = [star(rng, hole=k % 2 == 0, size=200.0) for k in range(rng.integers(1, 4))]
    made = [area(*rings, id=f"a{k}") for k, rings in enumerate(stars)]
    made += [area(*disc(rng, size=200.0), id="circle"), area(*band(rng), id="corridor")]
    for k in range(rng.integers(1, 4)):
        steps = np.cumsum(rng.normal(0, 80, (rng.integers(2, 7), 2)), axis=0)
        made.append(line(steps + rng.uniform(-150, 150, 2), id=f"l{k}"))
    return made


def some_rules(rng: np.random.Generator, geofences: list[Geofence]) -> list[Rule]:
    """Two of each kind (and of each face of those with several), some with qualifiers."""
    areas = [fence.id for fence in geofences if fence.kind is GeofenceKind.AREA]
    lines = [fence.id for fence in geofences if fence.kind is GeofenceKind.LINE]
    anywhere = areas + lines
    seconds = {"seconds": float(rng.uniform(0.5, 6))}
    within = {"within_s": float(rng.uniform(1, 30))}
    asked: list[tuple[str, list[str], dict[str, Any]]] = [
        ("enter", areas, {}),
        ("exit", areas, {}),
        ("cross", lines, {}),
        ("dwell", areas, seconds),
        ("dwell", areas, seconds | {"radius_m": 30.0}),
        ("sequence", anywhere, {"first": areas[0], "within_s": 30.0}),
        ("approach", lines, within | {"seconds": 1.0}),
        ("proximity", areas, {"to": "track", "metres": 60.0}),
        ("proximity", areas, {"to": "unit", "metres": 60.0, "affiliation": "any"}),
        ("proximity", anywhere, {"to": "asset", "metres": 20.0}),
        ("count", anywhere, within | {"tracks": 2}),
        ("speed", areas, {"least_mps": float(rng.uniform(1, 20)), "seconds": 1.5}),
        ("absence", areas, {"of": "unit", "seconds": float(rng.uniform(10, 30))}),
        ("absence", areas, {"of": "sensor", "seconds": 10.0}),
        ("sensor_offline", areas, {"heartbeat_s": float(rng.uniform(5, 20))}),
        ("motionless_in_cold", areas, {"seconds": float(rng.uniform(2, 20)), "classes": {}}),
    ]
    bars: list[dict[str, Any]] = [{}, {}, {"min_hits": 30}, {"min_age_s": 9.0, "wait_s": 5.0}]
    return [
        Rule(
            id=f"{k} {kind}",
            version=1,
            kind=kind,
            geofence_id=str(rng.choice(fences)),
            severity=Severity.LOW,
            params=params | bars[rng.integers(len(bars))],
        )
        for k, (kind, fences, params) in enumerate(asked * 2)
    ]


def some_surroundings(rng: np.random.Generator) -> Surroundings:
    """Two units that wander, three sensors that beat and pause, air that gets colder."""
    units, sensors = [], []
    place = rng.normal(0, 100, (2, 2))
    masts = rng.normal(0, 100, (3, 2))
    for t in range(SECONDS):
        place += rng.normal(0, 5, (2, 2))
        at_us = t * SECOND + int(rng.integers(0, SECOND)) if t else 0
        for k in range(2):
            if rng.random() < 0.3:
                x, y = place[k].tolist()
                units.append(UnitFix(unit=f"u{k}", at_us=at_us, x_m=x, y_m=y))
        for k in range(3):
            if not t or rng.random() < 0.15:
                x, y = masts[k].tolist()
                working = not t or bool(rng.random() < 0.8)
                sign = SensorSign(sensor=f"s{k}", at_us=at_us, x_m=x, y_m=y, working=working)
                sensors.append(sign)
    air = [AirReading(at_us=t * SECOND, celsius=20.0 - t) for t in range(0, SECONDS, 7)]
    return Surroundings(units=tuple(units), sensors=tuple(sensors), air=tuple(air))


def between(around: Surroundings, low_us: int, high_us: int) -> Surroundings:
    """What became known from `low_us` on, before `high_us`."""
    return Surroundings(
        **{
            name: tuple(one for one in getattr(around, name) if low_us <= one.at_us < high_us)
            for name in Surroundings.__slots__
        }
    )


def some_walks(rng: np.random.Generator, seconds: int) -> TrackUpdates:
    """Up to eight tracks at their own pace; some coast for a time, some end."""
    rows = []
    for track in range(1, rng.integers(2, 9)):
        speed = 10.0 ** rng.uniform(0, 1.7)
        steps = np.cumsum(rng.normal(0, speed, (seconds, 2)), axis=0) + rng.normal(0, 150, 2)
        end = rng.integers(seconds // 2, 2 * seconds)
        sigma = 10.0 ** rng.uniform(-1, 1.4)
        for t in range(rng.integers(0, seconds), min(seconds, end + 1)):
            status = TrackStatus.ENDED if t == end else TrackStatus.CONFIRMED
            rows.append((t * SECOND, track, *steps[t], sigma, rng.random() > 0.2, status))
    rows.sort(key=lambda row: row[:2])
    at, track, x, y, sigma, plot, status = zip(*rows, strict=True) if rows else [()] * 7
    made = updates(track, at, x, y, sigma=sigma, plot=plot, status=status)
    for name in ("vx_mps", "vy_mps"):
        getattr(made, name)[:] = rng.normal(0, 15, len(made))
    return made


def known(state: RuleState) -> list[tuple]:
    """What the state holds of each track, in an order that does not depend on its history."""
    rows = []
    for k, track in enumerate(state.tracks):
        inside = [
            (state.areas[row["area"]], *row.tolist()[2:])
            for row in state.members[state.members["track"] == k]
        ]
        beside = [
            (state.lines[row["line"]], *row.tolist()[2:])
            for row in state.beside[state.beside["track"] == k]
        ]
        rows.append((track.tolist(), inside, beside))
    return sorted(rows)


def plainly(found: list[Finding]) -> list[str]:
    return sorted(map(repr, found))


@settings(max_examples=CASES, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.floats(0, 1), max_size=12))
def test_batches_do_not_matter(seed: int, cuts: list[float]) -> None:
    rng = np.random.default_rng(seed)
    geofences = some_geofences(rng)
    rules = engine.compile_rules(geofences, some_rules(rng, geofences))
    assert rules.refused == ()
    walks, around = some_walks(rng, SECONDS), some_surroundings(rng)
    nothing = cut(walks, 0, 0)
    state, expected = engine.step(RuleState.empty(), walks, None, rules, around)
    whole, last = engine.step(state, nothing, END_US, rules)
    state, found, given_us, told_us = RuleState.empty(), [], 0, 0
    places = sorted({0, len(walks), *(int(share * len(walks)) for share in cuts)})
    for low, high in pairwise(places):
        # The time up to which all has been given, and of which a tick may speak.
        until_us = int(walks.at_us[high]) if high < len(walks) else END_US
        tick_us = until_us - 1 if given_us < until_us and rng.random() < 0.5 else None
        # What is around an update is told no later than it, also of the same instant.
        known_us = until_us + int(high > low and walks.at_us[high - 1] == until_us)
        before = state.pack()
        after, more = engine.step(
            state, cut(walks, low, high), tick_us, rules, between(around, told_us, known_us)
        )
        assert state.pack() == before
        given_us, told_us = until_us, max(told_us, known_us)
        found += more
        state = RuleState.unpack(after.pack()) if rng.random() < 0.5 else after
    state, more = engine.step(state, nothing, END_US, rules, between(around, told_us, END_US))
    assert plainly(found + more) == plainly(expected + last)
    assert known(state) == known(whole)


def test_the_cases_raise_every_kind() -> None:
    raised = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        geofences = some_geofences(rng)
        rules = engine.compile_rules(geofences, some_rules(rng, geofences))
        walks, around = some_walks(rng, SECONDS), some_surroundings(rng)
        state, found = engine.step(RuleState.empty(), walks, None, rules, around)
        _, last = engine.step(state, cut(walks, 0, 0), END_US, rules)
        raised |= {finding.kind for finding in found + last}
    assert raised == all_kinds().keys()


def test_findings_stand_in_the_order_of_the_updates() -> None:
    """Twenty tracks walk in step over a line into an area."""
    tracks, seconds = 20, 6
    track = np.tile(np.arange(1, tracks + 1), seconds)
    at = np.repeat(np.arange(seconds), tracks)
    walk = updates(track, at * SECOND, 30.0 * at - 5.0 * track, track)
    rules = compiled(line([(60, -50), (60, 50)]), area([(0, -9), (99, -9), (99, 99), (0, -9)]))
    _, found = judge(rules, walk)
    told_at = [f.evidence["after"]["at_us"] if f.kind == "cross" else f.at_us for f in found]
    assert len(found) > tracks
    assert told_at == sorted(told_at)


def test_nothing_to_judge() -> None:
    rules = compiled()
    state, found = judge(rules, updates([], [], [], []))
    assert found == []
    state, found = judge(rules, updates([1, 2], 0, 5, 5), state=state)
    assert found == []
    assert len(state.tracks) == 2
