import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy.stats import chi2
from typer.testing import CliRunner

from watchline_sensors.adapters.thermal.calibrate import (
    CalibrationFailed,
    Landmark,
    calibrate,
    offsets,
    read_landmarks,
)
from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.cli import app
from watchline_sensors.place import Pose
from watchline_sensors.terrain import Terrain, save_terrain

LON, LAT, EYE_M = 22.5, 49.2, 30.0
LENS = Lens(width=640, height=512, focal_x_px=1400, k1=-0.1)
NOWHERE = Aim(azimuth_deg=0.0, elevation_deg=0.0)
GROUND = Terrain(heights_m=np.zeros((201, 201), np.float32), x0_m=-3000, y0_m=-3000, step_m=30)


def view(lens: Lens = LENS) -> View:
    return View(
        pose=Pose(lon_deg=LON, lat_deg=LAT, height_m=EYE_M),
        lens=lens,
        aim=NOWHERE,
        doubt=Doubt(azimuth_deg=1, elevation_deg=1),
        ground=GROUND,
        max_range_m=2900.0,
    )


def seen(
    aim: Aim, rng: np.random.Generator, *, count: int = 8, noise_px: float = 0.0
) -> list[Landmark]:
    """Landmarks at random places that the camera truly sees."""
    found: list[Landmark] = []
    while len(found) < count:
        azimuth = aim.azimuth_deg + rng.uniform(-12, 12)
        away, height = rng.uniform(200, 2000), rng.uniform(0, 15)
        lon, lat, _ = Geod(ellps="WGS84").fwd(LON, LAT, azimuth, away)
        mark = Landmark(f"mark {len(found)}", 0.0, 0.0, lon, lat, height)
        x, y = pixels(LENS, aim, offsets(view(), [mark]))[0] + rng.normal(0, noise_px, 2)
        if 0 < x < 640 and 0 < y < 512:
            found.append(mark._replace(x_px=float(x), y_px=float(y)))
    return found


@settings(max_examples=40, deadline=None)
@given(
    azimuth=st.floats(0, 359.9),
    elevation=st.floats(-8, 1),
    roll=st.floats(-10, 10),
    seed=st.integers(0, 999),
)
def test_exact_clicks_give_the_exact_aim(
    azimuth: float, elevation: float, roll: float, seed: int
) -> None:
    aim = Aim(azimuth_deg=azimuth, elevation_deg=elevation, roll_deg=roll)
    done = calibrate(view(), seen(aim, np.random.default_rng(seed)))
    off = (done.aim.azimuth_deg - azimuth + 180.0) % 360.0 - 180.0
    assert abs(off) < 1e-4
    assert done.aim.elevation_deg == pytest.approx(elevation, abs=1e-4)
    assert done.aim.roll_deg == pytest.approx(roll, abs=1e-3)
    assert done.rms_px < 1e-3 and done.doubtful == []


def test_its_errors_are_honest() -> None:
    rng = np.random.default_rng(1)
    aim = Aim(azimuth_deg=123.0, elevation_deg=-2.5, roll_deg=1.0)
    total = 0.0
    for _ in range(150):
        done = calibrate(view(), seen(aim, rng, count=10, noise_px=1.0))
        total += ((done.aim.azimuth_deg - 123.0) / done.azimuth_sigma_deg) ** 2
        total += ((done.aim.elevation_deg + 2.5) / done.elevation_sigma_deg) ** 2
        total += ((done.aim.roll_deg - 1.0) / done.roll_sigma_deg) ** 2
    # Huber's weights cost some percent of efficiency, and a scale that is estimated some more.
    low, high = chi2.ppf([0.001, 0.999], 450) / 450
    assert 0.9 * low < total / 450 < 1.1 * high


def test_one_wrong_landmark_is_told_and_hardly_pulls() -> None:
    aim = Aim(azimuth_deg=40.0, elevation_deg=-3.0)
    marks = seen(aim, np.random.default_rng(3), count=9, noise_px=0.5)
    marks[4] = marks[4]._replace(x_px=marks[4].x_px + 60.0)
    done = calibrate(view(), marks)
    assert done.doubtful == ["mark 4"]
    assert done.aim.azimuth_deg == pytest.approx(40.0, abs=0.06)


def test_the_focal_length_is_solved_too() -> None:
    aim = Aim(azimuth_deg=40.0, elevation_deg=-3.0, roll_deg=-2.0)
    marks = seen(aim, np.random.default_rng(4), count=12, noise_px=0.3)
    wrong = Lens(width=640, height=512, focal_x_px=1300, k1=-0.1)
    done = calibrate(view(wrong), marks, focal=True)
    assert done.focal_x_px == pytest.approx(1400, abs=6)
    assert done.aim.azimuth_deg == pytest.approx(40.0, abs=0.05)


