import math

import numpy as np
import pytest

from watchline_sensors.adapters.thermal.lens import Aim, Lens, directions, pixels
from watchline_sensors.simulate.thermal_figures import Figure, Form, Seen, paint, placed
from watchline_sensors.simulate.thermal_ground import _walk, ground_c, ground_range, horizon
from watchline_sensors.simulate.thermal_scene import Scene
from watchline_sensors.simulate.thermal_view import RADIUS_M, Climate, Floats, Image, View, Weather
from watchline_sensors.terrain import Terrain

MAST_M = 25.0


def land(height: Floats | float = 0.0) -> Terrain:
    """12 km × 12 km around the camera's foot, a post each 20 m."""
    return Terrain(
        heights_m=np.broadcast_to(np.asarray(height, np.float32), (601, 601)).copy(),
        x0_m=-6000.0, y0_m=-6000.0, step_m=20.0,
    )  # fmt: skip


FLAT = land()
#: A bank across the view, 6 m high, 400 m away.
_Y = np.arange(-6000.0, 6001.0, 20.0)
BANK = land((6.0 * np.exp(-(((_Y - 400.0) / 60.0) ** 2)))[:, None])


def look(
    focal_px: float = 1000.0, elevation_deg: float = -2.0, size: tuple[int, int] = (160, 128),
    azimuth_deg: float = 0.0, north_deg: float = 0.0, roll_deg: float = 0.0,
) -> View:  # fmt: skip
    return View(
        lens=Lens(width=size[0], height=size[1], focal_x_px=focal_px),
        aim=Aim(azimuth_deg=azimuth_deg, elevation_deg=elevation_deg, roll_deg=roll_deg),
        xy_m=np.zeros(2), height_m=MAST_M, north_deg=north_deg,
    )  # fmt: skip


def at(y_m: float, x_m: float = 0.0, form: Form = Form.PERSON, **more: float) -> Figure:
    return Figure(form=form, xy_m=np.array([x_m, y_m]), **more)


def towards(y_m: float, focal_px: float, up_m: float = 1.0) -> View:
    elevation = math.degrees(math.atan2(up_m - MAST_M - y_m**2 / 2 / RADIUS_M, y_m))
    return look(focal_px, elevation)


def painted(
    view: View, terrain: Terrain, figure: Figure, climate: Climate | None = None
) -> tuple[Image, Seen | None]:
    """What a figure alone adds to a ground as warm as the air, in kelvins."""
    image = np.zeros((view.lens.height, view.lens.width), np.float32)
    seen = paint(image, None, view, terrain, climate or Climate(air_c=0.0), figure)
    return image, seen


def test_on_flat_land_the_range_is_that_of_a_ray_over_a_sphere() -> None:
    view = look(elevation_deg=-3.0, roll_deg=4.0)
    found = ground_range(view, FLAT)
    y, x = np.mgrid[0:128, 0:160] + 0.5
    east, north, up = directions(view.lens, view.aim, np.stack([x.ravel(), y.ravel()], -1)).T
    slope = up / np.hypot(east, north)
    inner = slope**2 - 2.0 * MAST_M / RADIUS_M
    with np.errstate(invalid="ignore"):
        true = RADIUS_M * (-slope - np.sqrt(inner))
    true = np.where((inner > 0.0) & (slope < 0.0), true, np.inf).reshape(found.shape)
    clear = true < 10_000.0
    assert clear.sum() > 10_000
    assert np.abs(found[clear] / true[clear] - 1.0).max() < 1e-3
    assert np.isinf(found[np.isinf(true)]).all()


def test_behind_a_bank_each_ray_ends_where_walking_all_of_it_says() -> None:
    view = look(elevation_deg=-3.0)
    found = ground_range(view, BANK)
    y, x = np.mgrid[0:128, 0:160] + 0.5
    rays = directions(view.lens, view.aim, np.stack([x.ravel(), y.ravel()], axis=-1))
    true = _walk(view, BANK, *view.along(rays)).reshape(found.shape)
    both = np.isfinite(true)
    assert np.array_equal(both, np.isfinite(found))
    assert np.abs(found[both] / true[both] - 1.0).max() < 5e-3
    # The bank hides a strip: no ray ends in it.
    middle = found[:, 80]
    assert not ((middle > 420.0) & (middle < 480.0)).any()
    assert (middle < 420.0).any() and (middle > 480.0).any()


