"""The ground before a thermal camera: how far it is at each pixel, and how warm.

Its texture is hashed from its own coordinates, so that a place looks the same from everywhere
and always.
"""

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import directions
from watchline_sensors.simulate.thermal_view import RADIUS_M, Floats, View
from watchline_sensors.terrain import Terrain

FAR_M = 30_000.0
_NEAR_M = 2.0
_GROWTH = 1.012  # of the steps of a ray that looks for the ground
_COARSE_PX = 4
#: Where inverse distances around a pixel differ by more than this, its ray is walked in full.
_SMOOTH = 1.15


def ground_range(view: View, terrain: Terrain) -> Floats:
    """(h, w) level metres to where each pixel's ray meets the ground; infinite in the sky.

    Each fourth pixel is walked, those between are interpolated and refined, and where the
    ground breaks off they are walked too.
    """
    lens = view.lens
    rows = np.append(np.arange(0, lens.height - 1, _COARSE_PX), lens.height - 1)
    columns = np.append(np.arange(0, lens.width - 1, _COARSE_PX), lens.width - 1)
    y, x = np.meshgrid(rows + 0.5, columns + 0.5, indexing="ij")
    ways, slopes = view.along(directions(lens, view.aim, np.stack([x.ravel(), y.ravel()], -1)))
    coarse = _walk(view, terrain, ways, slopes).reshape(x.shape)
    y, x = np.mgrid[0 : lens.height, 0 : lens.width] + 0.5
    ways, slopes = view.along(directions(lens, view.aim, np.stack([x.ravel(), y.ravel()], -1)))
    low, high, guess = _between(1.0 / coarse, rows, columns)
    smooth = (low > 0.0) & (high < low * _SMOOTH)
    found = np.full(lens.height * lens.width, np.inf)
    at = np.flatnonzero(smooth)
    d0, d1 = 0.99 / guess[at], 1.01 / guess[at]
    g0 = _gap(view, terrain, ways[at], slopes[at], d0)
    for _ in range(3):
        g1 = _gap(view, terrain, ways[at], slopes[at], d1)
        step = np.where(g1 == g0, 0.0, g1 * (d1 - d0) / np.where(g1 == g0, 1.0, g1 - g0))
        d0, g0, d1 = d1, g1, np.clip(d1 - step, 0.9 / guess[at], 1.1 / guess[at])
    found[at] = d1
    off = np.abs(_gap(view, terrain, ways[at], slopes[at], d1)) > 0.02 + 2e-4 * d1
    left = np.concatenate([at[off], np.flatnonzero(~smooth & (high > 0.0))])
    found[left] = _walk(view, terrain, ways[left], slopes[left])
    return found.reshape(lens.height, lens.width)


