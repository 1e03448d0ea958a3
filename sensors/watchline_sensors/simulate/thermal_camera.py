"""A thermal camera in a scenario: any frame of it, with the truth about what is in it.

Pure in (specification, world, frame number): frame k is taken k / frames_per_s seconds after the
scenario began, whoever asks, in whatever order.
"""

import math
import zlib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import Aim, Lens
from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate import thermal_sensor
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.border import Plane
from watchline_sensors.simulate.table import Id, Name, Positive, Table
from watchline_sensors.simulate.thermal_figures import Figure, Form, Seen, paint
from watchline_sensors.simulate.thermal_scene import Scene
from watchline_sensors.simulate.thermal_sensor import ADAPT_FRAMES, Sensor, agc, counts, shown
from watchline_sensors.simulate.thermal_view import Climate, Image, View, Weather

if TYPE_CHECKING:  # a scenario has thermal cameras, and a world has a scenario
    from watchline_sensors.simulate.world import World

Floats = NDArray[np.float64]

_REACH_M = 6000.0
_STEP_M = 0.72  # of a walker; two steps are one turn of the gait
_STANDS_MPS = 0.05
_FLIES_MPS = 2.5  # what is unknown and faster than this has wings
_FLIES_M = 12.0
_APART_M = 1.1  # one of a group from the next, about


class ThermalSpec(Table, frozen=True, kw_only=True):
    """A fixed thermal camera on a mast; `lens` and `aim` are what its calibration says."""

    id: Id
    name: Name
    lens: Lens
    aim: Aim
    mast_m: Annotated[float, Meta(ge=1, le=200)] = 25.0
    frames_per_s: Annotated[float, Meta(ge=1, le=60)] = 25.0
    weather: Weather = Weather.CLEAR
    air_c: float = 8.0
    grass_c: float = 5.0
    cover: Annotated[float, Meta(ge=0, le=5)] = 1.0
    netd_k: Positive = 0.05


class Truth(NamedTuple):
    """A target in a frame: sides in pixels, cut at the frame's edge.

    `visible` is the share of it that neither ground, growth nor the frame's edge hides; `foot`
    the pixel of the middle of its feet; of what flies, its own.
    """

    target: str
    object: ObjectClass
    x0: float
    y0: float
    x1: float
    y1: float
    visible: float
    foot: tuple[float, float]
    range_m: float


class Picture(NamedTuple):
    """One frame: 8-bit grey and 16-bit counts (h, w), and what is in it."""

    grey: NDArray[np.uint8]
    counts: NDArray[np.uint16]
    truth: list[Truth]


