"""The area a scenario plays in, as data/area/build.py wrote it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchline_sensors.errors import TerrainUnreadable
from watchline_sensors.simulate.border import BorderFrame, Plane
from watchline_sensors.simulate.errors import AreaError
from watchline_sensors.terrain import Terrain, load_terrain


class _Border(msgspec.Struct, frozen=True):
    line: list[tuple[float, float]]
    home_left: bool


class _AreaFile(msgspec.Struct, frozen=True):
    name: str
    notice: str
    time_zone: str
    origin: tuple[float, float]
    sector: dict[str, Any]
    border: _Border


class _Line(msgspec.Struct, frozen=True):
    coordinates: list[tuple[float, float]]


class _Road(msgspec.Struct, frozen=True):
    properties: dict[str, Any]
    geometry: _Line


class _Roads(msgspec.Struct, frozen=True):
    features: list[_Road]


@dataclass(frozen=True, kw_only=True)
class Area:
    """Plane, border, ground and roads (name -> (k, 2) metres); `sector` is GeoJSON."""

    name: str
    notice: str
    time_zone: str
    plane: Plane
    border: BorderFrame
    terrain: Terrain
    roads: dict[str, NDArray[np.float64]]
    sector: dict[str, Any]


def load_area(folder: Path) -> Area:
    """Read area.json, roads.geojson and terrain.npz from a folder; raises AreaError."""
    try:
        held = msgspec.json.decode((folder / "area.json").read_bytes(), type=_AreaFile)
        roads = msgspec.json.decode((folder / "roads.geojson").read_bytes(), type=_Roads)
    except OSError as error:
        raise AreaError(f"{error.filename}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise AreaError(f"{folder}: {error}") from error
    plane = Plane(*held.origin)
    try:
        line = plane.to_plane(*np.array(held.border.line).T)
        border = BorderFrame(line, home_left=held.border.home_left)
        terrain = load_terrain(folder / "terrain.npz")
    except (TypeError, ValueError) as error:
        raise AreaError(f"{folder / 'area.json'}: the border line is not a line") from error
    except TerrainUnreadable as error:
        raise AreaError(str(error)) from error
    return Area(
        name=held.name,
        notice=held.notice,
        time_zone=held.time_zone,
        plane=plane,
        border=border,
        terrain=terrain,
        roads={
            str(road.properties.get("id", "")): plane.to_plane(
                *np.array(road.geometry.coordinates).T
            )
            for road in roads.features
        },
        sector=held.sector,
    )
