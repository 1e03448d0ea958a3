"""Where a true path stays in one place of an area for long enough. Pure."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stays(
    at_us: NDArray[np.int64],
    xy: Floats,
    area: Any,
    *,
    seconds: float,
    radius_m: float,
    margin_m: float,
) -> list[tuple[int, int, int]]:
    """(sample where it begins, sample by which it has lasted `seconds`, last sample) of each stay.

    All the while the path is surely inside and within `radius_m` of where the stay began.
    """
    points = shapely.points(xy)
    inside = shapely.contains(area, points) & (shapely.distance(area.boundary, points) >= margin_m)
    whole = np.searchsorted(at_us, at_us + round(seconds * 1e6))
    n = len(at_us)
    # The ends of a stay are near each other: most samples need no closer look.
    might = inside & (whole < n)
    ends = xy[np.minimum(whole, n - 1)]
    might &= np.hypot(*(ends - xy).T) <= radius_m
    found = []
    i = 0
    candidates = np.flatnonzero(might)
    while len(candidates := candidates[candidates >= i]):
        i = int(candidates[0])
        gone = ~inside[i:] | (np.hypot(*(xy[i:] - xy[i]).T) > radius_m)
        last = i + int(np.argmax(gone)) - 1 if gone.any() else n - 1
        if last >= whole[i]:
            found.append((i, int(whole[i]), last))
            i = last + 1
        else:
            i += 1
    return found
