"""What the tracker says: updates as columns, in the order in which things were so."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class TrackStatus(IntEnum):
    """The life of a track; names in the database and on screen are the lower-case words."""

    TENTATIVE = 0
    CONFIRMED = 1
    COASTING = 2
    ENDED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackUpdates:
    """m updates of tracks; a plot update holds the filtered state at the plot's time.

    When a track is confirmed, its earlier plots come first, so that it is judged from its
    first plot: all updates of one track are in ascending `at_us`. Tentative plots are not
    reported before that. `detection` is the index into the batch (−1: a plot of an earlier
    batch, or no plot at all: coasting, ended).
    """

    id: NDArray[np.uint8]  # (m, 16) UUID bytes, derived from the founding detection's key
    no: NDArray[np.int64]  # (m,) short number, counted per sector over confirmed tracks
    at_us: NDArray[np.int64]  # (m,)
    x_m: NDArray[np.float64]  # (m,)
    y_m: NDArray[np.float64]  # (m,)
    vx_mps: NDArray[np.float64]  # (m,)
    vy_mps: NDArray[np.float64]  # (m,)
    var_x_m2: NDArray[np.float64]  # (m,)
    cov_xy_m2: NDArray[np.float64]  # (m,)
    var_y_m2: NDArray[np.float64]  # (m,)
    status: NDArray[np.uint8]  # (m,) TrackStatus after this update
    classes: NDArray[np.float32]  # (m, 5) class probabilities, in contract.CLASS_ORDER
    hits: NDArray[np.int32]  # (m,)
    first_us: NDArray[np.int64]  # (m,) time of the track's first plot
    sensors: NDArray[np.int32]  # (m, 8) contributing sensors, 0 = none
    detection: NDArray[np.int32]  # (m,)
    plot: NDArray[np.bool_]  # (m,) False for coasting and ended

    def __len__(self) -> int:
        return len(self.at_us)

    def take(self, index: NDArray[np.intp]) -> "TrackUpdates":
        """The updates at `index`, in that order."""
        return TrackUpdates(**{f.name: getattr(self, f.name)[index] for f in fields(self)})
