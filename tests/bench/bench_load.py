"""The design load, from a detection's stamp at the edge to all screens: `make bench-load`.

One sector, 50 radars on five edges, 10,000 detections/s of 2,000 targets, 1,000 geofences with
a rule each, 50 screens; worker, hub and PostgreSQL as in earnest. Each target is seen by five
radars once a second each; one in twenty drives and crosses geofences. Each edge sends every
50 ms what its radars saw, stamped as it leaves, with the watermark 50 ms behind as a real edge's
is. The table says where the time goes; last line: one JSON object. `backlog_s` is by how much
the lag grew from the first to the last fifth of the run; `rss_mb` is of worker and hub.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edges import Part, Targets
from picture import Run, measure

from plain_sector import SECTOR, lon_lat
from system import System, on_own_cluster

TARGETS = 2_000
EDGES = 5
RADARS_OF_EDGE = 10
#: So many radars see each target.
VIEWS = 5
TURNS_PER_S = 20
AREAS = 800
LINES = 200
SPACING_M = 300.0
SIDE = int(np.ceil(np.sqrt(TARGETS)))


def targets(rng: np.random.Generator) -> Targets:
    """Walkers, and one driver in twenty, on a grid 300 m apart."""
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2)[:TARGETS]
    heading = rng.uniform(0, 2 * np.pi, TARGETS)
    speed = np.where(np.arange(TARGETS) % 20 == 0, 10.0, 1.4)
    return Targets(
        start_m=(grid - SIDE / 2) * SPACING_M,
        velocity_mps=speed[:, None] * np.column_stack([np.cos(heading), np.sin(heading)]),
    )


def parts() -> list[Part]:
    """The edges' scans: each group of 200 targets is seen by the radars of its number."""
    groups = TARGETS * VIEWS // (EDGES * RADARS_OF_EDGE)
    made = []
    for e in range(EDGES):
        turns: list[list[tuple[str, np.ndarray]]] = [[] for _ in range(TURNS_PER_S)]
        for r in range(RADARS_OF_EDGE):
            seen = np.arange(r * groups, (r + 1) * groups)
            # A target's five radars look at it at different moments.
            turn = np.roll(np.arange(TURNS_PER_S), e * TURNS_PER_S // EDGES)
            for k, index in zip(turn, np.split(seen, TURNS_PER_S), strict=True):
                turns[k].append((f"radar-{e}-{r}", index))
        made.append(
            Part(
                edge=f"edge-{e}",
                turns=turns,
                period_s=1 / TURNS_PER_S,
                phase_s=e / (TURNS_PER_S * EDGES),
                jitter_s=0.01,
                watermark_delay_ms=50,
            )
        )
    return made


def draw_geofences(system: System, rng: np.random.Generator) -> None:
    """1,000 geofences between the targets' starts, each with a rule; as if drawn one by one."""
    cells = rng.permutation((SIDE - 1) ** 2)[: AREAS + LINES]
    middle = (np.column_stack(np.divmod(cells, SIDE - 1)) + 0.5 - SIDE / 2) * SPACING_M
    with system.connect() as connection:
        for k, (east, north) in enumerate(middle.tolist()):
            if k < AREAS:
                angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(8, 40))))
                radius = rng.uniform(50, 100, len(angle))
                x, y = radius * np.cos(angle), radius * np.sin(angle)
            else:
                x, y = np.array([-120.0, -40.0, 40.0, 120.0]), rng.uniform(-60, 60, 4)
            points = [lon_lat(east + dx, north + dy) for dx, dy in zip(x, y, strict=True)]
            shape = shapely.Polygon(points) if k < AREAS else shapely.LineString(points)
            connection.execute(
                """INSERT INTO geofence (id, version, sector_id, name, kind, geom, directions,
                                         valid_from, rev)
                   VALUES (%s, 1, 'test', 'Zone', %s, ST_GeomFromWKB(%s, 4326), %s, now(), 1)""",
                [
                    f"g{k}",
                    "area" if k < AREAS else "line",
                    shapely.to_wkb(shape),
                    None if k < AREAS else ["both"] * 3,
                ],
            )
            connection.execute(
                """INSERT INTO rule (id, version, sector_id, name, kind, geofence_id, severity,
                                     params, valid_from, rev)
                   VALUES (%s, 1, 'test', 'Zone', %s, %s, 'low', '{}', now(), 1)""",
                [f"r{k}", ("enter", "exit")[k % 2] if k < AREAS else "cross", f"g{k}"],
            )


def backlog_s(run: Run) -> float:
    """How much longer the last fifth of the envelopes took than the first, by their medians."""
    took = run.last - run.envelopes[:, 0]
    fifth = len(took) // 5
    return float(np.median(took[-fifth:]) - np.median(took[:fifth]))


def main() -> None:
    """Run it; arguments make it shorter while developing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=50)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    with on_own_cluster() as system:
        run = measure(
            system,
            SECTOR | {"geofences": [], "rules": []},
            parts(),
            targets(rng),
            clients=options.clients,
            warm_s=5.0,
            seconds=options.seconds,
            prepare=lambda: draw_geofences(system, rng),
        )
        ((late,),) = system.query("SELECT count(*) FROM detection WHERE timing <> 'l'")
        ((tracks,),) = system.query("SELECT count(*) FROM track WHERE status <> 'ended'")
        ((incidents,),) = system.query("SELECT count(*) FROM incident")
    run.print_stages()
    ms = (run.last - run.envelopes[:, 0]) * 1000
    print(
        json.dumps(
            {
                "bench": "load",
                "detections_per_s": round(run.envelopes[:, 3].sum() / run.sending_s),
                "tracks": tracks,
                "incidents": incidents,
                "late": late,
                "p50_ms": round(float(np.percentile(ms, 50)), 1),
                "p99_ms": round(float(np.percentile(ms, 99)), 1),
                "backlog_s": round(backlog_s(run), 2),
                "rss_mb": round(run.rss_mb),
                "worker_cpu": round(run.cpu_s["worker"] / run.seconds, 2),
                "hub_cpu": round(run.cpu_s["hub"] / run.seconds, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
