"""Build the demo area: a real border line from Natural Earth 1:10m, everything else synthetic.

    python data/area/build.py --atlas frontend/node_modules/world-atlas --out var/area

The atlas is the npm package world-atlas 2.0.2. The same input gives the same bytes.
Demo only, not for decisions: the border is a generalised line (its points lie 400 m apart at
the finest), and ground, river, roads and forests are invented.
"""

import argparse
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from decor import DECOR_SMOOTH_M, forests, river, roads
from ground import BASE_M, build_ground, dense
from numpy.typing import NDArray
from shading import hillshade_png
from shapely import transform
from shapely.geometry import LineString, Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring
from topology import World

from watchline_sensors.simulate.border import BorderFrame, Plane
from watchline_sensors.terrain import Terrain

HOME, AWAY = "Poland", "Ukraine"
TIME_ZONE = "Europe/Warsaw"
MIDDLE = (24.095, 50.607)
LENGTH_M = 16_000.0
WINDOW_HALF_M = 40_000.0
SECTOR_REACH_M = 8_000.0
SHADE_WIDTH = 1600
NOTICE = "demo only, not for decisions"
SYNTHETIC = f"synthetic: invented by data/area/build.py; {NOTICE}"
SOURCE = "Natural Earth 1:10m Admin 0 (public domain), from the npm package world-atlas 2.0.2"


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--atlas", type=Path, required=True, help="folder of world-atlas")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()
    atlas = options.atlas / "countries-10m.json"
    if not atlas.is_file():
        parser.error(f"{atlas} is missing; install the npm package world-atlas first")
    build(atlas, options.out)


def build(atlas: Path, out: Path) -> None:
    """Write every file of the area into `out`."""
    world = World(atlas)
    plane, stretch = choose_stretch(world)
    window = _window(plane)
    home = world.land(HOME, window)
    border = _frame(plane, stretch, home)
    away = world.land(AWAY, window)
    broad = BorderFrame(
        np.array(stretch.coords), home_left=border.home_left, smooth_m=DECOR_SMOOTH_M
    )
    ground_line = border.parallel(0.0, border.length_km, 0.0)
    rivers = _longest(plane, LineString(river(broad)), away)
    ways = {
        key: (name, kind, _longest(plane, LineString(line), home if inside else away))
        for key, (name, kind, inside, line) in roads(border, broad).items()
    }
    terrain = _rounded(build_ground(dense(rivers), dense(ground_line)))
    out.mkdir(parents=True, exist_ok=True)
    _write(out, "land.geojson", _land(world, window), SOURCE)
    _write(out, "borders.geojson", _borders(world, window, plane, stretch), SOURCE)
    _write(out, "labels.geojson", _labels(world, window), SOURCE)
    wood = forests(border, [dense(rivers), *(dense(line) for _, _, line in ways.values())])
    _write(out, "forest.geojson", _features(plane, [({}, w) for w in wood]), SYNTHETIC)
    flow = LineString(rivers)
    _write(out, "river.geojson", _features(plane, [({"name": "River"}, flow)]), SYNTHETIC)
    lines = [
        ({"id": key, "name": name, "class": kind}, LineString(line))
        for key, (name, kind, line) in ways.items()
    ]
    _write(out, "roads.geojson", _features(plane, lines), SYNTHETIC)
    (out / "terrain.npz").write_bytes(_npz(terrain))
    (out / "hillshade.png").write_bytes(hillshade_png(terrain, plane, window.bounds, SHADE_WIDTH))
    west, south, east, north = (round(v, 6) for v in window.bounds)
    sector = LineString(ground_line).buffer(SECTOR_REACH_M, quad_segs=12).simplify(60.0)
    area = {
        "name": f"Demo stretch {HOME} / {AWAY}",
        "notice": NOTICE,
        "synthetic": True,
        "time_zone": TIME_ZONE,
        "origin": [plane.lon_deg, plane.lat_deg],
        "bounds": [west, south, east, north],
        "sector": _lonlat(plane, sector),
        "border": {
            "line": _lonlat(plane, LineString(ground_line))["coordinates"],
            "home": HOME,
            "away": AWAY,
            "home_left": border.home_left,
            "length_m": round(border.length_m, 1),
        },
        "hillshade": {
            "file": "hillshade.png",
            "bounds": [west, south, east, north],
            "coordinates": [[west, north], [east, north], [east, south], [west, south]],
        },
        "terrain": {"file": "terrain.npz", "base_m": BASE_M, "synthetic": True},
        "layers": {
            "land": {"file": "land.geojson", "source": SOURCE, "synthetic": False},
            "borders": {"file": "borders.geojson", "source": SOURCE, "synthetic": False},
            "labels": {"file": "labels.geojson", "source": SOURCE, "synthetic": False},
            "forest": {"file": "forest.geojson", "source": SYNTHETIC, "synthetic": True},
            "river": {"file": "river.geojson", "source": SYNTHETIC, "synthetic": True},
            "roads": {"file": "roads.geojson", "source": SYNTHETIC, "synthetic": True},
        },
        "sites": _site_places(plane, border),
    }
    (out / "area.json").write_text(_json(area), "utf-8")


