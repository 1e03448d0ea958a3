"""Privacy masks: ground that must not be looked at, as pixels burned in before all else.

A pixel is masked when its ray passes over a masked place lower than `height_m` above the ground
before it meets it, for any aim within three standard errors of the one believed: who stands
behind the fence is hidden to the head, and a camera slightly off shows nothing more.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from watchline_sensors.adapters.thermal.lens import directions
from watchline_sensors.adapters.thermal.placing import OPTICAL_RADIUS_M, View

_GEOD = Geod(ellps="WGS84")
#: Pixels are judged in cells of this many, by their corners.
_CELL = 4
_SIGMAS = 3.0
#: Rays are followed in steps that grow by this share of the distance.
_GROWTH = 0.01

Ring = Sequence[tuple[float, float]]


def masked(view: View, rings: Sequence[Ring], height_m: float) -> NDArray[np.bool_]:
    """(h, w) the pixels to burn in for rings of (longitude, latitude)."""
    lens = view.lens
    columns = np.append(np.arange(0.0, lens.width, _CELL), float(lens.width))
    rows = np.append(np.arange(0.0, lens.height, _CELL), float(lens.height))
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    rays = directions(lens, view.aim, corners)
    azimuth = np.arctan2(rays[:, 0], rays[:, 1])
    slope = rays[:, 2] / np.hypot(rays[:, 0], rays[:, 1])
    hidden = _grid(view, rings)
    # A roll's error turns the frame's corner by so much up and sideways.
    doubt, corner = view.doubt, math.hypot(lens.width, lens.height) / 2 / lens.focal_x_px
    roll = math.radians(doubt.roll_deg) * corner
    aside = _SIGMAS * math.hypot(math.radians(doubt.azimuth_deg), roll)
    above = _SIGMAS * math.hypot(math.radians(doubt.elevation_deg), roll)
    touched = np.zeros(len(rays), np.bool_)
    for turn in np.linspace(-aside, aside, 5):
        touched |= _touches(view, hidden, azimuth + turn, slope, above, height_m)
    grid = touched.reshape(len(rows), len(columns))
    cells = grid[:-1, :-1] | grid[1:, :-1] | grid[:-1, 1:] | grid[1:, 1:]
    whole = np.repeat(np.repeat(cells, _CELL, axis=0), _CELL, axis=1)
    return whole[: lens.height, : lens.width]


def burn(pixels: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """The frame with one value under its mask: the middle of what is not masked."""
    clear = pixels[~mask]
    fill = np.median(clear) if clear.size else 0
    return np.where(mask, pixels.dtype.type(fill), pixels)


def _grid(view: View, rings: Sequence[Ring]) -> NDArray[np.bool_]:
    """Which points of the ground's grid lie in a ring, or next to one that does."""
    ground = view.ground
    rows, columns = ground.heights_m.shape
    x = ground.x0_m + np.arange(columns) * ground.step_m
    y = ground.y0_m + np.arange(rows) * ground.step_m
    inside = np.zeros((rows, columns), np.bool_)
    for ring in rings:
        lon, lat = np.array(ring, float).T
        azimuth, _, away = _GEOD.inv(
            np.full_like(lon, view.pose.lon_deg), np.full_like(lat, view.pose.lat_deg), lon, lat
        )
        east, north = away * np.sin(np.radians(azimuth)), away * np.cos(np.radians(azimuth))
        inside ^= _even_odd(x, y, east, north)
        # A yard narrower than the grid still holds the points around its outline.
        longest = np.hypot(east - np.roll(east, -1), north - np.roll(north, -1)).max()
        steps = np.linspace(0.0, 1.0, math.ceil(2 * longest / ground.step_m) + 2)[:, None]
        along = [
            (start + steps * (end - start)).ravel()
            for start, end in ((east, np.roll(east, -1)), (north, np.roll(north, -1)))
        ]
        at_x = np.clip(np.rint((along[0] - x[0]) / ground.step_m), 0, columns - 1).astype(int)
        at_y = np.clip(np.rint((along[1] - y[0]) / ground.step_m), 0, rows - 1).astype(int)
        inside[at_y, at_x] = True
    wide = np.pad(inside, 1)
    return np.logical_or.reduce(
        [
            wide[1 + i : rows + 1 + i, 1 + j : columns + 1 + j]
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        ]
    )


def _even_odd(
    x: NDArray[Any], y: NDArray[Any], east: NDArray[Any], north: NDArray[Any]
) -> NDArray[np.bool_]:
    inside = np.zeros((len(y), len(x)), np.bool_)
    for ax, ay, bx, by in zip(east, north, np.roll(east, -1), np.roll(north, -1), strict=True):
        if ay == by:
            continue
        spans = (ay <= y) != (by <= y)
        at = ax + (y[spans] - ay) * (bx - ax) / (by - ay)
        inside[spans] ^= x[None, :] < at[:, None]
    return inside


def _touches(
    view: View, hidden: NDArray[np.bool_], azimuth: NDArray[np.float64],
    slope: NDArray[np.float64], above: float, height_m: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which rays pass low over hidden ground, if they looked up to `above` lower or higher."""
    ground = view.ground
    rows, columns = hidden.shape
    touched = np.zeros(len(azimuth), np.bool_)
    open_ = np.arange(len(azimuth))  # rays that have not met the ground yet, nor a mask
    sin, cos = np.sin(azimuth), np.cos(azimuth)
    away, spare = view.min_range_m / 2, _SIGMAS * view.doubt.height_m
    while away < view.max_range_m and len(open_):
        x, y = away * sin[open_], away * cos[open_]
        rise = (
            view.pose.height_m + away * slope[open_] + away * away / (2 * OPTICAL_RADIUS_M)
        ) - ground.height_at(x, y)
        margin = above * away + spare
        at_x = np.clip(np.rint((x - ground.x0_m) / ground.step_m), 0, columns - 1).astype(int)
        at_y = np.clip(np.rint((y - ground.y0_m) / ground.step_m), 0, rows - 1).astype(int)
        low = hidden[at_y, at_x] & (rise - margin < height_m)
        touched[open_[low]] = True
        open_ = open_[~low & (rise + margin > 0.0)]
        away += max(1.0, min(away * _GROWTH, ground.step_m / 2))
    return touched
