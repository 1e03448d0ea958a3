"""What tests of geofences and rules are made of: geofences, rules and track updates by hand."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from watchline.geofences import outline
from watchline.geofences.model import Direction, Geofence, GeofenceKind
from watchline.rules import engine
from watchline.rules.model import Finding, Rule, Severity
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates

SECOND = 1_000_000

SQUARE = ((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))


def area(
    *rings: ArrayLike, id: str = "area", version: int = 1, p_in: float = 0.9, p_out: float = 0.1
) -> Geofence:
    """An area from closed rings: the shell, then the holes."""
    return Geofence(
        id=id,
        version=version,
        kind=GeofenceKind.AREA,
        rings=tuple(np.array(ring, float) for ring in rings),
        p_in=p_in,
        p_out=p_out,
    )


def line(
    points: ArrayLike,
    id: str = "line",
    version: int = 1,
    directions: Sequence[Direction] | None = None,
    p_in: float = 0.9,
) -> Geofence:
    """A line; without `directions` every segment counts both ways."""
    ring = np.array(points, float)
    return Geofence(
        id=id,
        version=version,
        kind=GeofenceKind.LINE,
        rings=(ring,),
        directions=tuple(directions or [Direction.BOTH] * (len(ring) - 1)),
        p_in=p_in,
    )


def rules_for(geofences: Sequence[Geofence]) -> list[Rule]:
    """Enter and exit on each area, cross on each line."""
    return [
        Rule(
            id=f"{geofence.id}.{kind}",
            version=1,
            kind=kind,
            geofence_id=geofence.id,
            severity=Severity.HIGH,
        )
        for geofence in geofences
        for kind in (("enter", "exit") if geofence.kind is GeofenceKind.AREA else ("cross",))
    ]


def compiled(*geofences: Geofence) -> engine.CompiledRules:
    """The geofences with `rules_for` them."""
    made = engine.compile_rules(geofences, rules_for(geofences))
    assert made.refused == ()
    return made


def updates(
    track: ArrayLike,
    at_us: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    *,
    sigma: ArrayLike = 1.0,
    plot: ArrayLike = True,
    status: ArrayLike = TrackStatus.CONFIRMED,
) -> TrackUpdates:
    """Updates with round covariances; `track` numbers the tracks. Scalars count for all."""
    track, at, x, y, sigma, plot, status = np.broadcast_arrays(
        np.atleast_1d(track), at_us, x, y, sigma, plot, status
    )
    m = track.size
    ids = np.zeros((m, 16), np.uint8)
    ids[:, 0], ids[:, 9] = track, track
    sensors = np.zeros((m, 8), np.int32)
    sensors[:, 0] = 7
    variance = np.array(sigma, float) ** 2
    return TrackUpdates(
        id=ids,
        no=track.astype(np.int64),
        at_us=at.astype(np.int64),
        x_m=x.astype(float),
        y_m=y.astype(float),
        vx_mps=np.zeros(m),
        vy_mps=np.zeros(m),
        var_x_m2=variance,
        cov_xy_m2=np.zeros(m),
        var_y_m2=variance.copy(),
        status=status.astype(np.uint8),
        classes=np.full((m, 5), 0.2, np.float32),
        hits=np.arange(1, m + 1, dtype=np.int32),
        first_us=np.zeros(m, np.int64),
        sensors=sensors,
        detection=np.full(m, -1, np.int32),
        plot=np.array(plot, bool),
    )


def path(
    points: ArrayLike, *, sigma: ArrayLike = 1.0, track: int = 1, start_s: int = 0
) -> TrackUpdates:
    """One track's plots, one a second."""
    xy = np.array(points, float).reshape(-1, 2)
    at = (start_s + np.arange(len(xy))) * SECOND
    return updates(track, at, xy[:, 0], xy[:, 1], sigma=sigma)


def cut(all_updates: TrackUpdates, low: int, high: int) -> TrackUpdates:
    """The updates from `low` up to `high`."""
    return TrackUpdates(
        **{name: getattr(all_updates, name)[low:high] for name in TrackUpdates.__slots__}
    )


def judge(
    rules: engine.CompiledRules, *batches: TrackUpdates, state: RuleState | None = None
) -> tuple[RuleState, list[Finding]]:
    """One step after the other."""
    state = RuleState.empty() if state is None else state
    found = []
    for batch in batches:
        state, more = engine.step(state, batch, None, rules)
        found += more
    return state, found


def told(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """(kind, second) of each finding."""
    return [(finding.kind, finding.at_us // SECOND) for finding in findings]


def polygon(geofence: Geofence) -> shapely.Polygon:
    """The area as shapely sees it."""
    return shapely.Polygon(geofence.rings[0], geofence.rings[1:])


def star(rng: np.random.Generator, *, hole: bool = False, size: float = 100.0) -> list[NDArray]:
    """A random star-shaped ring (concave as a rule) around a random centre, and a hole in it."""
    n = int(rng.integers(4, 24))
    angle = (np.arange(n) + rng.uniform(0.1, 0.9, n)) * 2 * np.pi / n
    radius = size * rng.uniform(0.4, 1.0, n)
    centre = rng.uniform(-2 * size, 2 * size, 2)
    rings = []
    for scale in (1.0, 0.4) if hole else (1.0,):
        ring = centre + scale * np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        rings.append(np.vstack([ring, ring[:1]]))
    return rings


def disc(rng: np.random.Generator, *, size: float = 100.0) -> list[NDArray]:
    """The outline of a random circle."""
    x, y = rng.uniform(-2 * size, 2 * size, 2)
    return [np.array(outline.circle(x, y, size * rng.uniform(0.2, 1.0)).exterior.coords)]


def band(rng: np.random.Generator, *, size: float = 100.0) -> list[NDArray]:
    """The outline of a random corridor with a bend: on both sides of its line, or on one."""
    turn = rng.uniform(0, 2 * np.pi) + np.array([0.0, rng.uniform(-0.9, 0.9)])
    steps = size * rng.uniform(1, 2, (2, 1)) * np.column_stack([np.cos(turn), np.sin(turn)])
    way = rng.uniform(-2 * size, 2 * size, 2) + np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    widths = size * rng.uniform(0.05, 0.4, 2) * [(1, 1), (1, 0), (0, 1)][rng.integers(3)]
    return [np.array(outline.corridor(way, *widths).exterior.coords)]
