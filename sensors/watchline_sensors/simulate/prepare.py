"""From a scenario to what a hub and its edges are set up with: pure, but for the two writers."""

import json
import math
import socket
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.emulator import CLASS_BITS
from watchline_sensors.simulate.scenario import (
    STREAM_PATH,
    CameraSpec,
    Direction,
    GeofenceSpec,
    RadarSpec,
    Scenario,
    SiteSpec,
)
from watchline_sensors.terrain import Terrain, around, save_terrain

LOOPBACK = "127.0.0.1"
_GROUND_STEP_M = 20.0
EDITION = "1.1"


class CameraFiles(NamedTuple):
    """What a camera's table points to: heights around its mast, the network, what it has shown."""

    ground: Path
    model: Path
    footage: Path


def ports(scenario: Scenario, *, free: bool) -> dict[str, int]:
    """A device's id -> its port: the scenario's own, or ports that are free right now.

    Radars send to a UDP port, cameras are called at a TCP port.
    """
    devices = scenario.devices
    if not free:
        return {device.id: device.port for device in devices}
    kinds = [socket.SOCK_DGRAM] * len(scenario.radars) + [socket.SOCK_STREAM] * len(
        scenario.cameras
    )
    held = [socket.socket(socket.AF_INET, kind) for kind in kinds]
    try:
        for one in held:  # all bound at once, so that none is given out twice
            one.bind((LOOPBACK, 0))
        return {
            device.id: int(one.getsockname()[1]) for device, one in zip(devices, held, strict=True)
        }
    finally:
        for one in held:
            one.close()


def edge_toml(
    site: SiteSpec, area: Area, hub: str, listen: dict[str, int], files: CameraFiles | None = None
) -> str:
    """The edge.toml of one site; its spool and key go to "state" beside it.

    `files` are needed where there is a camera.
    """
    xy = area.border.point(*site.at)
    lon, lat = _rounded(area.plane.to_lon_lat(xy))
    ground_m = float(area.terrain.height_at(*xy))
    lines = [
        "# Written by `watchline-edge simulate prepare`; the sensors are simulated.",
        "[edge]",
        f"id = {_quoted(site.edge_id)}",
        f"hub = {_quoted(hub)}",
        'state = "state"',
        *(["watermark_delay_ms = 1000"] if site.camera else []),
    ]
    for radar in site.radar:
        lines += ["", *_radar(radar, site, (lon, lat, ground_m), listen[radar.id])]
    for camera in site.camera:
        assert files is not None
        lines += ["", *_camera(camera, site, (lon, lat, ground_m), listen[camera.id], files)]
    return "\n".join(lines) + "\n"


def _device(
    spec: RadarSpec | CameraSpec, site: SiteSpec, foot: tuple[float, float, float]
) -> list[str]:
    """What every sensor's table begins with."""
    lon, lat, ground_m = foot
    camera = isinstance(spec, CameraSpec)
    return [
        "[[sensor]]",
        f"id = {_quoted(spec.id)}",
        f"adapter = {_quoted('thermal' if camera else 'asterix')}",
        f"name = {_quoted(spec.name)}",
        f"kind = {_quoted('thermal' if camera else 'radar')}",
        f"site = {_quoted(site.id)}",
        f"lon_deg = {lon}",
        f"lat_deg = {lat}",
        f"height_m = {ground_m + spec.mast_m:.1f}",
        'north = "true"',
        "simulated = true",
        "[sensor.field_of_view]",
    ]


def _radar(
    radar: RadarSpec, site: SiteSpec, foot: tuple[float, float, float], port: int
) -> list[str]:
    lines = [
        *_device(radar, site, foot),
        "azimuth_deg = 0.0",
        "width_deg = 360.0",
        f"min_range_m = {radar.min_range_m}",
        f"max_range_m = {radar.max_range_m}",
        "[sensor.asterix]",
        f"listen = {_quoted(f'{LOOPBACK}:{port}')}",
        f"sac = {radar.sac}",
        f"sic = {radar.sic}",
        f"editions = {{ 10 = {_quoted(EDITION)} }}",
        f"rho_sigma_m = {radar.rho_sigma_m}",
        f"theta_sigma_deg = {radar.theta_sigma_deg}",
        f"ground_height_m = {foot[2]:.1f}",
    ]
    if radar.right_class > 0.0:
        lines += [f"class_p = {radar.right_class}", "[sensor.asterix.classes]"]
        lines += [f'{bits} = "{kind.value}"' for kind, bits in CLASS_BITS.items()]
    return lines


def _camera(
    camera: CameraSpec, site: SiteSpec, foot: tuple[float, float, float], port: int,
    files: CameraFiles,
) -> list[str]:  # fmt: skip
    lens = camera.lens
    width_deg = 2.0 * math.degrees(math.atan(lens.width / 2.0 / lens.focal_x_px))
    return [
        *_device(camera, site, foot),
        f"azimuth_deg = {camera.aim.azimuth_deg % 360.0}",
        f"width_deg = {width_deg:.3f}",
        "min_range_m = 10.0",
        f"max_range_m = {camera.max_range_m}",
        "[sensor.thermal]",
        f"ground = {_quoted(str(files.ground.resolve()))}",
        f"model = {_quoted(str(files.model.resolve()))}",
        f"max_range_m = {camera.max_range_m}",
        f"max_fps = {camera.frames_per_s}",
        *_table("address", {"host": LOOPBACK, "port": port, "path": STREAM_PATH}),
        *_table("lens", msgspec.structs.asdict(lens)),
        *_table("aim", msgspec.structs.asdict(camera.aim)),
        *_table("doubt", msgspec.structs.asdict(camera.doubt)),
        *_table("footage", {"folder": str(files.footage.resolve())}),
    ]


