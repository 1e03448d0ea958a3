"""A geometry's rings in a sector's plane, where edges are straight (DESIGN 4.8)."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from watchline.sectors.plane import SectorPlane


def rings_of(geom: BaseGeometry, plane: SectorPlane) -> tuple[NDArray[np.float64], ...]:
    """The shell and the holes of a polygon, or the one path of a line (degrees), in metres."""
    parts = [geom.exterior, *geom.interiors] if isinstance(geom, shapely.Polygon) else [geom]
    return tuple(
        np.column_stack(plane.to_plane(*shapely.get_coordinates(part).T)) for part in parts
    )
