"""What a thermal camera on a mast could see, as apparent temperature, before optics and noise."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import directions, pixels
from watchline_sensors.simulate.thermal_ground import (
    ground_c,
    ground_range,
    hashed,
    horizon,
    noise,
)
from watchline_sensors.simulate.thermal_view import Climate, Floats, Image, View
from watchline_sensors.terrain import Terrain


class Scene:
    """All that stands still before one camera, ready to have figures painted into it."""

    def __init__(self, view: View, terrain: Terrain, climate: Climate) -> None:
        """Walk the rays and paint ground, sky and growth: some seconds."""
        self.view, self.terrain, self.climate = view, terrain, climate
        self.range_m = ground_range(view, terrain)
        self.still = self._ground()
        self.cover_m: Floats = np.full(self.range_m.shape, np.inf)
        self._grow()

    def _ground(self) -> Image:
        lens, view = self.view.lens, self.view
        y, x = np.mgrid[0 : lens.height, 0 : lens.width] + 0.5
        rays = directions(lens, view.aim, np.stack([x.ravel(), y.ravel()], axis=-1))
        ways, slopes = view.along(rays)
        d = self.range_m.ravel()
        found = self.climate.sky(np.arctan(slopes))
        ground = np.flatnonzero(np.isfinite(d))
        d = d[ground]
        across = d / lens.focal_x_px
        above = np.maximum(np.abs(slopes[ground]) * d, 1.0)
        along = np.minimum(across * d / above, 400.0)
        xy = view.xy_m + ways[ground] * d[:, None]
        own = ground_c(xy, along, across, ways[ground], self.climate.grass_c)
        found[ground] = self.climate.seen(own, d)
        return found.reshape(lens.height, lens.width).astype(np.float32)

    def _grow(self) -> None:
        """Bushes and trees, furthest first."""
        view = self.view
        xy, tops_m, wide_m, kelvin = _growth(view, self.range_m, self.climate.cover)
        base_m = self.terrain.height_at(xy[:, 0], xy[:, 1])
        low, high = view.away(xy, base_m), view.away(xy, base_m + tops_m)
        foot, top = pixels(view.lens, view.aim, low), pixels(view.lens, view.aim, high)
        distance = np.linalg.norm(low, axis=1)
        half = 0.5 * wide_m * view.lens.focal_x_px / distance
        shown = horizon(view, self.terrain, xy) < base_m + 0.8 * tops_m
        shown &= np.abs(foot[:, 0] - view.lens.width / 2) < view.lens.width / 2 + half
        shown &= (foot[:, 1] > 0.0) & (top[:, 1] < view.lens.height)
        tiles = [_leaves(seed) for seed in range(8)]
        for n in np.flatnonzero(shown):
            own = self.climate.air_c + kelvin[n]
            self._plant(
                foot[n],
                top[n, 1],
                half[n],
                distance[n],
                own,
                tiles[int(wide_m[n] * 1e4) % len(tiles)],
            )

    def _plant(
        self, foot: Floats, top: float, half: float, distance: float, own_c: float, leaves: Image
    ) -> None:
        """One plant with its foot, top and half width in pixels; `leaves` says how ragged it is."""
        (x, bottom), (height, width) = foot, self.still.shape
        left, right = max(0, math.floor(x - half) - 1), min(width, math.ceil(x + half) + 1)
        up, down = max(0, math.floor(top) - 1), min(height, math.ceil(bottom) + 1)
        if not (left < right and up < down):
            return
        u = ((np.arange(left, right) + 0.5 - x) / half)[None]
        v = ((bottom - np.arange(up, down) - 0.5) / max(bottom - top, 1e-3))[:, None]
        side = len(leaves) - 1
        ragged = leaves[
            (np.clip(v, 0.0, 1.0) * side).astype(int),
            (np.clip(0.42 * u + 0.5, 0.0, 1.0) * side).astype(int),
        ]
        # A crown that is broadest below its middle, with a ragged rim.
        rim = 0.85 - u * u - ((v - 0.47) / 0.53) ** 2 + 0.7 * ragged
        share = np.clip(rim / (0.3 + 1.5 / max(half, 0.5)) + 0.2, 0.0, 1.0) * min(1.0, half)
        own = own_c + 1.1 * ragged - 0.9 * np.clip(v, 0.0, 1.0)
        part = self.still[up:down, left:right]
        part[...] = part * (1.0 - share) + self.climate.seen(own, distance) * share
        self.cover_m[up:down, left:right][share > 0.5] = distance


def _leaves(seed: int) -> Image:
    """(192, 192) lumps, about -1..1."""
    y, x = np.mgrid[0:192, 0:192].reshape(2, -1) / 192.0
    at = np.stack([x, y], axis=-1)
    lumps = sum(
        w * noise(at, s, seed + 80)
        for w, s in ((0.5, 0.37), (0.45, 0.17), (0.35, 0.07), (0.3, 0.03))
    )
    return np.asarray(lumps, np.float32).reshape(192, 192)


class _Kind(NamedTuple):
    """A kind of plant: one may stand in each square of `every_m`; seeds of its own."""

    every_m: float
    reach_m: float
    kelvin: float
    tops_m: tuple[float, float]
    seed: int
    chance: tuple[float, float]  # in the open, and in a thicket
    thicket: float  # how rare: the wood noise above which it is one


_KINDS = (
    _Kind(5.0, 1600.0, -1.9, (0.5, 2.0), 60, (0.02, 0.15), 0.45),
    _Kind(9.0, 6000.0, -0.7, (5.0, 13.0), 70, (0.0008, 0.2), 0.55),
)


def _growth(view: View, range_m: Floats, cover: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Places (n, 2), heights, widths, kelvins over the air of what may be seen, furthest first."""
    found = [_stand(view, range_m, kind, cover) for kind in _KINDS]
    xy, tops, widths, kelvins = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(-np.hypot(*(xy - view.xy_m).T))
    return xy[order], tops[order], widths[order], kelvins[order]


