"""What a thermal camera on a mast could see, as apparent temperature, before optics and noise.

The ground is bare terrain with a texture hashed from its own coordinates, so that a place looks
the same from everywhere and always. Light bends towards the earth with a coefficient of 0.13
(Gauss), as if the earth's radius were R / (1 - 0.13). What lies d away shows air + (own - air) *
exp(-k d) (Beer and Lambert). Figures are warm limbs and faces at true size, at true places.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchline_sensors.adapters.thermal.lens import Aim, Lens, directions, pixels
from watchline_sensors.terrain import Terrain

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

RADIUS_M = 6_371_000.0 / (1.0 - 0.13)
FAR_M = 30_000.0
_NEAR_M = 2.0
_GROWTH = 1.012  # of the steps of a ray that looks for the ground
_COARSE_PX = 4
#: Where inverse distances around a pixel differ by more than this, its ray is walked in full.
_SMOOTH = 1.15


class Weather(StrEnum):
    """What lies between the camera and the scene."""

    CLEAR = "clear"
    HAZE = "haze"
    RAIN = "rain"
    FOG = "fog"


#: Long-wave infrared, per kilometre: plausible middles, no measurement of ours.
EXTINCTION_PER_KM = {
    Weather.CLEAR: 0.1,
    Weather.HAZE: 0.3,
    Weather.RAIN: 0.7,
    Weather.FOG: 3.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """A night: degrees Celsius of the air and of its ground, the weather, and how much grows.

    `cover` scales the number of bushes and trees; 0: open grass.
    """

    air_c: float = 8.0
    grass_c: float = 5.0
    weather: Weather = Weather.CLEAR
    cover: float = 1.0

    def seen(self, own_c: ArrayLike, range_m: ArrayLike) -> Any:
        """The apparent temperature of something with its own, through so much air."""
        k = EXTINCTION_PER_KM[self.weather] / 1000.0
        through = np.exp(-k * np.asarray(range_m))
        return self.air_c + (np.asarray(own_c) - self.air_c) * through

    def sky(self, elevation_rad: Floats) -> Floats:
        """The sky's apparent temperature: near the horizon the air's, colder above."""
        path = np.clip(elevation_rad, 0.0, None) / math.radians(12.0)
        clear = {Weather.CLEAR: 1.0, Weather.HAZE: 0.8, Weather.RAIN: 0.25, Weather.FOG: 0.1}
        cold: Floats = self.air_c - clear[self.weather] * (1.5 + 22.0 * (1.0 - np.exp(-path)))
        return cold


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A camera in a place: `xy_m` in the plane, `height_m` above the terrain's zero.

    `north_deg`: true north at the camera, clockwise from the plane's own.
    """

    lens: Lens
    aim: Aim
    xy_m: Floats
    height_m: float
    north_deg: float = 0.0

    def away(self, xy_m: ArrayLike, z_m: ArrayLike) -> Floats:
        """(n, 3) metres east, north, up in which points (n, 2) at heights (n,) are seen."""
        dx, dy = (np.asarray(xy_m, float) - self.xy_m).T
        c, s = math.cos(math.radians(self.north_deg)), math.sin(math.radians(self.north_deg))
        up = np.asarray(z_m, float) - self.height_m - (dx * dx + dy * dy) / (2.0 * RADIUS_M)
        return np.stack([c * dx - s * dy, s * dx + c * dy, up], axis=-1)

    def along(self, rays: Floats) -> tuple[Floats, Floats]:
        """Of unit vectors east, north, up: (n, 2) level directions in the plane, (n,) slopes."""
        level = np.hypot(rays[:, 0], rays[:, 1])
        c, s = math.cos(math.radians(self.north_deg)), math.sin(math.radians(self.north_deg))
        e, n = rays[:, 0] / level, rays[:, 1] / level
        return np.stack([c * e + s * n, c * n - s * e], axis=-1), rays[:, 2] / level


