"""Where a camera looks, from landmarks seen in its picture and known on the map.

Gauss–Newton over azimuth, elevation and roll (and the focal length, if asked for), landmarks far
off the rest weighing less (Huber). The errors of the solution are those of the least squares, by
the residuals where these are larger than a click's own error.
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray
from pyproj import Geod

from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.placing import OPTICAL_RADIUS_M, View
from watchline_sensors.errors import EdgeError

Floats = NDArray[np.float64]

_GEOD = Geod(ellps="WGS84")
_ROUNDS = 60
_STEP = 1e-4
#: Residuals beyond this many σ pull no harder (Huber's usual constant) ...
_HUBER = 1.345
#: ... and beyond this many a landmark is told as doubtful.
_DOUBTFUL = 4.0
#: A solution that fits worse than this (pixels, root mean square) is none.
_WORST_PX = 40.0
COLUMNS = ("name", "x_px", "y_px", "lon_deg", "lat_deg")


class CalibrationFailed(EdgeError):
    """The landmarks do not tell where the camera looks."""

    code = "calibration.failed"


class Landmark(NamedTuple):
    """A place in the picture and on the map; `height_m` above the ellipsoid (None: the ground)."""

    name: str
    x_px: float
    y_px: float
    lon_deg: float
    lat_deg: float
    height_m: float | None = None


class Calibration(NamedTuple):
    """The aim with its standard errors in degrees, and what is left over of each landmark."""

    aim: Aim
    focal_x_px: float
    azimuth_sigma_deg: float
    elevation_sigma_deg: float
    roll_sigma_deg: float
    residuals_px: Floats  # (n, 2): seen minus predicted
    doubtful: list[str]

    @property
    def rms_px(self) -> float:
        """Root mean square of the residuals."""
        return float(np.sqrt((self.residuals_px**2).mean()))


def calibrate(
    view: View,
    landmarks: Sequence[Landmark],
    *,
    focal: bool = False,
    sigma_px: float | Floats = 1.0,
) -> Calibration:
    """Solve the aim of a camera whose place and lens are known; its own aim is not looked at.

    `focal` solves the focal length too. `sigma_px` is how well a landmark is clicked: one standard
    error for all, or (n, 2) those of each, right and down. Raises CalibrationFailed (too few
    landmarks, or none of them fit together).
    """
    least = 4 if focal else 3
    if len(landmarks) < least:
        raise CalibrationFailed(f"{len(landmarks)} landmarks; {least} are needed")
    where = offsets(view, landmarks)
    seen = np.array([(one.x_px, one.y_px) for one in landmarks])
    sigma = np.broadcast_to(np.asarray(sigma_px, float), seen.shape)
    lens = view.lens
    at = _begin(lens, where, seen)
    if not focal:
        at = at[:3]
    for _ in range(_ROUNDS):
        off, slopes = _linear(lens, at, where, seen, sigma)
        if not np.isfinite(off).all():
            raise CalibrationFailed("a landmark lies behind the camera; is its place right?")
        weight = _weights(off)
        step = np.linalg.lstsq(slopes * weight[:, None], off * weight, rcond=None)[0]
        at = at + step
        if np.abs(step).max() < 1e-9:
            break
    off, slopes = _linear(lens, at, where, seen, sigma)
    weight = _weights(off)
    aim, solved = _aimed(lens, at)
    left = off.reshape(-1, 2) * sigma
    if not np.isfinite(off).all() or np.sqrt(np.median(left**2)) > _WORST_PX:
        raise CalibrationFailed("the landmarks do not fit together; are some exchanged?")
    spare = max(1, len(off) - len(at))
    scale = max(1.0, float(((off * weight) ** 2).sum()) / spare)
    information = (slopes * weight[:, None]).T @ (slopes * weight[:, None])
    if np.linalg.cond(information) > 1e12:
        raise CalibrationFailed("the landmarks lie too close together")
    errors = np.degrees(np.sqrt(np.diag(np.linalg.inv(information)) * scale))
    limit = _DOUBTFUL * math.sqrt(max(1.0, float(np.median(off**2)) / 0.455))
    doubtful = [
        one.name
        for one, rest in zip(landmarks, off.reshape(-1, 2), strict=True)
        if np.abs(rest).max() > limit
    ]
    return Calibration(
        aim=aim,
        focal_x_px=solved.focal_x_px,
        azimuth_sigma_deg=float(errors[0]),
        elevation_sigma_deg=float(errors[1]),
        roll_sigma_deg=float(errors[2]),
        residuals_px=left,
        doubtful=doubtful,
    )


def offsets(view: View, landmarks: Sequence[Landmark]) -> Floats:
    """(n, 3) metres east, north, up in which landmarks are seen from a camera."""
    told = [(one.lon_deg, one.lat_deg, one.height_m) for one in landmarks]
    lon, lat, height = np.array(told, float).reshape(-1, 3).T  # NaN for None
    return away(view, lon, lat, height)


def away(view: View, lon_deg: Floats, lat_deg: Floats, height_m: Floats) -> Floats:
    """The same of places (n,) on the map; a height that is NaN is the ground's."""
    from_lon = np.full_like(lon_deg, view.pose.lon_deg)
    from_lat = np.full_like(lat_deg, view.pose.lat_deg)
    way, _, metres = _GEOD.inv(from_lon, from_lat, lon_deg, lat_deg)
    east, north = metres * np.sin(np.radians(way)), metres * np.cos(np.radians(way))
    height = np.where(np.isnan(height_m), view.ground.height_at(east, north), height_m)
    drop = metres * metres / (2.0 * OPTICAL_RADIUS_M)
    found: Floats = np.stack([east, north, height - view.pose.height_m - drop], axis=1)
    return found


