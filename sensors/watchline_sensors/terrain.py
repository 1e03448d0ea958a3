"""Ground heights on a grid, and what can be seen over them."""

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from watchline_sensors.errors import TerrainUnreadable

Floats = NDArray[np.float64]
_GEOD = Geod(ellps="WGS84")

#: Earth's radius times 4/3: the standard atmosphere bends radar rays down by a quarter of the
#: earth's own curvature (ITU-R P.453, effective earth radius factor k = 4/3).
EFFECTIVE_RADIUS_M = 6_371_000.0 * 4.0 / 3.0
_SAMPLES = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Heights in metres; row 0 is the southernmost, column 0 the westernmost, `step_m` apart.

    `x0_m`, `y0_m`: the plane coordinates of cell [0, 0]. Outside the grid its edge goes on.
    """

    heights_m: NDArray[np.float32]
    x0_m: float
    y0_m: float
    step_m: float

    def height_at(self, x_m: ArrayLike, y_m: ArrayLike) -> Floats:
        """The ground's height, bilinear between the cells."""
        rows, columns = self.heights_m.shape
        u = np.clip((np.asarray(x_m, float) - self.x0_m) / self.step_m, 0.0, columns - 1.000001)
        v = np.clip((np.asarray(y_m, float) - self.y0_m) / self.step_m, 0.0, rows - 1.000001)
        i, j = u.astype(np.int64), v.astype(np.int64)
        fu, fv = u - i, v - j
        h = self.heights_m
        south = h[j, i] * (1 - fu) + h[j, i + 1] * fu
        north = h[j + 1, i] * (1 - fu) + h[j + 1, i + 1] * fu
        found: Floats = south * (1 - fv) + north * fv
        return found

    def sees(
        self, eye_xy_m: ArrayLike, eye_height_m: float, xy_m: Floats, top_m: ArrayLike
    ) -> NDArray[np.bool_]:
        """(n,) whether the tops of targets on the ground are seen from an eye.

        `eye_height_m` is above the grid's zero, `top_m` above the ground at each target.
        A ray is tried at 96 points against bare ground on a 4/3 earth: cover by trees and
        houses is not modelled.
        """
        eye = np.asarray(eye_xy_m, float)
        t = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
        target_m = self.height_at(xy_m[:, 0], xy_m[:, 1]) + np.asarray(top_m, float)
        away = xy_m - eye
        distance = np.hypot(away[:, 0], away[:, 1])
        x = eye[0] + away[:, :1] * t
        y = eye[1] + away[:, 1:] * t
        # Heights over the chord: in its middle the earth bulges up by d1 * d2 / 2R.
        bulge = (distance[:, None] ** 2) * t * (1 - t) / (2 * EFFECTIVE_RADIUS_M)
        ray = eye_height_m + (target_m[:, None] - eye_height_m) * t
        clear: NDArray[np.bool_] = (ray > self.height_at(x, y) + bulge).all(axis=1)
        return clear


def around(
    lon_deg: float,
    lat_deg: float,
    *,
    reach_m: float,
    step_m: float,
    height: Callable[[Floats, Floats], Floats],
) -> Terrain:
    """A grid around a point: x east and y north along its geodesics, to `reach_m` each way.

    `height` tells the ground's heights (n,) at longitudes and latitudes (n,).
    """
    cells = math.ceil(reach_m / step_m)
    along = np.arange(-cells, cells + 1) * float(step_m)
    east, north = (axis.ravel() for axis in np.meshgrid(along, along))
    lons, lats, _ = _GEOD.fwd(
        np.full_like(east, lon_deg),
        np.full_like(east, lat_deg),
        np.degrees(np.arctan2(east, north)),
        np.hypot(east, north),
    )
    heights = height(np.asarray(lons), np.asarray(lats)).reshape(len(along), len(along))
    return Terrain(
        heights_m=heights.astype(np.float32),
        x0_m=float(along[0]),
        y0_m=float(along[0]),
        step_m=step_m,
    )


def load_terrain(path: Path) -> Terrain:
    """Read a grid as data/area/build.py writes it; raises TerrainUnreadable."""
    try:
        with np.load(path, allow_pickle=False) as held:
            return Terrain(
                heights_m=held["height_dm"].astype(np.float32) / np.float32(10.0),
                x0_m=float(held["x0_m"]),
                y0_m=float(held["y0_m"]),
                step_m=float(held["step_m"]),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TerrainUnreadable(str(path)) from error


def save_terrain(path: Path, terrain: Terrain) -> None:
    """Write what `load_terrain` reads; heights to the decimetre."""
    np.savez_compressed(
        path,
        height_dm=np.rint(terrain.heights_m * 10.0).astype(np.int16),
        x0_m=terrain.x0_m,
        y0_m=terrain.y0_m,
        step_m=terrain.step_m,
    )
