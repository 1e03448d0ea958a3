"""A scenario file as types, strictly; everything wrong with it is told in plain words.

The format is described for authors in data/scenarios/README.md. Places are border
coordinates [km, m], see border.py; times are seconds since the scenario began.
"""

import re
import tomllib
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.errors import ScenarioError

Place = tuple[float, float]
#: [km, m] or [km, m, seconds to wait there]
Waypoint = Annotated[list[float], Meta(min_length=2, max_length=3)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Octet = Annotated[int, Meta(ge=0, le=255)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,47}$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TOML table in which a misspelt key is an error."""


class Direction(StrEnum):
    """Which crossings of a line count, as a person says it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class RadarSpec(_Table, frozen=True, kw_only=True):
    """A rotating ground radar that speaks CAT010 over UDP to 127.0.0.1:`port`.

    `half_pd_range_m` is the range at which half of the sightings of a class succeed.
    `right_class` is how often its classifier, which uses the spare bits of I010/020, is right
    about a tracked plot; 0: it has none.
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
    half_pd_range_m: dict[ObjectClass, Positive] = {}
    right_class: Share = 0.8
    false_per_scan: Annotated[float, Meta(ge=0, le=200)] = 0.3


class SiteSpec(_Table, frozen=True, kw_only=True):
    """A mast: its place and its radars. The edge computer there is called edge-<id>."""

    id: Id
    name: Name
    at: Place
    radar: Annotated[list[RadarSpec], Meta(min_length=1)]

    @property
    def edge_id(self) -> str:
        """The edge that serves this site."""
        return f"edge-{self.id}"


class RuleSpec(_Table, frozen=True, kw_only=True):
    """A rule over the geofence it stands under."""

    id: Id
    name: Name
    kind: Literal["enter", "exit", "cross"]
    severity: Literal["low", "medium", "high", "very_high"]
    params: dict[str, Any] = {}


class GeofenceSpec(_Table, frozen=True, kw_only=True):
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
    rule: list[RuleSpec] = []


class MoverSpec(_Table, frozen=True, kw_only=True):
    """Something that moves: along its own `path`, or along a `road` from one place to another.

    `sway_m` lets a walker stray from the straight; `erratic` is how deer go: by fits and
    starts. `unit` names one of our own patrols. `stay_s` keeps it there at the end.
    """

    id: Id
    object: ObjectClass = msgspec.field(name="class")
    start_s: Annotated[float, Meta(ge=0)] = 0.0
    speed_mps: Annotated[float, Meta(gt=0, le=60)]
    path: Annotated[list[Waypoint], Meta(min_length=2)] | None = None
    road: str | None = None
    from_: Place | None = msgspec.field(name="from", default=None)
    to: Place | None = None
    sway_m: Annotated[float, Meta(ge=0, le=50)] = 0.0
    erratic: bool = False
    size: Annotated[int, Meta(ge=1, le=200)] = 1
    unit: str | None = None
    stay_s: Annotated[float, Meta(ge=0)] = 0.0


class ClutterSpec(_Table, frozen=True, kw_only=True):
    """Wind-blown vegetation: `bushes` spots within `radius_m` that a gust makes visible."""

    id: Id
    at: Place
    radius_m: Positive
    bushes: Annotated[int, Meta(ge=1, le=200)] = 4
    rate: Share = 0.3


class SectorSpec(_Table, frozen=True, kw_only=True):
    """The sector the scenario plays in; its outline comes from the area."""

    id: Id
    name: Name


class Scenario(_Table, frozen=True, kw_only=True):
    """A whole scenario file. With `loop` it begins again after `duration_s`."""

    name: Name
    description: str = ""
    seed: Annotated[int, Meta(ge=0)]
    duration_s: Positive
    loop: bool = False
    sector: SectorSpec
    site: Annotated[list[SiteSpec], Meta(min_length=1)]
    geofence: list[GeofenceSpec] = []
    mover: list[MoverSpec] = []
    clutter: list[ClutterSpec] = []

    @property
    def radars(self) -> list[tuple[SiteSpec, RadarSpec]]:
        """Every radar with its site, in the file's order."""
        return [(site, radar) for site in self.site for radar in site.radar]


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raises ScenarioError with every problem found."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError([f"{path} cannot be read: {error.strerror}"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError([f"{path} is not TOML: {error}"]) from error
    return parse_scenario(raw)


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
        "radar": [r.id for _, r in scenario.radars],
        "port": [str(r.port) for _, r in scenario.radars],
        "geofence": [g.id for g in scenario.geofence],
        "rule": [r.id for g in scenario.geofence for r in g.rule],
        "mover": [m.id for m in scenario.mover],
        "clutter": [c.id for c in scenario.clutter],
    }
    for what, ids in groups.items():
        for one, count in Counter(ids).items():
            if count > 1:
                found.append(f"{what} {one}: it is used {count} times, it must be unique")
    for _, radar in scenario.radars:
        if radar.min_range_m >= radar.max_range_m:
            found.append(f"radar {radar.id}: min_range_m must be below max_range_m")
    for geofence in scenario.geofence:
        found += [f"geofence {geofence.id}: {problem}" for problem in _geofence(geofence)]
    for mover in scenario.mover:
        found += [f"mover {mover.id}: {problem}" for problem in _mover(mover, scenario)]
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


def _mover(mover: MoverSpec, scenario: Scenario) -> list[str]:
    found: list[str] = []
    on_road = mover.road is not None
    if on_road == (mover.path is not None):
        found.append("give either a path, or a road with from and to")
    elif on_road and (mover.from_ is None or mover.to is None):
        found.append("a road needs from and to")
    if mover.start_s >= scenario.duration_s:
        found.append("it starts after the scenario's end")
    if mover.path is not None and any(len(p) == 3 and p[2] < 0 for p in mover.path):
        found.append("a wait cannot be negative")
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
