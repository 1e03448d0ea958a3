"""Sightings of a real radar's shape: decoded from the recording in data/, stamped anew."""

import asyncio
import functools
import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from watchline_sensors.adapters.replay.adapter import build_replay
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Item, SensorKind

RECORDING = Path(__file__).parents[2] / "data/recordings/asterix/walkers.cat010.ast"


class _Kept:
    """A feed that keeps the sightings."""

    def __init__(self) -> None:
        self.sightings: list[Detection] = []

    async def put(self, items: Sequence[Item]) -> None:
        self.sightings += [item for item in items if isinstance(item, Detection)]


@functools.cache
def recorded() -> list[Detection]:
    """What the recording holds; not to be called where an event loop runs."""
    told = json.loads(RECORDING.with_name("walkers.expected.json").read_text("utf-8"))
    sensor = SensorConfig(
        id="radar-hill",
        adapter="asterix",
        name="Radar on the hill",
        kind=SensorKind.RADAR,
        lon_deg=told["sensor"]["lon_deg"],
        lat_deg=told["sensor"]["lat_deg"],
        height_m=told["sensor"]["height_m"],
        options={
            "sac": told["sensor"]["sac"],
            "sic": told["sensor"]["sic"],
            "rho_sigma_m": 5.0,
            "theta_sigma_deg": 0.3,
        },
    )
    feed = _Kept()
    replay = build_replay(RECORDING, [sensor], day=date.fromisoformat(told["first_day"]))
    asyncio.run(replay.run(feed))
    return feed.sightings


def bodies(first_us: int, step_us: int) -> Iterator[tuple[int, bytes]]:
    """(stamp, msgpack) of the recording's sightings over and over, as the spool keeps them."""
    encode = msgspec.msgpack.Encoder().encode
    for at_us, one in zip(itertools.count(first_us, step_us), itertools.cycle(recorded())):
        yield at_us, encode(msgspec.structs.replace(one, at_us=at_us))
