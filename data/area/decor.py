"""Synthetic decor: a river, roads and forests, laid in border coordinates."""

from typing import Any

import numpy as np
from ground import HALF_M, STEP_M, fractal
from numpy.typing import NDArray
from rasterio import features
from rasterio.transform import from_origin
from scipy import ndimage
from shapely.geometry import Polygon, shape

from watchline_sensors.simulate.border import BorderFrame

Line = NDArray[np.float64]

DECOR_SMOOTH_M = 9_000.0  # what lies kilometres off the border follows it only broadly
_REACH_KM = 12.0  # how far roads and river go on beyond the stretch
_FOREST_STEP = 2  # terrain cells to one forest cell
_FOREST_SHARE = 0.27
_SMALLEST_FOREST_M2 = 400_000.0
_FOREST_SEED = 5

#: id -> (name, class, metres inside, amplitude of its bends)
_LONG_ROADS = {
    "main-road": ("Main road", "main", 2_600.0, 240.0),
    "patrol-track": ("Patrol track", "track", 380.0, 30.0),
    "away-road": ("Road outside", "main", -3_400.0, 260.0),
}
#: id -> (name, chainage, from metres inside, to metres inside)
_CROSS_ROADS = {
    "lane-south": ("South lane", 3.1, 380.0, 2_600.0),
    "lane-middle": ("Middle lane", 8.2, 380.0, 6_800.0),
    "lane-north": ("North lane", 12.9, 380.0, 2_600.0),
    "away-lane-south": ("South lane outside", 5.6, -3_400.0, -700.0),
    "away-lane-north": ("North lane outside", 11.2, -3_400.0, -600.0),
}


def river(border: BorderFrame) -> Line:
    """A meandering river outside the border."""
    km = np.arange(-_REACH_KM, border.length_km + _REACH_KM, 0.05)
    bends = 420.0 * np.sin(km * 2.1 + 0.7) + 230.0 * np.sin(km * 5.3) + 500.0 * np.sin(km * 0.43)
    return border.point(km, -1_900.0 + bends)


def roads(border: BorderFrame, broad: BorderFrame) -> dict[str, tuple[str, str, bool, Line]]:
    """id -> (name, class, whether it lies inside, line); the track alone keeps to the border."""
    found: dict[str, tuple[str, str, bool, Line]] = {}
    for number, (key, (name, kind, inside_m, amplitude_m)) in enumerate(_LONG_ROADS.items()):
        frame, far = (border, 1.0) if kind == "track" else (broad, _REACH_KM)
        km = np.arange(-far, border.length_km + far + 0.05, 0.1)
        bend = _bend(km, number, amplitude_m)
        found[key] = (name, kind, inside_m > 0, frame.point(km, inside_m + bend))
    for number, (key, (name, at_km, from_m, to_m)) in enumerate(_CROSS_ROADS.items()):
        d = np.linspace(from_m, to_m, max(3, round(abs(to_m - from_m) / 100.0)))
        fade = np.minimum(1.0, np.minimum(abs(d - from_m), abs(d - to_m)) / 400.0)
        sway = 0.09 * np.sin(d / 310.0 + number) * fade
        found[key] = (name, "lane", from_m > 0, broad.point(at_km + sway, d))
    return found


def _bend(km: Line, number: int, amplitude_m: float) -> Line:
    phase = 1.3 * number
    bend: Line = amplitude_m * (
        0.7 * np.sin(km * 0.9 + phase) + 0.3 * np.sin(km * 2.7 + 2.0 * phase)
    )
    return bend


def forests(border: BorderFrame, keep_clear: list[Line]) -> list[Polygon]:
    """Woods where a noise is high, kept off roads, river and the border strip."""
    size = round(2 * HALF_M / STEP_M / _FOREST_STEP)
    step_m = STEP_M * _FOREST_STEP
    noise = fractal(np.random.default_rng(_FOREST_SEED), size, slope=1.7, longest=60.0)
    clear = np.zeros((size, size), bool)
    strip = [border.parallel(-1.0, border.length_km + 1.0, d) for d in (-150.0, 0.0, 150.0, 300.0)]
    for line in [*keep_clear, *strip]:
        cells = np.rint((line + HALF_M) / step_m - 0.5).astype(int)
        cells = cells[((cells >= 0) & (cells < size)).all(axis=1)]
        clear[cells[:, 1], cells[:, 0]] = True
    noise[ndimage.binary_dilation(clear)] = -9.0
    wood = noise > np.quantile(noise, 1.0 - _FOREST_SHARE)
    wood = ndimage.binary_opening(wood)
    found: list[Polygon] = []
    transform = from_origin(-HALF_M, HALF_M, step_m, step_m)
    pieces: Any = features.shapes(wood[::-1].astype(np.uint8), transform=transform)
    for geometry, value in pieces:
        piece = shape(geometry)
        if value and piece.area >= _SMALLEST_FOREST_M2:
            rounded = piece.buffer(-0.4 * step_m, 2).buffer(0.6 * step_m, 2).simplify(step_m * 0.3)
            found += [p for p in getattr(rounded, "geoms", [rounded]) if not p.is_empty]
    return found