def test_what_is_far_sinks_behind_the_earth_as_refraction_lets_it() -> None:
    assert look().away([[0.0, 10_000.0]], [MAST_M])[0, 2] == pytest.approx(-6.827, abs=0.01)
    far = horizon(look(), land(), np.array([[0.0, 5_900.0], [0.0, 100.0]]))
    assert (far < 0.5).all()
    low = View(lens=look().lens, aim=look().aim, xy_m=np.zeros(2), height_m=0.5)
    # From 0.5 m the horizon lies at sqrt(2 R h); beyond it the rest of the way hides.
    beyond = 5_900.0 - math.sqrt(2 * RADIUS_M * 0.5)
    assert horizon(low, land(), np.array([[0.0, 5_900.0]]))[0] == pytest.approx(
        beyond**2 / 2 / RADIUS_M, abs=0.02
    )


@pytest.mark.parametrize("y_m", [60.0, 300.0, 1000.0, 3000.0])
def test_a_person_on_open_ground_is_seen_whole_and_of_true_size(y_m: float) -> None:
    view = towards(y_m, 3500.0 if y_m > 200.0 else 1000.0)
    _, seen = painted(view, FLAT, at(y_m))
    assert seen is not None
    assert seen.visible == pytest.approx(seen.whole, rel=0.02)
    _, y0, _, y1 = seen.box
    upright = 1.80 * view.lens.focal_x_px * y_m / seen.range_m**2
    assert y1 - y0 == pytest.approx(upright, rel=0.08)
    assert seen.foot[1] == pytest.approx(y1, abs=0.12 * (y1 - y0))
    assert seen.range_m == pytest.approx(math.hypot(y_m, MAST_M), rel=1e-3)


def test_a_bank_hides_feet_first() -> None:
    visible = []
    for y_m in (330.0, 440.0, 500.0, 560.0, 900.0):
        view = towards(y_m, 3500.0, float(BANK.height_at(0.0, y_m)) + 1.0)
        z = float(horizon(view, BANK, np.array([[0.0, y_m]]))[0])
        above = z - float(BANK.height_at(0.0, y_m))
        image, seen = painted(view, BANK, at(y_m))
        assert seen is not None
        visible.append(seen.visible / seen.whole)
        if 0.3 < above < 1.5:
            # What is seen of it begins where the ground before it ends.
            cut = pixels(view.lens, view.aim, view.away([[0.0, y_m]], [z]))[0, 1]
            assert np.flatnonzero(image.any(axis=1)).max() == pytest.approx(cut, abs=1.0)
    assert [visible[0], visible[-1]] == pytest.approx([1.0, 1.0], abs=0.02)
    assert min(visible) < 0.7


@pytest.mark.parametrize("form", [Form.PERSON, Form.DEER, Form.CAR])
def test_what_shrinks_below_a_pixel_keeps_its_energy(form: Form) -> None:
    def energy(y_m: float, x_m: float) -> float:
        image, seen = painted(
            towards(y_m, 1000.0),
            FLAT,
            at(y_m, x_m, form, heading_deg=90.0),
            Climate(air_c=0.0, weather=Weather.CLEAR),
        )
        assert seen is not None
        through = math.exp(-0.1 * seen.range_m / 1000.0)
        return float(image.sum()) / through * seen.range_m**2

    near = energy(200.0, 0.0)
    # A camera further off looks flatter: what it sees of a car is not quite the same.
    for y_m, x_m in ((1000.0, 0.0), (1000.0, 0.37), (2200.0, 0.9), (3500.0, 0.0), (3500.0, 1.3)):
        assert energy(y_m, x_m) == pytest.approx(near, rel=0.15)


def test_the_middle_of_its_warmth_is_where_it_stands() -> None:
    for y_m, x_m in ((800.0, 3.3), (2500.0, -7.9), (2500.0, -7.1)):
        view = towards(y_m, 3500.0)
        image, _ = painted(view, FLAT, at(y_m, x_m, heading_deg=90.0))
        rows, columns = np.indices(image.shape) + 0.5
        x, y = pixels(view.lens, view.aim, view.away([[x_m, y_m]], [1.16]))[0]
        assert (image * columns).sum() / image.sum() == pytest.approx(x, abs=0.06)
        assert (image * rows).sum() / image.sum() == pytest.approx(y, abs=0.1)


def test_air_takes_contrast_as_beer_and_lambert_say() -> None:
    peak = {
        weather: painted(
            towards(800.0, 3500.0), FLAT, at(800.0), Climate(air_c=0, weather=weather)
        )[0].max()
        for weather in (Weather.CLEAR, Weather.FOG)
    }
    assert peak[Weather.FOG] / peak[Weather.CLEAR] == pytest.approx(math.exp(-2.9 * 0.8), rel=0.02)


