"""What the adapters' tests share: configured radars, recordings, a feed that remembers."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aviconv_asterix import iter_records
from aviconv_asterix.cat034 import UAP_034
from aviconv_asterix.cat062 import UAP_062
from aviconv_asterix.fspec import Compound, Fixed

from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Item, SensorKind

ROOT = Path(__file__).parents[3]


class Recorder:
    """A feed that keeps what it is given."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.largest_put = 0
        self.arrived = asyncio.Event()

    async def put(self, items: Sequence[Item]) -> None:
        self.items += items
        self.largest_put = max(self.largest_put, len(items))
        self.arrived.set()

    @property
    def detections(self) -> list[Detection]:
        return [item for item in self.items if isinstance(item, Detection)]

    async def wait_for(self, count: int, timeout_s: float = 5.0) -> None:
        """Return once so many items are there; fails after the time."""
        async with asyncio.timeout(timeout_s):
            while len(self.items) < count:
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
def feed() -> Recorder:
    return Recorder()


def make_radar(sensor: str = "radar", **changes: Any) -> SensorConfig:
    """A radar as edge.toml describes it; what is no field of a sensor is an option of it."""
    fields = set(SensorConfig.__struct_fields__)
    options = {
        "sac": 0,
        "sic": 7,
        "rho_sigma_m": 5.0,
        "theta_sigma_deg": 0.3,
        "listen": "127.0.0.1:0",
        **{key: value for key, value in changes.items() if key not in fields},
    }
    pose = {"lon_deg": 2.0833, "lat_deg": 41.2972, "height_m": 54.0}
    given = {key: value for key, value in changes.items() if key in fields}
    return SensorConfig(
        id=sensor,
        adapter="asterix",
        name=sensor,
        kind=SensorKind.RADAR,
        options=options,
        **{**pose, **given},
    )


@pytest.fixture
def radar_config() -> Callable[..., SensorConfig]:
    return make_radar


@pytest.fixture
def tracker_config() -> Callable[..., SensorConfig]:
    """A tracker as edge.toml describes it."""

    def make(**changes: Any) -> SensorConfig:
        own = {"editions": {"62": "1.18"}, "position_sigma_m": 80.0, **changes}
        config = make_radar("tracker", **own)
        radars = ("rho_sigma_m", "theta_sigma_deg")
        options = {key: value for key, value in config.options.items() if key not in radars}
        return msgspec.structs.replace(config, options=options)

    return make


@pytest.fixture
def aviconv() -> Iterator[Callable[..., Iterator[Any]]]:
    """aviconv's `iter_records`, two of its octet counts put right.

    I062/380 FSS has two octets, I034/050 MDS two as well; aviconv-asterix 0.4.0 has three and
    one, and loses every record with such an item. libasterix and the recordings (whose records
    end where their datablocks do) say so.
    """
    parts = {
        part.id: part
        for item in (*UAP_034, *UAP_062)
        if item is not None and isinstance(item.layout, Compound)
        for part in item.layout.subfields
        if part is not None
    }
    wrong = [parts["I062/380/FSS"], parts["I034/050/MDS"]]
    before = [part.layout for part in wrong]
    for part in wrong:
        object.__setattr__(part, "layout", Fixed(2))
    yield iter_records
    for part, layout in zip(wrong, before, strict=True):
        object.__setattr__(part, "layout", layout)


@pytest.fixture(scope="session")
def airport_path() -> Path:
    """Two hours of an airport's surface radar; not ours to ship."""
    path = ROOT.parent / "shared/data/asterix/lebl-smr.cat010.ast"
    if not path.exists():
        pytest.skip("the airport recording (../shared/data) is not beside this clone")
    return path


@pytest.fixture(scope="session")
def airport(airport_path: Path) -> bytes:
    return airport_path.read_bytes()


@pytest.fixture(scope="session")
def walkers_path() -> Path:
    return ROOT / "data/recordings/asterix/walkers.cat010.ast"
