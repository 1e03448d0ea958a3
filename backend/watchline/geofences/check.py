"""Whether a geofence can be judged at all; asked before it is stored and before it is compiled."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray

from watchline.errors import GeofenceInvalid
from watchline.geofences.flat import flatten
from watchline.geofences.model import Direction, Geofence, GeofenceKind

MAX_VERTICES = 20_000
#: No sector's plane reaches further than this from its origin.
MAX_COORDINATE_M = 1e7
#: Smaller than this, an area or a segment is a slip of the hand.
MIN_AREA_M2 = 1e-2
MIN_LENGTH_M = 1e-2

#: How GEOS begins to say why a polygon is invalid, and the reason we answer.
_REASONS = {
    "Self-intersection": "self_intersecting",
    "Ring Self-intersection": "self_intersecting",
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "holes_overlap",
    "Nested shells": "holes_overlap",
    "Duplicate Rings": "holes_overlap",
    "Interior is disconnected": "interior_disconnected",
    "Too few points": "ring_too_short",
}


def check(geofence: Geofence) -> None:
    """Raise GeofenceInvalid (`id`, `reason`, where it helps `ring`) for what cannot be judged.

    Reasons: ring_too_short, ring_not_closed, not_finite, too_many_vertices, too_large,
    area_too_small, segment_too_short, directions_mismatch, probabilities_invalid,
    self_intersecting, hole_outside, holes_overlap, interior_disconnected, shape_invalid.
    """
    for defect in defects([geofence]).values():
        raise defect


def defects(geofences: Sequence[Geofence]) -> dict[str, GeofenceInvalid]:
    """What `check` would raise, by the ids of those that cannot be judged; also `id_twice`."""
    found: dict[str, GeofenceInvalid] = {}
    seen: set[str] = set()
    suspect = _suspects(geofences)
    areas = []
    for number, geofence in enumerate(geofences):
        try:
            if geofence.id in seen:
                _refuse(geofence, "id_twice")
            seen.add(geofence.id)
            if suspect[number]:
                _check_parts(geofence)
        except GeofenceInvalid as defect:
            found[geofence.id] = defect
            continue
        if geofence.kind is GeofenceKind.AREA:
            areas.append(geofence)
    polygons = _polygons(areas)
    with ThreadPoolExecutor(2, thread_name_prefix="geofences") as pool:
        valid = np.concatenate(list(pool.map(shapely.is_valid, np.array_split(polygons, 2))))
    for k in np.flatnonzero((shapely.area(polygons) < MIN_AREA_M2) | ~valid):
        told = str(shapely.is_valid_reason(polygons[k]))
        reason = "area_too_small" if told == "Valid Geometry" else _reason(told)
        found[areas[k].id] = GeofenceInvalid(id=areas[k].id, reason=reason)
    return found


def _polygons(areas: Sequence[Geofence]) -> NDArray[Any]:
    flat = flatten(areas)
    made: NDArray[Any] = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, flat.xy, (flat.ring_start, flat.owner_start)
    )
    return made


def _suspects(geofences: Sequence[Geofence]) -> NDArray[np.bool_]:
    """Which of them `_check_parts` may refuse: a look at all of them at once."""
    suspect = np.array(
        [
            not 0.0 < geofence.p_out < geofence.p_in < 1.0
            or not _formed(geofence)
            or (geofence.kind is GeofenceKind.LINE and not _directed(geofence))
            for geofence in geofences
        ],
        np.bool_,
    )
    whole = np.flatnonzero(~suspect)
    flat = flatten([geofences[int(k)] for k in whole])
    first, last = flat.xy[flat.ring_start[:-1]], flat.xy[flat.ring_start[1:] - 1]
    areas = np.array([geofences[int(k)].kind is GeofenceKind.AREA for k in whole], np.bool_)
    owner = np.repeat(np.arange(len(whole)), np.diff(flat.owner_start))
    bad = areas[owner] & (first != last).any(axis=1)
    suspect[whole[owner[bad]]] = True
    bad = ~(np.abs(flat.xy).max(axis=1) <= MAX_COORDINATE_M)  # true of NaN too
    suspect[whole[np.repeat(owner, np.diff(flat.ring_start))[bad]]] = True
    lines = whole[~areas]
    edges, of_line = flatten([geofences[int(k)] for k in lines]).edges()
    short = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]) < MIN_LENGTH_M
    suspect[np.repeat(lines, of_line)[short]] = True
    return suspect


def _formed(geofence: Geofence) -> bool:
    """Whether it has rings of enough points, and not too many."""
    area = geofence.kind is GeofenceKind.AREA
    return (
        (len(geofence.rings) >= 1 if area else len(geofence.rings) == 1)
        and sum(map(len, geofence.rings)) <= MAX_VERTICES
        and all(
            ring.ndim == 2 and ring.shape[1] == 2 and len(ring) >= (4 if area else 2)
            for ring in geofence.rings
        )
    )


def _directed(line: Geofence) -> bool:
    return len(line.directions) == len(line.rings[0]) - 1 and all(
        isinstance(direction, Direction) for direction in line.directions
    )


def _reason(text: str) -> str:
    for start, reason in _REASONS.items():
        if text.startswith(start):
            return reason
    return "shape_invalid"


def _check_parts(geofence: Geofence) -> None:
    if not 0.0 < geofence.p_out < geofence.p_in < 1.0:
        _refuse(geofence, "probabilities_invalid")
    area = geofence.kind is GeofenceKind.AREA
    if not geofence.rings or (not area and len(geofence.rings) != 1):
        _refuse(geofence, "ring_too_short")
    if sum(map(len, geofence.rings)) > MAX_VERTICES:
        _refuse(geofence, "too_many_vertices")
    for number, ring in enumerate(geofence.rings):
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < (4 if area else 2):
            _refuse(geofence, "ring_too_short", ring=number)
        if not np.isfinite(ring).all():
            _refuse(geofence, "not_finite", ring=number)
        if np.abs(ring).max() > MAX_COORDINATE_M:
            _refuse(geofence, "too_large", ring=number)
        if area and (ring[0] != ring[-1]).any():
            _refuse(geofence, "ring_not_closed", ring=number)
    if not area:
        steps = np.diff(geofence.rings[0], axis=0)
        if (np.hypot(steps[:, 0], steps[:, 1]) < MIN_LENGTH_M).any():
            _refuse(geofence, "segment_too_short")
        if len(geofence.directions) != len(steps) or not all(
            isinstance(direction, Direction) for direction in geofence.directions
        ):
            _refuse(geofence, "directions_mismatch")


def _refuse(geofence: Geofence, reason: str, **params: Any) -> NoReturn:
    raise GeofenceInvalid(id=geofence.id, reason=reason, **params)