def test_growth_before_it_hides_and_behind_it_does_not() -> None:
    view = towards(300.0, 3500.0)
    shape = (view.lens.height, view.lens.width)
    for cover_m, visible in ((250.0, 0.0), (350.0, 1.0)):
        image = np.zeros(shape, np.float32)
        seen = paint(image, np.full(shape, cover_m), view, FLAT, Climate(air_c=0.0), at(300.0))
        assert seen is not None
        assert seen.visible / seen.whole == pytest.approx(visible, abs=0.02)
        assert bool(image.any()) == (visible > 0)


def test_what_is_outside_or_behind_is_not_there() -> None:
    view = look()
    before = np.zeros((128, 160), np.float32)
    for figure in (at(-200.0), at(200.0, 90.0), at(200.0, up_m=100.0)):
        image, seen = painted(view, FLAT, figure)
        assert seen is None
        assert np.array_equal(image, before)


def test_one_at_the_edge_is_cut() -> None:
    view = towards(300.0, 3500.0)
    image, seen = painted(view, FLAT, at(300.0, 300.0 * 80 / 3500))
    assert seen is not None
    assert 0.3 < seen.visible / seen.whole < 0.7
    assert image[:, 155:].any() and not image[:, :140].any()


def test_true_north_turns_the_plane() -> None:
    # North of the camera lies 30° clockwise from the plane's: a point there is in the middle.
    view = look(north_deg=30.0)
    there = 500.0 * np.array([[math.sin(math.radians(30.0)), math.cos(math.radians(30.0))]])
    away = view.away(there, [0.0])
    assert pixels(view.lens, view.aim, away)[0, 0] == pytest.approx(80.0)
    ways, _ = view.along(away / np.linalg.norm(away))
    assert ways[0] * 500.0 == pytest.approx(there[0])


def test_all_forms_stand_on_the_ground_with_their_own_warmth() -> None:
    view = look()
    for form, top in (
        (Form.PERSON, 1.8), (Form.DEER, 1.2), (Form.BOAR, 0.9), (Form.BUSH, 1.7), (Form.CAR, 1.5),
    ):  # fmt: skip
        parts = placed(at(200.0, form=form, stride=1.0), view, FLAT)
        up = [MAST_M + part.at_m[:, 2] + 200.0**2 / 2 / RADIUS_M for part in parts]
        lowest = min(float(u.min()) - p.radius_m for u, p in zip(up, parts, strict=True))
        highest = max(float(u.max()) + p.radius_m for u, p in zip(up, parts, strict=True))
        assert -0.1 < lowest < 0.1
        assert highest == pytest.approx(top, abs=0.15)
        ranges = [float(np.linalg.norm(part.at_m.mean(axis=0))) for part in parts]
        assert ranges == sorted(ranges, reverse=True)


def test_legs_move_as_it_walks() -> None:
    view = towards(60.0, 1000.0)
    still, one, other = (
        painted(view, FLAT, Figure(form=Form.PERSON, xy_m=np.array([0.0, 60.0]), heading_deg=90.0,
                                   stride=stride))[1]
        for stride in (None, math.pi / 2, math.pi)
    )  # fmt: skip
    assert still is not None and one is not None and other is not None
    assert one.box[2] - one.box[0] > 1.5 * (still.box[2] - still.box[0])
    assert one.box != other.box


def test_the_ground_looks_the_same_from_everywhere() -> None:
    xy = np.random.default_rng(3).uniform(-500.0, 500.0, (400, 2))
    small = np.full(400, 0.01)
    one, other = (
        ground_c(xy, small, small, np.tile(np.array(way), (400, 1)), 5.0)
        for way in ((0.0, 1.0), (1.0, 0.0))
    )
    assert np.abs(one - other).max() < 0.2
    assert one.std() > 0.3
    # Seen in large pieces it is the more even.
    assert ground_c(xy, small * 3000, small * 3000, np.tile([0.0, 1.0], (400, 1)), 5.0).std() < 0.7


def test_a_scene_has_ground_sky_and_growth_and_is_always_the_same() -> None:
    view = look(1000.0, elevation_deg=-1.5)
    scene, again = (Scene(view, BANK, Climate()) for _ in range(2))
    assert np.array_equal(scene.still, again.still)
    sky = np.isinf(scene.range_m)
    assert sky.any() and not sky.all()
    assert scene.still[sky & np.isinf(scene.cover_m)].max() < 8.0
    assert scene.still[0].mean() < scene.still[20].mean()  # colder with elevation
    near = scene.range_m < 300.0
    assert scene.still[near].mean() == pytest.approx(5.0, abs=0.8)
    assert np.isfinite(scene.cover_m).mean() > 0.001
    bare = Scene(view, BANK, Climate(cover=0.0))
    assert np.isinf(bare.cover_m).all()
    assert np.isfinite(scene.still).all()