def _between(
    inverse: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """For every pixel of the frame: least, most and interpolation of the four walked around it."""
    y, x = np.arange(rows[-1] + 1), np.arange(columns[-1] + 1)
    j = np.minimum(np.searchsorted(rows, y, side="right") - 1, len(rows) - 2)
    i = np.minimum(np.searchsorted(columns, x, side="right") - 1, len(columns) - 2)
    v = ((y - rows[j]) / (rows[j + 1] - rows[j]))[:, None]
    u = ((x - columns[i]) / (columns[i + 1] - columns[i]))[None]
    corners = [inverse[np.ix_(j + b, i + a)] for b in (0, 1) for a in (0, 1)]
    top = corners[0] * (1 - u) + corners[1] * u
    bottom = corners[2] * (1 - u) + corners[3] * u
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
    return low.ravel(), high.ravel(), (top * (1 - v) + bottom * v).ravel()


def _gap(view: View, terrain: Terrain, ways: Floats, slopes: Floats, d: Floats) -> Floats:
    """How high rays are above the ground at distances of their own."""
    ground = terrain.height_at(view.xy_m[0] + ways[:, 0] * d, view.xy_m[1] + ways[:, 1] * d)
    above: Floats = view.height_m + d * slopes + d * d / (2.0 * RADIUS_M) - ground
    return above


def _walk(view: View, terrain: Terrain, ways: Floats, slopes: Floats) -> Floats:
    """Where rays first meet the ground, step by step outwards."""
    found = np.full(len(slopes), np.inf)
    at = np.arange(len(slopes))
    before = _gap(view, terrain, ways, slopes, np.full(len(at), _NEAR_M))
    d = _NEAR_M
    top = float(terrain.heights_m.max())
    while d < FAR_M and len(at):
        further = d * _GROWTH
        gap = _gap(view, terrain, ways[at], slopes[at], np.full(len(at), further))
        hit = gap <= 0.0
        share = before[hit] / np.maximum(before[hit] - gap[hit], 1e-9)
        found[at[hit]] = d + (further - d) * np.clip(share, 0.0, 1.0)
        rising = view.height_m + further * slopes[at] > top
        goes = ~hit & ~(rising & (slopes[at] > 0.0))
        at, before, d = at[goes], gap[goes], further
    return found


def horizon(view: View, terrain: Terrain, xy_m: Floats) -> Floats:
    """(n,) heights above the terrain's zero from which on things at `xy_m` (n, 2) are seen.

    The ground before each is tried at 256 points, up to a metre from it.
    """
    away = xy_m - view.xy_m
    distance = np.maximum(np.hypot(*away.T), 2.0)
    d = (distance - 1.0)[:, None] * (np.arange(1, 257) / 256.0)
    where = view.xy_m + away[:, None, :] * (d / distance[:, None])[..., None]
    ground = terrain.height_at(where[..., 0], where[..., 1])
    steepest = ((ground - view.height_m) / d - d / (2.0 * RADIUS_M)).max(axis=1)
    found: Floats = view.height_m + distance * (steepest + distance / (2.0 * RADIUS_M))
    return found


def hashed(i: NDArray[np.int64], j: NDArray[np.int64], seed: int) -> Floats:
    """Even in 0..1 from whole numbers: multiply and fold, in 32 bits."""
    h = i.astype(np.uint32) * np.uint32(0x9E3779B1) ^ j.astype(np.uint32) * np.uint32(0x85EBCA77)
    h ^= np.uint32(seed * 0x27D4EB2F & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
    return (h ^ h >> np.uint32(15)) / 2.0**32


def noise(xy_m: Floats, wave_m: float, seed: int) -> Floats:
    """(n,) a smooth random field over the plane, about -1..1, with lumps of `wave_m`."""
    at = xy_m / wave_m
    whole = np.floor(at)
    u, v = (at - whole).T
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    i, j = whole.astype(np.int64).T
    south = hashed(i, j, seed) * (1 - u) + hashed(i + 1, j, seed) * u
    north = hashed(i, j + 1, seed) * (1 - u) + hashed(i + 1, j + 1, seed) * u
    found: Floats = 2.0 * (south * (1 - v) + north * v) - 1.0
    return found


#: Lumps of the ground: metres, and kelvins either way.
_OCTAVES = (
    (310.0, 0.5),
    (90.0, 0.6),
    (27.0, 0.55),
    (8.0, 0.5),
    (2.4, 0.45),
    (0.7, 0.4),
    (0.2, 0.3),
)
_TRACK_EVERY_M = 430.0


def ground_c(xy_m: Floats, along_m: Floats, across_m: Floats, ways: Floats, grass: float) -> Floats:
    """(n,) the ground's own temperature over footprints of `along_m` × `across_m` each.

    Lumps smaller than a footprint are averaged away. Of grass that is looked at along the ground
    the tips are seen, not the mean of all between: its footprint is never very long.
    """
    found = np.full(len(xy_m), grass)
    tips_m = np.minimum(along_m, 5.0 * across_m)
    taps = (-0.4, -0.2, 0.0, 0.2, 0.4)
    for number, (wave, kelvin) in enumerate(_OCTAVES):
        # Five taps cannot average lumps much smaller than their distance: those are faded out.
        fade = np.exp(-((across_m / wave) ** 2)) / (1.0 + (0.2 * tips_m / wave) ** 2)
        some = np.flatnonzero(fade > 0.02)
        for tap in taps:
            where = xy_m[some] + ways[some] * (tap * tips_m[some])[:, None]
            found[some] += kelvin * fade[some] * noise(where, wave, number) / len(taps)
    for tap in taps:
        where = xy_m + ways * (tap * along_m)[:, None]
        bend = 60.0 * noise(where, 260.0, 40) + 5.0 * noise(where, 45.0, 41)
        off = np.abs((where[:, 0] * 0.8 + where[:, 1] * 0.6 + bend) % _TRACK_EVERY_M - 40.0)
        wide = 1.3 + 0.5 * across_m + 0.12 * along_m  # no narrower than the taps lie apart
        found += 2.2 * np.exp(-((off / wide) ** 2)) * (1.3 / wide) / len(taps)
    stones = noise(xy_m, 1.1, 50) + 0.6 * noise(xy_m, 60.0, 51)
    found += 1.8 * np.exp(-((across_m / 0.8) ** 2)) * np.clip(stones - 1.05, 0.0, 0.3) / 0.3
    return found
