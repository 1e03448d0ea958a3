"""A scenario file as types, strictly; everything wrong with it is told in plain words.

The format is described for authors in data/scenarios/README.md. Places are border
coordinates [km, m], see border.py; times are seconds since the scenario began.
"""

import re
import tomllib
import zlib
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from watchline_sensors.adapters.thermal.lens import Aim
from watchline_sensors.adapters.thermal.placing import Doubt
from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.movers import (
    CrowdSpec,
    MoverSpec,
    crowd_problems,
    draw,
    mover_problems,
)
from watchline_sensors.simulate.rain import RainSpec, rain_problems
from watchline_sensors.simulate.table import Id, Name, Place, Positive, Share, Table, TakenFor
from watchline_sensors.simulate.thermal_camera import ThermalSpec

Octet = Annotated[int, Meta(ge=0, le=255)]
Port = Annotated[int, Meta(ge=1, le=65535)]
#: Where a simulated camera's stream lies.
STREAM_PATH = "/thermal"


class Direction(StrEnum):
    """Which crossings of a line count, as a person says it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class RadarSpec(Table, frozen=True, kw_only=True):
    """A rotating ground radar that speaks CAT010 over UDP to 127.0.0.1:`port`.

    `half_pd_range_m` is the range at which half of the sightings of a class succeed.
    `right_class` is how often its classifier, which uses the spare bits of I010/020, is right
    about a tracked plot; 0: it has none. `left_open` is how often it says of a target that it
    cannot tell; of what is no target it says so unless `taken_for` lets it err.
    """

    id: Id
    name: Name
    sac: Octet = 0
    sic: Octet
    port: Port
    mast_m: Annotated[float, Meta(ge=0, le=200)] = 30.0
    rotation_s: Annotated[float, Meta(ge=0.25, le=10)] = 1.0
    min_range_m: Annotated[float, Meta(ge=0)] = 100.0
    max_range_m: Annotated[float, Meta(gt=0, le=30_000)] = 6_000.0
    rho_sigma_m: Positive = 4.0
    theta_sigma_deg: Annotated[float, Meta(gt=0, le=5)] = 0.15
    best_pd: Share = 0.96
    half_pd_range_m: dict[ObjectClass, Positive] = msgspec.field(default_factory=dict)
    right_class: Share = 0.8
    left_open: Share = 0.0
    false_per_scan: Annotated[float, Meta(ge=0, le=200)] = 0.3


class CameraSpec(ThermalSpec, frozen=True, kw_only=True):
    """A thermal camera on RTSP at 127.0.0.1:`port`.

    Its calibration says `aim`; by how much that is wrong is drawn from the seed with the
    standard errors `doubt`, which the edge is told.
    """

    port: Port
    frames_per_s: Annotated[float, Meta(ge=1, le=25)] = 5.0
    doubt: Doubt = Doubt(azimuth_deg=0.05, elevation_deg=0.03, roll_deg=0.05, height_m=0.5)
    max_range_m: Annotated[float, Meta(gt=0, le=10_000)] = 3_000.0

    def true_aim(self, seed: int) -> Aim:
        """Where it really looks."""
        rng = np.random.default_rng([seed, zlib.crc32(self.id.encode())])
        aim, doubt = self.aim, self.doubt
        off = rng.normal(0.0, (doubt.azimuth_deg, doubt.elevation_deg, doubt.roll_deg)).tolist()
        return Aim(
            azimuth_deg=aim.azimuth_deg + off[0],
            elevation_deg=aim.elevation_deg + off[1],
            roll_deg=aim.roll_deg + off[2],
        )


class SiteSpec(Table, frozen=True, kw_only=True):
    """A mast: its place and its devices. The edge computer there is called edge-<id>."""

    id: Id
    name: Name
    at: Place
    radar: list[RadarSpec] = msgspec.field(default_factory=list)
    camera: list[CameraSpec] = msgspec.field(default_factory=list)

    @property
    def edge_id(self) -> str:
        """The edge that serves this site."""
        return f"edge-{self.id}"


class RuleSpec(Table, frozen=True, kw_only=True):
    """A rule over the geofence it stands under, of a kind that truth can be judged by."""

    id: Id
    name: Name
    kind: Literal["enter", "exit", "cross", "dwell", "motionless_in_cold"]
    severity: Literal["low", "medium", "high", "very_high"]
    params: dict[str, Any] = msgspec.field(default_factory=dict)


class GeofenceSpec(Table, frozen=True, kw_only=True):
    """An area or a line, by `points`, or along the border: `between_km` and `inside_m`.

    A line takes one distance `inside_m`, an area two. `direction` belongs to lines.
    """

    id: Id
    name: Name
    kind: Literal["area", "line"]
    points: list[Place] | None = None
    between_km: Place | None = None
    inside_m: float | Place | None = None
    direction: Direction | None = None
    p_in: Annotated[float, Meta(gt=0, lt=1)] = 0.9
    p_out: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    rule: list[RuleSpec] = msgspec.field(default_factory=list)


class ClutterSpec(Table, frozen=True, kw_only=True):
    """Wind-blown vegetation: `bushes` spots within `radius_m` that a gust makes visible.

    What the radar's classifier is not told by `taken_for` to say of them, it leaves open.
    """

    id: Id
    at: Place
    radius_m: Positive
    bushes: Annotated[int, Meta(ge=1, le=200)] = 4
    rate: Share = 0.3
    taken_for: TakenFor = msgspec.field(default_factory=dict)


class SectorSpec(Table, frozen=True, kw_only=True):
    """The sector the scenario plays in; its outline comes from the area."""

    id: Id
    name: Name


class Scenario(Table, frozen=True, kw_only=True):
    """A whole scenario file. With `loop` it begins again after `duration_s`."""

    name: Name
    description: str = ""
    seed: Annotated[int, Meta(ge=0)]
    duration_s: Positive
    loop: bool = False
    sector: SectorSpec
    site: Annotated[list[SiteSpec], Meta(min_length=1)]
    geofence: list[GeofenceSpec] = msgspec.field(default_factory=list)
    mover: list[MoverSpec] = msgspec.field(default_factory=list)
    crowd: list[CrowdSpec] = msgspec.field(default_factory=list)
    rain: list[RainSpec] = msgspec.field(default_factory=list)
    clutter: list[ClutterSpec] = msgspec.field(default_factory=list)

    @property
    def radars(self) -> list[tuple[SiteSpec, RadarSpec]]:
        """Every radar with its site, in the file's order."""
        return [(site, radar) for site in self.site for radar in site.radar]

    @property
    def cameras(self) -> list[tuple[SiteSpec, CameraSpec]]:
        """Every camera with its site, in the file's order."""
        return [(site, camera) for site in self.site for camera in site.camera]

    @property
    def devices(self) -> list[RadarSpec | CameraSpec]:
        """Every device: the radars, then the cameras."""
        return [*(radar for _, radar in self.radars), *(camera for _, camera in self.cameras)]

    @property
    def movers(self) -> list[MoverSpec]:
        """Every mover: those with a table of their own, then those of the crowds."""
        drawn = [one for crowd in self.crowd for one in draw(crowd, self.seed, self.duration_s)]
        return [*self.mover, *drawn]


