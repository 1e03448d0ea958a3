"""A small area of our own: a bent border, one ridge, the demo's roads; no atlas needed."""

import json
from pathlib import Path

import numpy as np
import pytest

from watchline_sensors.simulate.area import Area, load_area
from watchline_sensors.simulate.border import Plane

ORIGIN = (24.0, 50.6)


def write_area(folder: Path, *, home_left: bool = True) -> Path:
    """A 16 km border running north with a bend, home in the west; flat but for a ridge."""
    plane = Plane(*ORIGIN)
    line = np.array([[0.0, -8000.0], [300.0, -1000.0], [-200.0, 3000.0], [400.0, 8000.0]])
    if not home_left:
        line = line[::-1]
    steps = np.arange(-12_000.0, 12_001.0, 100.0)
    x, y = np.meshgrid(steps, steps)
    ridge = 60.0 * np.exp(-(((x + 3000.0) / 200.0) ** 2)) * (abs(y - 6000.0) < 1500.0)
    np.savez(
        folder / "terrain.npz",
        height_dm=np.rint((200.0 + ridge) * 10).astype(np.int16),
        x0_m=steps[0],
        y0_m=steps[0],
        step_m=100.0,
    )
    y_m, x_m = np.linspace(-8000.0, 8000.0, 161), np.linspace(-400.0, -6000.0, 57)
    roads = {
        "main-road": np.stack([np.full(161, -2600.0), y_m], axis=-1),
        "patrol-track": np.stack([np.full(161, -400.0), y_m], axis=-1),
        "away-road": np.stack([np.full(161, 3400.0), y_m], axis=-1),
        "lane-middle": np.stack([x_m, np.full(57, -200.0)], axis=-1),
        "away-lane-north": np.stack([np.linspace(3400.0, 700.0, 28), np.full(28, 3000.0)], axis=-1),
    }
    square = np.array([[-9, -12], [9, -12], [9, 12], [-9, 12], [-9, -12]]) * 1000.0
    area = {
        "name": "Test area",
        "notice": "test only",
        "time_zone": "UTC",
        "origin": ORIGIN,
        "sector": {"type": "Polygon", "coordinates": [plane.to_lon_lat(square).tolist()]},
        "border": {"line": plane.to_lon_lat(line).tolist(), "home_left": home_left},
    }
    (folder / "area.json").write_text(json.dumps(area))
    features = [
        {
            "properties": {"id": key},
            "geometry": {"type": "LineString", "coordinates": plane.to_lon_lat(line).tolist()},
        }
        for key, line in roads.items()
    ]
    (folder / "roads.geojson").write_text(json.dumps({"features": features}))
    return folder


@pytest.fixture(scope="session")
def area_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the test area."""
    return write_area(tmp_path_factory.mktemp("area"))


@pytest.fixture(scope="session")
def area(area_folder: Path) -> Area:
    """The test area."""
    return load_area(area_folder)


@pytest.fixture
def mirrored(tmp_path: Path) -> Area:
    """The same area with its chainage running the other way: home lies to the right."""
    return load_area(write_area(tmp_path, home_left=False))


@pytest.fixture(scope="session")
def scenarios() -> Path:
    """The repository's scenarios."""
    return Path(__file__).parents[3] / "data" / "scenarios"
