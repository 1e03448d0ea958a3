"""The demo area, built once from the atlas the frontend brings (or WATCHLINE_ATLAS)."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Geod

from watchline.score import TruePath, expected_findings
from watchline_sensors.simulate.area import Area, load_area
from watchline_sensors.simulate.prepare import sector_document
from watchline_sensors.simulate.scenario import load_scenario
from watchline_sensors.simulate.world import World

ROOT = Path(__file__).parents[2]
ATLAS = Path(os.environ.get("WATCHLINE_ATLAS", ROOT / "frontend/node_modules/world-atlas"))
GEOD = Geod(ellps="WGS84")

pytestmark = [
    pytest.mark.skipif(
        not (ATLAS / "countries-10m.json").is_file(),
        reason=f"the npm package world-atlas is not installed at {ATLAS}",
    ),
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The area, built twice at once, in processes of their own."""
    folders = [tmp_path_factory.mktemp("built") for _ in range(2)]
    command = [sys.executable, str(ROOT / "data/area/build.py"), "--atlas", str(ATLAS), "--out"]
    runs = [subprocess.Popen([*command, str(folder)]) for folder in folders]
    assert [run.wait(120) for run in runs] == [0, 0]
    return folders


@pytest.fixture(scope="module")
def folder(built: list[Path]) -> Path:
    return built[0]


@pytest.fixture(scope="module")
def area(folder: Path) -> Area:
    return load_area(folder)


@pytest.fixture(scope="module")
def held(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "area.json").read_text("utf-8"))
    return found


def _shapes(folder: Path, name: str) -> list[Any]:
    collection = json.loads((folder / name).read_text("utf-8"))
    return [
        (feature["properties"], shapely.from_geojson(json.dumps(feature["geometry"])))
        for feature in collection["features"]
    ]


def test_the_same_atlas_gives_the_same_bytes(built: list[Path]) -> None:
    assert len(list(built[0].iterdir())) == 9
    for path in sorted(built[0].iterdir()):
        digests = [hashlib.sha256((f / path.name).read_bytes()).digest() for f in built]
        assert digests[0] == digests[1], path.name


def test_everything_says_what_it_is(folder: Path, held: dict[str, Any]) -> None:
    assert held["notice"] == "demo only, not for decisions"
    assert held["synthetic"] is True
    for name, layer in held["layers"].items():
        source = json.loads((folder / layer["file"]).read_text("utf-8"))["source"]
        assert ("synthetic" in source) == layer["synthetic"] == (name in "forest river roads")


def test_the_stretch_lies_on_the_atlas_border(held: dict[str, Any], folder: Path) -> None:
    """Against the atlas itself, decoded here a second time by the format's definition."""
    atlas = json.loads((ATLAS / "countries-10m.json").read_text("utf-8"))
    scale, shift = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale[0] + shift[0], y * scale[1] + shift[1]))
        if max(p[0] for p in points) > 23 and min(p[0] for p in points) < 25:
            arcs.append(points)
    stretch = held["border"]["line"]
    line = shapely.MultiLineString(arcs)
    assert max(line.distance(shapely.Point(p)) for p in stretch) < 2e-6
    assert GEOD.line_length(*np.array(stretch).T) == pytest.approx(16_000.0, abs=20.0)
    assert held["border"]["length_m"] == pytest.approx(16_000.0, abs=20.0)


def test_countries_meet_at_the_border_and_home_is_where_it_is_said(
    folder: Path, held: dict[str, Any], area: Area
) -> None:
    land = {p["name"]: shape for p, shape in _shapes(folder, "land.geojson")}
    assert set(land) == {"Poland", "Ukraine"}
    lon, lat = area.plane.to_lon_lat(area.border.point(8.0, 2_000.0))
    assert land[held["border"]["home"]].contains(shapely.Point(lon, lat))
    lon, lat = area.plane.to_lon_lat(area.border.point(8.0, -2_000.0))
    assert land[held["border"]["away"]].contains(shapely.Point(lon, lat))
    stretch = shapely.LineString(held["border"]["line"])
    for shape in land.values():
        assert shape.is_valid
        assert shape.boundary.distance(stretch) < 1e-5
    marked = [shape for p, shape in _shapes(folder, "borders.geojson") if p["sector"]]
    assert len(marked) == 1
    labels = {p["name"]: shape for p, shape in _shapes(folder, "labels.geojson")}
    assert all(land[name].contains(point) for name, point in labels.items())


