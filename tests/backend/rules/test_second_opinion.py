"""PostGIS's set-based SQL says the same as the engine, where nothing is uncertain.

Random areas with holes, circles, corridors and lines, random walks and jumps of several tracks,
cut into batches anywhere. The engine sees σ of a micrometre.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judging import SECOND, area, band, cut, disc, line, polygon, star, updates
from watchline.db.sql import load
from watchline.geofences.model import Geofence, GeofenceKind
from watchline.rules import engine
from watchline.rules.model import Finding, Rule, Severity
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackUpdates

CASES = 2000 if "WATCHLINE_TORTURE" in os.environ else 60
PLOTS = 40
DWELL_S = 3
_sql = load("watchline.rules", "second_opinion.sql")


@pytest.fixture
def connection(database: Any) -> Iterator[psycopg.Connection]:
    with database.connect("owner") as made:
        made.execute(
            "CREATE TEMP TABLE plot (track int, n int, at_us bigint, geom geometry);"
            "CREATE TEMP TABLE fence (id text, kind text, geom geometry)"
        )
        yield made


def some_geofences(rng: np.random.Generator) -> list[Geofence]:
    made = [area(*star(rng, hole=k == 0), id=f"a{k}") for k in range(3)]
    made += [area(*disc(rng), id="circle"), area(*band(rng), id="corridor")]
    for k in range(3):
        steps = np.cumsum(rng.normal(0, 60, (rng.integers(2, 9), 2)), axis=0)
        made.append(line(steps + rng.uniform(-100, 100, 2), id=f"l{k}"))
    return made


def some_walks(rng: np.random.Generator) -> TrackUpdates:
    tracks = int(rng.integers(1, 4))
    at = np.repeat(np.arange(PLOTS), tracks)
    pace = 10.0 ** rng.uniform(0.5, 2.2, tracks)
    xy = np.cumsum(rng.normal(0, 1, (PLOTS, tracks, 2)) * pace[:, None], axis=0)
    return updates(
        np.tile(np.arange(1, tracks + 1), PLOTS),
        at * SECOND,
        xy[..., 0].ravel(),
        xy[..., 1].ravel(),
        sigma=1e-6,
    )


def rules_on(geofences: list[Geofence]) -> engine.CompiledRules:
    kinds = {
        GeofenceKind.AREA: (("enter", {}), ("exit", {}), ("dwell", {"seconds": DWELL_S})),
        GeofenceKind.LINE: (("cross", {}),),
    }
    made = engine.compile_rules(
        geofences,
        [
            Rule(
                id=f"{fence.id}.{kind}",
                version=1,
                kind=kind,
                geofence_id=fence.id,
                severity=Severity.LOW,
                params=params,
            )
            for fence in geofences
            for kind, params in kinds[fence.kind]
        ],
    )
    assert made.refused == ()
    return made


def ours(found: list[Finding]) -> list[tuple]:
    """(geofence, what, track, the plot's second, segment), as `theirs`."""
    told = []
    for f in found:
        at_us = f.evidence["after"]["at_us"] if f.kind == "cross" else f.at_us
        what, segment = f.evidence.get("direction", f.kind), f.evidence.get("segment", -1)
        told.append((f.geofence_id, what, f.track_no, at_us // SECOND, segment))
    return sorted(told)


def theirs(
    connection: psycopg.Connection, geofences: list[Geofence], walks: TrackUpdates
) -> list[tuple]:
    connection.execute("TRUNCATE plot, fence")
    with connection.cursor().copy("COPY plot FROM STDIN") as copy:
        points = shapely.to_wkb(shapely.points(walks.x_m, walks.y_m), hex=True)
        for k in range(len(walks)):
            at_us = int(walks.at_us[k])
            copy.write_row((int(walks.no[k]), at_us // SECOND, at_us, points[k]))
    with connection.cursor().copy("COPY fence FROM STDIN") as copy:
        for fence in geofences:
            is_area = fence.kind is GeofenceKind.AREA
            shape = polygon(fence) if is_area else shapely.LineString(fence.rings[0])
            copy.write_row((fence.id, fence.kind.value, shapely.to_wkb(shape, hex=True)))
    told: list[tuple] = [
        (fence, "enter" if inside else "exit", track, at_us // SECOND, -1)
        for track, fence, _, at_us, inside in connection.execute(_sql["areas"])
    ]
    told += [
        (fence, "left_to_right" if to_right else "right_to_left", track, at_us // SECOND, segment)
        for track, fence, _, at_us, to_right, segment in connection.execute(_sql["lines"])
    ]
    told += [
        (fence, "dwell", track, from_us // SECOND + DWELL_S, -1)
        for track, fence, from_us, to_us in connection.execute(_sql["stays"])
        if to_us - from_us >= DWELL_S * SECOND
    ]
    return sorted(told)


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the tables are emptied
)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.floats(0, 1), max_size=6))
def test_same_findings(connection: psycopg.Connection, seed: int, cuts: list[float]) -> None:
    rng = np.random.default_rng(seed)
    geofences, walks = some_geofences(rng), some_walks(rng)
    rules = rules_on(geofences)
    state, found = RuleState.empty(), []
    places = sorted({0, len(walks), *(int(share * len(walks)) for share in cuts)})
    for low, high in pairwise(places):
        passed = int(walks.at_us[low]) - 1 if low else None
        state, more = engine.step(state, cut(walks, low, high), passed, rules)
        found += more
    _, more = engine.step(state, cut(walks, 0, 0), int(walks.at_us.max()), rules)
    assert ours(found + more) == theirs(connection, geofences, walks)
