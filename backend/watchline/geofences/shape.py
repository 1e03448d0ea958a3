"""Whether a drawn geometry can be a geofence; pure.

GeoJSON in, and two shapes that GeoJSON lacks: circles and corridors, which are judged by their
outline. Positions are [lon, lat] in degrees on WGS 84; people draw them the other way round often
enough that the error says so.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, Strict
from shapely import LinearRing, LineString, Polygon, is_valid_reason, transform
from shapely.geometry.base import BaseGeometry

from watchline.errors import GeofenceInvalid, GeofenceOutsideSector
from watchline.geofences import outline
from watchline.geofences.model import Direction, GeofenceKind
from watchline.sectors.plane import SectorPlane

MAX_POINTS = 2000

_Number = Annotated[float, Strict()]
Point = Annotated[list[_Number], Field(min_length=2, max_length=2)]


class _Geometry(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class PolygonGeometry(_Geometry):
    """A GeoJSON Polygon: the shell, then the holes, each ring closed."""

    type: Literal["Polygon"]
    coordinates: list[list[Point]]


class LineGeometry(_Geometry):
    """A GeoJSON LineString; left and right are as seen along it."""

    type: Literal["LineString"]
    coordinates: list[Point]


class CircleGeometry(_Geometry):
    """All within `radius_m` of a place."""

    type: Literal["Circle"]
    coordinates: Point
    radius_m: float = Field(gt=0, le=outline.MAX_RADIUS_M)


class CorridorGeometry(_Geometry):
    """All within `left_m` of a line on its left and `right_m` on its right."""

    type: Literal["Corridor"]
    coordinates: list[Point]
    left_m: float = Field(default=0.0, ge=0, le=outline.MAX_RADIUS_M)
    right_m: float = Field(default=0.0, ge=0, le=outline.MAX_RADIUS_M)


DrawnGeometry = Annotated[
    PolygonGeometry | LineGeometry | CircleGeometry | CorridorGeometry,
    Field(discriminator="type"),
]


def check(
    kind: GeofenceKind,
    drawn: PolygonGeometry | LineGeometry | CircleGeometry | CorridorGeometry,
    directions: Sequence[Direction] | None,
    sector: Polygon,
    plane: SectorPlane,
) -> tuple[BaseGeometry, list[Direction] | None]:
    """The geometry and its directions (lines: one a segment, 'both' unless told).

    Errors: GeofenceInvalid with `reason` wrong_type, out_of_range, ring_open, too_few_points,
    too_many_points, self_intersection (with the place, `at`), repeated_point,
    directions_mismatch, width_missing, outline_invalid; GeofenceOutsideSector with `swapped`
    true when it lies inside once lon and lat are exchanged.
    """
    shape: BaseGeometry
    if not isinstance(drawn, LineGeometry):
        if kind is not GeofenceKind.AREA:
            raise GeofenceInvalid(reason="wrong_type")
        if directions is not None:
            raise GeofenceInvalid(reason="directions_mismatch")
        if isinstance(drawn, PolygonGeometry):
            shape = _area(drawn.coordinates, sector)
        else:
            shape = _outline(drawn, sector, plane)
        return _inside(shape, sector), None
    if kind is not GeofenceKind.LINE:
        raise GeofenceInvalid(reason="wrong_type")
    shape = _line(drawn.coordinates, sector)
    segments = len(drawn.coordinates) - 1
    told = [Direction.BOTH] * segments if directions is None else list(directions)
    if len(told) != segments:
        raise GeofenceInvalid(reason="directions_mismatch", segments=segments)
    return _inside(shape, sector), told


def _area(rings: Sequence[Sequence[Point]], sector: Polygon) -> Polygon:
    if not rings:
        raise GeofenceInvalid(reason="too_few_points")
    _check_points([point for ring in rings for point in ring], sector)
    for ring in rings:
        if len(ring) < 4 or len({tuple(point) for point in ring}) < 3:
            raise GeofenceInvalid(reason="too_few_points")
        if ring[0] != ring[-1]:
            raise GeofenceInvalid(reason="ring_open")
        if not LinearRing(ring).is_simple:
            raise GeofenceInvalid(reason="self_intersection", at=place_of_defect(Polygon(ring)))
    area = Polygon(rings[0], rings[1:])
    if not area.is_valid or area.area == 0.0:
        told = is_valid_reason(area)
        reason = "hole_outside" if told.startswith("Hole") else "self_intersection"
        raise GeofenceInvalid(reason=reason, at=place_of_defect(area))
    return area


def place_of_defect(shape: BaseGeometry) -> list[float] | None:
    """Where GEOS says that a polygon is not valid: [lon, lat], or None if it does not."""
    found = re.search(r"\[(\S+) (\S+)\]$", is_valid_reason(shape))
    return None if found is None else [round(float(part), 7) for part in found.groups()]


def _outline(
    drawn: CircleGeometry | CorridorGeometry, sector: Polygon, plane: SectorPlane
) -> Polygon:
    if isinstance(drawn, CircleGeometry):
        _check_points([drawn.coordinates], sector)
        x, y = plane.to_plane(*drawn.coordinates)
        made: BaseGeometry = outline.circle(float(x), float(y), drawn.radius_m)
    else:
        if drawn.left_m == drawn.right_m == 0.0:
            raise GeofenceInvalid(reason="width_missing")
        _line(drawn.coordinates, sector)
        path = np.column_stack(plane.to_plane(*np.array(drawn.coordinates, float).T))
        made = outline.corridor(path, drawn.left_m, drawn.right_m)
    if not (isinstance(made, Polygon) and made.is_valid and made.area > 0.0):
        raise GeofenceInvalid(reason="outline_invalid")
    area: Polygon = transform(
        made, lambda xy: np.column_stack(plane.to_lon_lat(xy[:, 0], xy[:, 1]))
    )
    return area


def _line(points: Sequence[Point], sector: Polygon) -> LineString:
    if len(points) < 2:
        raise GeofenceInvalid(reason="too_few_points")
    _check_points(points, sector)
    if any(a == b for a, b in pairwise(points)):
        raise GeofenceInvalid(reason="repeated_point")
    line = LineString(points)
    if not line.is_simple:
        raise GeofenceInvalid(reason="self_intersection")
    return line


def _check_points(points: Sequence[Point], sector: Polygon) -> None:
    if len(points) > MAX_POINTS:
        raise GeofenceInvalid(reason="too_many_points", most=MAX_POINTS)
    for lon, lat in points:
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise GeofenceInvalid(reason="out_of_range")
        if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
            swapped = all(abs(p[0]) <= 90.0 and abs(p[1]) <= 180.0 for p in points) and (
                LineString([(p[1], p[0]) for p in (points[0], points[-1])]).intersects(sector)
            )
            raise GeofenceInvalid(reason="out_of_range", swapped=swapped)


def _inside(shape: BaseGeometry, sector: Polygon) -> BaseGeometry:
    if shape.intersects(sector):
        return shape
    raise GeofenceOutsideSector(swapped=_swap(shape).intersects(sector))


def _swap(shape: BaseGeometry) -> BaseGeometry:
    if isinstance(shape, Polygon):
        return Polygon(
            [(y, x) for x, y in shape.exterior.coords],
            [[(y, x) for x, y in ring.coords] for ring in shape.interiors],
        )
    return LineString([(y, x) for x, y in shape.coords])