def test_the_sector_holds_the_stretch_and_all_that_its_radars_see(
    held: dict[str, Any], area: Area
) -> None:
    sector = shapely.from_geojson(json.dumps(held["sector"]))
    assert sector.is_valid
    assert sector.contains(shapely.LineString(held["border"]["line"]))
    for site in held["sites"]:
        ring = GEOD.fwd(
            [site["lon"]] * 36, [site["lat"]] * 36, np.arange(0.0, 360.0, 10.0), [6_000.0] * 36
        )
        assert all(sector.contains(shapely.Point(p)) for p in zip(*ring[:2], strict=True))


def test_decor_keeps_to_its_side(folder: Path) -> None:
    land = {p["name"]: shape for p, shape in _shapes(folder, "land.geojson")}
    for properties, road in _shapes(folder, "roads.geojson"):
        inside = "away" not in properties["id"]
        assert land["Poland" if inside else "Ukraine"].contains(road), properties["id"]
        assert road.is_simple
    (_, river) = _shapes(folder, "river.geojson")[0]
    assert land["Ukraine"].contains(river)
    woods = [shape for _, shape in _shapes(folder, "forest.geojson")]
    assert len(woods) > 50
    assert all(wood.is_valid for wood in woods)


def test_the_hillshade_fits_its_corners(folder: Path, held: dict[str, Any]) -> None:
    with rasterio.open(folder / "hillshade.png") as image:
        bands, height, width = image.count, image.height, image.width
        value, alpha = image.read()
    west, south, east, north = held["hillshade"]["bounds"]
    assert held["hillshade"]["coordinates"][0] == [west, north]
    assert bands == 2
    assert set(np.unique(value)) == {0, 255}
    lat = np.radians([south, north])
    tall = np.diff(np.log(np.tan(np.pi / 4 + lat / 2)))[0]
    assert height / width == pytest.approx(tall / np.radians(east - west), rel=2e-3)
    assert alpha[height // 2, width // 2 - 50 : width // 2 + 50].any()
    assert not alpha[0].any()


def test_the_ground_is_gentle_and_the_masts_see_the_border(area: Area) -> None:
    heights = area.terrain.heights_m
    assert 80 < heights.min() < heights.max() < 320
    for km in (4.0, 12.0):
        mast = area.border.point(km, 1_200.0)
        eye_m = float(area.terrain.height_at(*mast)) + 32.0
        along = area.border.point(np.arange(km - 4.0, km + 4.0, 0.1), np.zeros(80))
        assert area.terrain.sees(mast, eye_m, along, 1.4).mean() > 0.85


def test_the_night_has_three_alarms_in_its_first_minute(area: Area) -> None:
    scenario = load_scenario(ROOT / "data/scenarios/night.toml")
    document = sector_document(scenario, area)
    sector = shapely.from_geojson(json.dumps(document["sector"]["geom"]))
    for geofence in document["geofences"]:
        shape = shapely.from_geojson(json.dumps(geofence["geom"]))
        assert shape.is_valid
        assert sector.contains(shape)
    world = World(scenario, area)
    t_s = np.arange(0.0, 1200.0, 1.0)
    moments = [world.at(t) for t in t_s]
    paths = []
    for n, target in enumerate(world.targets):
        here = np.array([moment.present[n] for moment in moments])
        lon, lat = area.plane.to_lon_lat(np.array([m.xy_m[n] for m in moments])[here]).T
        paths.append(
            TruePath(
                target=target.id,
                object=target.object.value,
                unit=target.unit,
                at_us=np.round(t_s[here] * 1e6).astype(np.int64),
                lon=lon,
                lat=lat,
            )
        )
    found = [(e.at_us / 1e6, e.rule, e.target) for e in expected_findings(document, paths)]
    first = [(rule, target) for at_s, rule, target in found if at_s < 60]
    assert first == [
        ("pump-house-entered", "car-pump-house"),
        ("border-crossed", "walker-1"),
        ("clearing-left", "group-1"),
    ]
    assert 8 <= len(found) <= 20
