"""truth.jsonl: where every mover truly was, twice a second, one JSON object per line."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.world import World

PERIOD_US = 500_000


def truth_rows(world: World, area: Area, start_us: int, index: int) -> Iterator[str]:
    """The lines of the sample `index` (at `start_us` + index * 0.5 s), movers present only.

    Keys: `at_us`, `target`, `class`, `size`, `unit` (own patrols; else null), `lon`, `lat`
    (WGS 84), `speed_mps`, `heading_deg` (of the sector's plane, clockwise from its north).
    """
    at_us = start_us + index * PERIOD_US
    t_s = index * PERIOD_US / 1e6
    moment = world.at(t_s)
    if not moment.present.any():
        return
    lon_lat = area.plane.to_lon_lat(moment.xy_m)
    for n, target in enumerate(world.targets):
        if not moment.present[n]:
            continue
        east, north = (float(v) for v in moment.velocity_mps[n])
        row = {
            "at_us": at_us,
            "target": world.name(n, t_s),
            "class": target.object.value,
            "size": target.size,
            "unit": target.unit,
            "lon": round(float(lon_lat[n, 0]), 7),
            "lat": round(float(lon_lat[n, 1]), 7),
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
