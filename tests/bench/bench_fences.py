"""How fast geofences are judged; the last line is one JSON object.

10, 1,000 and 10,000 star-shaped areas of 10 to 500 vertices over 50 x 50 km, and 1,000 lines of 2
to 40 vertices. 200,000 points lie anywhere, in 0.26 areas each among 10 and in 1.84 among more;
paths are 30 m long. `ratio` is against shapely's STRtree in bulk on
the same points (or paths) in the same run, the best of five rounds in turns, in seconds of one
processor; pairs are compared. `ours_prob_per_s` takes a 10 x 20 m ellipse around each point, and
makes the states: each point is a target of its own, which may enter.

`build_s` compiles the 10,000 with a rule each in a thread of its own, all of them edited, while
1,000 targets are judged by the versions before, as often as the pipeline does at most.
`swap_pause_ms` is by how much the longest step of the engine took longer than the usual one, from
the beginning of that until 50 steps after the new set was taken; both by the clock on the wall.
"""

import json
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from watchline.geofences.index import GeofenceIndex, compile_index
from watchline.geofences.model import Direction, Geofence, GeofenceKind
from watchline.pipeline import MIN_CYCLE_S
from watchline.renewal import step_back
from watchline.rules import engine
from watchline.rules.areas import judge_areas
from watchline.rules.model import Rule, Severity
from watchline.rules.state import MEMBER, RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates
from watchline.warm import warm_up

EXTENT_M = 50_000.0
HITS = {10: 0.26, 1_000: 1.84, 10_000: 1.84}
POINTS = 200_000
ROUNDS = 5
SIGMAS_M = (10.0, 20.0)
PATH_M = 30.0

Floats = NDArray[np.float64]


def areas(count: int, rng: np.random.Generator, *, hits: float = 1.84) -> list[Geofence]:
    """Stars whose radius wavers as the outlines do that people draw along terrain.

    A point lies in `hits` of them on average.
    """
    size = np.sqrt(hits * EXTENT_M**2 / count / np.pi)
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


def rules_over(geofences: list[Geofence]) -> list[Rule]:
    """One on each."""
    return [
        Rule(
            id=geofence.id,
            version=1,
            kind="enter" if geofence.kind is GeofenceKind.AREA else "cross",
            geofence_id=geofence.id,
            severity=Severity.LOW,
        )
        for geofence in geofences
    ]


def judge(index: GeofenceIndex, x: Floats, y: Floats, ellipse: tuple[Floats, ...]) -> Any:
    """Probabilities of all points, and from them the states of their targets."""
    pairs = index.probabilities(x, y, *ellipse)
    slots = np.arange(len(x))
    return judge_areas(
        np.zeros(0, MEMBER), len(x), slots, slots,
        np.ones(len(x), bool), np.zeros(len(x), bool), slots,
        pairs.start, pairs.area, pairs.p, *ellipse,
        np.full(len(index.areas), 0.9), np.full(len(index.areas), 0.1),
        np.zeros(len(index.areas), bool),
        index.deepest, index.area_grid.edges, index.area_grid.owner_start,
    )  # fmt: skip


def bench_areas(made: list[Geofence], x: Floats, y: Floats, turn: Floats) -> dict[str, float]:
    """One entry of `fences`."""
    index = compile_index(made)
    a, b = SIGMAS_M[0] ** 2, SIGMAS_M[1] ** 2
    cos, sin = np.cos(turn), np.sin(turn)
    ellipse = a * cos**2 + b * sin**2, (a - b) * cos * sin, a * sin**2 + b * cos**2
    places = shapely.points(x, y)
    tree = shapely.STRtree([shapely.Polygon(area.rings[0]) for area in index.areas])
    if not same_pairs(index.inside(x, y), tree.query(places, predicate="intersects")):
        raise SystemExit("the index and STRtree disagree about areas")
    theirs, plain, likely = rounds(
        lambda: tree.query(places, predicate="intersects"),
        lambda: index.inside(x, y),
        lambda: judge(index, x, y, ellipse),
    )
    return {
        "strtree_per_s": round(len(x) / theirs),
        "ours_per_s": round(len(x) / plain),
        "ours_prob_per_s": round(len(x) / likely),
        "ratio": round(theirs / plain, 1),
        "ratio_prob": round(theirs / likely, 1),
    }


def bench_lines(made: list[Geofence], x: Floats, y: Floats, turn: Floats) -> dict[str, float]:
    """One entry of `lines`."""
    index = compile_index(made)
    to_x, to_y = x + PATH_M * np.cos(turn), y + PATH_M * np.sin(turn)
    ends = np.stack([np.column_stack([x, y]), np.column_stack([to_x, to_y])], axis=1)
    paths = shapely.linestrings(ends)
    tree = shapely.STRtree([shapely.LineString(line.rings[0]) for line in index.lines])
    if not same_pairs(index.lines_cut(x, y, to_x, to_y), tree.query(paths, predicate="intersects")):
        raise SystemExit("the index and STRtree disagree about lines")
    theirs, ours = rounds(
        lambda: tree.query(paths, predicate="intersects"),
        lambda: index.lines_cut(x, y, to_x, to_y),
    )
    return {
        "strtree_per_s": round(len(x) / theirs),
        "ours_per_s": round(len(x) / ours),
        "ratio": round(theirs / ours, 1),
    }


def bench_swap(before: list[Geofence], rng: np.random.Generator) -> tuple[float, float]:
    """(build_s, swap_pause_ms)."""
    batches = walkers(1000, rng, 2000)
    rules = rules_over(before)
    compiled = engine.compile_rules(before, rules)
    after = [replace(geofence, version=2) for geofence in before]
    built: list[tuple[float, engine.CompiledRules]] = []

    def build() -> None:
        step_back()
        start = time.perf_counter()
        made = engine.compile_rules(after, rules)
        built.append((time.perf_counter() - start, made))

    thread = threading.Thread(target=build)
    state, taken, left = RuleState.empty(), [], 50
    for second, updates in enumerate(batches):
        if second == 200:
            thread.start()
        start = time.perf_counter()
        if built:
            compiled, left = built[0][1], left - 1
        state, _ = engine.step(state, updates, None, compiled)
        taken.append(time.perf_counter() - start)
        time.sleep(max(0.0, MIN_CYCLE_S - taken[-1]))
        if left == 0:
            break
    else:
        raise SystemExit("the build took longer than all steps")
    usual = statistics.median(taken[100:200])
    return built[0][0], 1e3 * (max(taken[200:]) - usual)


def main() -> None:
    """Run and print."""
    rng = np.random.default_rng(1)
    some = {count: areas(count, rng, hits=hits) for count, hits in HITS.items()}
    wires = lines(1000, rng)
    warm_up()  # as a worker at its start
    compile_index(some[10] + wires[:2])
    at = rng.uniform(-0.5, 0.5, (3, POINTS)) * [[EXTENT_M], [EXTENT_M], [2 * np.pi]]
    judge(compile_index(some[10]), *at[:2], (at[0] * 0 + 1, at[0] * 0, at[0] * 0 + 1))
    fences = {str(count): bench_areas(made, *at) for count, made in some.items()}
    wired = {"1000": bench_lines(wires, *at)}
    build_s, pause_ms = bench_swap(some[10_000], rng)
    print(
        json.dumps(
            {
                "bench": "fences",
                "fences": fences,
                "lines": wired,
                "build_s": round(build_s, 2),
                "swap_pause_ms": round(pause_ms, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
