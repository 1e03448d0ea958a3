"""What the rules of a sector should find, said from the true paths. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from watchline.geofences.model import GeofenceKind
from watchline.rules.kind import all_kinds, read_params
from watchline.score.crossings import certain, counts, first_sight, passages
from watchline.score.stays import stays
from watchline.score.truth import TruePath
from watchline.sectors.plane import SectorPlane
from watchline_sensors.contract import ObjectClass

Floats = NDArray[np.float64]
_KINDS = {"Polygon": GeofenceKind.AREA, "LineString": GeofenceKind.LINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should be found: the instant and place where the true path does what the rule asks.

    A stay may be found as long as it lasts, up to `until_us`; else only around `at_us`.
    """

    rule: str
    geofence: str
    target: str
    at_us: int
    lon: float
    lat: float
    until_us: int
    life_at_risk: bool = False


def expected_findings(
    sector: Mapping[str, Any], truth: Sequence[TruePath], *, margin_m: float = 10.0
) -> list[Expected]:
    """What each rule of a sector document should find in the true paths, in order of time.

    Kinds enter (also of who first appears inside), exit, cross, dwell and motionless_in_cold;
    edges are straight in the sector's plane. Only who is of a class that the rule names, if it
    names any, and one of our own only where the rule judges all alike. Whether a rule is armed,
    its hours and the air are left out. Who turns back, or begins or ends, within `margin_m` of an
    edge has not surely passed it and is left out: no sensor could tell. Nor has surely stayed who
    moved by more than half of the radius that a rule allows.
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
        params: Any = read_params(
            rule["kind"], rule.get("params", {}), _KINDS[geofence["geom"]["type"]]
        )
        for path in truth:
            if not _meant(path, params):
                continue
            xy = np.stack(plane.to_plane(path.lon, path.lat), axis=-1)
            if not _near(xy, geometry):
                continue
            for at_us, place, until_us in _deeds(
                rule, params, geofence, geometry, path, xy, margin_m
            ):
                lon, lat = plane.point_to_lon_lat(*place)
                found.append(
                    Expected(
                        rule=rule["id"],
                        geofence=geofence["id"],
                        target=path.target,
                        at_us=at_us,
                        lon=lon,
                        lat=lat,
                        until_us=until_us,
                        life_at_risk=all_kinds()[rule["kind"]].life_at_risk,
                    )
                )
    return sorted(found, key=lambda one: (one.at_us, one.rule, one.target))


def _meant(path: TruePath, params: Any) -> bool:
    known = not params.classes or ObjectClass(path.object) in params.classes
    return known and (path.unit is None or params.affiliation == "any")


def _near(xy: Floats, geometry: Any) -> bool:
    west, south, east, north = geometry.bounds
    low, high = xy.min(axis=0), xy.max(axis=0)
    return bool(low[0] <= east and high[0] >= west and low[1] <= north and high[1] >= south)


def _deeds(
    rule: Mapping[str, Any],
    params: Any,
    geofence: Mapping[str, Any],
    geometry: Any,
    path: TruePath,
    xy: Floats,
    margin_m: float,
) -> Iterator[tuple[int, tuple[float, float], int]]:
    """(when, where, until when it may be found) of all that one path does."""
    kind = rule["kind"]
    if kind in ("dwell", "motionless_in_cold"):
        radius_m = np.inf if params.radius_m is None else params.radius_m / 2.0
        for _, done, last in stays(
            path.at_us, xy, geometry, seconds=params.seconds, radius_m=radius_m, margin_m=margin_m
        ):
            place = (float(xy[done, 0]), float(xy[done, 1]))
            yield int(path.at_us[done]), place, int(path.at_us[last])
        return
    events = certain(passages(xy, geometry), xy, geometry, margin_m)
    wanted = [event for event in events if counts(kind, event, geofence)]
    if kind == "enter":
        wanted = [*first_sight(xy, geometry, margin_m), *wanted]
    for event in wanted:
        at_us = round(float(np.interp(event.place, np.arange(len(xy)), path.at_us)))
        yield at_us, event.xy, at_us