class ThermalCamera:
    """One camera; making it takes some seconds, a frame of it some hundredths."""

    def __init__(
        self, spec: ThermalSpec, seed: int, at_xy_m: Floats, area: Area, world: "World"
    ) -> None:
        """Stand it at a place in the area's plane."""
        self.spec, self._area, self._world = spec, area, world
        lon, lat = area.plane.to_lon_lat(at_xy_m)
        self.lon_deg, self.lat_deg = float(lon), float(lat)
        self.eye_m = float(area.terrain.height_at(*at_xy_m)) + spec.mast_m
        view = View(
            lens=spec.lens,
            aim=spec.aim,
            xy_m=np.asarray(at_xy_m, float),
            height_m=self.eye_m,
            north_deg=_north(area.plane, at_xy_m),
        )
        climate = Climate(
            air_c=spec.air_c, grass_c=spec.grass_c, weather=spec.weather, cover=spec.cover
        )
        self.scene = Scene(view, area.terrain, climate)
        self.sensor = Sensor(seed=seed ^ zlib.crc32(spec.id.encode()), netd_k=spec.netd_k)
        self._curve = lru_cache(8)(self._curve_at)

    def frame(self, number: int) -> Picture:
        """Frame `number`, counted from 0."""
        now = shown(self.sensor, number)
        image, truth = self.focused(now.number)
        if now.flat:
            image = np.full_like(image, np.median(image))
            truth = [one._replace(visible=0.0) for one in truth]
        # A frozen picture is the same picture, noise and all.
        at = number if now.flat else now.number
        raw = counts(self.sensor, image, at, Weather.CLEAR if now.flat else self.spec.weather)
        anchor = at // ADAPT_FRAMES
        grey = agc(self.sensor, raw, at, self._curve(anchor - 1), self._curve(anchor))
        return Picture(grey, raw, truth)

    def focused(self, number: int) -> tuple[Image, list[Truth]]:
        """A frame's scene through the optics, before any noise, in °C; and the truth."""
        image = self.scene.still.copy()
        truth = self._targets(image, number / self.spec.frames_per_s)
        climate = self.scene.climate
        return thermal_sensor.optics(image, self.scene.range_m, climate.weather), truth

    def _curve_at(self, anchor: int) -> NDArray[np.float64]:
        return thermal_sensor.curve(self.focused(max(0, anchor) * ADAPT_FRAMES)[0])

    def _targets(self, image: Image, t_s: float) -> list[Truth]:
        near = self._world.near(t_s, t_s)
        moment = self._world.at(t_s, near)
        away = np.hypot(*(moment.xy_m - self.scene.view.xy_m).T)
        there = np.flatnonzero(moment.present & (away > 3.0) & (away < _REACH_M))
        found = []
        for k in there[np.argsort(-away[there])]:
            target = self._world.targets[near[k]]
            figures = _figures(
                target.id, target.object, target.size, moment.xy_m[k], moment.velocity_mps[k], t_s
            )
            seen = [one for figure in figures if (one := self._paint(image, figure)) is not None]
            if seen:
                name = self._world.name(int(near[k]), t_s)
                found.append(self._truth(name, target.object, seen, len(figures)))
        return found

    def _paint(self, image: Image, figure: Figure) -> Seen | None:
        scene = self.scene
        return paint(image, scene.cover_m, scene.view, scene.terrain, scene.climate, figure)

    def _truth(self, name: str, kind: ObjectClass, seen: list[Seen], count: int) -> Truth:
        sides = np.array([one.box for one in seen])
        lens = self.spec.lens
        x0, y0 = np.clip(sides[:, :2].min(axis=0), 0.0, (lens.width, lens.height))
        x1, y1 = np.clip(sides[:, 2:].max(axis=0), 0.0, (lens.width, lens.height))
        foot = np.mean([one.foot for one in seen], axis=0)
        whole = sum(one.whole for one in seen) * count / len(seen)
        return Truth(
            target=name, object=kind, x0=float(x0), y0=float(y0), x1=float(x1), y1=float(y1),
            visible=min(1.0, sum(one.visible for one in seen) / max(whole, 1e-9)),
            foot=(float(foot[0]), float(foot[1])),
            range_m=float(np.mean([one.range_m for one in seen])),
        )  # fmt: skip


def _north(plane: Plane, at_xy_m: Floats) -> float:
    """True north at a place, in degrees clockwise from the plane's own."""
    lon, lat = plane.to_lon_lat(at_xy_m)
    further = plane.to_plane(lon, lat + 0.01) - np.asarray(at_xy_m, float)
    return math.degrees(math.atan2(further[0], further[1]))


def _figures(
    name: str, kind: ObjectClass, size: int, xy_m: Floats, velocity_mps: Floats, t_s: float
) -> list[Figure]:
    """The bodies of a target; whoever it is always looks the same."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    turn, warm, scale = (float(rng.uniform(*b)) for b in ((0.0, 6.28), (0.85, 1.15), (0.92, 1.08)))
    speed = float(np.hypot(*velocity_mps))
    goes = speed > _STANDS_MPS
    heading = math.atan2(*velocity_mps) if goes else turn
    walk = t_s * speed / _STEP_M * math.pi + turn if goes else None
    one = Figure(
        form=Form.PERSON, xy_m=xy_m, heading_deg=math.degrees(heading), scale=scale, warm=warm,
        stride=walk,
    )  # fmt: skip
    if kind is ObjectClass.VEHICLE:
        return [replace(one, form=Form.CAR)]
    if kind is ObjectClass.ANIMAL:
        boar = "boar" in name or ("deer" not in name and turn < 2.0)
        return [replace(one, form=Form.BOAR if boar else Form.DEER)]
    if kind is ObjectClass.UNKNOWN and speed > _FLIES_MPS:
        return [replace(one, form=Form.BIRD, stride=25.0 * t_s + turn, up_m=_FLIES_M)]
    if kind is ObjectClass.UNKNOWN:
        return [replace(one, form=Form.BUSH, stride=1.7 * t_s + turn)]
    if kind is ObjectClass.PERSON:
        return [one]
    ahead = np.array([math.sin(heading), math.cos(heading)])
    aside = np.array([ahead[1], -ahead[0]])
    people = []
    for k in range(size):
        # In pairs, one pair behind the other, nobody quite in line.
        back, side = (k // 2 - (size - 2) / 4) * 1.4 * _APART_M, (k % 2 - 0.5) * _APART_M
        off = aside * side - ahead * back + rng.normal(0.0, 0.25, 2)
        step = None if walk is None else walk + 1.9 * k
        tall = float(rng.uniform(0.93, 1.06))
        people.append(replace(one, xy_m=xy_m + off, scale=tall, stride=step))
    return people
