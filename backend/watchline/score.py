"""Findings and tracks against truth.jsonl: detection, false alarms, delay, and GOSPA.

`expected_findings` says from the true paths what should have been found, `score` compares,
`gospa` measures tracks. All pure but `read_truth`.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from watchline.sectors.plane import SectorPlane

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePath:
    """Where one target truly was: samples in the order of time."""

    target: str
    object: str
    unit: str | None
    at_us: NDArray[np.int64]  # (k,)
    lon: Floats  # (k,)
    lat: Floats  # (k,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFinding:
    """A finding as the hub stored it; `known_us` is when it was committed, if that is asked."""

    rule: str
    geofence: str | None
    at_us: int
    lon: float
    lat: float
    known_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should be found: the instant and place where the true path meets the geofence."""

    rule: str
    geofence: str
    target: str
    at_us: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An expected finding and the one that was made of it."""

    expected: Expected
    finding: SeenFinding
    delay_s: float  # known (or else said) minus true time
    off_m: float  # distance between the two places


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a run did. `false_alarms` have no target near them, `surplus` has one that did
    nothing of the kind, or a second finding of the same deed."""

    expected: int
    matches: list[Match]
    missed: list[Expected]
    false_alarms: list[SeenFinding]
    surplus: list[SeenFinding]
    targets: list[str | None] = field(repr=False)  # of each finding, in their order

    @property
    def pd(self) -> float | None:
        """The share of expected findings that were made; None when nothing was expected."""
        return len(self.matches) / self.expected if self.expected else None

    @property
    def delay_p50_s(self) -> float | None:
        """The median delay of the matches."""
        return float(np.median([m.delay_s for m in self.matches])) if self.matches else None


def read_truth(path: Path) -> list[TruePath]:
    """Read truth.jsonl; a last line cut short by a kill is left out. Raises ValueError."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if number == len(lines) - 1 and not line.endswith("\n"):
            break
        row = json.loads(line)
        rows[row["target"]].append(row)
    return [
        TruePath(
            target=target,
            object=several[0]["class"],
            unit=several[0].get("unit"),
            at_us=np.array([row["at_us"] for row in several], np.int64),
            lon=np.array([row["lon"] for row in several], float),
            lat=np.array([row["lat"] for row in several], float),
        )
        for target, several in rows.items()
    ]


def nearest_target(
    finding: SeenFinding,
    truth: Sequence[TruePath],
    plane: SectorPlane,
    *,
    gate_m: float = 60.0,
    slack_s: float = 2.0,
) -> str | None:
    """The target nearest to a finding at its time, within a gate; None: nothing was there.

    A target counts until `slack_s` outside its samples, at its first or last place.
    """
    x, y = plane.to_plane(finding.lon, finding.lat)
    best, best_m = None, gate_m
    for path in truth:
        slack_us = slack_s * 1e6
        if not path.at_us[0] - slack_us <= finding.at_us <= path.at_us[-1] + slack_us:
            continue
        lon = np.interp(finding.at_us, path.at_us, path.lon)
        lat = np.interp(finding.at_us, path.at_us, path.lat)
        tx, ty = plane.to_plane(lon, lat)
        away = float(np.hypot(tx - x, ty - y))
        if away <= best_m:
            best, best_m = path.target, away
    return best


def expected_findings(
    sector: Mapping[str, Any], truth: Sequence[TruePath], *, margin_m: float = 10.0
) -> list[Expected]:
    """What each rule of a sector document should find in the true paths, in order of time.

    Kinds enter (also of who first appears inside), exit and cross; edges are straight in the
    sector's plane. Who turns back, or begins or ends, within `margin_m` of an edge has not
    surely passed it and is left out: no sensor could tell.
    """
    plane = SectorPlane(*sector["sector"]["origin"])
    geofences = {geofence["id"]: geofence for geofence in sector["geofences"]}
    found: list[Expected] = []
    for rule in sector["rules"]:
        geofence = geofences[rule["geofence_id"]]
        geometry = shapely.transform(
            shapely.from_geojson(json.dumps(geofence["geom"])),
            lambda xy: np.stack(plane.to_plane(xy[:, 0], xy[:, 1]), axis=-1),
        )
        for path in truth:
            xy = np.stack(plane.to_plane(path.lon, path.lat), axis=-1)
            events = _certain(_events(xy, geometry), xy, geometry, margin_m)
            wanted = [event for event in events if _wanted(rule["kind"], event, geofence)]
            if rule["kind"] == "enter":
                wanted = [*_first_sight(xy, geometry, margin_m), *wanted]
            for event in wanted:
                lon, lat = plane.point_to_lon_lat(*event.xy)
                at_us = np.interp(event.place, np.arange(len(xy)), path.at_us)
                found.append(
                    Expected(
                        rule=rule["id"],
                        geofence=geofence["id"],
                        target=path.target,
                        at_us=round(float(at_us)),
                        lon=lon,
                        lat=lat,
                    )
                )
    return sorted(found, key=lambda one: (one.at_us, one.rule, one.target))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A true path cuts an edge: where along the path (in samples), which edge, which way."""

    place: float
    edge: int
    to_left: bool
    xy: tuple[float, float]


