"""The rings of many geofences in one array, so that thousands are looked at in one go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.geofences.model import Geofence
from watchline.geofences.predicates import Floats

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """Ring r is `xy[ring_start[r]:ring_start[r + 1]]`; `owner_start` points into the rings."""

    xy: Floats  # (n, 2)
    ring_start: Longs
    owner_start: Longs

    def edges(self) -> tuple[Floats, Longs]:
        """(edges (m, 4), how many each ring has): from each point to the next in its ring."""
        last = np.zeros(len(self.xy), np.bool_)
        last[self.ring_start[1:] - 1] = True
        at = np.flatnonzero(~last)
        edges = np.column_stack([self.xy[at], self.xy[at + 1]]) if len(at) else np.zeros((0, 4))
        return edges, np.diff(self.ring_start) - 1


def flatten(geofences: Sequence[Geofence]) -> Flat:
    """The rings of geofences; each has a point at least, of two numbers."""
    rings = [ring for geofence in geofences for ring in geofence.rings]
    return Flat(
        xy=np.concatenate([np.zeros((0, 2)), *rings]),
        ring_start=_starts(map(len, rings), len(rings)),
        owner_start=_starts((len(geofence.rings) for geofence in geofences), len(geofences)),
    )


@compiled
def area_edges(xy: Floats, ring_start: Longs, owner_start: Longs) -> tuple[Floats, Longs]:
    """(edges (m, 4), owner_start) of areas, with the inside on their left.

    Shells run left about, holes right about; points that are there twice make no edge.
    """
    edges = np.empty((len(xy), 4))
    start = np.zeros(len(owner_start), np.int64)
    used = 0
    for owner in range(len(owner_start) - 1):
        for ring in range(owner_start[owner], owner_start[owner + 1]):
            first, last = ring_start[ring], ring_start[ring + 1] - 1
            # From the first point on: far from the origin products would lose their digits.
            x0, y0 = xy[first, 0], xy[first, 1]
            twice_area = 0.0
            for i in range(first, last):
                ax, ay, bx, by = xy[i, 0] - x0, xy[i, 1] - y0, xy[i + 1, 0] - x0, xy[i + 1, 1] - y0
                twice_area += ax * by - bx * ay
            forward = (twice_area > 0.0) == (ring == owner_start[owner])
            for i in range(first, last):
                if xy[i, 0] == xy[i + 1, 0] and xy[i, 1] == xy[i + 1, 1]:
                    continue
                a, b = (i, i + 1) if forward else (i + 1, i)
                edges[used, 0], edges[used, 1] = xy[a, 0], xy[a, 1]
                edges[used, 2], edges[used, 3] = xy[b, 0], xy[b, 1]
                used += 1
        start[owner + 1] = used
    return edges[:used].copy(), start


def _starts(counts: Iterable[int], n: int) -> Longs:
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.fromiter(counts, np.int64, n), out=start[1:])
    return start
