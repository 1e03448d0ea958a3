"""Events at a boundary that targets hang about, beside two plain judges: `make bench-flap`.

For an hour tracks straddle a border: they stand on it, walk along it or wander about it, with plot
σ of 5 to 50 m, each filtered by the real tracker. *Plain* is set difference: an event whenever
the estimate is on another side than before. *Debounce* is the usual remedy: an event when three
estimates in a row are on another side than the last told. *Ours* is the rule engine on the same
estimates: the border as an area with enter and exit, or as a line with cross, whichever told more.
All per track and hour.

Then true crossings at walking and driving speed: `median_extra_distance_sigma` is how far past the
line the target is when the engine tells it, in σ of the track across the line, less the one update
that any judge needs; enter and cross alike. `fast_crossers` have one estimate on each side; all
must be told, in their direction.
Last line: one JSON object.
"""

import json
import statistics
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from judging import area, line
from watchline.detections.model import Batch
from watchline.rules import engine
from watchline.rules.model import Finding, Rule, Severity
from watchline.rules.state import RuleState
from watchline.tracks import tracker
from watchline.tracks.model import TrackUpdates

SIGMAS_M = (5.0, 10.0, 20.0, 35.0, 50.0)
HOUR_S = 3600
#: Targets of each σ and way of hanging about.
EACH = 4
#: So far apart along the border that no tracker mixes them up.
APART_M = 3_000.0
DEBOUNCE = 3
CROSSERS = 240
FAST = 400

Floats = NDArray[np.float64]

#: The border lies along x = 0 and beyond every target; its far side is the area's.
LENGTH_M = 1_000_000.0
BORDER = line([(0, -LENGTH_M), (0, LENGTH_M)], id="border")
BELT = area(
    [(0, -LENGTH_M), (20_000, -LENGTH_M), (20_000, LENGTH_M), (0, LENGTH_M), (0, -LENGTH_M)],
    id="belt",
)


def rules() -> engine.CompiledRules:
    """Enter and exit on the belt, cross on the border."""
    made = engine.compile_rules(
        [BORDER, BELT],
        [
            Rule(id=kind, version=1, kind=kind, geofence_id=fence.id, severity=Severity.LOW)
            for kind, fence in (("enter", BELT), ("exit", BELT), ("cross", BORDER))
        ],
    )
    assert not made.refused
    return made


def tracked(seen: Floats, sigma: Floats, period_s: float = 1.0) -> TrackUpdates:
    """Plots (n targets, m times, 2) with σ per target, through the tracker, from all at once."""
    n, m = seen.shape[:2]
    at_us = np.round(np.arange(m) * period_s * 1e6).astype(np.int64)
    order = np.tile(np.arange(n), m)
    times = np.repeat(np.arange(m), n)
    places = seen[order, times]
    variance = sigma[order] ** 2
    nothing = np.full(n * m, np.nan)
    state, parts = tracker.TrackerState.empty(), []
    config = tracker.TrackerConfig()
    for low in range(0, n * m, 100 * n):
        some = slice(low, low + 100 * n)
        size = len(order[some])
        batch = Batch(
            at_us=at_us[times[some]],
            sensor=np.ones(size, np.int32),
            edge=np.ones(size, np.int32),
            boot=np.ones(size, np.int64),
            seq=np.arange(low, low + size),
            x_m=places[some, 0],
            y_m=places[some, 1],
            var_x_m2=variance[some],
            cov_xy_m2=np.zeros(size),
            var_y_m2=variance[some],
            bearing_rad=nothing[some],
            bearing_sigma_rad=nothing[some],
            vx_mps=nothing[some],
            vy_mps=nothing[some],
            v_sigma_mps=nothing[some],
            classes=np.full((size, 5), np.nan, np.float32),
        )
        state, updates, _ = tracker.step(state, batch, None, config)
        parts.append(updates)
    return TrackUpdates(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in TrackUpdates.__slots__
        }
    )


