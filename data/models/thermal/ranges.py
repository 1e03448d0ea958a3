"""How far the edge sees whom: `make range-thermal`; some minutes on all processors.

A rendered camera of 640 × 512 pixels with 1400 pixels of focal length, 25 m above open ground,
at 5 frames a second. In each run one target walks (or drives) at each of RANGES, in a place and
on a heading of its own; runs differ in ground, growth and noise, none was trained on. Nobody is
hidden: what hides people is the coverage map's to say. Three answers, each the furthest range up
to which it holds at every nearer one too:

- network: it names something at the target in half of all frames;
- frames: it or the finder of what moves has something there in half of all frames;
- tracklets: a tracklet is told there within 5 s in 95 % of the runs.

"-" where it does not hold at the nearest. Last line: one JSON object.
"""

import argparse
import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from evaluate import MODEL
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import Detector, Found, found, normalise
from watchline_sensors.adapters.thermal.lens import Aim, Lens
from watchline_sensors.adapters.thermal.moving import MOVING, Background, merged
from watchline_sensors.adapters.thermal.options import LEAST_SCORE
from watchline_sensors.adapters.thermal.tracklets import Tracklets
from watchline_sensors.simulate.thermal_figures import Figure, Form, Seen, paint
from watchline_sensors.simulate.thermal_scene import Scene
from watchline_sensors.simulate.thermal_sensor import Sensor, agc, counts, curve, optics
from watchline_sensors.simulate.thermal_view import Climate, View, Weather
from watchline_sensors.terrain import Terrain

RANGES = (125, 175, 250, 350, 500, 650, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000)
FORMS = {Form.PERSON: 1.4, Form.CRAWLER: 0.5, Form.CAR: 8.0, Form.DEER: 1.2, Form.FOX: 1.5}
#: What a body's temperature over the air is multiplied by, and what lies between.
CONDITIONS = {
    "usual": (1.0, Weather.CLEAR), "weak": (0.5, Weather.CLEAR),
    "rain": (1.0, Weather.RAIN), "fog": (1.0, Weather.FOG),
}  # fmt: skip
LENS = Lens(width=640, height=512, focal_x_px=1400)
AIM = Aim(azimuth_deg=0.0, elevation_deg=-4.0)
MAST_M, FPS, BEFORE_S, SEEN_S = 25.0, 5, 7, 5
FLAT = Terrain(heights_m=np.zeros((201, 201), np.float32), x0_m=-5000, y0_m=-5000, step_m=50)


#: Shares that each of the three answers needs.
LEAST = (0.5, 0.5, 0.95)


class Hits(NamedTuple):
    """(len(RANGES),) shares of frames, and whether a tracklet was told."""

    network: NDArray[np.float64]
    frames: NDArray[np.float64]
    tracklets: NDArray[np.float64]


def targets(form: Form, warm: float, place: NDArray[np.float64], seed: int) -> list[Figure]:
    """One at each range, furthest first; none stands before another."""
    rng = np.random.default_rng([seed, 2])
    half = LENS.width / 2 / LENS.focal_x_px * 0.85
    lanes = rng.permutation(np.linspace(-half, half, len(RANGES)))
    return [
        Figure(
            form=form,
            xy_m=place + np.array([lane * reach, reach]),
            heading_deg=float(rng.uniform(0.0, 360.0)),
            scale=float(rng.uniform(0.9, 1.1)),
            warm=warm,
        )
        for reach, lane in sorted(zip(RANGES, lanes, strict=True), reverse=True)
    ]


def moved(one: Figure, t_s: float, speed: float) -> Figure:
    """Where it is and how it strides after `t_s`."""
    a = math.radians(one.heading_deg)
    ahead = np.array([math.sin(a), math.cos(a)])
    return Figure(
        form=one.form, xy_m=one.xy_m + t_s * speed * ahead, heading_deg=one.heading_deg,
        scale=one.scale, stride=t_s * 4.0, warm=one.warm,
    )  # fmt: skip


def at(seen: Seen, boxes: NDArray[Any]) -> bool:
    """Whether a box's middle lies at the target."""
    x0, y0, x1, y1 = seen.box
    slack = max(4.0, max(x1 - x0, y1 - y0) / 2)
    off = np.hypot(
        (boxes[:, 0] + boxes[:, 2] - x0 - x1) / 2, (boxes[:, 1] + boxes[:, 3] - y0 - y1) / 2
    )
    return bool((off <= slack).any())


