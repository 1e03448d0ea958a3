"""A sector's metric plane: metres east and north of the sector's origin.

The plane is the azimuthal equidistant projection of WGS 84 around the origin: distances and
bearings from the origin are true, and 100 km away scale is wrong by 4 parts in 100,000.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

from watchline.sectors.series import Series

Floats = NDArray[np.float64]

#: Within this of the origin, in either direction, the projection is read off a series.
_HALF_M = 150_000.0


class SectorPlane:
    """Longitude and latitude (degrees, WGS 84) to and from the plane of one sector (metres).

    Scalars and arrays alike; NaN stays NaN. Safe to share between threads.
    """

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        if not (-180.0 <= lon_deg <= 180.0 and -90.0 <= lat_deg <= 90.0):
            raise ValueError(f"no place on earth: {lon_deg}, {lat_deg}")
        self.lon_deg = float(lon_deg)
        self.lat_deg = float(lat_deg)
        self._transformer = Transformer.from_pipeline(
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            f"+step +proj=aeqd +lat_0={self.lat_deg!r} +lon_0={self.lon_deg!r} +ellps=WGS84"
        )

        self._forward = self._inverse = None
        half_lat = _HALF_M / 111_000.0
        if abs(lat_deg) + half_lat < 75.0:
            half_lon = half_lat / np.cos(np.radians(abs(lat_deg) + half_lat))
            if abs(lon_deg) + half_lon < 180.0:
                self._forward = Series(
                    lambda lon, lat: self._exact(lon, lat, "FORWARD"),
                    (self.lon_deg, self.lat_deg),
                    (half_lon, half_lat),
                )
                self._inverse = Series(
                    lambda x, y: self._exact(x, y, "INVERSE"), (0.0, 0.0), (_HALF_M, _HALF_M)
                )

    def to_plane(self, lon_deg: ArrayLike, lat_deg: ArrayLike) -> tuple[Floats, Floats]:
        """(x_m, y_m) of places on earth."""
        return self._transform(lon_deg, lat_deg, "FORWARD", self._forward)

    def to_lon_lat(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[Floats, Floats]:
        """(lon_deg, lat_deg) of points in the plane."""
        return self._transform(x_m, y_m, "INVERSE", self._inverse)

    def point_to_lon_lat(self, x_m: float, y_m: float) -> tuple[float, float]:
        """(lon_deg, lat_deg) of one point in the plane."""
        lon, lat = self.to_lon_lat(x_m, y_m)
        return float(lon), float(lat)

    def convergence_rad(self, lon_deg: ArrayLike, lat_deg: ArrayLike) -> Floats:
        """By how much true north leans to the left of the plane's y axis, at places on earth.

        The change of azimuth along the geodesic from the origin, by Gauss's mean-latitude
        formula; right within 1e-4 rad up to 200 km away, outside the polar caps.
        """
        d_lon = np.radians(np.asarray(lon_deg, float) - self.lon_deg)
        d_lon = np.arctan2(np.sin(d_lon), np.cos(d_lon))
        lat = np.radians(np.asarray(lat_deg, float))
        lat_0 = np.radians(self.lat_deg)
        mean, half = 0.5 * (lat + lat_0), 0.5 * (lat - lat_0)
        angle: Floats = 2.0 * np.arctan(np.tan(0.5 * d_lon) * np.sin(mean) / np.cos(half))
        return angle

    def _transform(
        self, first: ArrayLike, second: ArrayLike, direction: Any, series: Series | None
    ) -> tuple[Floats, Floats]:
        a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
        shape = a.shape
        a, b = np.ascontiguousarray(a).reshape(-1), np.ascontiguousarray(b).reshape(-1)
        if series is None:
            u, v = np.full(len(a), np.nan), np.full(len(a), np.nan)
        else:
            u, v = series(a, b)
        rest = np.flatnonzero(np.isnan(u) & np.isfinite(a) & np.isfinite(b))
        if len(rest):
            u[rest], v[rest] = self._exact(a[rest], b[rest], direction)
        return u.reshape(shape), v.reshape(shape)

    def _exact(self, first: Floats, second: Floats, direction: Any) -> tuple[Floats, Floats]:
        u, v = self._transformer.transform(first, second, direction=direction)
        return u, v


def turn_vector(angle_rad: Floats, east: ArrayLike, north: ArrayLike) -> tuple[Floats, Floats]:
    """Vectors (of the components `east` and `north`) turned to the left by an angle."""
    e, n = np.asarray(east, float), np.asarray(north, float)
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return e * cos - n * sin, e * sin + n * cos


def turn_covariance(
    angle_rad: Floats, var_e: ArrayLike, cov: ArrayLike, var_n: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Covariances turned to the left by an angle: (var_x, cov_xy, var_y)."""
    e, c, n = np.asarray(var_e, float), np.asarray(cov, float), np.asarray(var_n, float)
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    mixed = 2.0 * c * sin * cos
    return (
        e * cos * cos - mixed + n * sin * sin,
        (e - n) * sin * cos + c * (cos * cos - sin * sin),
        e * sin * sin + mixed + n * cos * cos,
    )
