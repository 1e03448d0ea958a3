import json
import socket
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from watchline_sensors.adapters.registry import check_adapters
from watchline_sensors.adapters.thermal.options import options_of, view_of
from watchline_sensors.config import load_config
from watchline_sensors.contract import SensorKind
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.prepare import ports, sector_document, write_setup
from watchline_sensors.simulate.radar import Radar
from watchline_sensors.simulate.scenario import Scenario, load_scenario, parse_scenario
from watchline_sensors.simulate.world import World

MODEL = Path(__file__).parents[3] / "data/models/thermal/thermal.onnx"


@pytest.fixture
def night(scenarios: Path) -> Scenario:
    return load_scenario(scenarios / "night.toml")


def test_edge_files_are_valid_and_agree_with_the_radars(
    tmp_path: Path, night: Scenario, area: Area
) -> None:
    listen = ports(night, free=False)
    written = write_setup(night, area, tmp_path, "http://127.0.0.1:8610", listen, MODEL)
    edges = [path for path in written if path.name == "edge.toml"]
    names = ["edge-mast-south", "edge-mast-north", "edge-mast-ford"]
    assert [path.parent.name for path in edges] == names
    for path, (site, spec) in zip(edges[:2], night.radars, strict=True):
        config = load_config(path)
        (sensor,) = config.sensors
        radar = Radar(night, site, spec, area, World(night, area))
        assert config.edge.id == path.parent.name == site.edge_id
        assert config.edge.state == path.parent / "state"
        assert (sensor.kind, sensor.simulated, sensor.site) == (SensorKind.RADAR, True, site.id)
        assert sensor.lon_deg == pytest.approx(radar.lon_deg, abs=1e-7)
        assert sensor.lat_deg == pytest.approx(radar.lat_deg, abs=1e-7)
        assert sensor.height_m == pytest.approx(radar.antenna_m, abs=0.06)
        assert sensor.field_of_view is not None
        assert sensor.field_of_view.max_range_m == spec.max_range_m
        assert sensor.options == {
            "listen": f"127.0.0.1:{spec.port}",
            "sac": 0,
            "sic": spec.sic,
            "editions": {"10": "1.1"},
            "rho_sigma_m": 4.0,
            "theta_sigma_deg": 0.15,
            "ground_height_m": pytest.approx(radar.antenna_m - spec.mast_m, abs=0.06),
            "class_p": 0.8,
            "classes": {"1": "person", "2": "group", "3": "vehicle", "4": "animal", "5": "unknown"},
        }
        assert check_adapters(config.sensors) == []


def test_a_camera_gets_its_calibration_its_ground_and_its_network(
    tmp_path: Path, scenarios: Path, area: Area
) -> None:
    scenario = load_scenario(scenarios / "pixels.toml")
    written = write_setup(
        scenario, area, tmp_path, "http://127.0.0.1:8610", ports(scenario, free=True), MODEL
    )
    (path,) = (path for path in written if path.name == "edge.toml")
    radar, sensor = load_config(path).sensors
    assert (radar.kind, sensor.kind) == (SensorKind.RADAR, SensorKind.THERMAL)
    assert check_adapters([sensor]) == []
    options, spec = options_of(sensor), scenario.cameras[0][1]
    assert (options.lens, options.aim, options.doubt) == (spec.lens, spec.aim, spec.doubt)
    assert options.footage.folder == str(path.with_name("footage"))
    assert sensor.field_of_view is not None
    assert sensor.field_of_view.width_deg == pytest.approx(25.75, abs=0.01)
    view = view_of(sensor, options)
    assert view.pose.height_m - view.ground.height_at(0.0, 0.0) == pytest.approx(25.0, abs=0.2)
    # 500 m to the north the grid says what the area's own terrain says there.
    lon, lat, _ = Geod(ellps="WGS84").fwd(sensor.lon_deg, sensor.lat_deg, 0.0, 500.0)
    there = area.terrain.height_at(*area.plane.to_plane(lon, lat))
    assert view.ground.height_at(0.0, 500.0) == pytest.approx(float(there), abs=0.6)


