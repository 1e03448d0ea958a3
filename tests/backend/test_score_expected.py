"""What rules with parameters should find, by hand: an area 100..200 m east, a line along x = 0."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from watchline.score import SeenFinding, TruePath, expected_findings, score
from watchline.sectors.plane import SectorPlane

PLANE = SectorPlane(24.0, 50.6)
T0 = 1_768_406_400_000_000


def _lon_lat(xy: Any) -> list[list[float]]:
    return np.stack(PLANE.to_lon_lat(*np.array(xy, float).T), axis=-1).tolist()


def _sector(kind: str, **params: Any) -> dict[str, Any]:
    square = [[100, -500], [200, -500], [200, 500], [100, 500], [100, -500]]
    line = {"type": "LineString", "coordinates": _lon_lat([[0, -500], [0, 500]])}
    area = {"type": "Polygon", "coordinates": [_lon_lat(square)]}
    geom = line if kind == "cross" else area
    return {
        "sector": {"origin": [24.0, 50.6]},
        "geofences": [{"id": "g", "geom": geom, "directions": None}],
        "rules": [{"id": "r", "kind": kind, "geofence_id": "g", "params": params}],
    }


def _path(*knots: tuple[float, float, float], object: str = "person") -> TruePath:
    """(second, x, y) knots, straight in between, twice a second."""
    at_s, x, y = np.array(knots, float).T
    t = np.arange(at_s[0], at_s[-1] + 1e-9, 0.5)
    lon, lat = PLANE.to_lon_lat(np.interp(t, at_s, x), np.interp(t, at_s, y))
    at_us = T0 + np.round(t * 1e6).astype(np.int64)
    return TruePath(target="w", object=object, unit=None, at_us=at_us, lon=lon, lat=lat)


#: Into the area at 2 m/s, still from the 50th to the 800th second, and out again.
STILL = _path((0, 50, 0), (50, 150, 0), (800, 150, 0), (850, 250, 0))


def test_who_lies_still_long_enough_is_to_be_found_while_it_lasts() -> None:
    (one,) = expected_findings(_sector("motionless_in_cold", seconds=600, radius_m=20), [STILL])
    # Within 10 m, half of what the rule allows, of where it was in the 45th second.
    assert (one.at_us - T0) / 1e6 == pytest.approx(645.0, abs=0.6)
    assert (one.until_us - T0) / 1e6 == pytest.approx(800.0, abs=0.6)
    assert one.life_at_risk
    x, y = PLANE.to_plane(one.lon, one.lat)
    assert (float(x), float(y)) == pytest.approx((150.0, 0.0), abs=0.1)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (_path((0, 50, 0), (50, 150, 0), (600, 150, 0), (650, 250, 0)), "too short"),
        (_path((0, 50, 0), (800, 50, 0)), "outside"),
        (_path((0, 105, 0), (800, 105, 0)), "too near the edge to say on which side"),
        (_path((0, 150, 0), (800, 150, 60)), "creeps on"),
        (replace(STILL, object="animal"), "no person"),
    ],
)
def test_who_is_not_to_be_found(path: TruePath, why: str) -> None:
    sector = _sector("motionless_in_cold", seconds=600, radius_m=20)
    assert expected_findings(sector, [path]) == [], why


def test_our_own_freeze_too_but_cross_unseen() -> None:
    own = replace(STILL, unit="Foot-1")
    assert len(expected_findings(_sector("motionless_in_cold", radius_m=20), [own])) == 1
    crosses = replace(_path((0, -50, 0), (50, 50, 0)), unit="Foot-1")
    assert expected_findings(_sector("cross"), [crosses]) == []
    assert len(expected_findings(_sector("cross", affiliation="any"), [crosses])) == 1


def test_only_the_classes_that_a_rule_names_are_to_be_found() -> None:
    people = _sector("cross", classes={"person": 0.8, "group": 0.8})
    walk = _path((0, -50, 0), (50, 50, 0))
    assert len(expected_findings(people, [walk])) == 1
    assert expected_findings(people, [replace(walk, object="animal")]) == []
    assert len(expected_findings(_sector("cross"), [replace(walk, object="animal")])) == 1


def test_dwell_without_a_radius_is_to_be_inside() -> None:
    wanders = _path((0, 50, 0), (50, 150, 0), (300, 150, 250), (400, 150, 300), (450, 250, 300))
    (one,) = expected_findings(_sector("dwell", seconds=120), [wanders])
    assert (one.at_us - T0) / 1e6 == pytest.approx(150.0, abs=1.0)  # 10 m inside from the 30th
    assert not one.life_at_risk


def test_a_late_finding_of_a_stay_counts_while_it_lasts_and_says_how_late() -> None:
    sector = _sector("motionless_in_cold", seconds=600, radius_m=20)

    def told(at_s: float) -> Any:
        lon, lat = PLANE.point_to_lon_lat(150.0, 0.0)
        at_us = T0 + round(at_s * 1e6)
        seen = SeenFinding(
            rule="r", geofence="g", at_us=at_us, lon=lon, lat=lat, known_us=at_us + 2_000_000
        )
        return score(sector, [STILL], [seen])

    late = told(760)
    assert (late.pd, late.life_at_risk_missed) == (1.0, 0)
    assert late.matches[0].delay_s == pytest.approx(117.0, abs=1.0)
    gone = told(848)
    assert (gone.pd, gone.life_at_risk_missed, len(gone.false_alarms)) == (0.0, 1, 1)
