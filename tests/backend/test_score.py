import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from watchline.score import (
    SeenFinding,
    TruePath,
    expected_findings,
    gospa,
    mean_gospa,
    nearest_target,
    read_truth,
    score,
)
from watchline.score.places import Place, position_errors
from watchline.sectors.plane import SectorPlane

PLANE = SectorPlane(24.0, 50.6)
T0 = 1_795_000_000_000_000


def _lon_lat(xy: Any) -> list[list[float]]:
    lon, lat = PLANE.to_lon_lat(*np.array(xy, float).T)
    return np.stack([lon, lat], axis=-1).tolist()


def _sector(*rules: tuple[str, str], directions: list[str] | None = None) -> dict[str, Any]:
    """A line along x = 0 running north, and an area 100..200 m east of it."""
    square = [[100, -500], [200, -500], [200, 500], [100, 500], [100, -500]]
    line, area = _lon_lat([[0, -500], [0, 0], [0, 500]]), _lon_lat(square)
    return {
        "sector": {"origin": [24.0, 50.6]},
        "geofences": [
            {
                "id": "line",
                "geom": {"type": "LineString", "coordinates": line},
                "directions": directions,
            },
            {
                "id": "area",
                "geom": {"type": "Polygon", "coordinates": [area]},
                "directions": None,
            },
        ],
        "rules": [
            {"id": f"{geofence}-{kind}", "kind": kind, "geofence_id": geofence}
            for geofence, kind in rules
        ],
    }


def _path(*places: tuple[float, float], target: str = "w", speed_mps: float = 2.0) -> TruePath:
    """A walk through places (metres) at 2 m/s, sampled twice a second."""
    xy = np.array(places, float)
    at_s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T) / speed_mps)])
    t = np.arange(0.0, at_s[-1] + 1e-9, 0.5)
    lon, lat = PLANE.to_lon_lat(np.interp(t, at_s, xy[:, 0]), np.interp(t, at_s, xy[:, 1]))
    return TruePath(
        target=target,
        object="person",
        unit=None,
        at_us=T0 + np.round(t * 1e6).astype(np.int64),
        lon=lon,
        lat=lat,
    )


def _finding(rule: str, at_s: float, x: float, y: float, known_s: float | None = None) -> Any:
    lon, lat = PLANE.point_to_lon_lat(x, y)
    return SeenFinding(
        rule=rule,
        geofence=None,
        at_us=T0 + round(at_s * 1e6),
        lon=lon,
        lat=lat,
        known_us=None if known_s is None else T0 + round(known_s * 1e6),
    )


def _said(sector: dict[str, Any], *paths: TruePath, margin_m: float = 10.0) -> list[Any]:
    found = expected_findings(sector, paths, margin_m=margin_m)
    return [(one.rule, one.target, round((one.at_us - T0) / 1e6, 1)) for one in found]


@pytest.mark.parametrize(
    ("directions", "eastward", "westward"),
    [
        (None, True, True),
        (["both", "both"], True, True),
        (["left_to_right", "left_to_right"], True, False),
        (["right_to_left", "right_to_left"], False, True),
        (["right_to_left", "left_to_right"], True, False),  # both walks cut the second segment
    ],
)
def test_a_crossing_counts_by_the_direction_of_its_segment(
    directions: list[str] | None, eastward: bool, westward: bool
) -> None:
    sector = _sector(("line", "cross"), directions=directions)
    there, back = _path((-50, 100), (50, 100)), _path((50, 100), (-50, 100))
    at_25_s = [("line-cross", "w", 25.0)]
    assert _said(sector, there) == (at_25_s if eastward else [])
    assert _said(sector, back) == (at_25_s if westward else [])


def test_place_and_time_of_a_crossing_are_interpolated() -> None:
    (one,) = expected_findings(_sector(("line", "cross")), [_path((-50.3, 100), (50, 100))])
    x, y = PLANE.to_plane(one.lon, one.lat)
    assert (float(x), float(y)) == pytest.approx((0.0, 100.0), abs=0.02)
    assert (one.at_us - T0) / 1e6 == pytest.approx(25.15, abs=0.01)


def test_a_path_through_a_vertex_of_the_line_crosses_once() -> None:
    assert len(_said(_sector(("line", "cross")), _path((-50, 0), (50, 0)))) == 1


def test_who_passes_the_lines_end_does_not_cross() -> None:
    assert _said(_sector(("line", "cross")), _path((-50, 501), (50, 501))) == []


def test_enter_and_exit_of_an_area() -> None:
    sector = _sector(("area", "enter"), ("area", "exit"))
    through = _path((40, 0), (260, 0))
    assert _said(sector, through) == [("area-enter", "w", 30.0), ("area-exit", "w", 80.0)]
    begins_inside = _path((150, 0), (260, 0))
    assert _said(sector, begins_inside) == [("area-enter", "w", 0.0), ("area-exit", "w", 25.0)]
    begins_at_the_edge = _path((195, 0), (260, 0))
    assert _said(sector, begins_at_the_edge) == []