def sequence(
    scene: Scene, form: Form, condition: str, seed: int
) -> Iterator[tuple[NDArray[np.uint8], list[Seen | None]]]:
    """Frames, and where each target is in them, nearest first; none before `BEFORE_S`."""
    warm, weather = CONDITIONS[condition]
    sensor, gain = Sensor(seed=seed), None
    who = targets(form, warm, scene.view.xy_m, seed)
    for k in range((BEFORE_S + SEEN_S) * FPS):
        image, t_s = scene.still.copy(), k / FPS - BEFORE_S
        seen: list[Seen | None] = []
        if t_s >= 0:
            now = [moved(one, t_s, FORMS[form]) for one in who]
            seen = [paint(image, None, scene.view, FLAT, scene.climate, one) for one in now][::-1]
        focused = optics(image, scene.range_m, weather)
        gain = curve(focused) if gain is None else gain
        yield agc(sensor, counts(sensor, focused, k, weather), k, gain, gain), seen


def run(seed: int) -> dict[tuple[str, str], Hits]:
    """All targets and conditions on one piece of ground."""
    detector = Detector(MODEL)
    place = np.random.default_rng([seed, 1]).uniform(-1500.0, 1500.0, 2)
    view = View(lens=LENS, aim=AIM, xy_m=place, height_m=MAST_M)
    told: dict[tuple[str, str], Hits] = {}
    for weather in dict.fromkeys(weather for _, weather in CONDITIONS.values()):
        scene = Scene(view, FLAT, Climate(weather=weather, cover=0.3))
        for condition in (name for name, (_, own) in CONDITIONS.items() if own is weather):
            for form in FORMS:
                told[form, condition] = watched(detector, sequence(scene, form, condition, seed))
    return told


def watched(
    detector: Detector, frames: Iterator[tuple[NDArray[np.uint8], list[Seen | None]]]
) -> Hits:
    """What the edge finds in one sequence."""
    background, tracklets = Background(), Tracklets()
    hits = Hits(*np.zeros((3, len(RANGES))))
    for k, (pixels, seen) in enumerate(frames):
        x, at_us = normalise(pixels), k * 1_000_000 // FPS
        moving = background.find(x[0, 0], at_us)
        if not seen:
            tracklets.take(moving, at_us)
            continue
        named = found(detector.grid(x), least=LEAST_SCORE)
        finds: Found = merged(named, moving)
        told = [
            np.concatenate([one.middle - one.size / 2, one.middle + one.size / 2])
            for one in tracklets.take(finds, at_us)
        ]
        for n, one in enumerate(seen):
            if one is None:
                continue
            share = 1 / (SEEN_S * FPS)
            hits.network[n] += share * at(one, named[named[:, 5] != MOVING])
            hits.frames[n] += share * at(one, finds)
            hits.tracklets[n] = max(hits.tracklets[n], bool(told) and at(one, np.array(told)))
    return hits


def reach(shares: Sequence[float], least: float) -> int | None:
    """The furthest range up to which all shares are at least so."""
    good = [m for m, share in zip(RANGES, np.cumprod(np.array(shares) >= least), strict=True)
            if share]  # fmt: skip
    return good[-1] if good else None


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = []
        for n, made in enumerate(pool.map(run, range(told.seed, told.seed + told.runs))):
            runs.append(made)
            print(f"run {n + 1} of {told.runs}", flush=True)
    print(f"{'target':<10}{'condition':<11}{'network':>9}{'frames':>9}{'tracklets':>11}   (metres)")
    rows = []
    for form in FORMS:
        for condition in CONDITIONS:
            mean = np.mean([one[form, condition] for one in runs], axis=0)
            far = [reach(share, least) for share, least in zip(mean, LEAST, strict=True)]
            shown = ["-" if m is None else str(m) for m in far]
            print(f"{form:<10}{condition:<11}{shown[0]:>9}{shown[1]:>9}{shown[2]:>11}")
            rows.append([form, condition, *far])
    print(json.dumps({"eval": "thermal-range", "runs": told.runs, "rows": rows}))


if __name__ == "__main__":
    main()
