"""Cut a GeoTIFF into a pyramid of web-mercator image tiles in a PMTiles archive.

Zoom levels run from the one where the map fits one tile to the one of its own resolution.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from watchline.errors import MapInvalid

TILE_PIXELS = 256
MAX_ZOOM = 18
#: More tiles than this is a map to be cut by a tool made for it.
MAX_TILES = 250_000
_WORLD_M = 2 * math.pi * 6_378_137.0  # EPSG:3857
_MAX_LAT_DEG = 85.0511


def to_pmtiles(file: Path, to: Path, progress: Callable[[float], None]) -> None:
    """Write the archive; grey, RGB and RGBA images, others through their first band's range.

    Errors: MapInvalid with `reason` broken, no_position, too_large.
    """
    try:
        with rasterio.open(file) as source:
            if source.crs is None:
                raise MapInvalid(reason="no_position")
            with WarpedVRT(
                source, crs="EPSG:3857", resampling=Resampling.bilinear, add_alpha=True
            ) as warped:
                _cut(source, warped, to, progress)
    except RasterioError as error:
        raise MapInvalid(reason="broken") from error


def _cut(
    source: DatasetReader, warped: WarpedVRT, to: Path, progress: Callable[[float], None]
) -> None:
    degrees = transform_bounds(source.crs, "EPSG:4326", *source.bounds, densify_pts=21)
    west, south, east, north = (float(value) for value in degrees)
    south, north = max(south, -_MAX_LAT_DEG), min(north, _MAX_LAT_DEG)
    if not (-180 <= west < east <= 180 and south < north):
        raise MapInvalid(reason="no_position")
    top = _zoom_of(warped.res[0])
    tiles = sorted(_tiles(warped.bounds, top), key=lambda tile: zxy_to_tileid(*tile))
    if len(tiles) > MAX_TILES:
        raise MapInvalid(reason="too_large", tiles=len(tiles))
    stretch = _stretch(source)
    with to.open("wb") as sink:
        writer = Writer(sink)
        for count, (z, x, y) in enumerate(tiles):
            image = _tile(warped, z, x, y, stretch)
            if image is not None:
                writer.write_tile(zxy_to_tileid(z, x, y), image)
            progress(0.99 * (count + 1) / len(tiles))
        writer.finalize(
            {
                "tile_type": TileType.PNG,
                "tile_compression": Compression.NONE,
                "min_zoom": min(z for z, _, _ in tiles),
                "max_zoom": top,
                "min_lon_e7": round(west * 1e7),
                "min_lat_e7": round(south * 1e7),
                "max_lon_e7": round(east * 1e7),
                "max_lat_e7": round(north * 1e7),
                "center_zoom": top,
                "center_lon_e7": round((west + east) / 2 * 1e7),
                "center_lat_e7": round((south + north) / 2 * 1e7),
            },
            {"format": "png"},
        )


def _zoom_of(metres_per_pixel: float) -> int:
    level = math.log2(_WORLD_M / TILE_PIXELS / metres_per_pixel)
    return min(MAX_ZOOM, max(0, math.ceil(level - 0.1)))


def _tiles(bounds: tuple[float, float, float, float], top: int) -> Iterator[tuple[int, int, int]]:
    left, bottom, right, upper = bounds
    for z in range(top, -1, -1):
        size = _WORLD_M / 2**z
        x0, x1 = (int((edge + _WORLD_M / 2) // size) for edge in (left, right - 1e-6))
        y0, y1 = (int((_WORLD_M / 2 - edge) // size) for edge in (upper, bottom + 1e-6))
        x0, y0 = max(x0, 0), max(y0, 0)
        x1, y1 = min(x1, 2**z - 1), min(y1, 2**z - 1)
        yield from ((z, x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1))
        if x0 == x1 and y0 == y1:
            return


def _tile(
    warped: WarpedVRT, z: int, x: int, y: int, stretch: tuple[float, float] | None
) -> bytes | None:
    size = _WORLD_M / 2**z
    left, upper = x * size - _WORLD_M / 2, _WORLD_M / 2 - y * size
    window = warped.window(left, upper - size, left + size, upper)
    data = warped.read(
        window=window,
        out_shape=(warped.count, TILE_PIXELS, TILE_PIXELS),
        boundless=True,
        fill_value=0,
        resampling=Resampling.bilinear,
    )
    alpha = data[-1] > 0
    if not alpha.any():
        return None
    image = _as_rgba(data[:-1], alpha, stretch)
    with MemoryFile() as memory:
        with memory.open(
            driver="PNG", width=TILE_PIXELS, height=TILE_PIXELS, count=4, dtype="uint8"
        ) as out:
            out.write(image)
        return bytes(memory.read())


def _as_rgba(
    bands: NDArray[np.generic], alpha: NDArray[np.bool_], stretch: tuple[float, float] | None
) -> NDArray[np.uint8]:
    if stretch is not None:
        low, high = stretch
        grey = (bands[0].astype(np.float64) - low) / max(high - low, 1e-12)
        shown = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[None], 3, axis=0)
    elif len(bands) >= 3:
        shown = bands[:3].astype(np.uint8)
        if len(bands) >= 4:
            alpha = alpha & (bands[3] > 0)
    else:
        shown = np.repeat(bands[:1].astype(np.uint8), 3, axis=0)
    return np.concatenate([shown, np.where(alpha, 255, 0).astype(np.uint8)[None]])


def _stretch(source: DatasetReader) -> tuple[float, float] | None:
    """The range of values to spread over grey, for anything but 8-bit images."""
    if source.dtypes[0] == "uint8":
        return None
    sample = source.read(
        1, out_shape=(min(source.height, 1024), min(source.width, 1024)), masked=True
    ).astype(float)
    known = np.asarray(sample.compressed())
    known = known[np.isfinite(known)]
    if not len(known):
        raise MapInvalid(reason="empty")
    low, high = np.percentile(known, [2, 98])
    return float(low), float(high)