def test_the_rings_sense_of_turn_does_not_matter() -> None:
    sector = _sector(("area", "enter"))
    sector["geofences"][1]["geom"]["coordinates"][0].reverse()
    assert _said(sector, _path((40, 0), (160, 0))) == [("area-enter", "w", 30.0)]


def test_who_only_touches_the_edge_is_not_counted() -> None:
    sector = _sector(("line", "cross"))
    assert _said(sector, _path((-50, 0), (5, 0), (-50, 0))) == []
    assert len(_said(sector, _path((-50, 0), (5, 0), (-50, 0)), margin_m=1.0)) == 2
    dithers = _path((-50, 0), (5, 0), (-5, 0), (50, 0))
    assert len(_said(sector, dithers)) == 1


def test_who_begins_or_ends_on_the_edge_is_not_counted() -> None:
    sector = _sector(("line", "cross"))
    assert _said(sector, _path((-5, 0), (50, 0))) == []
    assert _said(sector, _path((-50, 0), (5, 0))) == []
    assert len(_said(sector, _path((-5, 0), (50, 0), (-50, 0)))) == 1


def test_a_finding_belongs_to_the_nearest_target_within_the_gate() -> None:
    near, far = _path((-50, 0), (50, 0)), _path((-50, 30), (50, 30), target="v")
    assert nearest_target(_finding("r", 25, 2, 8), [near, far], PLANE) == "w"
    assert nearest_target(_finding("r", 25, 2, 20), [near, far], PLANE) == "v"
    assert nearest_target(_finding("r", 25, 2, -70), [near, far], PLANE) is None
    assert nearest_target(_finding("r", 25, 2, -70), [near], PLANE, gate_m=80) == "w"
    assert nearest_target(_finding("r", 58, 50, 0), [near], PLANE) is None
    assert nearest_target(_finding("r", 51.5, 50, 0), [near], PLANE) == "w"


def test_a_target_is_off_by_what_lies_between_it_and_the_nearest_track() -> None:
    near, far = _path((-50, 0), (50, 0)), _path((-50, 30), (50, 30), target="v")
    places = [Place(round(T0 + s * 1e6), x, y, 9.0, 0.0, 9.0) for s, x, y in (
        (25, 3.0, 4.0), (25, 0.0, 22.0), (10, -30.0, 26.0), (40, 30.0, 200.0), (60, 50.0, 0.0))
    ]  # fmt: skip
    assert position_errors([near], places, PLANE).off_m == pytest.approx([26.0, 5.0], abs=1e-3)
    both = position_errors([near, far], places, PLANE)
    assert both.off_m == pytest.approx([26.0, 5.0, 4.0, 8.0], abs=1e-3), "each by its own nearest"
    # 26 m off with a sigma of 3 m on each axis, 5 m (1.67 sigma: inside 2.45), 4 m and 8 m.
    assert both.inside.tolist() == [False, True, True, False]
    for nothing in (position_errors([near], [], PLANE), position_errors([], places, PLANE)):
        assert len(nothing.off_m) == len(nothing.inside) == 0


@pytest.mark.parametrize(("cov", "inside"), [(70.0, True), (-70.0, False), (0.0, False)])
def test_a_leaning_ellipse_is_asked_as_it_leans(cov: float, inside: bool) -> None:
    """The target is 21 m north-east of a track whose sigma is 8.5 m on each axis."""
    near = _path((-50, 0), (50, 0))
    place = Place(round(T0 + 25 * 1e6), -15.0, -15.0, 72.0, cov, 72.0)
    assert position_errors([near], [place], PLANE).inside.tolist() == [inside]


def test_score_of_a_run() -> None:
    sector = _sector(("line", "cross"), ("area", "enter"))
    walker, other = _path((-50, 0), (160, 0)), _path((-60, 300), (60, 300), target="v")
    findings = [
        _finding("line-cross", 25.2, 1, 2, known_s=27.0),  # right
        _finding("line-cross", 26.0, 3, 0),  # again: surplus
        _finding("area-enter", 74.0, 98, 1, known_s=77.0),  # right
        _finding("line-cross", 40.0, 0, -300),  # nothing there
        _finding("area-enter", 30.0, 10, 0),  # something there, but no such deed then
    ]
    done = score(sector, [walker, other], findings)
    assert done.expected == 3
    assert done.pd == pytest.approx(2 / 3)
    assert [m.expected.rule for m in done.matches] == ["line-cross", "area-enter"]
    assert [m.delay_s for m in done.matches] == pytest.approx([2.0, 2.0], abs=0.01)
    assert done.delay_p50_s == pytest.approx(2.0, abs=0.01)
    assert done.matches[0].off_m == pytest.approx(5**0.5, abs=0.05)
    assert [(one.rule, one.target) for one in done.missed] == [("line-cross", "v")]
    assert done.false_alarms == [findings[3]]
    assert done.surplus == [findings[1], findings[4]]
    assert done.targets == ["w", "w", "w", None, "w"]