def _table(name: str, values: dict[str, Any]) -> list[str]:
    told = {key: value for key, value in values.items() if value is not None}
    return [
        f"[sensor.thermal.{name}]",
        *(f"{key} = {_quoted(v) if isinstance(v, str) else v}" for key, v in told.items()),
    ]


def ground_around(site: SiteSpec, area: Area, reach_m: float) -> Terrain:
    """The heights around a mast as its cameras count."""
    lon, lat = area.plane.to_lon_lat(area.border.point(*site.at))

    def height(lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.float64]:
        xy = area.plane.to_plane(lons, lats)
        return area.terrain.height_at(xy[:, 0], xy[:, 1])

    return around(float(lon), float(lat), reach_m=reach_m, step_m=_GROUND_STEP_M, height=height)


def sector_document(scenario: Scenario, area: Area) -> dict[str, Any]:
    """What `watchline sector import` reads: sector, sites, geofences, rules, edges."""
    return {
        "sector": {
            "id": scenario.sector.id,
            "name": scenario.sector.name,
            "time_zone": area.time_zone,
            "synthetic": True,
            "geom": area.sector,
            "origin": [area.plane.lon_deg, area.plane.lat_deg],
        },
        "sites": [_site(site, area) for site in scenario.site],
        "geofences": [_geofence(geofence, area) for geofence in scenario.geofence],
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "kind": rule.kind,
                "geofence_id": geofence.id,
                "severity": rule.severity,
                "params": rule.params,
            }
            for geofence in scenario.geofence
            for rule in geofence.rule
        ],
        "edges": [{"id": site.edge_id, "site": site.id} for site in scenario.site],
    }


def _site(site: SiteSpec, area: Area) -> dict[str, Any]:
    lon, lat = _rounded(area.plane.to_lon_lat(area.border.point(*site.at)))
    return {"id": site.id, "name": site.name, "lon": lon, "lat": lat}


def _geofence(spec: GeofenceSpec, area: Area) -> dict[str, Any]:
    line = _outline(spec, area)
    places = [_rounded(place) for place in area.plane.to_lon_lat(line)]
    if spec.kind == "area":
        geom: dict[str, Any] = {"type": "Polygon", "coordinates": [[*places, places[0]]]}
        directions = None
    else:
        geom = {"type": "LineString", "coordinates": places}
        directions = [_direction(spec, area)] * (len(places) - 1)
    return {
        "id": spec.id,
        "name": spec.name,
        "kind": spec.kind,
        "geom": geom,
        "directions": directions,
        "p_in": spec.p_in,
        "p_out": spec.p_out,
    }


def _outline(spec: GeofenceSpec, area: Area) -> NDArray[np.float64]:
    """The geofence's points in the plane; an area's ring is left open."""
    if spec.points is not None:
        points = np.array(spec.points, float)
        return area.border.point(points[:, 0], points[:, 1])
    from_km, to_km = spec.between_km or (0.0, area.border.length_km)
    if isinstance(spec.inside_m, tuple):
        near, far = spec.inside_m
        outward = area.border.parallel(from_km, to_km, near)
        return np.concatenate([outward, area.border.parallel(from_km, to_km, far)[::-1]])
    return area.border.parallel(from_km, to_km, float(spec.inside_m or 0.0))


def _direction(spec: GeofenceSpec, area: Area) -> str:
    """ "in" is towards home: for a line of rising chainage, towards the side home lies on."""
    if spec.direction is None or spec.direction is Direction.BOTH:
        return "both"
    inward_is_left = area.border.home_left
    if spec.points is not None and spec.points[-1][0] < spec.points[0][0]:
        inward_is_left = not inward_is_left
    to_left = (spec.direction is Direction.IN) == inward_is_left
    return "right_to_left" if to_left else "left_to_right"


def write_setup(
    scenario: Scenario, area: Area, out: Path, hub: str, listen: dict[str, int], model: Path
) -> list[Path]:
    """Write <out>/<edge>/edge.toml for each site, sector.json and ports.json; returns them.

    A site with cameras also gets ground.npz beside its edge.toml; they run `model`.
    """
    written = [out / "sector.json", out / "ports.json"]
    out.mkdir(parents=True, exist_ok=True)
    document = json.dumps(sector_document(scenario, area), ensure_ascii=False, indent=1)
    written[0].write_text(document + "\n", "utf-8")
    written[1].write_text(json.dumps(listen, indent=1) + "\n", "utf-8")
    for site in scenario.site:
        path = out / site.edge_id / "edge.toml"
        path.parent.mkdir(exist_ok=True)
        files = CameraFiles(
            ground=path.with_name("ground.npz"), model=model, footage=path.with_name("footage")
        )
        if site.camera:
            reach_m = max(camera.max_range_m for camera in site.camera)
            save_terrain(files.ground, ground_around(site, area, reach_m))
            written.append(files.ground)
        path.write_text(edge_toml(site, area, hub, listen, files), "utf-8")
        written.append(path)
    return written


def _rounded(lon_lat: NDArray[np.float64]) -> tuple[float, float]:
    return round(float(lon_lat[0]), 7), round(float(lon_lat[1]), 7)


def _quoted(text: str) -> str:
    """A TOML basic string (the same escapes as JSON's)."""
    return json.dumps(text, ensure_ascii=False)