def test_a_cameras_true_aim_is_off_by_its_doubt_and_the_same_for_a_seed(scenarios: Path) -> None:
    spec = load_scenario(scenarios / "pixels.toml").cameras[0][1]
    assert spec.true_aim(3) == spec.true_aim(3)
    off = [spec.true_aim(seed).elevation_deg - spec.aim.elevation_deg for seed in range(300)]
    assert np.std(off) == pytest.approx(spec.doubt.elevation_deg, rel=0.2)


def test_free_ports_are_free_and_distinct(night: Scenario) -> None:
    found = ports(night, free=True)
    kinds = dict.fromkeys(("radar-south", "radar-north"), socket.SOCK_DGRAM)
    kinds["camera-ford"] = socket.SOCK_STREAM
    assert set(found) == set(kinds)
    assert len(set(found.values())) == 3
    for device, port in found.items():
        with socket.socket(socket.AF_INET, kinds[device]) as one:
            one.bind(("127.0.0.1", port))


@pytest.mark.parametrize("name", ["night", "quiet", "crossing"])
def test_geofences_are_valid_shapes_inside_their_sector(
    scenarios: Path, area: Area, name: str
) -> None:
    document = sector_document(load_scenario(scenarios / f"{name}.toml"), area)
    sector = shapely.from_geojson(json.dumps(document["sector"]["geom"]))
    for geofence in document["geofences"]:
        shape = shapely.from_geojson(json.dumps(geofence["geom"]))
        assert shape.is_valid, shapely.is_valid_reason(shape)
        assert shape.is_simple
        assert sector.contains(shape)
    assert document["sector"]["synthetic"] is True
    ids = {geofence["id"] for geofence in document["geofences"]}
    assert {rule["geofence_id"] for rule in document["rules"]} <= ids
    sites = {site["id"] for site in document["sites"]}
    assert {edge["site"] for edge in document["edges"]} == sites


def _line(scenarios: Path, area: Area, **change: Any) -> dict[str, Any]:
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    raw["geofence"][0] |= change
    for key in [key for key, value in change.items() if value is None]:
        del raw["geofence"][0][key]
    found: dict[str, Any] = sector_document(parse_scenario(raw), area)["geofences"][0]
    return found


def _inward_is_left(geofence: dict[str, Any], area: Area) -> bool:
    """By geometry alone: on which side of the line's first segment home lies."""
    a, b = area.plane.to_plane(*np.array(geofence["geom"]["coordinates"][:2]).T)
    home = area.border.point(8.0, 5000.0)
    left = (b[0] - a[0]) * (home[1] - a[1]) - (b[1] - a[1]) * (home[0] - a[0]) > 0
    return bool(left)


@pytest.mark.parametrize("direction", ["in", "out", "both", None])
@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("home_left", [False, True])
def test_inwards_is_towards_home_whichever_way_the_line_runs(
    scenarios: Path,
    area: Area,
    mirrored: Area,
    direction: str | None,
    falling: bool,
    home_left: bool,
) -> None:
    place = area if home_left else mirrored
    points = [[9.0, 100.0], [6.0, 100.0]] if falling else [[6.0, 100.0], [9.0, 100.0]]
    change = {"between_km": None, "inside_m": None, "points": points, "direction": direction}
    geofence = _line(scenarios, place, **change)
    inward = "right_to_left" if _inward_is_left(geofence, place) else "left_to_right"
    outward = "left_to_right" if inward == "right_to_left" else "right_to_left"
    told = {"in": inward, "out": outward, "both": "both", None: "both"}
    assert geofence["directions"] == [told[direction]]


def test_a_line_has_a_direction_for_each_segment(scenarios: Path, area: Area) -> None:
    geofence = _line(scenarios, area)  # with one of the border's own vertices between its ends
    assert geofence["directions"] == ["right_to_left"] * 2
    assert len(geofence["geom"]["coordinates"]) == 3
