"""A device that writes down what the edge has promised it: an adapter from outside the product.

Its options: `journal`, a file outside of what is broken, and `per_s`, bearings a second. A key is
unique over all starts and goes along as the device's track number; so the oracle finds it again
whatever numbers edge and hub give. It sees nothing while a file of the journal's name that ends in
.quiet is there.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
import random
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from faults.oracle import Journal
from watchline_sensors.adapters import Feed
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Bearing, Detection, Health, HealthState
from watchline_sensors.errors import SpoolError

_PERIOD_S = 0.05


def build(sensors: Sequence[SensorConfig]) -> list["Device"]:
    """One device for each sensor."""
    return [Device(sensor.id, **sensor.options) for sensor in sensors]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """Nothing is ever wrong with it."""
    return []


class Device:
    """Bearings at random, in puts of one to four."""

    def __init__(self, sensor: str, journal: str, per_s: int) -> None:
        self._sensor, self._per_s = sensor, per_s
        self._journal = Journal(Path(journal))
        self._quiet = Path(journal).with_suffix(".quiet")
        self._start = secrets.token_hex(4)

    async def run(self, feed: Feed) -> None:
        """Until cancelled; what is refused is not promised."""
        dice = random.Random(self._start)
        numbers = itertools.count(1)
        while True:
            due = 0 if self._quiet.exists() else max(1, round(self._per_s * _PERIOD_S))
            while due > 0:
                items = [self._sighting(dice, next(numbers)) for _ in range(min(due, 4))]
                due -= len(items)
                await promise(feed, self._journal, items)
            await asyncio.sleep(_PERIOD_S)

    def _sighting(self, dice: random.Random, number: int) -> Detection:
        return Detection(
            sensor=self._sensor,
            at_us=now_us(),
            # Eighths: what PostgreSQL keeps in 32 bits comes back as it was.
            bearing=Bearing(bearing_deg=dice.randrange(360 * 8) / 8, sigma_deg=0.5),
            score=dice.randrange(8) / 8,
            sensor_track=f"{self._sensor}.{self._start}.{number}",
            extras={"text": "ż" * dice.randrange(8), "number": number},
        )

    def health(self, now_us: int) -> Sequence[Health]:
        """Always well."""
        return [Health(sensor=self._sensor, at_us=now_us, state=HealthState.OK)]


async def promise(feed: Feed, journal: Journal, items: Sequence[Detection]) -> None:
    """Put some items and write down what became of them; what is refused is not promised."""
    keys = [str(item.sensor_track) for item in items]
    journal.given(zip(keys, map(_of_item, items), strict=True))
    with contextlib.suppress(SpoolError):
        await feed.put(items)
        journal.acked(keys)


def _of_item(item: Detection) -> str:
    bearing_deg = None if item.bearing is None else item.bearing.bearing_deg
    return _digest(item.sensor, item.at_us, bearing_deg, item.score, item.extras or {})


def _digest(
    sensor: str, at_us: int, bearing_deg: float | None, score: Any, extras: dict[str, Any]
) -> str:
    text = json.dumps([sensor, at_us, bearing_deg, score, extras], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stored(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """(key, payload hash) of every row that devices have caused."""
    rows = connection.execute(
        """SELECT sensor_track, sensor_id, (extract(epoch FROM at) * 1e6)::bigint, bearing_deg,
                  score, extras FROM detection WHERE sensor_id LIKE '%-device'"""
    )
    return [(key, _digest(*values)) for key, *values in rows]
