"""From what a device says to a point on WGS 84 with the covariance of its east and north errors.

All geodesy is ellipsoidal: the ground distance follows from the slant range and both heights
on a sphere of the place's own radius (Gauss), the point from PROJ's geodesic. Against the
exact point in space it is within 0.05 m to 20 km; a flat or spherical earth would be 85 m off.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from watchline_sensors.contract import Position

Array = NDArray[np.float64]

_GEOD = Geod(ellps="WGS84")
_A_M = 6_378_137.0
_E2 = 6.694379990141316e-3

#: No sensor knows a place better than this; it also keeps covariances from being singular.
MIN_SIGMA_M = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where a device stands and how it is turned.

    WGS 84, metres above the ellipsoid. `north_offset_deg` is added to the device's azimuths
    to make them true. `ground_height_m` is the height of what it sees (the device's own
    height where nothing better is known).
    """

    lon_deg: float
    lat_deg: float
    height_m: float
    north_offset_deg: float = 0.0
    ground_height_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Positions as columns; the same frame and units as `Position`."""

    lon_deg: Array
    lat_deg: Array
    var_east_m2: Array
    cov_east_north_m2: Array
    var_north_m2: Array


def ground_distance_m(pose: Pose, slant_m: float) -> float:
    """How far over the ground a slant range reaches (metres).

    A slant range shorter than the height difference reaches nowhere: 0, the device's foot.
    Refraction is left out: it bends the ray, but changes its length by millimetres only.
    """
    radius_m, device_m, ground_m = _radii(pose)
    squared = slant_m * slant_m - (device_m - ground_m) ** 2
    if squared <= 0.0:
        return 0.0
    half_chord = min(1.0, math.sqrt(squared / (4.0 * device_m * ground_m)))
    return 2.0 * radius_m * math.asin(half_chord)


def place_polar(
    pose: Pose,
    *,
    slant_m: float,
    azimuth_deg: float,
    sigma_slant_m: float,
    sigma_azimuth_deg: float,
) -> Position:
    """A slant range and an azimuth from the device's own north, with their sigmas."""
    distance_m = ground_distance_m(pose, slant_m)
    # Not a derivative: it has no limit under a mast, and this step is exact further out.
    along_m = ground_distance_m(pose, slant_m + sigma_slant_m) - distance_m
    across_m = distance_m * math.radians(sigma_azimuth_deg)
    return _at(pose, distance_m, azimuth_deg, along_m, across_m)


def place_cartesian(
    pose: Pose,
    *,
    x_m: float,
    y_m: float,
    sigma_slant_m: float,
    sigma_azimuth_deg: float,
    sensor_plane: bool = False,
) -> Position:
    """x right of and y along the device's own north, in the plane that touches its place.

    `sensor_plane`: the device did not correct for slant range, so that the length of (x, y)
    is a slant range. The error is that of the polar measurement behind it.
    """
    length_m = math.hypot(x_m, y_m)
    azimuth_deg = math.degrees(math.atan2(x_m, y_m))
    if sensor_plane:
        return place_polar(
            pose,
            slant_m=length_m,
            azimuth_deg=azimuth_deg,
            sigma_slant_m=sigma_slant_m,
            sigma_azimuth_deg=sigma_azimuth_deg,
        )
    across_m = length_m * math.radians(sigma_azimuth_deg)
    return _at(pose, length_m, azimuth_deg, sigma_slant_m, across_m)


def place_wgs84(
    lon_deg: float, lat_deg: float, *, sigma_m: float, height_m: float | None = None
) -> Position:
    """A position the device gave itself, with one sigma for east and north."""
    variance = max(sigma_m, MIN_SIGMA_M) ** 2
    return Position(
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        var_east_m2=variance,
        var_north_m2=variance,
        height_m=height_m,
    )


def place_along(
    pose: Pose,
    *,
    distance_m: float,
    azimuth_deg: float,
    sigma_along_m: float,
    sigma_across_m: float,
) -> Position:
    """So far over the ground at an azimuth from the device's own north, with the sigmas there."""
    return _at(pose, distance_m, azimuth_deg, sigma_along_m, sigma_across_m)


def place_seen(
    pose: Pose,
    *,
    lon_deg: float,
    lat_deg: float,
    sigma_slant_m: float,
    sigma_azimuth_deg: float,
) -> Position:
    """A position a ranging device worked out itself: its point, with the error of the
    polar measurement that must be behind it."""
    onward_deg, back_deg, distance_m = _GEOD.inv(pose.lon_deg, pose.lat_deg, lon_deg, lat_deg)
    direction_deg = back_deg + 180.0 if distance_m > 0.0 else onward_deg
    across_m = distance_m * math.radians(sigma_azimuth_deg)
    return _position(lon_deg, lat_deg, direction_deg, sigma_slant_m, across_m)


def plane_at(pose: Pose, lon_deg: float, lat_deg: float) -> Pose:
    """The pose by which `turn_to_true` turns what the device says of a far point.

    A device that works in one plane counts from its own north everywhere, but meridians
    converge: by the difference in longitude times the sine of the middle latitude (the first
    term of the series; 0.01 degrees off at 400 km).
    """
    east_deg = (lon_deg - pose.lon_deg + 180.0) % 360.0 - 180.0
    middle = math.radians((lat_deg + pose.lat_deg) / 2.0)
    turned_deg = pose.north_offset_deg + east_deg * math.sin(middle)
    return replace(pose, north_offset_deg=turned_deg)


