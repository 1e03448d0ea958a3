import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Geod

from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.scenario import parse_scenario
from watchline_sensors.simulate.thermal_camera import ThermalCamera, ThermalSpec, _figures
from watchline_sensors.simulate.thermal_figures import Form
from watchline_sensors.simulate.thermal_sensor import COUNTS_PER_K, shown
from watchline_sensors.simulate.thermal_view import RADIUS_M
from watchline_sensors.simulate.world import World

SITE = (8.0, 1000.0)
WALKER = {"id": "w", "class": "person", "speed_mps": 1.4, "path": [[7.99, 600], [8.01, 600]]}


def _camera(
    scenarios: Path, area: Area, movers: list[dict[str, Any]], *, at_m: float = 600.0, **spec: Any
) -> ThermalCamera:
    """A camera at SITE that looks at what lies `at_m` inside the border, before it."""
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    raw |= {"mover": movers, "clutter": [], "duration_s": 600.0}
    world = World(parse_scenario(raw), area)
    eye, there = area.border.point(*SITE), area.border.point(8.0, at_m)
    (lon, lat), (lon2, lat2) = area.plane.to_lon_lat(eye), area.plane.to_lon_lat(there)
    azimuth, _, ground = Geod(ellps="WGS84").inv(lon, lat, lon2, lat2)
    told = ThermalSpec(
        id="t", name="T", lens=Lens(width=160, height=128, focal_x_px=spec.pop("focal", 2000.0)),
        aim=Aim(azimuth_deg=azimuth, elevation_deg=-math.degrees(math.atan2(24.0, ground))),
        **{"mast_m": 25.0, "cover": 0.0} | spec,
    )  # fmt: skip
    return ThermalCamera(told, 7, eye, area, world)


def test_a_frame_is_the_same_whoever_asks_and_in_whatever_order(
    scenarios: Path, area: Area
) -> None:
    one, other = (_camera(scenarios, area, [WALKER]) for _ in range(2))
    forth = [one.frame(number) for number in (40, 100, 101)]
    back = [other.frame(number) for number in (101, 100, 40)][::-1]
    for a, b in zip(forth, back, strict=True):
        assert np.array_equal(a.grey, b.grey)
        assert np.array_equal(a.counts, b.counts)
        assert a.truth == b.truth
    assert forth[0].grey.dtype == np.uint8 and forth[0].counts.dtype == np.uint16
    assert forth[0].grey.shape == forth[0].counts.shape == (128, 160)
    assert not np.array_equal(forth[1].counts, forth[2].counts)


def test_truth_is_where_the_warmth_is(scenarios: Path, area: Area) -> None:
    camera, empty = _camera(scenarios, area, [WALKER]), _camera(scenarios, area, [])
    for number in (50, 250):
        image, (truth,) = camera.focused(number)
        added = image - empty.focused(number)[0]
        rows, columns = np.nonzero(added > 0.5)
        assert truth.target == "w" and truth.object is ObjectClass.PERSON
        assert truth.visible == pytest.approx(1.0, abs=0.02)
        assert columns.min() + 0.5 == pytest.approx(truth.x0, abs=1.5)
        assert columns.max() + 0.5 == pytest.approx(truth.x1, abs=1.5)
        assert rows.min() + 0.5 == pytest.approx(truth.y0, abs=1.5)
        assert rows.max() + 0.5 == pytest.approx(truth.y1, abs=1.5)
        assert truth.y1 - truth.y0 == pytest.approx(1.8 * 2000.0 / truth.range_m, rel=0.15)
        grey = camera.frame(number).grey
        assert grey[rows, columns].max() > np.quantile(grey, 0.999) - 1


