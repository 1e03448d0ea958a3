"""Where the features of a file lie: the system of coordinates, and repairs that are certain; pure.

A repair is certain when everything else would be nonsense, and then it is told. What could be
meant in two ways is refused.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from watchline.errors import GeodataUnreadable, GeofenceInvalid
from watchline.geofences.shape import place_of_defect

WGS84 = "EPSG:4326"


def place(
    shapes: Sequence[BaseGeometry], crs: str | None, sector: Polygon
) -> tuple[list[BaseGeometry], str | None]:
    """The shapes in WGS 84 longitude and latitude, and the repair that brought them there.

    If no shape touches the sector as the file has it, but all do when the axes are exchanged, or
    in the sector's UTM zone or Web Mercator (either order), and in one of these ways alone, that
    way is taken: 'axes_swapped', 'crs_guessed:EPSG:…', 'crs_guessed:EPSG:…,axes_swapped'. Errors:
    GeodataUnreadable with `reason` crs_unknown.
    """
    told = list(shapes)
    as_told = _to_wgs84(told, crs or WGS84)
    if not told or shapely.intersects(as_told, sector).any():
        return as_told, None
    found = []
    for name, other in _ways(crs or WGS84, sector):
        swapped = name.endswith("axes_swapped")
        tried = _to_wgs84([_swap(shape) for shape in told] if swapped else told, other)
        if shapely.intersects(tried, sector).all():
            found.append((tried, name))
    return found[0] if len(found) == 1 else (as_told, None)


def _ways(crs: str, sector: Polygon) -> list[tuple[str, str]]:
    lon, lat = sector.centroid.coords[0]
    utm = f"EPSG:{(32600 if lat >= 0 else 32700) + int((lon + 180.0) // 6.0) % 60 + 1}"
    ways = [("axes_swapped", crs)]
    for other in (utm, "EPSG:3857", WGS84):
        if other != crs:
            ways += [(f"crs_guessed:{other}", other), (f"crs_guessed:{other},axes_swapped", other)]
    return ways


def _to_wgs84(shapes: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    try:
        told = CRS.from_user_input(crs)
        if told.equals(CRS(WGS84), ignore_axis_order=True):
            return list(shapes)
        transformer = Transformer.from_crs(told, WGS84, always_xy=True)
    except CRSError as error:
        raise GeodataUnreadable(reason="crs_unknown") from error

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = transformer.transform(xy[:, 0], xy[:, 1])
        return np.column_stack([lon, lat])

    return [shapely.transform(shape, moved) for shape in shapes]


def _swap(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def mend(shape: BaseGeometry) -> tuple[BaseGeometry, list[str]]:
    """A Point, LineString or Polygon without what is certainly a slip, and what was mended.

    'points_repeated': points that follow themselves; 'ring_mended': a polygon that touches or
    retraces itself so that no place is gone around twice. Errors: GeofenceInvalid with `reason`
    no_geometry, many_parts, wrong_type, not_finite, self_intersection (and where, `at`).
    """
    parts = getattr(shape, "geoms", None)
    if parts is not None:
        if len(parts) != 1:
            raise GeofenceInvalid(reason="many_parts", parts=len(parts))
        shape = parts[0]
    if shape.is_empty:
        raise GeofenceInvalid(reason="no_geometry")
    if shape.geom_type not in ("Point", "LineString", "Polygon"):
        raise GeofenceInvalid(reason="wrong_type", type=shape.geom_type)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise GeofenceInvalid(reason="not_finite")
    mended = []
    if shape.geom_type != "Point":
        plain = shapely.remove_repeated_points(shape)
        if shapely.get_num_coordinates(plain) != shapely.get_num_coordinates(shape):
            mended.append("points_repeated")
        shape = plain
    if shape.geom_type == "Polygon" and not shape.is_valid:
        shape = _unfold(shape)
        mended.append("ring_mended")
    return shape, mended


def _unfold(polygon: Polygon) -> Polygon:
    """One polygon of the same area, counted once around: then it is the one that was meant."""
    made = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    around = _around(polygon.exterior) - sum(_around(ring) for ring in polygon.interiors)
    if isinstance(made, Polygon) and abs(made.area - around) <= 1e-9 * made.area:
        return made
    raise GeofenceInvalid(reason="self_intersection", at=place_of_defect(polygon))


def _around(ring: BaseGeometry) -> float:
    x, y = (shapely.get_coordinates(ring) - shapely.get_coordinates(ring)[0]).T
    return abs(float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())) / 2.0
