"""truth.jsonl: where every mover truly was, twice a second, one JSON object per line."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.world import World

PERIOD_US = 500_000


def truth_rows(world: World, area: Area, start_us: int, index: int) -> Iterator[str]:
    """The lines of the sample `index` (at `start_us` + index * 0.5 s), movers present only.

    Keys: `at_us`, `target`, `class`, `size`, `unit` (own patrols; else null), `lon`, `lat`
    (WGS 84), `speed_mps`, `heading_deg` (of the sector's plane, clockwise from its north).
    """
    t_s = index * PERIOD_US / 1e6
    there = world.near(t_s, t_s)
    return _rows(world, area, start_us, np.full(len(there), index), there)


def whole_truth(world: World, area: Area, start_us: int, until_s: float) -> Iterator[str]:
    """The lines of all samples up to and with `until_s`, but one mover after the other."""
    samples = np.arange(int(until_s * 1e6) // PERIOD_US + 1)
    for n in range(len(world.targets)):
        yield from _rows(world, area, start_us, samples, np.full(len(samples), n))


def _rows(
    world: World,
    area: Area,
    start_us: int,
    samples: NDArray[np.int64],
    targets: NDArray[np.int64],
) -> Iterator[str]:
    """The lines of these targets, each at the sample beside it, if it is there then."""
    t_s = samples * PERIOD_US / 1e6
    moment = world.at(t_s, targets)
    there = np.flatnonzero(moment.present)
    if not len(there):
        return
    lon_lat = np.round(area.plane.to_lon_lat(moment.xy_m[there]), 7).tolist()
    for k, (lon, lat) in zip(there.tolist(), lon_lat, strict=True):
        n = int(targets[k])
        target = world.targets[n]
        east, north = (float(v) for v in moment.velocity_mps[k])
        row = {
            "at_us": start_us + int(samples[k]) * PERIOD_US,
            "target": world.name(n, float(t_s[k])),
            "class": target.object.value,
            "size": target.size,
            "unit": target.unit,
            "lon": lon,
            "lat": lat,
            "speed_mps": round(math.hypot(east, north), 3),
            "heading_deg": round(math.degrees(math.atan2(east, north)) % 360.0, 1),
        }
        yield json.dumps(row, separators=(",", ":")) + "\n"


class TruthFile:
    """Writes samples in order, each once, up to a given time of the world."""

    def __init__(self, path: Path, world: World, area: Area, start_us: int) -> None:
        self._world, self._area, self._start_us = world, area, start_us
        self._next = 0
        self._file = path.open("w", encoding="utf-8")

    def write_until(self, t_s: float) -> None:
        """Every sample not yet written, up to and with `t_s`; on disk when this returns."""
        while self._next * PERIOD_US <= t_s * 1e6:
            rows = truth_rows(self._world, self._area, self._start_us, self._next)
            self._file.writelines(rows)
            self._next += 1
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
