"""Detections as columns in a sector's plane: what the tracker eats."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """n placed detections of one sector, sorted by (at, edge, boot, seq).

    Frame: the sector's metric plane (metres east and north of its origin).
    `sensor` and `edge` are the database's small integers; NaN means "not told". A bearing has
    no place of its own: its `x_m` and `y_m` are the sensor's, its variances NaN.
    """

    at_us: NDArray[np.int64]  # (n,) µs since 1970 UTC
    sensor: NDArray[np.int32]  # (n,)
    edge: NDArray[np.int32]  # (n,) with boot and seq: the natural key
    boot: NDArray[np.int64]  # (n,)
    seq: NDArray[np.int64]  # (n,)
    x_m: NDArray[np.float64]  # (n,)
    y_m: NDArray[np.float64]  # (n,)
    var_x_m2: NDArray[np.float64]  # (n,)
    cov_xy_m2: NDArray[np.float64]  # (n,)
    var_y_m2: NDArray[np.float64]  # (n,)
    bearing_rad: NDArray[np.float64]  # (n,) clockwise from the plane's y axis; NaN when placed
    bearing_sigma_rad: NDArray[np.float64]  # (n,)
    vx_mps: NDArray[np.float64]  # (n,) NaN when the sensor gave no velocity
    vy_mps: NDArray[np.float64]  # (n,)
    v_sigma_mps: NDArray[np.float64]  # (n,)
    classes: NDArray[np.float32]  # (n, 5) in contract.CLASS_ORDER; a row of NaN when not told

    def __len__(self) -> int:
        return len(self.at_us)
