"""Where on the ground a pixel looks, with the covariance of all that is not known exactly.

Along the pixel's azimuth each point of the ground is seen under an elevation of its own. How well
that agrees with the pixel's, in view of the errors of aim, pixel and heights, weighs the point;
ground behind a ridge weighs nothing, and what lies further out is more (targets are held to be
even over the ground). Mean and covariance of these weights are the place: an ellipse stretched
along the line of sight, over both slopes where a ridge leaves it open, and no place at all for
what looks at the sky.
"""

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import Aim, Lens, directions
from watchline_sensors.contract import Bearing, Position
from watchline_sensors.place import Pose, place_along
from watchline_sensors.terrain import Terrain

Floats = NDArray[np.float64]
_Error = Annotated[float, msgspec.Meta(gt=0, le=20)]

#: Light near the ground is bent down by 0.13 of the earth's curvature (Gauss' coefficient of
#: refraction, as geodesists use it); by night it is more, which at 3 km is 0.1 m of height.
REFRACTION = 0.13
OPTICAL_RADIUS_M = 6_371_000.0 / (1.0 - REFRACTION)

#: Ground is tried at distances that grow by this share, then so many times as finely where it fits.
_COARSE, _FINER = 0.005, 16
#: σ around the pixel's elevation that are looked at, and what still counts as ground at all.
_LOOK, _MISS = 5.0, 2.0
#: When more than this share of the weight lies at the furthest ground, the place is not known.
_OPEN = 0.02
_STEP_DEG, _STEP_PX = 1e-3, 0.1


class Doubt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Standard errors: of the aim (degrees), of the height of the eye over the ground (metres)."""

    azimuth_deg: _Error
    elevation_deg: _Error
    roll_deg: _Error = 0.1
    height_m: Annotated[float, msgspec.Meta(gt=0, le=100)] = 1.0


class Height(NamedTuple):
    """How tall a target is: metres, and the standard error of its logarithm."""

    metres: float
    log_sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A camera on its mast. `ground` is around the mast: x east and y north along geodesics."""

    pose: Pose
    lens: Lens
    aim: Aim
    doubt: Doubt
    ground: Terrain
    max_range_m: float
    min_range_m: float = 10.0


class Placed(NamedTuple):
    """On the ground if it is known where, and in any case a direction."""

    position: Position | None
    bearing: Bearing


def place(
    view: View, x: float, y: float, *, sigma_px: tuple[float, float], tall: Height | None = None,
    tall_px: float = 0.0,
) -> Placed:  # fmt: skip
    """Where a target stands whose foot is at a pixel, with the standard errors of its x and y.

    `tall` is weak evidence of the range from how tall it looks (`tall_px`).
    """
    azimuth, elevation, var_azimuth, var_elevation = _direction(view, x, y, sigma_px)
    bearing = Bearing(
        bearing_deg=math.degrees(azimuth) % 360.0, sigma_deg=math.degrees(math.sqrt(var_azimuth))
    )
    away, weight = _ground(
        view, azimuth, math.sqrt(var_azimuth), elevation, math.sqrt(var_elevation)
    )
    if tall is not None and tall_px > 0.0 and len(away):
        likely = tall.metres * view.lens.matrix[1] / tall_px
        off = np.log(away / likely) / tall.log_sigma
        # Beside the best fit: who is far too small or tall for any ground must not weigh 0 / 0.
        weight = weight * np.exp(-0.5 * (off * off - (off[weight > 0.0] ** 2).min()))
        weight /= weight.sum()
    if not len(away) or weight[away > 0.98 * view.max_range_m].sum() > _OPEN:
        return Placed(None, bearing)
    return Placed(_moments(view, away, weight, azimuth, var_azimuth), bearing)


