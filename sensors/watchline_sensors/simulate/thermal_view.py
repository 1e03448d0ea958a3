"""A thermal camera in its place, and the air before it.

Light bends towards the earth with a coefficient of 0.13 (Gauss), as if the earth's radius were
R / (1 - 0.13). What lies d away shows air + (own - air) * exp(-k d) (Beer and Lambert).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchline_sensors.adapters.thermal.lens import Aim, Lens

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

RADIUS_M = 6_371_000.0 / (1.0 - 0.13)


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