def test_each_of_a_group_may_be_told_and_nobody_twice() -> None:
    sector = _sector(("line", "cross"))
    group = replace(_path((-50, 0), (160, 0)), object="group", size=3)
    tracks = [b"a", b"b", b"a", b"c", b"d", None]
    findings = [
        replace(_finding("line-cross", 25.2 + k, 1, 2), track=track)
        for k, track in enumerate(tracks)
    ]
    findings.append(replace(_finding("line-cross", 79.0, 108, 0), track=b"e"))  # not for that
    done = score(sector, [group], findings)
    assert [one.finding for one in done.matches] == findings[:1]
    assert done.members == [findings[1], findings[3]]
    assert done.surplus == [findings[2], *findings[4:]]
    alone = score(sector, [replace(group, size=1)], findings)
    assert alone.members == [] and alone.surplus == findings[1:]
    nobody = score(_sector(("area", "enter")), [group], findings)
    assert nobody.members == [], "of no deed"


def test_one_finding_answers_for_one_deed_only() -> None:
    there_and_back = _path((-50, 0), (20, 0), (-50, 0))
    one = _finding("line-cross", 30.0, 10, 0)
    done = score(_sector(("line", "cross")), [there_and_back], [one])
    assert (done.expected, len(done.matches), len(done.missed)) == (2, 1, 1)


def test_a_finding_outside_the_window_is_no_match() -> None:
    sector = _sector(("line", "cross"))
    walker = _path((-50, 0), (50, 0))
    late = _finding("line-cross", 49, 48, 0)
    assert score(sector, [walker], [late], window_s=20).pd == 0.0
    assert score(sector, [walker], [late]).pd == 1.0


def test_nothing_expected_has_no_rate() -> None:
    done = score(_sector(("line", "cross")), [], [])
    assert (done.pd, done.delay_p50_s, done.expected) == (None, None, 0)


def test_truth_is_read_by_target_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    rows = [
        {"at_us": T0 + n, "target": t, "class": "person", "unit": None, "lon": 24.0, "lat": 50.0}
        for n in range(3)
        for t in ("a", "b")
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "truth.jsonl").write_text(text + '{"at_us": 17, "tar')
    paths = read_truth(tmp_path / "truth.jsonl")
    assert [(path.target, path.at_us.tolist()) for path in paths] == [
        ("a", [T0, T0 + 1, T0 + 2]),
        ("b", [T0, T0 + 1, T0 + 2]),
    ]
    (tmp_path / "truth.jsonl").write_text('{"at_us"\n' + text)
    with pytest.raises(ValueError, match="Expecting"):
        read_truth(tmp_path / "truth.jsonl")


def test_gospa_by_hand() -> None:
    truth = np.array([[0.0, 0.0], [100.0, 0.0]])
    tracks = np.array([[3.0, 4.0], [500.0, 0.0], [100.0, 10.0]])
    found = gospa(truth, tracks, cutoff_m=20.0, p=2.0)
    assert (found.missed, found.false) == (0, 1)
    assert found.localisation == pytest.approx(25.0 + 100.0)
    assert found.distance == pytest.approx((125.0 + 200.0) ** 0.5)
    nothing = np.zeros((0, 2))
    assert gospa(nothing, nothing).distance == 0.0
    assert gospa(truth, nothing, cutoff_m=20.0).distance == pytest.approx(20.0)
    assert gospa(nothing, tracks, cutoff_m=20.0, p=1.0).distance == pytest.approx(30.0)
    assert mean_gospa([(truth, truth), (truth, nothing)], cutoff_m=20.0) == pytest.approx(10.0)
    assert mean_gospa([]) is None


def _brute(x: Any, y: Any, c: float, p: float) -> float:
    """The definition, word for word: the least over every partial assignment."""
    best = np.inf
    for k in range(min(len(x), len(y)) + 1):
        for rows in itertools.combinations(range(len(x)), k):
            for columns in itertools.permutations(range(len(y)), k):
                d = sum(np.hypot(*(x[i] - y[j])) ** p for i, j in zip(rows, columns, strict=True))
                best = min(best, d + c**p / 2 * (len(x) + len(y) - 2 * k))
    return float(best ** (1 / p))


_POINTS = st.integers(0, 4).flatmap(
    lambda n: st_np.arrays(np.float64, (n, 2), elements=st.floats(-100, 100))
)


@given(_POINTS, _POINTS, st.sampled_from([1.0, 2.0]), st.floats(1, 100))
@settings(max_examples=80, deadline=None)
def test_gospa_is_the_least_over_all_assignments(x: Any, y: Any, p: float, c: float) -> None:
    assert gospa(x, y, cutoff_m=c, p=p).distance == pytest.approx(_brute(x, y, c, p), abs=1e-6)
    assert gospa(y, x, cutoff_m=c, p=p).distance == pytest.approx(
        gospa(x, y, cutoff_m=c, p=p).distance
    )


def test_gospa_refuses_senseless_settings() -> None:
    with pytest.raises(ValueError, match="cutoff"):
        gospa(np.zeros((1, 2)), np.zeros((1, 2)), cutoff_m=0.0)