def _stand(
    view: View, range_m: Floats, kind: _Kind, cover: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """The same of one kind, in no order."""
    far = float(np.max(range_m, where=np.isfinite(range_m), initial=0.0))
    cells = math.ceil(min(kind.reach_m, far) / kind.every_m)
    middle = np.floor(view.xy_m / kind.every_m).astype(np.int64)
    i, j = (a.ravel() for a in np.meshgrid(*[np.arange(-cells, cells + 1)] * 2))
    away: Floats = np.stack([i, j], axis=-1) * np.float64(kind.every_m)
    near = _in_sight(view, away, 2.0 * kind.every_m) & (np.hypot(*away.T) > 10.0)
    i, j = i[near] + middle[0], j[near] + middle[1]
    seed = kind.seed
    off = np.stack([hashed(i, j, seed), hashed(i, j, seed + 1)], axis=-1)
    xy = (np.stack([i, j], axis=-1) + off) * kind.every_m
    wood = 0.7 * noise(xy, 420.0, seed + 2) + 0.3 * noise(xy, 60.0, seed + 3)
    chance = np.where(wood > kind.thicket, kind.chance[1], kind.chance[0])
    grown = np.flatnonzero(hashed(i, j, seed + 4) < chance * cover)
    luck, shape = hashed(i, j, seed + 5)[grown], hashed(i, j, seed + 6)[grown]
    tops = kind.tops_m[0] + (kind.tops_m[1] - kind.tops_m[0]) * luck**2
    return xy[grown], tops, tops * (0.6 + 0.8 * shape), kind.kelvin + 0.9 * shape


def _in_sight(view: View, away: Floats, slack_m: float) -> NDArray[np.bool_]:
    """Which level offsets (n, 2) lie within the frame's azimuths."""
    lens = view.lens
    x, y = np.meshgrid(np.linspace(0.0, lens.width, 9), np.linspace(0.0, lens.height, 9))
    ways, _ = view.along(directions(lens, view.aim, np.stack([x.ravel(), y.ravel()], axis=-1)))
    ahead = ways[40]  # the middle
    sides = np.arctan2(ways @ (ahead[1], -ahead[0]), ways @ ahead)
    angle = np.arctan2(away @ (ahead[1], -ahead[0]), away @ ahead)
    slack = slack_m / np.maximum(np.hypot(*away.T), slack_m)
    inside: NDArray[np.bool_] = (angle > sides.min() - slack) & (angle < sides.max() + slack)
    return inside