def _direction(
    view: View, x: float, y: float, sigma_px: tuple[float, float]
) -> tuple[float, float, float, float]:
    """(azimuth, elevation, var azimuth, var elevation) of a pixel, in radians.

    Their correlation is left out: it is that of a roll's error far off the frame's middle.
    """
    aim, doubt = view.aim, view.doubt
    higher = structs.replace(aim, elevation_deg=aim.elevation_deg + _STEP_DEG)
    rolled = structs.replace(aim, roll_deg=aim.roll_deg + _STEP_DEG)
    rays = np.concatenate(
        [
            directions(view.lens, aim, [(x, y), (x + _STEP_PX, y), (x, y + _STEP_PX)]),
            directions(view.lens, higher, [(x, y)]),
            directions(view.lens, rolled, [(x, y)]),
        ]
    )
    azimuth = np.arctan2(rays[:, 0], rays[:, 1])
    elevation = np.arcsin(np.clip(rays[:, 2], -1.0, 1.0))
    turned = (azimuth[1:] - azimuth[0] + math.pi) % (2.0 * math.pi) - math.pi
    sigmas = np.array([*sigma_px, doubt.elevation_deg, doubt.roll_deg])
    sigmas /= [_STEP_PX, _STEP_PX, _STEP_DEG, _STEP_DEG]
    var_azimuth = float(((turned * sigmas) ** 2).sum()) + math.radians(doubt.azimuth_deg) ** 2
    var_elevation = float((((elevation[1:] - elevation[0]) * sigmas) ** 2).sum())
    return float(azimuth[0]), float(elevation[0]), var_azimuth, var_elevation


def _ground(
    view: View, azimuth: float, aside: float, elevation: float, sigma: float
) -> tuple[Floats, Floats]:
    """(distances, weights) of the ground that a direction may look at; none for the sky."""
    low, high = view.min_range_m, view.max_range_m
    coarse = low * np.exp(np.arange(math.ceil(math.log(high / low) / _COARSE) + 1) * _COARSE)
    seen, doubt, visible = _elevations(view, azimuth, aside, coarse, sigma)
    off = (elevation - seen) / doubt
    near = (np.minimum(off[:-1], off[1:]) < _LOOK) & (np.maximum(off[:-1], off[1:]) > -_LOOK)
    near &= visible[:-1] | visible[1:]
    if not near.any():
        return np.zeros(0), np.zeros(0)
    inside = (np.arange(_FINER) + 0.5) / _FINER
    away = (coarse[:-1][near, None] * np.exp(inside * _COARSE)).ravel()
    # What hides a fine point is the coarse ground before it, and the fine points since.
    ahead = np.repeat(np.maximum.accumulate(seen)[:-1][near], _FINER)
    seen, doubt, _ = _elevations(view, azimuth, aside, away, sigma)
    visible = np.maximum(np.maximum.accumulate(seen), ahead) - seen < 1e-9
    off = (elevation - seen) / doubt
    if not visible.any() or off[visible].min() > _MISS:
        return np.zeros(0), np.zeros(0)
    # Even over the ground: a stretch at twice the distance is twice as wide, and these stretches
    # are themselves longer in proportion.
    weight = np.where(visible, away * away / doubt * np.exp(-0.5 * off * off), 0.0)
    total = weight.sum()
    return (away, weight / total) if total > 0.0 else (np.zeros(0), np.zeros(0))


def _elevations(
    view: View, azimuth: float, aside: float, away: Floats, sigma: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Under what elevation each point of the ground is seen, how surely, and whether it is.

    `aside` and `sigma` are the errors of azimuth and elevation: on a slope across the view, who
    is not quite in this azimuth is higher or lower too.
    """
    west, ground, east = (
        view.ground.height_at(away * math.sin(a), away * math.cos(a))
        for a in (azimuth - aside, azimuth, azimuth + aside)
    )
    drop = view.pose.height_m + away * away / (2.0 * OPTICAL_RADIUS_M) - ground
    seen = np.arctan2(-drop, away)
    rise = np.hypot(view.doubt.height_m, (east - west) / 2.0)
    doubt = np.hypot(sigma, rise / np.hypot(away, drop) * np.cos(seen))
    return seen, doubt, np.maximum.accumulate(seen) - seen < 1e-9


def _moments(
    view: View, away: Floats, weight: Floats, azimuth: float, var_azimuth: float
) -> Position:
    """Mean and covariance of the weighted distances, with the azimuth's own doubt across."""
    mean = float(weight @ away)
    along = float(weight @ (away - mean) ** 2)
    across = float(weight @ away**2) * var_azimuth
    return place_along(
        view.pose,
        distance_m=mean,
        azimuth_deg=math.degrees(azimuth),
        sigma_along_m=math.sqrt(along),
        sigma_across_m=math.sqrt(across),
    )