def _first_sight(xy: Floats, geometry: Any, margin_m: float) -> list[_Event]:
    start = shapely.Point(xy[0])
    if not geometry.contains(start) or geometry.boundary.distance(start) < margin_m:
        return []
    return [_Event(place=0.0, edge=0, to_left=True, xy=(float(xy[0, 0]), float(xy[0, 1])))]


def _events(xy: Floats, geometry: Any) -> list[_Event]:
    """Every cut of a path with the edges of a line or a polygon, along the path."""
    parts = (
        [geometry.exterior, *geometry.interiors] if geometry.geom_type == "Polygon" else [geometry]
    )
    lines = [np.array(part.coords) for part in parts]
    a = np.concatenate([line[:-1] for line in lines])
    b = np.concatenate([line[1:] for line in lines])
    if len(xy) < 2:
        return []
    p, step, edge = xy[:-1, None], np.diff(xy, axis=0)[:, None], (b - a)[None]
    cross = step[..., 0] * edge[..., 1] - step[..., 1] * edge[..., 0]
    gap = a[None] - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[..., 0] * edge[..., 1] - gap[..., 1] * edge[..., 0]) / cross
        u = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / cross
    # Half-open, so that a path through a sample or a vertex cuts once.
    cuts = np.argwhere((t >= 0) & (t < 1) & (u >= 0) & (u < 1))
    events = [
        _Event(
            place=float(i + t[i, k]),
            edge=int(k),
            to_left=bool(cross[i, k] < 0),
            xy=(
                float(xy[i, 0] + t[i, k] * step[i, 0, 0]),
                float(xy[i, 1] + t[i, k] * step[i, 0, 1]),
            ),
        )
        for i, k in cuts
    ]
    return sorted(events, key=lambda event: event.place)


def _certain(events: list[_Event], xy: Floats, geometry: Any, margin_m: float) -> list[_Event]:
    """The events between which the path gets clear of the edges."""
    if not events:
        return []
    edges = geometry.boundary if geometry.geom_type == "Polygon" else geometry
    away = shapely.distance(shapely.points(xy), edges)
    bounds = [-1.0, *(event.place for event in events), float(len(xy))]
    samples = np.arange(len(xy))
    reach = [
        float(away[(samples > low) & (samples <= high)].max(initial=0.0))
        for low, high in itertools.pairwise(bounds)
    ]
    kept = list(events)
    while kept and reach[0] < margin_m:  # begins too near to say on which side
        kept.pop(0)
        reach[:2] = [max(reach[:2])] if len(kept) and reach[1] >= margin_m else [reach[1]]
    while kept and reach[-1] < margin_m:
        kept.pop()
        reach.pop()
    k = 1
    while k < len(reach) - 1:
        if reach[k] < margin_m:  # out and back again: both cuts go, the stays around it join
            del kept[k - 1 : k + 1]
            reach[k - 1 : k + 2] = [max(reach[k - 1 : k + 2])]
            k = max(1, k - 1)
        else:
            k += 1
    return kept


