"""Between pixels and directions: a pinhole with radial and tangential distortion (Brown–Conrady).

Pixels count from the frame's upper left corner, x right and y down; the first pixel's middle is
(0.5, 0.5). Directions are unit vectors east, north, up at the camera.
"""

import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_Pixels = Annotated[int, Meta(ge=16, le=16384)]
_Focal = Annotated[float, Meta(gt=1, le=1e6)]
_Degrees = Annotated[float, Meta(ge=-360, le=360)]
#: Undistorting is a fixed point; far outside the frame it need not end, and does not matter.
_ROUNDS = 20


class Lens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera's inside: focal lengths and principal point in pixels, distortion as OpenCV's.

    Left out, the principal point is the frame's middle and `focal_y_px` is `focal_x_px`.
    """

    width: _Pixels
    height: _Pixels
    focal_x_px: _Focal
    focal_y_px: _Focal | None = None
    centre_x_px: float | None = None
    centre_y_px: float | None = None
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    @property
    def matrix(self) -> tuple[float, float, float, float]:
        """(focal x, focal y, centre x, centre y) in pixels."""
        return (
            self.focal_x_px,
            self.focal_x_px if self.focal_y_px is None else self.focal_y_px,
            self.width / 2 if self.centre_x_px is None else self.centre_x_px,
            self.height / 2 if self.centre_y_px is None else self.centre_y_px,
        )


class Aim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the camera looks: degrees clockwise from true north, above the horizon, and of roll.

    With a positive roll the camera leans to its right, so that the horizon falls to the left.
    """

    azimuth_deg: _Degrees
    elevation_deg: Annotated[float, Meta(ge=-90, le=90)]
    roll_deg: Annotated[float, Meta(ge=-180, le=180)] = 0.0

    def axes(self) -> Floats:
        """(3, 3): the rows are the frame's right, its down and the view, as east, north, up."""
        a, e, r = map(math.radians, (self.azimuth_deg, self.elevation_deg, self.roll_deg))
        view = np.array([math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e)])
        level = np.array([math.cos(a), -math.sin(a), 0.0])
        below = np.cross(view, level)
        right = math.cos(r) * level + math.sin(r) * below
        return np.stack([right, np.cross(view, right), view])


def directions(lens: Lens, aim: Aim, xy: ArrayLike) -> Floats:
    """(n, 3) unit vectors east, north, up of the pixels (n, 2)."""
    fx, fy, cx, cy = lens.matrix
    seen = (np.asarray(xy, float) - (cx, cy)) / (fx, fy)
    plain = seen.copy()
    if lens.k1 or lens.k2 or lens.p1 or lens.p2:
        for _ in range(_ROUNDS):
            plain = seen - (_distorted(lens, plain) - plain)
    rays = np.concatenate([plain, np.ones((len(plain), 1))], axis=1) @ aim.axes()
    unit: Floats = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return unit


def pixels(lens: Lens, aim: Aim, away: ArrayLike) -> Floats:
    """(n, 2) where directions or offsets (n, 3) from the camera are seen; NaN behind it."""
    right, down, ahead = aim.axes() @ np.asarray(away, float).T
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.where(ahead > 0.0, np.stack([right, down]) / ahead, np.nan).T
    fx, fy, cx, cy = lens.matrix
    found: Floats = _distorted(lens, plain) * (fx, fy) + (cx, cy)
    return found


def _distorted(lens: Lens, plain: Floats) -> Floats:
    x, y = plain[:, 0], plain[:, 1]
    r2 = x * x + y * y
    radial = 1.0 + r2 * (lens.k1 + r2 * lens.k2)
    found: Floats = np.stack(
        [
            x * radial + 2.0 * lens.p1 * x * y + lens.p2 * (r2 + 2.0 * x * x),
            y * radial + lens.p1 * (r2 + 2.0 * y * y) + 2.0 * lens.p2 * x * y,
        ],
        axis=1,
    )
    return found