# ── the ground ────────────────────────────────────────────────────────────────────────────────


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


def _hash(i: NDArray[np.int64], j: NDArray[np.int64], seed: int) -> Floats:
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
    south = _hash(i, j, seed) * (1 - u) + _hash(i + 1, j, seed) * u
    north = _hash(i, j + 1, seed) * (1 - u) + _hash(i + 1, j + 1, seed) * u
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


# ── figures ───────────────────────────────────────────────────────────────────────────────────


class Form(StrEnum):
    """What a warm thing is built like."""

    PERSON = "person"
    DEER = "deer"
    BOAR = "boar"
    BIRD = "bird"
    BUSH = "bush"
    CAR = "car"


class Part(NamedTuple):
    """Two points are a limb of a radius, four a flat face; (k, 3) metres ahead, left, up."""

    at_m: Floats
    radius_m: float
    kelvin: float  # above the air


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One body in the plane: `heading_deg` clockwise from the plane's north, `scale` of the usual.

    `stride` is its gait's phase in radians (None: it stands), `up_m` how high it is off the
    ground, `warm` what its temperature over the air is multiplied by.
    """

    form: Form
    xy_m: Floats
    heading_deg: float = 0.0
    scale: float = 1.0
    stride: float | None = None
    up_m: float = 0.0
    warm: float = 1.0


def _limb(a: tuple[float, ...], b: tuple[float, ...], radius: float, kelvin: float) -> Part:
    return Part(np.array([a, b], float), radius, kelvin)


def _swing(figure: Figure, offset: float, reach: float) -> float:
    return 0.0 if figure.stride is None else reach * math.sin(figure.stride + offset)


def _person(figure: Figure) -> list[Part]:
    parts = [
        _limb((0.0, 0.0, 1.66), (0.02, 0.0, 1.70), 0.105, 11.0),  # the head, bare
        _limb((0.0, 0.0, 1.48), (0.0, 0.0, 1.55), 0.06, 9.0),
        _limb((0.0, 0.09, 1.02), (0.0, 0.11, 1.38), 0.135, 4.5),
        _limb((0.0, -0.09, 1.02), (0.0, -0.11, 1.38), 0.135, 4.5),
    ]
    for side, turn in ((1.0, 0.0), (-1.0, math.pi)):
        step, arm = _swing(figure, turn, 0.34), _swing(figure, turn + math.pi, 0.26)
        knee = 0.5 * step + (0.08 if figure.stride is not None else 0.0)
        lift = max(0.0, _swing(figure, turn - math.pi / 2, 0.12))
        parts += [
            _limb((0.0, 0.1 * side, 0.95), (knee, 0.1 * side, 0.5), 0.085, 3.8),
            _limb((knee, 0.1 * side, 0.5), (step, 0.1 * side, 0.07 + lift), 0.06, 3.0),
            _limb((0.0, 0.24 * side, 1.4), (0.4 * arm, 0.27 * side, 1.1), 0.055, 4.0),
            _limb((0.4 * arm, 0.27 * side, 1.1), (arm, 0.24 * side, 0.88), 0.045, 4.5),
            _limb((arm, 0.24 * side, 0.84), (arm, 0.24 * side, 0.8), 0.05, 9.0),  # hands
        ]
    return parts


def _beast(figure: Figure, shoulder: float, stout: float, neck: float, coat: float) -> list[Part]:
    """Four legs, a long body, a neck that rises by `neck` radians, a warm head."""
    s = shoulder
    nose = (0.62 * s + 0.42 * s * math.cos(neck), 0.0, 0.9 * s + 0.5 * s * math.sin(neck))
    parts = [
        _limb((-0.58 * s, 0.0, 0.84 * s), (0.5 * s, 0.0, 0.85 * s), stout * s, coat),
        _limb((0.55 * s, 0.0, 0.9 * s), nose, 0.6 * stout * s, coat + 1.0),
        _limb(nose, (nose[0] + 0.2 * s, 0.0, nose[2] - 0.06 * s), 0.1 * s, coat + 4.0),
    ]
    for along, side, turn in ((0.48, 1, 0.0), (0.48, -1, 3.1), (-0.55, 1, 3.1), (-0.55, -1, 0.0)):
        step = _swing(figure, turn, 0.22 * s)
        hip, foot = (along * s, 0.1 * side * s, 0.75 * s), (along * s + step, 0.1 * side * s, 0.04)
        parts.append(_limb(hip, foot, 0.055 * s, coat + 1.5))
    return parts


def _bird(figure: Figure) -> list[Part]:
    beat = _swing(figure, 0.0, 0.3)
    wings = [_limb((0.0, 0.1 * k, 0.0), (-0.05, 0.5 * k, beat), 0.05, 3.0) for k in (1, -1)]
    return [_limb((-0.18, 0.0, 0.0), (0.2, 0.0, 0.03), 0.09, 8.0), *wings]


def _bush(figure: Figure) -> list[Part]:
    sway = _swing(figure, 0.0, 0.12)
    return [
        _limb((0.0, y, 0.9 * r), (sway * z, y * 1.3, z), r, 1.2)
        for y, z, r in ((-0.5, 1.0, 0.35), (0.4, 1.3, 0.4), (0.0, 0.7, 0.5))
    ]


def _box(
    x: tuple[float, float], y: float, z: tuple[float, float], kelvin: tuple[float, ...]
) -> list[Part]:
    """Front, back, sides, top of a box; `kelvin` in that order."""
    (b, f), (low, high), (front, back, side, top) = x, z, kelvin
    faces = (
        ([(f, -y, low), (f, y, low), (f, y, high), (f, -y, high)], front),
        ([(b, y, low), (b, -y, low), (b, -y, high), (b, y, high)], back),
        ([(f, y, low), (b, y, low), (b, y, high), (f, y, high)], side),
        ([(b, -y, low), (f, -y, low), (f, -y, high), (b, -y, high)], side),
        ([(b, -y, high), (f, -y, high), (f, y, high), (b, y, high)], top),
    )
    return [Part(np.array(corners, float), 0.0, warm) for corners, warm in faces]


def _car(_: Figure) -> list[Part]:
    parts = _box((-2.1, 0.85), 0.85, (0.35, 0.95), (3.0, 2.5, 3.0, -1.0))
    parts += _box((0.85, 2.15), 0.85, (0.35, 0.9), (14.0, 3.0, 6.0, 10.0))  # the bonnet
    parts += _box((-1.9, 0.6), 0.75, (0.95, 1.5), (1.0, 1.0, 0.5, -3.0))
    for x in (-1.3, 1.4):
        for y in (-0.78, 0.78):
            parts.append(_limb((x, y, 0.32), (x, y * 1.05, 0.32), 0.31, 9.0))
    return [*parts, _limb((-2.15, 0.4, 0.3), (-2.0, 0.4, 0.3), 0.07, 28.0)]  # the exhaust


_BUILD = {
    Form.PERSON: _person,
    Form.DEER: lambda figure: _beast(figure, 0.8, 0.27, 1.0, 4.0),
    Form.BOAR: lambda figure: _beast(figure, 0.7, 0.36, -0.25, 3.5),
    Form.BIRD: _bird,
    Form.BUSH: _bush,
    Form.CAR: _car,
}


def placed(figure: Figure, view: View, terrain: Terrain) -> list[Part]:
    """A figure's parts as metres east, north, up of the camera, furthest first."""
    a = math.radians(figure.heading_deg)
    ahead, left = np.array([math.sin(a), math.cos(a)]), np.array([-math.cos(a), math.sin(a)])
    foot = float(terrain.height_at(*figure.xy_m)) + figure.up_m
    built = _BUILD[figure.form](figure)
    x, y, z = (np.concatenate([part.at_m for part in built]) * figure.scale).T
    away = view.away(figure.xy_m + x[:, None] * ahead + y[:, None] * left, foot + z)
    ends = np.cumsum([len(part.at_m) for part in built])[:-1]
    parts = [
        Part(where, part.radius_m * figure.scale, part.kelvin * figure.warm)
        for part, where in zip(built, np.split(away, ends), strict=True)
    ]
    return sorted(parts, key=lambda part: -float(np.linalg.norm(part.at_m.mean(axis=0))))


