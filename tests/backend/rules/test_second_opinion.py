"""A slow engine in plain Python and shapely says the same, where nothing is uncertain."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import area, compiled, judge, line, path, polygon, star
from watchline.geofences.model import Geofence, GeofenceKind


def plainly(geofence: Geofence, xy: np.ndarray) -> list[tuple[str, str, int, int | None]]:
    """(geofence, kind or direction, row, segment) by set difference and by single segments."""
    told: list[tuple[str, str, int, int | None]] = []
    if geofence.kind is GeofenceKind.AREA:
        held = False
        for row, point in enumerate(xy):
            inside = polygon(geofence).contains(shapely.Point(point))
            if inside != held:
                told.append((geofence.id, "enter" if inside else "exit", row, None))
            held = inside
        return told
    ring = geofence.rings[0]
    for row in range(1, len(xy)):
        way = shapely.LineString(xy[row - 1 : row + 1])
        cuts = []
        for segment in range(len(ring) - 1):
            place = way.intersection(shapely.LineString(ring[segment : segment + 2]))
            if place.is_empty:
                continue
            along, step = ring[segment + 1] - ring[segment], xy[row] - xy[row - 1]
            to_right = along[0] * step[1] - along[1] * step[0] < 0
            cuts.append((way.project(place), segment, to_right))
        if len(cuts) % 2 == 0:
            continue
        to_right = sum(1 if cut[2] else -1 for cut in cuts) > 0
        _, segment, _ = max(cut for cut in cuts if cut[2] == to_right)
        direction = "left_to_right" if to_right else "right_to_left"
        told.append((geofence.id, direction, row, segment))
    return told


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_same_findings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    geofences = [area(*star(rng, hole=k == 0), id=f"a{k}") for k in range(3)]
    for k in range(3):
        steps = np.cumsum(rng.normal(0, 60, (rng.integers(2, 9), 2)), axis=0)
        geofences.append(line(steps + rng.uniform(-100, 100, 2), id=f"l{k}"))
    xy = np.cumsum(rng.normal(0, 10.0 ** rng.uniform(0.5, 2.2), (60, 2)), axis=0)
    _, found = judge(compiled(*geofences), path(xy, sigma=1e-6))
    ours = [
        (
            f.geofence_id,
            f.evidence.get("direction", f.kind),
            f.evidence["hits"] - 1,
            f.evidence.get("segment"),
        )
        for f in found
    ]
    expected = [event for geofence in geofences for event in plainly(geofence, xy)]
    assert sorted(ours, key=repr) == sorted(expected, key=repr)
