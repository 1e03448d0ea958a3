"""Small things the edge's tests share."""

import asyncio
import base64
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from watchline_sensors.clock import now_us
from watchline_sensors.config import Config, EdgeConfig, SensorConfig
from watchline_sensors.contract import (
    Detection,
    Health,
    HealthState,
    Item,
    Position,
    SensorKind,
)
from watchline_sensors.keys import load_or_create_key


def sighting(at_us: int, sensor: str = "radar-1", **more: object) -> Detection:
    position = Position(lon_deg=2.0, lat_deg=41.3, var_east_m2=9.0, var_north_m2=9.0)
    return Detection(sensor=sensor, at_us=at_us, position=position, **more)


def heartbeat(at_us: int, sensor: str = "radar-1", **counters: int) -> Health:
    return Health(sensor=sensor, at_us=at_us, state=HealthState.OK, counters=counters)


def sensor_config(sensor: str = "radar-1", **options: object) -> SensorConfig:
    return SensorConfig(
        id=sensor,
        adapter="asterix",
        name="Radar",
        kind=SensorKind.RADAR,
        lon_deg=2.0,
        lat_deg=41.3,
        height_m=10.0,
        options=options,
    )


def edge_config(folder: Path, hub: str, **more: object) -> Config:
    edge = EdgeConfig(id="edge-1", hub=hub, state=folder / "state")
    return Config(edge=msgspec.structs.replace(edge, **more), sensors=[sensor_config()])


def public_key(config: Config) -> bytes:
    return base64.b64decode(load_or_create_key(config.edge.key_path).public_key_base64())


def decoded(body: bytes) -> Item:
    return msgspec.msgpack.decode(body, type=Item)


async def until(condition: Callable[[], object], timeout_s: float = 25.0) -> None:
    """Fails with the condition's value when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


def sightings(count: int, **more: object) -> list[Detection]:
    at_us = now_us()
    return [sighting(at_us, score=i / count, **more) for i in range(count)]