class Seen(NamedTuple):
    """A figure in the frame: sides x0, y0, x1, y1 in pixels, not cut at the frame's edge."""

    box: tuple[float, float, float, float]
    whole: float  # pixels it would cover
    visible: float  # pixels it does
    foot: tuple[float, float]
    range_m: float


#: Nearer than this a figure fills the frame, and is left out.
_BOX_PX = 800


def paint(
    image: Image, cover_m: Floats | None, view: View, terrain: Terrain, climate: Climate,
    figure: Figure,
) -> Seen | None:  # fmt: skip
    """Paint a figure into an image (h, w) of apparent temperatures, hidden by what is before it.

    `cover_m` (h, w) is how far away growth is that hides what lies behind. Every pixel gets what
    the parts cover of it, found by samples around it, so that far figures keep their energy and
    their place. None when it is not in the frame at all.
    """
    foot_m = float(terrain.height_at(*figure.xy_m)) + figure.up_m
    foot = view.away(figure.xy_m[None], [foot_m])[0]
    range_m = float(np.linalg.norm(foot))
    parts = _flat(placed(figure, view, terrain), view)
    corners = np.concatenate([xy + side * r for xy, r, _ in parts for side in (-1.0, 1.0)])
    if not np.isfinite(corners).all():
        return None
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    left, top = math.floor(x0) - 1, math.floor(y0) - 1
    wide, high = math.ceil(x1) - left + 2, math.ceil(y1) - top + 2
    height, width = image.shape
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height or max(wide, high) > _BOX_PX:
        return None
    n = 2 * int(np.clip(64 / max(wide, high), 1, 12))
    ys, xs = (np.mgrid[0 : high * n, 0 : wide * n] + 0.5) / n
    warm, covered = np.zeros(xs.shape), np.zeros(xs.shape, np.bool_)
    for xy, radius, kelvin in parts:
        first = np.floor((xy.min(axis=0) - radius - (left, top)) * n).astype(int)
        last = np.ceil((xy.max(axis=0) + radius - (left, top)) * n).astype(int)
        near = slice(first[1], last[1] + 1), slice(first[0], last[0] + 1)
        if len(xy) == 4:
            depth = _in_face(xs[near], ys[near], xy - (left, top))
        else:
            depth = _in_limb(xs[near], ys[near], xy - (left, top), radius)
        inside = depth > 0.0
        # A round limb cools towards its rim.
        shade = kelvin * (0.75 + 0.25 * np.sqrt(np.clip(depth, 0.0, 1.0)))
        warm[near] = np.where(inside, shade, warm[near])
        covered[near] |= inside
    whole = covered.sum() / n**2
    open_ = covered & ~_below_horizon(view, terrain, figure, xs + left, ys + top)
    own = (slice(max(0, -top), min(high, height - top)), slice(max(0, -left), width - left))
    there = (slice(max(0, top), max(0, top + high)), slice(max(0, left), max(0, left + wide)))
    share = _gathered(open_.astype(float), n)[own]
    apparent = climate.seen(climate.air_c + warm, range_m)
    heat = _gathered(np.where(open_, apparent, 0.0), n)[own]
    if cover_m is not None:
        clear = cover_m[there] > range_m
        share, heat = share * clear, heat * clear
    image[there] = image[there] * (1.0 - share) + heat
    foot_px = pixels(view.lens, view.aim, foot[None])[0]
    return Seen(
        box=(float(x0), float(y0), float(x1), float(y1)),
        whole=float(whole),
        visible=float(share.sum()),
        foot=(float(foot_px[0]), float(foot_px[1])),
        range_m=range_m,
    )


