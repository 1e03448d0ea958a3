"""A hillshade as a transparent PNG in Web Mercator: dark slopes black, lit slopes white."""

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from watchline_sensors.simulate.border import Plane
from watchline_sensors.terrain import Terrain

_EXAGGERATION = 9.0
_SUN_AZIMUTH_DEG = 315.0
_SUN_HEIGHT_DEG = 45.0
_FADE = 0.04  # the rim that fades out, as a share of the image


def hillshade_png(
    terrain: Terrain, plane: Plane, bounds: tuple[float, float, float, float], width: int
) -> bytes:
    """Greyscale and alpha, `width` pixels, over (west, south, east, north) in degrees."""
    west, south, east, north = bounds
    top, bottom = _mercator(north), _mercator(south)
    height = round(width * (top - bottom) / math.radians(east - west))
    lon = west + (np.arange(width) + 0.5) / width * (east - west)
    y = top + (np.arange(height) + 0.5) / height * (bottom - top)
    lat = np.degrees(2 * np.arctan(np.exp(y)) - np.pi / 2)
    # The plane is smooth: exact at 129 x 129 knots, a straight line between them right to 0.1 m.
    knots = 129
    u, v = np.linspace(0, width - 1, knots), np.linspace(0, height - 1, knots)
    grid_lon, grid_lat = np.meshgrid(
        np.interp(u, np.arange(width), lon), np.interp(v, np.arange(height), lat)
    )
    xy = plane.to_plane(grid_lon, grid_lat)
    rows = np.linspace(0, knots - 1, height)[:, None] + np.zeros((1, width))
    columns = np.linspace(0, knots - 1, width)[None, :] + np.zeros((height, 1))
    where = [
        (ndimage.map_coordinates(xy[..., k], [rows, columns], order=1, mode="nearest") - start)
        / terrain.step_m
        for k, start in ((1, terrain.y0_m), (0, terrain.x0_m))
    ]
    light = ndimage.map_coordinates(_light(terrain), where, order=1, mode="nearest")
    rim_x = np.minimum(np.arange(width), np.arange(width)[::-1]) / (width * _FADE)
    rim_y = np.minimum(np.arange(height), np.arange(height)[::-1]) / (height * _FADE)
    fade = np.clip(np.minimum(rim_x[None, :], rim_y[:, None]), 0.0, 1.0)
    strength = np.clip(abs(light) * fade * 255.0, 0, 255).astype(np.uint8) & 0xFC
    return _png(np.stack([np.where(light > 0, 255, 0).astype(np.uint8), strength], axis=-1))


def _light(terrain: Terrain) -> NDArray[np.float64]:
    """-1..1 by how much a slope faces the sun, 0 on flat ground (Lambert's cosine law)."""
    dy, dx = np.gradient(terrain.heights_m.astype(float) * _EXAGGERATION, terrain.step_m)
    azimuth, up = math.radians(_SUN_AZIMUTH_DEG), math.radians(_SUN_HEIGHT_DEG)
    sun = (
        math.cos(up) * math.sin(azimuth),
        math.cos(up) * math.cos(azimuth),
        math.sin(up),
    )
    lambert = (-dx * sun[0] - dy * sun[1] + sun[2]) / np.sqrt(1 + dx**2 + dy**2)
    return np.clip((lambert - sun[2]) * 1.15, -1.0, 1.0)


def _mercator(lat_deg: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat_deg) / 2))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """(h, w, 2) as a PNG of greyscale and alpha (PNG 1.2, colour type 4), rows filtered by Up."""
    height, width, _ = pixels.shape
    rows = pixels.reshape(height, -1)
    above = np.vstack([np.zeros((1, rows.shape[1]), np.uint8), rows[:-1]])
    filtered = np.hstack([np.full((height, 1), 2, np.uint8), rows - above])
    header = struct.pack(">IIBBBBB", width, height, 8, 4, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(filtered.tobytes(), 6)),
            (b"IEND", b""),
        )
    )
