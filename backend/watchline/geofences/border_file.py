"""The official border line with its pillars from a file of geodata; pure.

One line, and points with a field `pillar` (its number) and, where it is official, `chainage_m`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from watchline.errors import BorderInvalid
from watchline.geofences import files, placing
from watchline.geofences.files import Format
from watchline.geofences.store import Frame
from watchline.sectors.border import Border, along, chainages

#: A pillar further from the line than this belongs to another one.
MAX_OFF_M = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderLine:
    """(n, 3) longitudes, latitudes and chainages; pillars by chainage; what was repaired."""

    name: str
    lon_lat_m: NDArray[np.float64]
    pillars: list[dict[str, Any]]
    repair: str | None


def read(data: bytes, format: Format, frame: Frame) -> BorderLine:
    """The border line of a file.

    Chainages are shared out between the pillars that have one; without any they are metres from
    the line's beginning. Errors: GeodataUnreadable; GeofenceInvalid as `placing.mend`;
    BorderInvalid with `reason` one_line_needed, pillar_without_number, pillar_twice,
    pillar_off_line (with `off_m`), chainage_not_rising.
    """
    told = files.read(data, format)
    shapes, repair = placing.place(
        [one.geometry or shapely.Point() for one in told.features], told.crs, frame.area
    )
    lines: list[tuple[Any, dict[str, Any]]] = []
    points: list[tuple[Any, dict[str, Any]]] = []
    for shape, feature in zip(shapes, told.features, strict=True):
        mended, _ = placing.mend(shape)
        (points if mended.geom_type == "Point" else lines).append((mended, feature.fields))
    if len(lines) != 1 or lines[0][0].geom_type != "LineString":
        raise BorderInvalid(reason="one_line_needed", lines=len(lines))
    line, fields = lines[0]
    xy = np.column_stack(frame.plane.to_plane(*shapely.get_coordinates(line).T))
    plain = Border(xy=xy, chainage_m=chainages(xy, []), pillars=(), pillar_chainage_m=np.zeros(0))
    known: list[tuple[float, float]] = []
    pillars = []
    for point, its in points:
        number = its.get("pillar")
        if number in (None, ""):
            raise BorderInvalid(reason="pillar_without_number")
        x, y = frame.plane.to_plane(point.x, point.y)
        found = along(plain, float(x), float(y))
        if abs(found.offset_m) > MAX_OFF_M:
            off_m = round(abs(found.offset_m))
            raise BorderInvalid(reason="pillar_off_line", pillar=str(number), off_m=off_m)
        if its.get("chainage_m") is not None:
            known.append((found.chainage_m, float(its["chainage_m"])))
        pillars.append((found.chainage_m, str(number), point))
    _check(pillars, known)
    # A point of its own for each pillar with a chainage: between them it is shared out evenly.
    run = plain.chainage_m
    at_m = np.union1d(run, [at for at, _ in known])
    xy = np.column_stack([np.interp(at_m, run, xy[:, 0]), np.interp(at_m, run, xy[:, 1])])
    chainage_m = chainages(xy, known)
    return BorderLine(
        name=str(fields.get("name") or fields.get("Name") or "border"),
        lon_lat_m=np.column_stack([*frame.plane.to_lon_lat(*xy.T), chainage_m]),
        pillars=[
            {
                "number": number,
                "chainage_m": float(np.interp(at, at_m, chainage_m)),
                "lon": point.x,
                "lat": point.y,
            }
            for at, number, point in sorted(pillars, key=lambda pillar: pillar[0])
        ],
        repair=repair,
    )


def _check(pillars: list[tuple[float, str, Any]], known: list[tuple[float, float]]) -> None:
    numbers = [number for _, number, _ in pillars]
    for number in numbers:
        if numbers.count(number) > 1:
            raise BorderInvalid(reason="pillar_twice", pillar=number)
    at, chainage_m = np.array(sorted(known) or [(0.0, 0.0)]).T
    if (np.diff(at) <= 0.0).any() or (np.diff(chainage_m) <= 0.0).any():
        raise BorderInvalid(reason="chainage_not_rising")
