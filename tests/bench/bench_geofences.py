"""How fast geofences are judged; the last line is one JSON object.

1,000 star-shaped areas of 10 to 500 vertices over 50 x 50 km, each point in 1.8 of them, and
1,000 lines of 2 to 40 vertices. Ratios are against shapely's STRtree in bulk on the same
points (or 30 m paths) in the same run, the best of seven rounds in turns, in seconds of
one processor; pairs are compared.
`probabilities_x_strtree` is with a 10 x 20 m ellipse around each point. `step_us_per_update` is
a whole engine step, states and Python included, of 1,000 walking targets over all 2,000.
"""

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from watchline.geofences.index import compile_index
from watchline.geofences.model import Direction, Geofence, GeofenceKind
from watchline.rules import engine
from watchline.rules.model import Rule, Severity
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates

EXTENT_M = 50_000.0
HITS = 1.84
POINTS = 200_000
ROUNDS = 7
SIGMAS_M = (10.0, 20.0)
PATH_M = 30.0

Floats = NDArray[np.float64]


def areas(count: int, rng: np.random.Generator) -> list[Geofence]:
    """Stars whose radius wavers as the outlines do that people draw along terrain."""
    size = np.sqrt(HITS * EXTENT_M**2 / count / np.pi)
    waves = np.arange(1, 9)
    made: list[Geofence] = []
    while len(made) < count:
        n = int(np.exp(rng.uniform(np.log(10), np.log(500))))
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        swing = rng.normal(0, 0.35 / waves) * np.cos(
            np.outer(angle, waves) + rng.uniform(0, 2 * np.pi, len(waves))
        )
        radius = np.clip(1 + swing.sum(axis=1) + rng.normal(0, 0.01, n), 0.3, 2.0)
        radius *= size * rng.uniform(0.5, 1.35)
        ring = rng.uniform(-EXTENT_M / 2, EXTENT_M / 2, 2) + np.column_stack(
            [radius * np.cos(angle), radius * np.sin(angle)]
        )
        ring = np.vstack([ring, ring[:1]])
        if shapely.is_valid(shapely.Polygon(ring)):
            made.append(
                Geofence(id=f"a{len(made)}", version=1, kind=GeofenceKind.AREA, rings=(ring,))
            )
    return made


def lines(count: int, rng: np.random.Generator) -> list[Geofence]:
    """Bending lines with segments of 50 to 400 m."""
    made = []
    for k in range(count):
        n = int(rng.integers(1, 40))
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.3, n))
        steps = rng.uniform(50, 400, (n, 1)) * np.column_stack([np.cos(heading), np.sin(heading)])
        points = rng.uniform(-EXTENT_M / 2, EXTENT_M / 2, 2) + np.vstack(
            [[0, 0], np.cumsum(steps, axis=0)]
        )
        made.append(
            Geofence(
                id=f"l{k}",
                version=1,
                kind=GeofenceKind.LINE,
                rings=(points,),
                directions=(Direction.BOTH,) * n,
            )
        )
    return made


def timed(call: Callable[[], object]) -> float:
    """Processor seconds of one call, so that busy neighbours take no part in it."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


def rounds(*calls: Callable[[], object]) -> list[float]:
    """The best seconds of each call, taken in turns."""
    taken = [[timed(call) for call in calls] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*taken, strict=True)]


def same_pairs(
    ours: tuple[NDArray[np.int64], NDArray[np.int32]], theirs: NDArray[np.int64]
) -> bool:
    """Whether (start, found) and STRtree's (2, k) answer hold the same pairs."""
    start, found = ours
    point = np.repeat(np.arange(len(start) - 1), np.diff(start))
    mine = np.sort(point * 2**32 + found)
    return bool(np.array_equal(mine, np.sort(theirs[0] * 2**32 + theirs[1])))