def straddling(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(true places (n, m, 2), σ of each) of those that hang about the border for an hour."""
    places, sigmas = [], []
    t = np.arange(HOUR_S)
    for sigma in SIGMAS_M:
        for k in range(3 * EACH):
            north = np.zeros(HOUR_S)
            if k % 3 == 0:  # stands on it
                east = np.zeros(HOUR_S)
            elif k % 3 == 1:  # walks along it
                east = np.zeros(HOUR_S)
                north = 0.3 * t
            else:  # wanders within its own σ of it
                east = 0.5 * sigma * np.sin(2 * np.pi * t / rng.uniform(120, 600))
            places.append(np.column_stack([east, north + APART_M * len(places)]))
            sigmas.append(sigma)
    return np.array(places), np.array(sigmas)


def judged(updates: TrackUpdates) -> list[Finding]:
    """What the rule engine tells."""
    return engine.step(RuleState.empty(), updates, None, rules())[1]


def events(updates: TrackUpdates) -> tuple[int, int]:
    """(plain, debounced) changes of side of all tracks."""
    plain = debounced = 0
    for no in np.unique(updates.no):
        side = updates.x_m[(updates.no == no) & updates.plot] > 0
        plain += int((side[1:] != side[:-1]).sum())
        told, run = side[0], 0
        for now in side[1:]:
            run = run + 1 if now != told else 0
            if run == DEBOUNCE:
                told, run = now, 0
                debounced += 1
    return plain, debounced


def crossings(rng: np.random.Generator) -> tuple[float, int]:
    """(median extra distance past the line in σ less one update, how many were told)."""
    n, seconds = CROSSERS, 240
    speed = np.exp(rng.uniform(np.log(1.0), np.log(15.0), n))
    sigma = rng.choice(SIGMAS_M, n)
    t = np.arange(seconds)
    # Beyond doubt on both sides at the ends: they start ten σ before, or where 100 s take them.
    start = -np.maximum(10 * sigma, 100 * speed)
    extra = []
    east = start[:, None] + speed[:, None] * (1 + 10 * sigma / (100 * speed))[:, None] * t
    pace = np.diff(east[:, :2], axis=1)[:, 0]
    north = np.repeat(APART_M * np.arange(n)[:, None], seconds, axis=1)
    truth = np.stack([east, north], axis=2)
    seen = truth + rng.normal(0, 1, truth.shape) * sigma[:, None, None]
    updates = tracked(seen, sigma)
    told: dict[tuple[str, int], Finding] = {}
    for finding in judged(updates):
        if finding.kind != "exit":
            told.setdefault((finding.kind, round(finding.y_m / APART_M)), finding)
    for (kind, target), finding in told.items():
        at_us = finding.evidence["after"]["at_us"] if kind == "cross" else finding.at_us
        row = np.flatnonzero((updates.no == finding.track_no) & (updates.at_us == at_us))[0]
        past = east[target, int(updates.at_us[row] // 1_000_000)]
        extra.append((past - pace[target]) / float(np.sqrt(updates.var_x_m2[row])))
    return statistics.median(extra), sum(kind == "cross" for kind, _ in told)


def fast(rng: np.random.Generator) -> int:
    """How many of FAST crossers are caught in the right direction."""
    n = FAST
    sigma = rng.choice(SIGMAS_M, n)
    towards_right = rng.random(n) < 0.5
    # One estimate on each side, at least as far off as the side is certain, at up to 60 m/s.
    before, after = rng.uniform(3.5, 8, n) * sigma, rng.uniform(3.5, 8, n) * sigma
    sign = np.where(towards_right, 1.0, -1.0)
    x = np.column_stack([-sign * before, sign * after]).ravel()
    rows = updates_of(x, np.repeat(np.arange(n), 2), np.tile([0, 1], n), np.repeat(sigma, 2))
    caught = 0
    for finding in judged(rows):
        # The line runs northwards: who comes from the west comes from its left.
        if finding.kind == "cross":
            right = finding.evidence["direction"] == "left_to_right"
            caught += right == bool(towards_right[finding.track_no])
    return caught


def updates_of(x: Floats, target: NDArray, second: NDArray, sigma: Floats) -> TrackUpdates:
    """Estimates by hand, at their own distance along the border."""
    m = len(x)
    ids = np.zeros((m, 16), np.uint8)
    ids[:, :4] = target.astype("<u4").view(np.uint8).reshape(-1, 4)
    ids[:, 4] = 1
    return TrackUpdates(
        id=ids,
        no=target.astype(np.int64),
        at_us=second.astype(np.int64) * 1_000_000,
        x_m=x,
        y_m=target * 1_000.0 - 200_000.0,
        vx_mps=np.zeros(m),
        vy_mps=np.zeros(m),
        var_x_m2=sigma**2,
        cov_xy_m2=np.zeros(m),
        var_y_m2=sigma**2,
        status=np.ones(m, np.uint8),
        classes=np.full((m, 5), 0.2, np.float32),
        hits=np.ones(m, np.int32),
        first_us=np.zeros(m, np.int64),
        sensors=np.zeros((m, 8), np.int32),
        detection=np.full(m, -1, np.int32),
        plot=np.ones(m, bool),
    )


def main() -> None:
    """Run and print."""
    rng = np.random.default_rng(4)
    truth, sigma = straddling(rng)
    updates = tracked(truth + rng.normal(0, 1, truth.shape) * sigma[:, None, None], sigma)
    plain, debounced = events(updates)
    found = judged(updates)
    extra, told = crossings(rng)
    n = len(truth)
    kinds = {kind: sum(f.kind == kind for f in found) for kind in ("enter", "exit", "cross")}
    at_area = kinds["enter"] + kinds["exit"]
    print(f"{n} tracks for an hour: plain {plain}, debounced {debounced}, ours {kinds}")
    print(f"{told} of {CROSSERS} true crossings told")
    print(
        json.dumps(
            {
                "bench": "flap",
                "plain_events_per_h": round(plain / n, 2),
                "debounce_events_per_h": round(debounced / n, 2),
                "ours_events_per_h": round(max(at_area, kinds["cross"]) / n, 2),
                "median_extra_distance_sigma": round(extra, 2),
                "fast_crossers": FAST,
                "fast_crossers_caught": fast(rng),
            }
        )
    )


if __name__ == "__main__":
    main()