def test_without_a_height_a_landmark_stands_on_the_ground() -> None:
    mark = Landmark("stone", 0, 0, LON, LAT + 0.01)
    east, north, up = offsets(view(), [mark])[0]
    assert (east, north) == pytest.approx((0.0, 1112.2), abs=0.3)
    drop = 1112.2**2 / (2 * 6_371_000 / 0.87)
    assert up == pytest.approx(-EYE_M - drop, abs=0.01)


def test_what_cannot_be_solved_is_refused() -> None:
    aim = Aim(azimuth_deg=40.0, elevation_deg=-3.0)
    marks = seen(aim, np.random.default_rng(5))
    with pytest.raises(CalibrationFailed, match="3 are needed"):
        calibrate(view(), marks[:2])
    with pytest.raises(CalibrationFailed):
        calibrate(view(), [marks[0]] * 4)
    exchanged = [
        one._replace(lon_deg=other.lon_deg, lat_deg=other.lat_deg)
        for one, other in zip(marks, [*marks[3:], *marks[:3]], strict=True)
    ]
    with pytest.raises(CalibrationFailed, match="do not fit together"):
        calibrate(view(), exchanged)


def test_the_file_is_read_or_refused_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "marks.csv"
    path.write_text("name,x_px,y_px,lon_deg,lat_deg,height_m\ntower,1,2,22.5,49.3,\n")
    assert read_landmarks(path) == [Landmark("tower", 1.0, 2.0, 22.5, 49.3)]
    for text, told in (
        ("name,x_px\n", "no column y_px, lon_deg, lat_deg"),
        ("name,x_px,y_px,lon_deg,lat_deg\na,1,2,3\n", "line 2"),
        ("name,x_px,y_px,lon_deg,lat_deg\na,1,2,x,4\n", "line 2"),
        ("name,x_px,y_px,lon_deg,lat_deg\na,1,2,22,149\n", "swapped"),
    ):
        path.write_text(text)
        with pytest.raises(CalibrationFailed, match=told):
            read_landmarks(path)
    with pytest.raises(CalibrationFailed):
        read_landmarks(tmp_path / "none.csv")


def test_the_command_prints_what_goes_into_the_file(tmp_path: Path) -> None:
    save_terrain(tmp_path / "ground.npz", GROUND)
    (tmp_path / "edge.toml").write_text(
        f"""[edge]
id = "edge"
hub = "http://127.0.0.1:8610"
watermark_delay_ms = 1000
[[sensor]]
id = "camera"
adapter = "thermal"
name = "Camera"
kind = "thermal"
lon_deg = {LON}
lat_deg = {LAT}
height_m = {EYE_M}
[sensor.thermal]
ground = "{tmp_path / "ground.npz"}"
model = "none.onnx"
address = {{ host = "10.0.0.1" }}
lens = {{ width = 640, height = 512, focal_x_px = 1400, k1 = -0.1 }}
aim = {{ azimuth_deg = 0.0, elevation_deg = 0.0 }}
doubt = {{ azimuth_deg = 1.0, elevation_deg = 1.0 }}
"""
    )
    aim = Aim(azimuth_deg=77.0, elevation_deg=-2.0, roll_deg=1.5)
    marks = seen(aim, np.random.default_rng(6), noise_px=0.5)
    rows = [",".join(map(str, one)) for one in marks]
    (tmp_path / "marks.csv").write_text(
        "\n".join(["name,x_px,y_px,lon_deg,lat_deg,height_m", *rows])
    )
    call = ["calibrate", str(tmp_path / "marks.csv"), "-c", str(tmp_path / "edge.toml")]
    done = CliRunner().invoke(app, [*call, "--sensor", "camera"])
    assert done.exit_code == 0, done.output
    told = tomllib.loads(done.output)["sensor"]["thermal"]
    assert told["aim"]["azimuth_deg"] == pytest.approx(77.0, abs=0.06)
    assert told["aim"]["roll_deg"] == pytest.approx(1.5, abs=0.3)
    assert 0.0 < told["doubt"]["azimuth_deg"] < 0.05
    assert "mark 3" in done.output and "root mean square" in done.output
    done = CliRunner().invoke(app, [*call, "--sensor", "radar"])
    assert done.exit_code == 1 and "no thermal camera" in done.output
