"""Cut a GeoTIFF into a pyramid of web-mercator image tiles in a PMTiles archive.

Zoom levels run from the one where the map fits one tile to the one of its own resolution.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.transform import Affine, from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds
from rasterio.windows import Window

from watchline.errors import MapInvalid

TILE_PIXELS = 256
MAX_ZOOM = 18
#: More tiles than this is a map to be cut by a tool made for it.
MAX_TILES = 250_000
_MERCATOR = "EPSG:3857"
_WORLD_M = 2 * math.pi * 6_378_137.0
_MAX_LAT_DEG = 85.0511


def to_pmtiles(file: Path, to: Path, progress: Callable[[float], None]) -> None:
    """Write the archive; grey, RGB and RGBA images, others through their first band's range.

    Errors: MapInvalid with `reason` broken, no_position, too_large.
    """
    try:
        with warnings.catch_warnings(), rasterio.open(file) as source:
            # The tiles themselves are plain pictures; that they say no place is meant.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            if source.crs is None:
                raise MapInvalid(reason="no_position")
            _cut(source, to, progress)
    except RasterioError as error:
        raise MapInvalid(reason="broken") from error


def _cut(source: DatasetReader, to: Path, progress: Callable[[float], None]) -> None:
    degrees = transform_bounds(source.crs, "EPSG:4326", *source.bounds, densify_pts=21)
    west, south, east, north = (float(value) for value in degrees)
    south, north = max(south, -_MAX_LAT_DEG), min(north, _MAX_LAT_DEG)
    if not (-180 <= west < east <= 180 and south < north):
        raise MapInvalid(reason="no_position")
    bounds = transform_bounds("EPSG:4326", _MERCATOR, west, south, east, north)
    transform, _, _ = calculate_default_transform(
        source.crs, _MERCATOR, source.width, source.height, *source.bounds
    )
    levels = list(_levels(bounds, _zoom_of(transform.a)))
    count = sum(level.columns * level.rows for level in levels)
    if count > MAX_TILES:
        raise MapInvalid(reason="too_large", tiles=count)
    stretch = _stretch(source)
    done = 0
    with to.open("wb") as sink:
        writer = Writer(sink)
        for level in levels:
            # The file is warped to exactly this level's grid of tiles.
            with WarpedVRT(
                source,
                crs=_MERCATOR,
                transform=level.transform,
                width=level.columns * TILE_PIXELS,
                height=level.rows * TILE_PIXELS,
                resampling=Resampling.bilinear,
                add_alpha=source.nodata is None and not _has_alpha(source),
            ) as warped:
                for column, row in level.tiles():
                    image = _tile(warped, column, row, stretch)
                    if image is not None:
                        tile = zxy_to_tileid(level.zoom, level.left + column, level.top + row)
                        writer.write_tile(tile, image)
                    done += 1
                    progress(0.99 * done / count)
        writer.finalize(
            {
                "tile_type": TileType.PNG,
                "tile_compression": Compression.NONE,
                "min_lon_e7": round(west * 1e7),
                "min_lat_e7": round(south * 1e7),
                "max_lon_e7": round(east * 1e7),
                "max_lat_e7": round(north * 1e7),
                "center_zoom": levels[-1].zoom,
                "center_lon_e7": round((west + east) / 2 * 1e7),
                "center_lat_e7": round((south + north) / 2 * 1e7),
            },
            {"format": "png"},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """The tiles of one zoom level that the map touches: a rectangle of them."""

    zoom: int
    left: int
    top: int
    columns: int
    rows: int

    @property
    def transform(self) -> Affine:
        """From pixels of the rectangle to web-mercator metres."""
        size = _WORLD_M / 2**self.zoom
        corner = (self.left * size - _WORLD_M / 2, _WORLD_M / 2 - self.top * size)
        return from_origin(*corner, size / TILE_PIXELS, size / TILE_PIXELS)

    def tiles(self) -> list[tuple[int, int]]:
        """Columns and rows in the order of the archive, which is faster to read in order."""
        places = [(c, r) for c in range(self.columns) for r in range(self.rows)]
        return sorted(
            places, key=lambda at: zxy_to_tileid(self.zoom, self.left + at[0], self.top + at[1])
        )


def _has_alpha(source: DatasetReader) -> bool:
    return ColorInterp.alpha in source.colorinterp


def _zoom_of(metres_per_pixel: float) -> int:
    level = math.log2(_WORLD_M / TILE_PIXELS / metres_per_pixel)
    return min(MAX_ZOOM, max(0, math.ceil(level - 0.1)))


def _levels(bounds: tuple[float, float, float, float], finest: int) -> Iterator[_Level]:
    """From the level where the map fits one tile (or the whole world) to the finest."""
    left, bottom, right, upper = bounds
    levels = []
    for zoom in range(finest, -1, -1):
        size = _WORLD_M / 2**zoom
        last = 2**zoom - 1
        x0, x1 = (_clip((x + _WORLD_M / 2) // size, last) for x in (left, right - 1e-6))
        y0, y1 = (_clip((_WORLD_M / 2 - y) // size, last) for y in (upper, bottom + 1e-6))
        levels.append(_Level(zoom=zoom, left=x0, top=y0, columns=x1 - x0 + 1, rows=y1 - y0 + 1))
        if levels[-1].columns == levels[-1].rows == 1:
            break
    yield from reversed(levels)


def _clip(number: float, last: int) -> int:
    return min(max(int(number), 0), last)


def _tile(
    warped: WarpedVRT, column: int, row: int, stretch: tuple[float, float] | None
) -> bytes | None:
    window = Window(column * TILE_PIXELS, row * TILE_PIXELS, TILE_PIXELS, TILE_PIXELS)
    known = warped.dataset_mask(window=window) > 0
    if not known.any():
        return None
    colours = [
        i
        for i, meant in zip(warped.indexes, warped.colorinterp, strict=True)
        if meant is not ColorInterp.alpha
    ]
    image = _as_rgba(warped.read(colours, window=window), known, stretch)
    with MemoryFile() as memory:
        with memory.open(
            driver="PNG", width=TILE_PIXELS, height=TILE_PIXELS, count=4, dtype="uint8"
        ) as out:
            out.write(image)
        return bytes(memory.read())


def _as_rgba(
    bands: NDArray[np.generic], known: NDArray[np.bool_], stretch: tuple[float, float] | None
) -> NDArray[np.uint8]:
    if stretch is not None:
        low, high = stretch
        grey = (bands[0].astype(np.float64) - low) / max(high - low, 1e-12)
        shown = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[None], 3, axis=0)
    elif len(bands) >= 3:
        shown = bands[:3].astype(np.uint8)
    else:
        shown = np.repeat(bands[:1].astype(np.uint8), 3, axis=0)
    return np.concatenate([shown, np.where(known, 255, 0).astype(np.uint8)[None]])


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
