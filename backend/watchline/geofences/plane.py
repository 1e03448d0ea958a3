"""GeoJSON geometries as rings in a sector's plane, where edges are straight (DESIGN 4.8)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.errors import GeofenceInvalid
from watchline.geofences.model import GeofenceKind
from watchline.sectors.plane import SectorPlane

__all__ = ["SectorPlane", "rings_in_plane"]

_KINDS = {"Polygon": GeofenceKind.AREA, "LineString": GeofenceKind.LINE}


def rings_in_plane(
    plane: SectorPlane, geometry: Mapping[str, Any]
) -> tuple[GeofenceKind, tuple[NDArray[np.float64], ...]]:
    """The kind and the rings (metres) of a GeoJSON Polygon or LineString in WGS 84.

    Raises GeofenceInvalid with `reason` geometry_unknown, coordinates_invalid or
    position_out_of_range (and `ring`). Shape is not judged here; see `check.check`.
    """
    kind = _KINDS.get(geometry.get("type", ""))
    if kind is None:
        raise GeofenceInvalid(reason="geometry_unknown")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, Sequence) or not coordinates:
        raise GeofenceInvalid(reason="coordinates_invalid")
    parts = coordinates if kind is GeofenceKind.AREA else [coordinates]
    return kind, tuple(_ring(plane, part, number) for number, part in enumerate(parts))


def _ring(plane: SectorPlane, part: Any, number: int) -> NDArray[np.float64]:
    try:
        lon_lat = np.array([[position[0], position[1]] for position in part], dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise GeofenceInvalid(reason="coordinates_invalid", ring=number) from error
    if lon_lat.ndim != 2:
        raise GeofenceInvalid(reason="coordinates_invalid", ring=number)
    # NaN fails both comparisons, so this refuses it too.
    if not np.all(np.abs(lon_lat) <= (180.0, 90.0)):
        raise GeofenceInvalid(reason="position_out_of_range", ring=number)
    return np.column_stack(plane.to_plane(lon_lat[:, 0], lon_lat[:, 1]))
