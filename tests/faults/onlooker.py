"""A device that sees the march: an adapter from outside the product, beside `faults.device`.

Its options: `journal` as there, `march` (units, alone, pairs, parting), `start_us`, when it begins,
and `phase_s`. It looks at all walkers once a second, `phase_s` after the full second of the
march, whatever the edge around it went through; what it would have seen while the edge was dead
nobody has seen. Before, meanwhile and afterwards it sees one who stands far away.
"""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from faults.device import promise
from faults.march import SIGMA_M, March, Walker, seen
from faults.oracle import Journal
from plain_sector import lon_lat
from watchline_sensors.adapters import Feed
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health, HealthState, Position

_BEACON = (-9000.0, 0.0)


def build(sensors: Sequence[SensorConfig]) -> list["Onlooker"]:
    """One for each sensor."""
    return [Onlooker(sensor.id, **sensor.options) for sensor in sensors]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """Nothing is ever wrong with it."""
    return []


class Onlooker:
    """All walkers at once, each second."""

    def __init__(
        self, sensor: str, journal: str, march: list[int], start_us: int, phase_s: float
    ) -> None:
        units, alone, pairs, parting = march
        self._march = March(units=units, alone=alone, pairs=pairs, parting=parting)
        self._sensor, self._start_us, self._phase_s = sensor, start_us, phase_s
        self._journal = Journal(Path(journal))
        self._quiet = Path(journal).with_suffix(".quiet")
        self._start = secrets.token_hex(4)

    async def run(self, feed: Feed) -> None:
        """Until cancelled."""
        walkers = self._march.walkers()
        while True:
            t_s = (now_us() - self._start_us) / 1e6
            wait_s = (self._phase_s - t_s) % 1.0
            await asyncio.sleep(wait_s)
            t_s = round(t_s + wait_s - self._phase_s) + self._phase_s
            if self._quiet.exists():
                continue
            items = [self._sighting("beacon", t_s, *_BEACON)]
            if 0.0 <= t_s <= self._march.seconds:
                items += [self._of(walker, t_s) for walker in walkers]
            await promise(feed, self._journal, items)

    def _of(self, walker: Walker, t_s: float) -> Detection:
        return self._sighting(walker.name, t_s, *seen(walker, t_s, self._sensor))

    def _sighting(self, name: str, t_s: float, x_m: float, y_m: float) -> Detection:
        lon, lat = lon_lat(x_m, y_m)
        return Detection(
            sensor=self._sensor,
            at_us=self._start_us + round(t_s * 1e6),
            position=Position(
                lon_deg=lon, lat_deg=lat, var_east_m2=SIGMA_M**2, var_north_m2=SIGMA_M**2
            ),
            sensor_track=f"{self._start}.{name}.{t_s:.3f}",
            extras={"walker": name},
        )

    def health(self, now_us: int) -> Sequence[Health]:
        """Always well."""
        return [Health(sensor=self._sensor, at_us=now_us, state=HealthState.OK)]
