"""Marked frames of a camera on a mast, rendered: what no public set of frames holds.

People alone, in groups and on hands and knees, cars, deer, boar, foxes and birds, from one pixel to
hundreds, before ground, growth, weather, gain jumps and a sky of all kinds, among bushes in the
wind and rocks still warm: each scene is drawn from the seed and has its own hills, camera and
climate. Writes the layout that evaluate.py reads; animals are category 5 there, birds 2 ("other"),
and what is hardly to be seen 4 (DontCare). Bushes and rocks have no box: they are nothing.
"""

import argparse
import json
import math
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.lens import Aim, Lens, directions
from watchline_sensors.simulate.thermal_figures import Figure, Form, paint
from watchline_sensors.simulate.thermal_scene import Scene
from watchline_sensors.simulate.thermal_sensor import Sensor, agc, counts, curve, optics
from watchline_sensors.simulate.thermal_view import Climate, View, Weather
from watchline_sensors.terrain import Terrain

PERSON, CAR, OTHER, UNSURE, ANIMAL = 0, 1, 2, 4, 5
CATEGORY = {
    Form.PERSON: PERSON, Form.CRAWLER: PERSON, Form.CAR: CAR, Form.BIRD: OTHER,
    Form.DEER: ANIMAL, Form.BOAR: ANIMAL, Form.FOX: ANIMAL,
}  # fmt: skip
#: How often each is drawn; the rest are groups of people.
_SHARES = {
    Form.PERSON: 0.32, Form.CRAWLER: 0.05, Form.CAR: 0.13, Form.DEER: 0.12, Form.BOAR: 0.08,
    Form.FOX: 0.06, Form.BIRD: 0.06, Form.BUSH: 0.05, Form.ROCK: 0.05,
}  # fmt: skip
#: A target of which less is to be seen, or that is smaller, cannot be asked for.
_LEAST_VISIBLE, _LEAST_PX = 0.35, 2.0
_MOST_TARGETS = 8
WIDTH, HEIGHT = 640, 512


def scene(rng: np.random.Generator) -> tuple[Scene, Sensor]:
    """A camera somewhere, looking at ground 100 to 1500 m away; takes some seconds."""
    steps = np.arange(-6000.0, 6001.0, 50.0)
    x, y = np.meshgrid(steps, steps)
    heights = np.zeros_like(x)
    for _ in range(5):
        wave = rng.uniform(150.0, 2500.0)
        way, phase = rng.uniform(0, 2 * np.pi, 2)
        along = np.cos(way) * x + np.sin(way) * y
        heights += rng.uniform(0.0, 0.01) * wave * np.sin(2 * np.pi * along / wave + phase)
    terrain = Terrain(
        heights_m=heights.astype(np.float32), x0_m=steps[0], y0_m=steps[0], step_m=50.0
    )
    mast_m = math.exp(rng.uniform(math.log(6.0), math.log(50.0)))
    look_m = math.exp(rng.uniform(math.log(100.0), math.log(1500.0)))
    air_c = float(rng.uniform(-15.0, 25.0))
    view = View(
        lens=Lens(
            width=WIDTH,
            height=HEIGHT,
            focal_x_px=math.exp(rng.uniform(math.log(600.0), math.log(4000.0))),
            k1=float(rng.uniform(-0.15, 0.0)),
        ),
        aim=Aim(
            azimuth_deg=float(rng.uniform(0.0, 360.0)),
            elevation_deg=-math.degrees(math.atan(mast_m / look_m)) + float(rng.normal(0.0, 1.0)),
            roll_deg=float(rng.normal(0.0, 1.5)),
        ),
        xy_m=np.zeros(2),
        height_m=float(terrain.height_at(0.0, 0.0)) + mast_m,
    )
    climate = Climate(
        air_c=air_c,
        grass_c=air_c + float(rng.uniform(-8.0, 4.0)),
        weather=Weather(rng.choice(list(Weather), p=(0.6, 0.15, 0.15, 0.1))),
        cover=float(rng.choice([0.0, 0.5, 1.0, 2.0])),
    )
    sensor = Sensor(
        seed=int(rng.integers(2**31)), netd_k=math.exp(rng.uniform(math.log(0.03), math.log(0.15)))
    )
    return Scene(view, terrain, climate), sensor