def degrees_to_metres(lat_deg: float, lon: float, lat: float) -> tuple[float, float]:
    """Small differences in longitude and latitude (degrees) as metres east and north there."""
    sin, cos = _sin_cos(lat_deg)
    bend = 1.0 - _E2 * sin * sin
    across_m = _A_M / math.sqrt(bend)  # radii of curvature, across and along the meridian
    along_m = across_m * (1.0 - _E2) / bend
    return math.radians(lon) * across_m * cos, math.radians(lat) * along_m


def turn_to_true(pose: Pose, x: float, y: float) -> tuple[float, float]:
    """A vector in the device's frame (x right of, y along its north) as true east and north."""
    sin, cos = _sin_cos(pose.north_offset_deg)
    return x * cos + y * sin, y * cos - x * sin


def turn_covariance(
    pose: Pose, var_x: float, cov_xy: float, var_y: float
) -> tuple[float, float, float]:
    """A covariance in the device's frame as (east, east-north, north); singular ones are eased."""
    floor = MIN_SIGMA_M**2
    var_x, var_y = max(var_x, floor), max(var_y, floor)
    limit = 0.99 * math.sqrt(var_x * var_y)
    cov_xy = min(max(cov_xy, -limit), limit)
    sin, cos = _sin_cos(pose.north_offset_deg)
    return (
        var_x * cos * cos + 2.0 * cov_xy * sin * cos + var_y * sin * sin,
        (var_y - var_x) * sin * cos + cov_xy * (cos * cos - sin * sin),
        var_x * sin * sin - 2.0 * cov_xy * sin * cos + var_y * cos * cos,
    )


def place_polar_array(
    pose: Pose,
    *,
    slant_m: Array,
    azimuth_deg: Array,
    sigma_slant_m: float,
    sigma_azimuth_deg: float,
) -> Placed:
    """The same as `place_polar` for whole columns."""
    distance_m = _ground_distances_m(pose, slant_m)
    along_m = _ground_distances_m(pose, slant_m + sigma_slant_m) - distance_m
    across_m = distance_m * math.radians(sigma_azimuth_deg)
    true_deg = np.asarray(azimuth_deg, dtype=np.float64) + pose.north_offset_deg
    lon, lat, back_deg = _GEOD.fwd(
        np.full_like(distance_m, pose.lon_deg),
        np.full_like(distance_m, pose.lat_deg),
        true_deg,
        distance_m,
    )
    onward = np.radians(np.where(distance_m > 0.0, np.asarray(back_deg) + 180.0, true_deg))
    sin, cos = np.sin(onward), np.cos(onward)
    along = np.maximum(along_m, MIN_SIGMA_M) ** 2
    across = np.maximum(across_m, MIN_SIGMA_M) ** 2
    return Placed(
        lon_deg=np.asarray(lon),
        lat_deg=np.asarray(lat),
        var_east_m2=along * sin * sin + across * cos * cos,
        cov_east_north_m2=(along - across) * sin * cos,
        var_north_m2=along * cos * cos + across * sin * sin,
    )


def _at(
    pose: Pose, distance_m: float, azimuth_deg: float, along_m: float, across_m: float
) -> Position:
    true_deg = azimuth_deg + pose.north_offset_deg
    lon_deg, lat_deg, back_deg = _GEOD.fwd(pose.lon_deg, pose.lat_deg, true_deg, distance_m)
    # Meridians converge: east and north at the target are not east and north at the device.
    direction_deg = back_deg + 180.0 if distance_m > 0.0 else true_deg
    return _position(lon_deg, lat_deg, direction_deg, along_m, across_m)


def _position(
    lon_deg: float, lat_deg: float, direction_deg: float, along_m: float, across_m: float
) -> Position:
    """A point with sigmas along and across a true direction."""
    sin, cos = _sin_cos(direction_deg)
    along = max(along_m, MIN_SIGMA_M) ** 2
    across = max(across_m, MIN_SIGMA_M) ** 2
    return Position(
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        var_east_m2=along * sin * sin + across * cos * cos,
        cov_east_north_m2=(along - across) * sin * cos,
        var_north_m2=along * cos * cos + across * sin * sin,
    )


def _ground_distances_m(pose: Pose, slant_m: Array) -> Array:
    radius_m, device_m, ground_m = _radii(pose)
    squared = np.asarray(slant_m, dtype=np.float64) ** 2 - (device_m - ground_m) ** 2
    half_chord = np.sqrt(np.maximum(squared, 0.0) / (4.0 * device_m * ground_m))
    distance_m: Array = 2.0 * radius_m * np.arcsin(np.minimum(half_chord, 1.0))
    return distance_m


@lru_cache(maxsize=1024)
def _radii(pose: Pose) -> tuple[float, float, float]:
    """The local sphere: its radius, and how far from its centre device and ground lie (metres).

    The radius is Gauss' radius of curvature, the geometric mean over all azimuths.
    """
    sin = math.sin(math.radians(pose.lat_deg))
    radius_m = _A_M * math.sqrt(1.0 - _E2) / (1.0 - _E2 * sin * sin)
    ground_m = pose.height_m if pose.ground_height_m is None else pose.ground_height_m
    return radius_m, radius_m + pose.height_m, radius_m + ground_m


def _sin_cos(angle_deg: float) -> tuple[float, float]:
    angle = math.radians(angle_deg)
    return math.sin(angle), math.cos(angle)