def test_its_foot_is_seen_in_its_true_direction_on_earth(scenarios: Path, area: Area) -> None:
    camera = _camera(scenarios, area, [WALKER], focal=1500.0)
    geod = Geod(ellps="WGS84")
    for number in (10, 200, 340):
        (truth,) = camera.frame(number).truth
        moment = camera._world.at(number / 25.0)
        lon, lat = area.plane.to_lon_lat(moment.xy_m[0])
        azimuth, _, ground = geod.inv(camera.lon_deg, camera.lat_deg, lon, lat)
        drop = camera.eye_m - float(area.terrain.height_at(*moment.xy_m[0]))
        a = math.radians(azimuth)
        up = -drop - ground**2 / 2 / RADIUS_M
        spec = camera.spec
        seen = pixels(spec.lens, spec.aim, [[ground * math.sin(a), ground * math.cos(a), up]])[0]
        assert truth.foot == pytest.approx(tuple(seen), abs=0.1)
        assert truth.range_m == pytest.approx(math.hypot(ground, up), rel=1e-3)


def test_a_group_is_one_target_of_many_bodies(scenarios: Path, area: Area) -> None:
    group = WALKER | {"id": "g", "class": "group", "size": 5}
    camera, alone = _camera(scenarios, area, [group]), _camera(scenarios, area, [WALKER])
    (many,), (one,) = camera.frame(250).truth, alone.frame(250).truth
    assert many.object is ObjectClass.GROUP
    assert many.x1 - many.x0 > 2.0 * (one.x1 - one.x0)
    warm = [c.focused(250)[0].sum() - c.scene.still.sum() for c in (camera, alone)]
    assert 3.0 < warm[0] / warm[1] < 7.0


@pytest.mark.parametrize(
    ("kind", "name", "speed", "form"),
    [
        (ObjectClass.VEHICLE, "car", 12.0, Form.CAR),
        (ObjectClass.ANIMAL, "deer-1", 1.0, Form.DEER),
        (ObjectClass.ANIMAL, "boar-1", 1.0, Form.BOAR),
        (ObjectClass.UNKNOWN, "x", 6.0, Form.BIRD),
        (ObjectClass.UNKNOWN, "x", 0.0, Form.BUSH),
    ],
)
def test_each_class_has_its_form(kind: ObjectClass, name: str, speed: float, form: Form) -> None:
    (figure,) = _figures(name, kind, 1, np.zeros(2), np.array([speed, 0.0]), 3.0)
    assert figure.form is form
    assert (figure.up_m > 0.0) == (form is Form.BIRD)
    if speed > 0.0:
        assert figure.heading_deg == pytest.approx(90.0)


def test_the_shutter_holds_the_picture_then_shows_itself(scenarios: Path, area: Area) -> None:
    camera = _camera(scenarios, area, [WALKER])
    event = next(n for n in range(5000) if shown(camera.sensor, n).number != n)
    last, held, again, flat, after = (camera.frame(event + k) for k in range(-1, 4))
    assert np.array_equal(last.grey, held.grey) and np.array_equal(last.counts, again.counts)
    assert flat.counts.std() < 0.1 * COUNTS_PER_K
    assert all(one.visible == 0.0 for one in flat.truth)
    assert after.counts.std() > 2.0 * flat.counts.std()


def test_who_stands_behind_the_ridge_is_not_seen(scenarios: Path, area: Area) -> None:
    # The test area's ridge is 60 m high, 3 km from the border at its northern end.
    ridge_km = 13.0
    path = [[ridge_km, 3600.0], [ridge_km + 0.02, 3600.0]]
    mover = WALKER | {"path": path}
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    raw |= {"mover": [mover], "clutter": [], "duration_s": 600.0}
    world = World(parse_scenario(raw), area)
    eye = area.border.point(ridge_km, 2200.0)
    away = world.at(1.0).xy_m[0] - eye
    aim = Aim(azimuth_deg=math.degrees(math.atan2(away[0], away[1])), elevation_deg=0.0)
    spec = ThermalSpec(
        id="t", name="T", lens=Lens(width=160, height=128, focal_x_px=1000.0), aim=aim, cover=0.0
    )
    camera = ThermalCamera(spec, 7, eye, area, world)
    (truth,) = camera.frame(25).truth
    assert truth.visible == 0.0
    assert np.array_equal(camera.focused(25)[0], camera.focused(26)[0])
