"""Who stands before a thermal camera: warm limbs and faces at true size, at true places."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import pixels
from watchline_sensors.simulate.thermal_ground import horizon
from watchline_sensors.simulate.thermal_view import Climate, Floats, Image, View
from watchline_sensors.terrain import Terrain


class Form(StrEnum):
    """What a warm thing is built like."""

    PERSON = "person"
    CRAWLER = "crawler"  # a person on hands and knees
    DEER = "deer"
    BOAR = "boar"
    FOX = "fox"
    BIRD = "bird"
    BUSH = "bush"
    ROCK = "rock"  # still warm from the day
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


def _crawler(figure: Figure) -> list[Part]:
    parts = [
        _limb((0.62, 0.0, 0.6), (0.68, 0.0, 0.62), 0.105, 11.0),
        _limb((-0.1, 0.0, 0.5), (0.42, 0.0, 0.54), 0.17, 4.5),
    ]
    for side, turn in ((1.0, 0.0), (-1.0, math.pi)):
        step, reach = _swing(figure, turn, 0.15), _swing(figure, turn + math.pi, 0.15)
        knee = (step - 0.12, 0.12 * side, 0.08)
        parts += [
            _limb((-0.15, 0.1 * side, 0.46), knee, 0.085, 3.8),
            _limb(knee, (step - 0.55, 0.12 * side, 0.07), 0.06, 3.0),
            _limb((0.4, 0.2 * side, 0.5), (reach + 0.5, 0.22 * side, 0.08), 0.05, 4.5),
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


def _rock(_: Figure) -> list[Part]:
    return [
        _limb((-0.25, 0.1, 0.15), (0.3, -0.1, 0.2), 0.32, 4.0),
        _limb((0.0, 0.3, 0.1), (0.1, -0.35, 0.15), 0.25, 5.0),
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
    Form.CRAWLER: _crawler,
    Form.DEER: lambda figure: _beast(figure, 0.8, 0.27, 1.0, 4.0),
    Form.BOAR: lambda figure: _beast(figure, 0.7, 0.36, -0.25, 3.5),
    Form.FOX: lambda figure: _beast(figure, 0.38, 0.3, 0.2, 4.5),
    Form.BIRD: _bird,
    Form.BUSH: _bush,
    Form.ROCK: _rock,
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
