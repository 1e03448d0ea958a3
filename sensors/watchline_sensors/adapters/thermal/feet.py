"""Where tracklets stood in the kept pictures of a camera: the feet of their outlines, over time."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.lens import Lens
from watchline_sensors.adapters.thermal.segment import Shot


class Feet(NamedTuple):
    """One tracklet's: µs since 1970 UTC (n,), ascending, and pixels (n, 2) in the lens' frame."""

    name: str
    at_us: NDArray[np.int64]
    xy_px: NDArray[np.float64]


def feet(shots: Iterable[Shot], lens: Lens) -> list[Feet]:
    """The middles of the outlines' bottom edges, tracklet by tracklet as they come.

    An outline that touches the picture's left, right or bottom side is cut off there: left out.
    """
    found: defaultdict[str, dict[int, tuple[float, float]]] = defaultdict(dict)
    for shot in shots:
        for one in shot.outlines:
            if one.x0 > 0.0 and one.x1 < 1.0 and one.y1 < 1.0:
                foot = ((one.x0 + one.x1) / 2 * lens.width, one.y1 * lens.height)
                found[one.sensor_track][shot.at_us] = foot
    return [
        Feet(name, np.array(sorted(seen)), np.array([seen[at_us] for at_us in sorted(seen)]))
        for name, seen in found.items()
    ]