def walkers(n: int, rng: np.random.Generator, seconds: int) -> list[TrackUpdates]:
    """n targets at 1.5 m/s, one plot a second each, with sigma 10 m."""
    xy = rng.uniform(-EXTENT_M / 2, EXTENT_M / 2, (n, 2))
    heading = rng.uniform(0, 2 * np.pi, n)
    step = 1.5 * np.column_stack([np.cos(heading), np.sin(heading)])
    ids = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    return [
        TrackUpdates(
            id=ids,
            no=np.arange(n),
            at_us=np.full(n, t * 1_000_000),
            x_m=xy[:, 0] + t * step[:, 0],
            y_m=xy[:, 1] + t * step[:, 1],
            vx_mps=step[:, 0],
            vy_mps=step[:, 1],
            var_x_m2=np.full(n, 100.0),
            cov_xy_m2=np.zeros(n),
            var_y_m2=np.full(n, 100.0),
            status=np.full(n, TrackStatus.CONFIRMED, np.uint8),
            classes=np.full((n, 5), 0.2, np.float32),
            hits=np.full(n, t, np.int32),
            first_us=np.zeros(n, np.int64),
            sensors=np.zeros((n, 8), np.int32),
            detection=np.arange(n, dtype=np.int32),
            plot=np.ones(n, bool),
        )
        for t in range(seconds)
    ]


def step_us(geofences: list[Geofence], rng: np.random.Generator) -> float:
    """Microseconds a step takes per update once everybody is known."""
    rules = [
        Rule(
            id=geofence.id,
            version=1,
            kind="enter" if geofence.kind is GeofenceKind.AREA else "cross",
            geofence_id=geofence.id,
            severity=Severity.LOW,
        )
        for geofence in geofences
    ]
    compiled = engine.compile_rules(geofences, rules)
    state, taken = RuleState.empty(), []
    for updates in walkers(1000, rng, 40):
        start = time.thread_time()
        state, _ = engine.step(state, updates, None, compiled)
        taken.append(time.thread_time() - start)
    return 1e6 * statistics.median(taken[5:]) / 1000


def main() -> None:
    """Run and print."""
    rng = np.random.default_rng(1)
    some_areas, some_lines = areas(1000, rng), lines(1000, rng)
    compile_index(some_areas[:2] + some_lines[:2])  # machine code first
    result: dict[str, object] = {"bench": "geofences"}
    start = time.thread_time()
    index = compile_index([*some_areas, *some_lines])
    result["compile_1000_s"] = round(time.thread_time() - start, 2)

    x, y, turn = rng.uniform(-EXTENT_M / 2, EXTENT_M / 2, (3, POINTS))
    turn = turn * 2 * np.pi / EXTENT_M
    a, b = SIGMAS_M[0] ** 2, SIGMAS_M[1] ** 2
    cos, sin = np.cos(turn), np.sin(turn)
    ellipse = a * cos**2 + b * sin**2, (a - b) * cos * sin, a * sin**2 + b * cos**2
    points = shapely.points(x, y)
    tree = shapely.STRtree([shapely.Polygon(area.rings[0]) for area in index.areas])
    if not same_pairs(index.inside(x, y), tree.query(points, predicate="intersects")):
        raise SystemExit("the index and STRtree disagree about areas")
    index.probabilities(x, y, *ellipse)
    theirs, plain, likely = rounds(
        lambda: tree.query(points, predicate="intersects"),
        lambda: index.inside(x, y),
        lambda: index.probabilities(x, y, *ellipse),
    )
    result["plain_x_strtree"] = round(theirs / plain, 1)
    result["probabilities_x_strtree"] = round(theirs / likely, 1)

    to_x, to_y = x + PATH_M * cos, y + PATH_M * sin
    ends = np.stack([np.column_stack([x, y]), np.column_stack([to_x, to_y])], axis=1)
    paths = shapely.linestrings(ends)
    wires = shapely.STRtree([shapely.LineString(line.rings[0]) for line in index.lines])
    if not same_pairs(
        index.lines_cut(x, y, to_x, to_y), wires.query(paths, predicate="intersects")
    ):
        raise SystemExit("the index and STRtree disagree about lines")
    wires_theirs, wires_ours = rounds(
        lambda: wires.query(paths, predicate="intersects"),
        lambda: index.lines_cut(x, y, to_x, to_y),
    )
    result["tripwires_x_strtree"] = round(wires_theirs / wires_ours, 1)
    result["step_us_per_update"] = round(step_us([*some_areas, *some_lines], rng), 2)
    result["strtree_points_per_s"] = round(POINTS / theirs)
    result["plain_points_per_s"] = round(POINTS / plain)
    result["probabilities_points_per_s"] = round(POINTS / likely)
    result["tripwires_paths_per_s"] = round(POINTS / wires_ours)
    many = areas(10_000, rng)
    start = time.thread_time()
    compile_index(many)
    result["compile_10000_s"] = round(time.thread_time() - start, 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