def load_scenario(path: Path, seed: int | None = None) -> Scenario:
    """Read a scenario file, with another seed where one is told.

    Raises ScenarioError with every problem found.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError([f"{path} cannot be read: {error.strerror}"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError([f"{path} is not TOML: {error}"]) from error
    return parse_scenario(raw if seed is None else {**raw, "seed": seed})


def parse_scenario(raw: dict[str, Any]) -> Scenario:
    """The same from a decoded document; pure. Raises ScenarioError."""
    try:
        scenario = msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError([_plain(str(error))]) from error
    problems = list(_problems(scenario))
    if problems:
        raise ScenarioError(problems)
    return scenario


def _problems(scenario: Scenario) -> list[str]:
    found: list[str] = []
    groups = {
        "site": [s.id for s in scenario.site],
        "device": [device.id for device in scenario.devices],
        "port": [str(device.port) for device in scenario.devices],
        "geofence": [g.id for g in scenario.geofence],
        "rule": [r.id for g in scenario.geofence for r in g.rule],
        "mover": [m.id for m in scenario.mover],
        "crowd": [c.id for c in scenario.crowd],
        "rain": [r.id for r in scenario.rain],
        "clutter": [c.id for c in scenario.clutter],
    }
    for what, ids in groups.items():
        for one, count in Counter(ids).items():
            if count > 1:
                found.append(f"{what} {one}: it is used {count} times, it must be unique")
    found += [
        f"site {site.id}: it needs a radar or a camera"
        for site in scenario.site
        if not site.radar and not site.camera
    ]
    for _, radar in scenario.radars:
        if radar.min_range_m >= radar.max_range_m:
            found.append(f"radar {radar.id}: min_range_m must be below max_range_m")
    for geofence in scenario.geofence:
        found += [f"geofence {geofence.id}: {problem}" for problem in _geofence(geofence)]
    for mover in scenario.mover:
        problems = mover_problems(mover, scenario.duration_s)
        found += [f"mover {mover.id}: {problem}" for problem in problems]
    for crowd in scenario.crowd:
        found += [f"crowd {crowd.id}: {problem}" for problem in crowd_problems(crowd)]
    for rain in scenario.rain:
        found += [f"rain {rain.id}: {problem}" for problem in rain_problems(rain)]
    return found


def _geofence(geofence: GeofenceSpec) -> list[str]:
    found: list[str] = []
    area = geofence.kind == "area"
    by_points = geofence.points is not None
    if by_points == (geofence.between_km is not None):
        found.append("give either points, or between_km with inside_m")
    elif by_points and len(geofence.points or []) < (3 if area else 2):
        found.append(f"{'an area' if area else 'a line'} needs more points")
    elif not by_points:
        if isinstance(geofence.inside_m, tuple) != area or geofence.inside_m is None:
            found.append(f"inside_m of {'an area is [m, m]' if area else 'a line is one number'}")
        if geofence.between_km is not None and geofence.between_km[0] >= geofence.between_km[1]:
            found.append("between_km must rise")
    if area and geofence.direction is not None:
        found.append("only a line has a direction")
    if geofence.p_out >= geofence.p_in:
        found.append("p_out must be below p_in")
    for rule in geofence.rule:
        if (rule.kind == "cross") == area:
            kind = "an area" if area else "a line"
            found.append(f"rule {rule.id}: {rule.kind} does not go with {kind}")
    return found


def _plain(message: str) -> str:
    """msgspec's "Expected `float`, got `str` - at `$.mover[2].speed_mps`", the place first."""
    what, _, where = message.partition(" - at ")
    place = re.sub(
        r"\[(\d+)\]",
        lambda match: f" {int(match.group(1)) + 1}",
        where.strip("`").removeprefix("$").lstrip("."),
    ).replace(".", ", ")
    what = what[:1].lower() + what[1:].replace("`", "'")
    what = what.replace("object contains unknown field", "there is no key")
    what = what.replace("object missing required field", "this key is missing:")
    return f"{place}: {what}" if place else what
