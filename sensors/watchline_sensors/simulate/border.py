"""Border coordinates: how far along the border, and how far inside.

A scenario's author writes [km, m]: chainage along the stretch in kilometres and distance
from the border in metres, positive inside (the home side), negative outside. So a scenario
stays valid on any stretch of border.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

Floats = NDArray[np.float64]

_STEP_M = 50.0
SMOOTH_M = 2000.0


class Plane:
    """Longitude and latitude (WGS 84) to and from metres east and north of an origin.

    Azimuthal equidistant, as the hub's sector plane is.
    """

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        self.lon_deg, self.lat_deg = lon_deg, lat_deg
        self._transformer: Any = Transformer.from_crs(
            "EPSG:4326",
            f"+proj=aeqd +lat_0={lat_deg!r} +lon_0={lon_deg!r} +datum=WGS84 +units=m",
            always_xy=True,
        )

    def to_plane(self, lon_deg: ArrayLike, lat_deg: ArrayLike) -> Floats:
        """(..., 2) metres of places on earth."""
        found: Floats = np.stack(self._transformer.transform(lon_deg, lat_deg), axis=-1)
        return found

    def to_lon_lat(self, xy_m: ArrayLike) -> Floats:
        """(..., 2) longitude and latitude of points in the plane."""
        xy = np.asarray(xy_m, float)
        inverse = self._transformer.transform(xy[..., 0], xy[..., 1], direction="INVERSE")
        return np.stack(inverse, axis=-1)


class BorderFrame:
    """Border coordinates to metres in the plane, along one stretch of border.

    `line_xy_m` (k, 2) runs with rising chainage; the home side lies to its left when
    `home_left`. The direction "inside" is the border's normal smoothed over `smooth_m`, so
    that neighbouring points stay neighbours at bends. Beyond the ends the stretch goes on
    straight.
    """

    def __init__(self, line_xy_m: Floats, *, home_left: bool, smooth_m: float = SMOOTH_M) -> None:
        steps = np.hypot(*np.diff(line_xy_m, axis=0).T)
        if len(line_xy_m) < 2 or not (steps > 0).all():
            raise ValueError("a border line has at least two points, none of them twice")
        self.home_left = home_left
        self.vertices_m = np.concatenate([[0.0], np.cumsum(steps)])
        self.length_m = float(self.vertices_m[-1])
        self._line = line_xy_m
        count = max(2, round(self.length_m / _STEP_M) + 1)
        self._s = np.linspace(0.0, self.length_m, count)
        along = np.gradient(self._on_line(self._s), self._s, axis=0)
        reach = max(1, round(smooth_m / 2 / (self._s[1] - self._s[0])))
        padded = np.pad(along, ((reach, reach), (0, 0)), mode="edge")
        sums = np.cumsum(np.vstack([[0.0, 0.0], padded]), axis=0)
        tangent = sums[2 * reach + 1 :] - sums[: -2 * reach - 1]
        self._tangent = tangent / np.hypot(*tangent.T)[:, None]

    @property
    def length_km(self) -> float:
        """The stretch's length."""
        return self.length_m / 1000.0

    def _on_line(self, s_m: Floats) -> Floats:
        return np.stack([np.interp(s_m, self.vertices_m, self._line[:, k]) for k in (0, 1)], -1)

    def tangent(self, km: ArrayLike) -> Floats:
        """(..., 2) the smoothed unit direction of rising chainage."""
        s = np.asarray(km, float) * 1000.0
        found = np.stack([np.interp(s, self._s, self._tangent[:, k]) for k in (0, 1)], axis=-1)
        return found / np.linalg.norm(found, axis=-1, keepdims=True)

    def point(self, km: ArrayLike, inside_m: ArrayLike) -> Floats:
        """(..., 2) metres in the plane of border coordinates."""
        s = np.asarray(km, float) * 1000.0
        tangent = self.tangent(km)
        inward = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
        if not self.home_left:
            inward = -inward
        base = self._on_line(np.clip(s, 0.0, self.length_m))
        beyond = s - np.clip(s, 0.0, self.length_m)
        return base + tangent * beyond[..., None] + inward * np.asarray(inside_m, float)[..., None]

    def parallel(self, from_km: float, to_km: float, inside_m: float) -> Floats:
        """(k, 2) the line that keeps a distance from the border between two chainages.

        At distance 0 it has the border's own vertices, else a point each 100 m or so.
        """
        if inside_m == 0.0:
            s = self.vertices_m
            own = s[(s > from_km * 1000.0) & (s < to_km * 1000.0)]
            km = np.concatenate([[from_km], own / 1000.0, [to_km]])
        else:
            km = np.linspace(from_km, to_km, max(2, round(abs(to_km - from_km) * 10.0) + 1))
        return self.point(km, np.full(len(km), inside_m))
