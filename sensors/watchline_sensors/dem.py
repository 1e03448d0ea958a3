"""Heights around a mast from an elevation model (GeoTIFF, SRTM .hgt, …), read by GDAL."""

from pathlib import Path

import numpy as np
from pyproj import Transformer

from watchline_sensors.errors import EdgeError
from watchline_sensors.terrain import Floats, Terrain, around


class ElevationUnusable(EdgeError):
    """The elevation model does not serve this place."""

    code = "elevation.unusable"


def ground(
    path: Path, lon_deg: float, lat_deg: float, *, reach_m: float, step_m: float, raise_m: float
) -> Terrain:
    """The ground around a point, each height with `raise_m` added.

    Elevation models count from the geoid, sensors from the ellipsoid: `raise_m` is the geoid's
    height there. Bilinear between the model's pixels. Raises ElevationUnusable: no such file, it
    ends too near, it has voids there, or rasterio is not installed.
    """
    try:
        import rasterio
        from rasterio.errors import RasterioError
    except ImportError as error:
        raise ElevationUnusable("needs: pip install 'watchline-sensors[ground]'") from error
    try:
        with rasterio.open(path) as model:
            heights = model.read(1, masked=True).astype(np.float64).filled(np.nan)
            to_model = Transformer.from_crs("EPSG:4326", model.crs, always_xy=True)
            inverse = ~model.transform
    except RasterioError as error:
        raise ElevationUnusable(f"{path}: {error}") from error

    def height(lons: Floats, lats: Floats) -> Floats:
        x, y = (np.asarray(axis) for axis in to_model.transform(lons, lats))
        column = inverse.a * x + inverse.b * y + inverse.c
        row = inverse.d * x + inverse.e * y + inverse.f
        # Heights are those of the pixels' middles.
        return _bilinear(heights, row - 0.5, column - 0.5) + raise_m

    found = around(lon_deg, lat_deg, reach_m=reach_m, step_m=step_m, height=height)
    void = int(np.isnan(found.heights_m).sum())
    if void:
        share = void / found.heights_m.size
        raise ElevationUnusable(
            f"{path}: {share:.1%} of the ground within {reach_m:.0f} m has no height in it"
        )
    return found


def _bilinear(heights: Floats, row: Floats, column: Floats) -> Floats:
    """NaN beyond the outermost pixels' middles."""
    rows, columns = heights.shape
    inside = (row >= 0) & (row <= rows - 1) & (column >= 0) & (column <= columns - 1)
    r = np.clip(np.nan_to_num(row), 0, rows - 1.000001)
    c = np.clip(np.nan_to_num(column), 0, columns - 1.000001)
    i, j = r.astype(np.int64), c.astype(np.int64)
    fr, fc = r - i, c - j
    found = (heights[i, j] * (1 - fc) + heights[i, j + 1] * fc) * (1 - fr) + (
        heights[i + 1, j] * (1 - fc) + heights[i + 1, j + 1] * fc
    ) * fr
    return np.where(inside, found, np.nan)
