"""Where a true path passes the edges of a line or an area, as far as that is certain. Pure."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A true path cuts an edge: where along the path (in samples), which edge, which way."""

    place: float
    edge: int
    to_left: bool
    xy: tuple[float, float]


def first_sight(xy: Floats, geometry: Any, margin_m: float) -> list[Passage]:
    """Where a path that begins surely inside an area begins."""
    start = shapely.Point(xy[0])
    if not geometry.contains(start) or geometry.boundary.distance(start) < margin_m:
        return []
    return [Passage(place=0.0, edge=0, to_left=True, xy=(float(xy[0, 0]), float(xy[0, 1])))]


def passages(xy: Floats, geometry: Any) -> list[Passage]:
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
        Passage(
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


def certain(events: list[Passage], xy: Floats, geometry: Any, margin_m: float) -> list[Passage]:
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


def counts(kind: str, event: Passage, geofence: Mapping[str, Any]) -> bool:
    """Whether an enter, exit or cross rule wants a passage."""
    if kind == "cross":
        directions = geofence["directions"] or ["both"] * (event.edge + 1)
        way = "right_to_left" if event.to_left else "left_to_right"
        return directions[event.edge] in ("both", way)
    # A ring's inside is to its left when it runs counter-clockwise.
    shell = shapely.from_geojson(json.dumps(geofence["geom"])).exterior
    return (event.to_left == bool(shell.is_ccw)) == (kind == "enter")