def _flat(parts: list[Part], view: View) -> list[tuple[Floats, float, float]]:
    """Parts in the frame: pixels (k, 2), radius in pixels, kelvins."""
    xy = pixels(view.lens, view.aim, np.concatenate([part.at_m for part in parts]))
    ends = np.cumsum([len(part.at_m) for part in parts])[:-1]
    return [
        (
            where,
            part.radius_m * view.lens.focal_x_px / float(np.linalg.norm(part.at_m.mean(axis=0))),
            part.kelvin,
        )
        for part, where in zip(parts, np.split(xy, ends), strict=True)
    ]


def _in_limb(xs: Floats, ys: Floats, xy: Floats, radius: float) -> Floats:
    """1 on a limb's middle line, 0 on its rim, below 0 outside."""
    (ax, ay), (bx, by) = xy
    dx, dy = bx - ax, by - ay
    t = np.clip(((xs - ax) * dx + (ys - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
    away2 = (xs - ax - t * dx) ** 2 + (ys - ay - t * dy) ** 2
    found: Floats = 1.0 - away2 / max(radius * radius, 1e-12)
    return found


def _in_face(xs: Floats, ys: Floats, xy: Floats) -> Floats:
    """1 in a face that is turned to us, -1 elsewhere."""
    inside = np.ones(xs.shape, np.bool_)
    for (ax, ay), (bx, by) in zip(xy, np.roll(xy, -1, axis=0), strict=True):
        inside &= (bx - ax) * (ys - ay) - (by - ay) * (xs - ax) < 0.0
    return np.where(inside, 1.0, -1.0)


def _below_horizon(
    view: View, terrain: Terrain, figure: Figure, xs: Floats, ys: Floats
) -> NDArray[np.bool_]:
    """Which samples show ground that lies before the figure, rather than itself."""
    z = float(horizon(view, terrain, figure.xy_m[None])[0])
    if z <= float(terrain.height_at(*figure.xy_m)) - 0.5:
        return np.zeros(xs.shape, np.bool_)
    away = figure.xy_m - view.xy_m
    aside = np.array([away[1], -away[0]]) / np.hypot(*away)
    ends = view.away(np.stack([figure.xy_m - aside, figure.xy_m + aside]), [z, z])
    (ax, ay), (bx, by) = pixels(view.lens, view.aim, ends)
    below: NDArray[np.bool_] = (bx - ax) * (ys - ay) - (by - ay) * (xs - ax) > 0.0
    return below


def _gathered(samples: Floats, n: int) -> Floats:
    """What pixels get of n × n samples in each, by a tent that reaches to the next pixel's middle.

    A tent, unlike a box, keeps the middle of what is smaller than a pixel where it is.
    """
    for _ in range(2):
        high = samples.shape[0]
        padded = np.pad(samples, [(n // 2, n // 2), (0, 0)])
        weights = (1.0 - np.abs(np.arange(2 * n) + 0.5 - n) / n) / n
        parts = (w * padded[k : k + high - n + 1 : n] for k, w in enumerate(weights))
        samples = np.asarray(sum(parts)).T
    return samples


# ── the whole ─────────────────────────────────────────────────────────────────────────────────


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
    off = np.stack([_hash(i, j, seed), _hash(i, j, seed + 1)], axis=-1)
    xy = (np.stack([i, j], axis=-1) + off) * kind.every_m
    wood = 0.7 * noise(xy, 420.0, seed + 2) + 0.3 * noise(xy, 60.0, seed + 3)
    chance = np.where(wood > kind.thicket, kind.chance[1], kind.chance[0])
    grown = np.flatnonzero(_hash(i, j, seed + 4) < chance * cover)
    luck, shape = _hash(i, j, seed + 5)[grown], _hash(i, j, seed + 6)[grown]
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