def choose_stretch(world: World) -> tuple[Plane, LineString]:
    """The plane around the chosen stretch's middle, and the stretch in it (metres)."""
    line = world.border(HOME, AWAY)
    middle = line.interpolate(line.project(Point(MIDDLE)))
    plane = Plane(round(middle.x, 6), round(middle.y, 6))
    flat = LineString(plane.to_plane(*np.array(line.coords).T))
    at = flat.project(Point(0.0, 0.0))
    stretch = substring(flat, at - LENGTH_M / 2, at + LENGTH_M / 2)
    if stretch.coords[0][1] > stretch.coords[-1][1]:  # chainage rises northward
        stretch = LineString(stretch.coords[::-1])
    return plane, stretch


def _frame(plane: Plane, stretch: LineString, home: BaseGeometry) -> BorderFrame:
    line = np.array(stretch.coords)
    frame = BorderFrame(line, home_left=True)
    probe = plane.to_lon_lat(frame.point(frame.length_km / 2, 1_000.0))
    return frame if home.contains(Point(probe)) else BorderFrame(line, home_left=False)


def _window(plane: Plane) -> Polygon:
    h = WINDOW_HALF_M
    west, east = (plane.to_lon_lat(np.array([x, 0.0]))[0] for x in (-h, h))
    south, north = (plane.to_lon_lat(np.array([0.0, y]))[1] for y in (-h, h))
    return box(*(round(float(v), 6) for v in (west, south, east, north)))


def _land(world: World, window: Polygon) -> list[dict[str, Any]]:
    return [
        _feature({"name": name, "home": name == HOME}, mapping(part))
        for name, part in _countries(world, window)
    ]


def _countries(world: World, window: Polygon) -> list[tuple[str, BaseGeometry]]:
    clipped = [(name, world.land(name, window)) for name in world.names]
    return [(name, part) for name, part in clipped if not part.is_empty]


def _borders(
    world: World, window: Polygon, plane: Plane, stretch: LineString
) -> list[dict[str, Any]]:
    found = [
        _feature({"sector": False}, mapping(part))
        for _, line in world.all_borders()
        if not (part := line.intersection(window)).is_empty
    ]
    return [*found, _feature({"sector": True, "name": f"{HOME} / {AWAY}"}, _lonlat(plane, stretch))]


def _labels(world: World, window: Polygon) -> list[dict[str, Any]]:
    return [
        _feature({"name": name}, mapping(_label_point(part)))
        for name, part in _countries(world, window)
    ]


def _label_point(land: BaseGeometry) -> Point:
    """A point well inside the largest piece: 0.08 degrees from its rim where it has room."""
    largest = max(getattr(land, "geoms", [land]), key=lambda piece: piece.area)
    inner = largest.buffer(-0.08)
    return (largest if inner.is_empty else inner).representative_point()


def _longest(plane: Plane, line: LineString, land: BaseGeometry) -> NDArray[np.float64]:
    """The longest piece of a line that keeps 120 m inside a country, in the plane."""

    def turn(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        return plane.to_plane(*lon_lat.T)

    kept = line.intersection(transform(land, turn).buffer(-120.0))
    longest = max(getattr(kept, "geoms", [kept]), key=lambda piece: piece.length)
    return np.array(longest.coords)


def _site_places(plane: Plane, border: BorderFrame) -> list[dict[str, Any]]:
    """Where masts stand well: a quarter and three quarters along, 1.2 km inside."""
    places = (("south", 0.25), ("north", 0.75))
    return [
        {"id": key, "km": km, "inside_m": 1200.0, "lon": lon, "lat": lat}
        for key, share in places
        for km in [round(border.length_km * share, 3)]
        for lon, lat in [_rounded_pair(plane.to_lon_lat(border.point(km, 1_200.0)))]
    ]


def _rounded_pair(pair: NDArray[np.float64]) -> tuple[float, float]:
    return round(float(pair[0]), 6), round(float(pair[1]), 6)


def _rounded(terrain: Terrain) -> Terrain:
    """Heights as the file holds them: tenths of metres."""
    return Terrain(
        heights_m=(np.rint(terrain.heights_m * 10) / 10).astype(np.float32),
        x0_m=terrain.x0_m,
        y0_m=terrain.y0_m,
        step_m=terrain.step_m,
    )


def _npz(terrain: Terrain) -> bytes:
    """numpy's .npz with the time stamps left out, so that the bytes are always the same."""
    arrays: dict[str, Any] = {
        "height_dm": np.rint(terrain.heights_m * 10).astype(np.int16),
        "x0_m": np.float64(terrain.x0_m),
        "y0_m": np.float64(terrain.y0_m),
        "step_m": np.float64(terrain.step_m),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue())
    return held.getvalue()


def _lonlat(plane: Plane, geometry: BaseGeometry) -> dict[str, Any]:
    def turn(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return plane.to_lon_lat(xy)

    return mapping(transform(geometry, turn))


def _features(
    plane: Plane, parts: list[tuple[dict[str, Any], BaseGeometry]]
) -> list[dict[str, Any]]:
    return [_feature(properties, _lonlat(plane, geometry)) for properties, geometry in parts]


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _write(out: Path, name: str, features: list[dict[str, Any]], source: str) -> None:
    (out / name).write_text(
        _json({"type": "FeatureCollection", "source": source, "features": features}), "utf-8"
    )


def _json(value: Any) -> str:
    return json.dumps(_short(value), ensure_ascii=False, separators=(",", ":")) + "\n"


def _short(value: Any) -> Any:
    """The same with tuples as lists and coordinates at 0.1 m (six decimals)."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value]
    return value


if __name__ == "__main__":
    main()