def read_landmarks(path: Path) -> list[Landmark]:
    """A CSV file with the columns of COLUMNS and, where known, height_m; raises CalibrationFailed
    with the line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise CalibrationFailed(f"{path}: no column {', '.join(missing)}")
            return [_landmark(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationFailed(f"{path}: {error}") from error


def _landmark(path: Path, line: int, row: dict[str, str]) -> Landmark:
    try:
        x, y, lon, lat = (float(row[name]) for name in COLUMNS[1:])
        height = float(row["height_m"]) if row.get("height_m") else None
    except (TypeError, ValueError) as error:
        raise CalibrationFailed(f"{path}, line {line}: {error}") from error
    numbers = [x, y, lon, lat, height or 0.0]
    if not all(map(math.isfinite, numbers)) or abs(lon) > 180 or abs(lat) > 90:
        raise CalibrationFailed(f"{path}, line {line}: are longitude and latitude swapped?")
    return Landmark(row["name"], x, y, lon, lat, height)


def _begin(lens: Lens, away: Floats, seen: Floats) -> Floats:
    """Azimuth, elevation, roll (radians) and the focal length's logarithm, roughly."""
    fx, fy, cx, cy = lens.matrix
    azimuth = np.arctan2(away[:, 0], away[:, 1])
    elevation = np.arctan2(away[:, 2], np.hypot(away[:, 0], away[:, 1]))
    turned = azimuth - np.arctan((seen[:, 0] - cx) / fx)
    middle = math.atan2(np.sin(turned).mean(), np.cos(turned).mean())
    return np.array([middle, (elevation + np.arctan((seen[:, 1] - cy) / fy)).mean(), 0.0, 0.0])


def _aimed(lens: Lens, at: Floats) -> tuple[Aim, Lens]:
    azimuth, elevation, roll = np.degrees(at[:3]).tolist()
    aim = Aim(azimuth_deg=azimuth % 360.0, elevation_deg=elevation, roll_deg=roll)
    if len(at) == 3:
        return aim, lens
    grown = math.exp(at[3])
    fx, fy, _, _ = lens.matrix
    return aim, structs.replace(lens, focal_x_px=fx * grown, focal_y_px=fy * grown)


def _linear(
    lens: Lens, at: Floats, away: Floats, seen: Floats, sigma: Floats
) -> tuple[Floats, Floats]:
    """(residuals (2n,), their slopes (2n, k)), both over the residuals' standard errors."""

    def predicted(at: Floats) -> Floats:
        aim, solved = _aimed(lens, at)
        return pixels(solved, aim, away).ravel()

    here = predicted(at)
    slopes = [
        (predicted(at + _STEP * unit) - predicted(at - _STEP * unit)) / (2.0 * _STEP)
        for unit in np.eye(len(at))
    ]
    by = sigma.ravel()
    return (seen.ravel() - here) / by, np.stack(slopes, axis=1) / by[:, None]


def _weights(off: Floats) -> Floats:
    """Square roots of Huber's weights, the scale by the median (0.6745 σ of normal errors)."""
    scale = max(1.0, float(np.median(np.abs(off))) / 0.6745)
    far = np.abs(off) / (scale * _HUBER)
    return 1.0 / np.sqrt(np.maximum(far, 1.0))
