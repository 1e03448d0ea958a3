"""Synthetic ground: fractal heights with a river valley, from a fixed seed."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from watchline_sensors.terrain import Terrain

Grid = NDArray[np.float64]

HALF_M = 42_000.0
STEP_M = 56.0
BASE_M = 195.0
SEED = 20

_ROLLING_M = 11.0
_RIDGES_M = 26.0
_VALLEY_DEPTH_M = 9.0
_VALLEY_WIDTH_M = 700.0


def fractal(rng: np.random.Generator, size: int, *, slope: float, longest: float) -> Grid:
    """(size, size) noise of mean 0 and deviation 1: white noise shaped to 1/f**slope.

    `longest` is the wavelength in cells beyond which power is held level, so that the
    square has hills and not one tilt.
    """
    full = fft.next_fast_len(size, real=True)
    spectrum = fft.rfft2(rng.standard_normal((full, full)))
    f = np.hypot(fft.fftfreq(full)[:, None], fft.rfftfreq(full)[None, :])
    spectrum *= np.maximum(f, 1.0 / longest) ** -slope
    spectrum[0, 0] = 0.0
    noise = fft.irfft2(spectrum, s=(full, full))[:size, :size]
    return noise / noise.std()


def build_ground(river_xy_m: NDArray[np.float64], border_xy_m: NDArray[np.float64]) -> Terrain:
    """The area's ground in the plane: gentle near the border, hills away from it."""
    size = round(2 * HALF_M / STEP_M) + 1
    rng = np.random.default_rng(SEED)
    rolling = fractal(rng, size, slope=2.1, longest=9_000.0 / STEP_M)
    ridges = fractal(rng, size, slope=1.9, longest=26_000.0 / STEP_M)
    far = np.clip((_distance(border_xy_m, size) - 4_000.0) / 16_000.0, 0.0, 1.0)
    valley = np.exp(-((_distance(river_xy_m, size) / _VALLEY_WIDTH_M) ** 2))
    heights = BASE_M + _ROLLING_M * rolling + _RIDGES_M * far * ridges - _VALLEY_DEPTH_M * valley
    return Terrain(heights_m=heights.astype(np.float32), x0_m=-HALF_M, y0_m=-HALF_M, step_m=STEP_M)


def _distance(line_xy_m: NDArray[np.float64], size: int) -> Grid:
    """Metres from each cell to a line whose points lie less than a cell apart."""
    cells = np.rint((line_xy_m + HALF_M) / STEP_M).astype(int)
    cells = cells[((cells >= 0) & (cells < size)).all(axis=1)]
    free = np.ones((size, size), bool)
    free[cells[:, 1], cells[:, 0]] = False
    distance: Grid = ndimage.distance_transform_edt(free) * STEP_M
    return distance


def dense(line_xy_m: NDArray[np.float64], step_m: float = STEP_M / 2) -> NDArray[np.float64]:
    """The same line with a point each `step_m`."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line_xy_m, axis=0).T))])
    at = np.arange(0.0, s[-1], step_m)
    return np.stack([np.interp(at, s, line_xy_m[:, k]) for k in (0, 1)], axis=-1)