def _wanted(kind: str, event: _Event, geofence: Mapping[str, Any]) -> bool:
    if kind == "cross":
        directions = geofence["directions"] or ["both"] * (event.edge + 1)
        way = "right_to_left" if event.to_left else "left_to_right"
        return directions[event.edge] in ("both", way)
    # A ring's inside is to its left when it runs counter-clockwise.
    shell = shapely.from_geojson(json.dumps(geofence["geom"])).exterior
    return (event.to_left == bool(shell.is_ccw)) == (kind == "enter")


def score(
    sector: Mapping[str, Any],
    truth: Sequence[TruePath],
    findings: Sequence[SeenFinding],
    *,
    gate_m: float = 60.0,
    window_s: float = 30.0,
    margin_m: float = 10.0,
) -> Score:
    """Match findings to what the truth says should be found: same rule, same target (the
    nearest within `gate_m`), at most `window_s` apart, each once, the nearest in time first."""
    plane = SectorPlane(*sector["sector"]["origin"])
    wanted = expected_findings(sector, truth, margin_m=margin_m)
    targets = [nearest_target(finding, truth, plane, gate_m=gate_m) for finding in findings]
    pairs = sorted(
        (abs(finding.at_us - one.at_us), w, f)
        for w, one in enumerate(wanted)
        for f, finding in enumerate(findings)
        if targets[f] == one.target
        and finding.rule == one.rule
        and abs(finding.at_us - one.at_us) <= window_s * 1e6
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, w, f in pairs:
        if w not in taken and f not in used:
            taken[w] = f
            used.add(f)
    left = [f for f in range(len(findings)) if f not in used]
    return Score(
        expected=len(wanted),
        matches=[_match(wanted[w], findings[f], plane) for w, f in sorted(taken.items())],
        missed=[one for w, one in enumerate(wanted) if w not in taken],
        false_alarms=[findings[f] for f in left if targets[f] is None],
        surplus=[findings[f] for f in left if targets[f] is not None],
        targets=targets,
    )


def _match(expected: Expected, finding: SeenFinding, plane: SectorPlane) -> Match:
    known_us = finding.at_us if finding.known_us is None else finding.known_us
    x, y = plane.to_plane([expected.lon, finding.lon], [expected.lat, finding.lat])
    return Match(
        expected=expected,
        finding=finding,
        delay_s=(known_us - expected.at_us) / 1e6,
        off_m=float(np.hypot(x[1] - x[0], y[1] - y[0])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gospa:
    """One GOSPA value and its parts; `distance` is in metres, the parts in metres**p."""

    distance: float
    localisation: float
    missed: int
    false: int


def gospa(truth_xy: Floats, track_xy: Floats, *, cutoff_m: float = 50.0, p: float = 2.0) -> Gospa:
    """The generalised optimal sub-pattern assignment metric with alpha = 2.

    (min over partial assignments of: sum of d^p over the assigned + cutoff^p / 2 for each
    point left over on either side)^(1/p); Rahmathullah, García-Fernández and Svensson, 2017,
    proposition 1. Points are (n, 2) and (m, 2) metres in one plane.
    """
    if cutoff_m <= 0 or p < 1:
        raise ValueError("cutoff must be above 0 and p at least 1")
    x, y = np.reshape(truth_xy, (-1, 2)), np.reshape(track_xy, (-1, 2))
    cost = np.minimum(np.hypot(*(x[:, None] - y[None]).transpose(2, 0, 1)), cutoff_m) ** p
    rows, columns = linear_sum_assignment(cost)
    # A pair at the cutoff costs as much as its two points left over, so it is left over.
    close = cost[rows, columns] < cutoff_m**p
    localisation = float(cost[rows, columns][close].sum())
    assigned = int(close.sum())
    missed, false = len(x) - assigned, len(y) - assigned
    total = localisation + cutoff_m**p / 2.0 * (missed + false)
    return Gospa(
        distance=float(total ** (1.0 / p)), localisation=localisation, missed=missed, false=false
    )


def mean_gospa(
    pairs: Iterable[tuple[Floats, Floats]], *, cutoff_m: float = 50.0, p: float = 2.0
) -> float | None:
    """The mean GOSPA distance over (truth, tracks) at several instants; None over none."""
    values = [gospa(t, k, cutoff_m=cutoff_m, p=p).distance for t, k in pairs]
    return float(np.mean(values)) if values else None