def figures(made: Scene, rng: np.random.Generator) -> list[Figure]:
    """Who is in a frame, furthest first: each stands where a random pixel meets the ground."""
    reach = made.range_m
    ground = np.argwhere(np.isfinite(reach) & (reach < 3000.0))
    found: list[Figure] = []
    if not len(ground):
        return found
    for _ in range(int(rng.integers(0, _MOST_TARGETS + 1))):
        row, column = ground[rng.integers(len(ground))]
        rays = directions(made.view.lens, made.view.aim, [(column + 0.5, row + 0.5)])
        way, _ = made.view.along(rays)
        place = made.view.xy_m + way[0] * float(reach[row, column])
        shares = np.array([*_SHARES.values()])
        drawn = rng.choice(len(shares) + 1, p=[*shares, 1.0 - shares.sum()])
        form = [*_SHARES, Form.PERSON][drawn]
        heads = int(rng.integers(2, 7)) if drawn == len(shares) else 1
        heading = float(rng.uniform(0.0, 360.0))
        for _ in range(heads):
            off = rng.normal(0.0, 1.5, 2) if heads > 1 else np.zeros(2)
            walks = form is Form.BIRD or rng.random() < 0.7
            found.append(
                Figure(
                    form=form,
                    xy_m=place + off,
                    heading_deg=heading + float(rng.normal(0.0, 15.0)),
                    scale=float(rng.uniform(0.85, 1.15)),
                    stride=float(rng.uniform(0.0, 2 * np.pi)) if walks else None,
                    up_m=float(rng.uniform(2.0, 40.0)) if form is Form.BIRD else 0.0,
                    warm=float(rng.uniform(0.5, 1.4)),
                )
            )
    away = [float(np.hypot(*(one.xy_m - made.view.xy_m))) for one in found]
    return [found[k] for k in np.argsort(away)[::-1]]


def frame(
    made: Scene, sensor: Sensor, number: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[tuple[int, tuple[float, float, float, float]]]]:
    """One frame (h, w) and its (category, x, y, width, height)."""
    image = made.still.copy()
    marked = []
    for figure in figures(made, rng):
        seen = paint(image, made.cover_m, made.view, made.terrain, made.climate, figure)
        if seen is None:
            continue
        x0, y0, x1, y1 = np.clip(seen.box, 0.0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).tolist()
        if x1 - x0 < 0.5 or y1 - y0 < 0.5 or figure.form not in CATEGORY:
            continue
        clear = seen.visible >= _LEAST_VISIBLE * seen.whole and max(x1 - x0, y1 - y0) >= _LEAST_PX
        # What is too hidden to be asked for must still not be taught as background.
        marked.append((CATEGORY[figure.form] if clear else UNSURE, (x0, y0, x1 - x0, y1 - y0)))
    focused = optics(image, made.range_m, made.climate.weather)
    raw = counts(sensor, focused, number, made.climate.weather)
    gain = curve(focused)
    return agc(sensor, raw, number, gain, gain), marked


def shots(
    folder: Path, split: str, k: int, *, each: int, seed: int
) -> list[tuple[str, list[tuple[int, tuple[float, float, float, float]]]]]:
    """Draw one scene's frames and write them; each one's name and what `frame` tells of it."""
    # A split's scenes are its own: validation shares none with training.
    rng = np.random.default_rng([seed, sum(map(ord, split)), k])
    made, sensor = scene(rng)
    told = []
    for n in range(each):
        grey, marked = frame(made, sensor, int(rng.integers(100_000)), rng)
        told.append((f"{k:04d}-{n:03d}.png", marked))
        Image.fromarray(grey).save(folder / split / told[-1][0])
    return told


def render(folder: Path, split: str, *, scenes: int, each: int, seed: int) -> None:
    """Write `<folder>/<split>/*.png` and `<folder>/<split>.json`, on all processors."""
    (folder / split).mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"upright": True, "images": [], "annotation": []}
    one = partial(shots, folder, split, each=each, seed=seed)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for k, made in enumerate(pool.map(one, range(scenes))):
            for name, marked in made:
                id = len(told["images"])
                told["images"].append({"id": id, "filename": name})
                told["annotation"] += [
                    {"image_id": id, "category_id": kind, "bbox": box} for kind, box in marked
                ]
            print(f"{split}: scene {k + 1} of {scenes}", end="\r", flush=True)
    (folder / f"{split}.json").write_text(json.dumps(told))
    print(f"{split}: {scenes * each} frames, {len(told['annotation'])} boxes")


def main() -> None:
    """Render a split for training and one for validation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--each", type=int, default=24, help="frames of a scene")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    render(told.folder, "val", scenes=max(1, told.scenes // 10), each=told.each, seed=told.seed)
    render(told.folder, "train", scenes=told.scenes, each=told.each, seed=told.seed)


if __name__ == "__main__":
    main()
