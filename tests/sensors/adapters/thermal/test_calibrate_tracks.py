"""Walkers whom a camera and a radar see, others whom one of them sees, and an aim that is wrong."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from pyproj import Geod
from typer.testing import CliRunner

from watchline_sensors.adapters.thermal.calibrate import CalibrationFailed, away, calibrate
from watchline_sensors.adapters.thermal.calibrate_tracks import Matched, calibrate_by_tracks
from watchline_sensors.adapters.thermal.feet import Feet
from watchline_sensors.adapters.thermal.lens import Aim, Lens, pixels
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.adapters.thermal.radar_tracks import RadarTrack
from watchline_sensors.adapters.thermal.ring import Ring
from watchline_sensors.adapters.thermal.segment import Shot
from watchline_sensors.cli import app
from watchline_sensors.contract import Outline
from watchline_sensors.place import Pose
from watchline_sensors.terrain import Terrain, save_terrain

LON, LAT, EYE_M = 22.5, 49.2, 30.0
LENS = Lens(width=640, height=512, focal_x_px=1000, k1=-0.1)
T0 = 1_790_000_000_000_000
S = 1_000_000
NORTH, EAST = np.mgrid[-3000:3001:30, -3000:3001:30]
HILLS = 6 * np.sin(EAST / 300) + 5 * np.cos(NORTH / 250) - 5
GROUND = Terrain(heights_m=HILLS.astype(np.float32), x0_m=-3000, y0_m=-3000, step_m=30)
GEOD = Geod(ellps="WGS84")

Floats = np.ndarray
#: Begin and length in seconds, and the places (n, 2) east, north at seconds since the begin.
Walk = tuple[float, float, Callable[[Floats], Floats]]


class Scene:
    """A camera that looks 5° to the east of north and 3° down, or so it is told."""

    def __init__(self, seed: int, *, off_deg: float = 4.0, roll_deg: float = 1.5) -> None:
        self.rng = np.random.default_rng(seed)
        present = Aim(azimuth_deg=5.0, elevation_deg=-3.0)
        azimuth, elevation = self.rng.uniform(-off_deg, off_deg, 2)
        self.true = Aim(
            azimuth_deg=5.0 + azimuth,
            elevation_deg=-3.0 + 0.7 * elevation,
            roll_deg=self.rng.uniform(-roll_deg, roll_deg),
        )
        self.view = View(
            pose=Pose(lon_deg=LON, lat_deg=LAT, height_m=EYE_M),
            lens=LENS,
            aim=present,
            doubt=Doubt(azimuth_deg=3, elevation_deg=3),
            ground=GROUND,
            max_range_m=2900.0,
        )
        self.feet: list[Feet] = []
        self.tracks: list[RadarTrack] = []

    def walk(self, *, beside_deg: float = 16.0) -> Walk:
        rng = self.rng
        azimuth = np.radians(self.true.azimuth_deg + rng.uniform(-beside_deg, beside_deg))
        metres, way, speed = rng.uniform(250, 1800), rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 2)
        begin = metres * np.array([np.sin(azimuth), np.cos(azimuth)])
        step = speed * np.array([np.sin(way), np.cos(way)])
        return rng.uniform(0, 600), rng.uniform(60, 240), lambda t: begin + t[:, None] * step

    def radar(
        self, walk: Walk, name: str, *, sigma_m: float = 5.0, bias_m: float = 2.0,
        turned_deg: float = 0.0,
    ) -> None:  # fmt: skip
        """See it each 1 to 2.5 s, with an error of each plot and one of them all."""
        t = np.arange(0.0, walk[1], self.rng.uniform(1.0, 2.5))
        there = (
            walk[2](t) + self.rng.normal(0, bias_m, 2) + self.rng.normal(0, sigma_m, (len(t), 2))
        )
        azimuth = np.degrees(np.arctan2(there[:, 0], there[:, 1])) + turned_deg
        lon, lat, _ = GEOD.fwd(
            np.full(len(t), LON), np.full(len(t), LAT), azimuth, np.hypot(*there.T)
        )
        sigma = np.full(len(t), np.hypot(sigma_m, bias_m))
        at_us = T0 + np.rint((walk[0] + t) * S).astype(np.int64)
        self.tracks.append(RadarTrack(name, at_us, np.stack([lon, lat, sigma], axis=1)))

    def camera(self, walk: Walk, name: str) -> None:
        """See it twice a second, to a pixel, while it is in the picture."""
        t = np.arange(0.0, walk[1], 0.5)
        lon, lat, _ = GEOD.fwd(
            np.full(len(t), LON), np.full(len(t), LAT),
            np.degrees(np.arctan2(*walk[2](t).T)), np.hypot(*walk[2](t).T),
        )  # fmt: skip
        xy = pixels(LENS, self.true, away(self.view, lon, lat, np.full(len(t), np.nan)))
        xy = xy + self.rng.normal(0, 1.0, xy.shape)
        seen = (xy > 5).all(axis=1) & (xy < (635, 507)).all(axis=1)
        if seen.sum() > 10:
            at_us = T0 + np.rint((walk[0] + t[seen]) * S).astype(np.int64)
            self.feet.append(Feet(name, at_us, xy[seen]))

    def fill(self, *, walkers: int, clutter: int = 0, others: int = 0, **radar: float) -> "Scene":
        """Who both see, whom the radar sees alone, and whom the camera does."""
        for k in range(walkers):
            walk = self.walk(beside_deg=12.0)
            self.radar(walk, f"track {k}", **radar)
            self.camera(walk, f"walker {k}")
        for k in range(clutter):
            self.radar(self.walk(), f"clutter {k}", **radar)
        for k in range(others):
            self.camera(self.walk(), f"other {k}")
        return self

    def solve(self, **options: float) -> Matched:
        return calibrate_by_tracks(self.view, self.feet, self.tracks, **options)  # type: ignore[arg-type]

    def off_sigmas(self, done: Matched) -> Floats:
        """Azimuth, elevation and roll, by how many of their reported σ they are off."""
        solved, aim = done.calibration, done.calibration.aim
        off = [
            (aim.azimuth_deg - self.true.azimuth_deg + 180.0) % 360.0 - 180.0,
            aim.elevation_deg - self.true.elevation_deg,
            aim.roll_deg - self.true.roll_deg,
        ]
        sigma = [solved.azimuth_sigma_deg, solved.elevation_sigma_deg, solved.roll_sigma_deg]
        return np.array(off) / sigma


def test_the_aim_is_found_and_its_errors_are_honest() -> None:
    """Also when what is wrong with a plot is mostly wrong with all of its track."""
    off = []
    for seed in range(20):
        radar = {"sigma_m": 2.0, "bias_m": 5.0} if seed % 2 else {}
        scene = Scene(seed).fill(walkers=6, clutter=5, others=3, **radar)
        try:
            off.append(scene.off_sigmas(scene.solve()))
        except CalibrationFailed as refused:  # whoever walks at random may be too few
            assert "are needed" in str(refused) or "equally good" in str(refused)
    assert len(off) >= 15
    assert (np.abs(off) < 3.0).mean() > 0.98
    # Nor are they larger than they must be: an aim that is off by two of three degrees is found.
    assert 0.2 < (np.array(off)[:, 0] ** 2).mean() < 2.0


def test_more_targets_tell_the_aim_to_a_tenth_of_a_degree() -> None:
    scene = Scene(100).fill(walkers=14, clutter=10, others=8)
    done = scene.solve()
    assert done.tracks >= 10
    assert done.calibration.azimuth_sigma_deg < 0.1 > done.calibration.elevation_sigma_deg
    assert (np.abs(scene.off_sigmas(done)) < 3.0).all()
    names = {one.name for one in done.pairs}
    assert len({name for name in names if name.startswith("walker")}) >= 10
    # A plot each half second is no twelve times as much as one each six.
    assert max(sum(one.name == name for one in done.pairs) for name in names) <= 12


def test_what_a_track_shares_counts_once_for_it() -> None:
    """The least squares alone would believe each of its pairs."""
    scene = Scene(3).fill(walkers=7, sigma_m=1.0, bias_m=8.0)
    done = scene.solve()
    alone = calibrate(scene.view, done.pairs, sigma_px=8.0)
    assert done.calibration.azimuth_sigma_deg > 1.5 * alone.azimuth_sigma_deg


def test_a_wrong_focal_length_is_solved_too() -> None:
    scene = Scene(6, off_deg=2.0).fill(walkers=12, sigma_m=2.0, bias_m=1.0)
    wrong = structs.replace(LENS, focal_x_px=1030)
    scene.view = View(
        pose=scene.view.pose, lens=wrong, aim=scene.view.aim, doubt=scene.view.doubt,
        ground=GROUND, max_range_m=2900.0,
    )  # fmt: skip
    done = scene.solve(focal=True)
    assert done.calibration.focal_x_px == pytest.approx(1000, abs=10)
    assert abs(scene.off_sigmas(done)[0]) < 4.0


def test_chance_is_no_aim() -> None:
    """A dense night of two worlds: what the camera sees the radar does not, and the reverse."""
    for seed in range(4):
        with pytest.raises(CalibrationFailed):
            Scene(seed).fill(walkers=0, clutter=25, others=25).solve()


def crossing(scene: Scene, k: int, mps: float) -> Walk:
    """Across the middle of the picture, further away each time."""
    at = np.radians(scene.true.azimuth_deg)
    ahead, aside = np.array([np.sin(at), np.cos(at)]), np.array([np.cos(at), -np.sin(at)])
    metres = 400.0 + 150.0 * k
    return 100.0 * k, 80.0, lambda t: metres * ahead + mps * (t[:, None] - 40.0) * aside


def test_who_goes_the_other_way_is_another() -> None:
    """Their middles would tell one aim."""
    scene = Scene(14)
    for k in range(6):
        scene.camera(crossing(scene, k, 1.5), f"walker {k}")
        scene.radar(crossing(scene, k, -1.5), f"track {k}")
    with pytest.raises(CalibrationFailed, match="none of 6 tracklets"):
        scene.solve()


def test_who_stands_still_tells_nothing() -> None:
    scene = Scene(15)
    for k in range(6):
        scene.camera(crossing(scene, k, 0.0), f"bush {k}")
        scene.radar(crossing(scene, k, 0.0), f"clutter {k}")
    with pytest.raises(CalibrationFailed, match="none of 6 tracklets"):
        scene.solve()


def test_pairs_further_apart_than_their_errors_allow_are_refused() -> None:
    scene = Scene(16, off_deg=1.0).fill(walkers=10, sigma_m=1.0, bias_m=15.0)
    assert scene.solve().tracks >= 4  # told honestly it is an aim
    told = np.array([1.0, 1.0, 0.05])
    scene.tracks = [one._replace(plots=one.plots * told) for one in scene.tracks]
    with pytest.raises(CalibrationFailed, match="times as far apart as their errors"):
        scene.solve()


def test_two_aims_that_are_equally_good_are_refused() -> None:
    scene = Scene(11, off_deg=1.0)
    for k in range(6):
        walk = scene.walk(beside_deg=10.0)
        scene.camera(walk, f"walker {k}")
        scene.radar(walk, f"track {k}", sigma_m=1.0, bias_m=0.5)
        scene.radar(walk, f"reflection {k}", sigma_m=1.0, bias_m=0.5, turned_deg=3.0)
    with pytest.raises(
        CalibrationFailed, match=r"two aims .* somebody walk across the view"
    ) as bad:
        scene.solve()
    told = [float(degrees) for degrees in re.findall(r"azimuth ([\d.]+)°", str(bad.value))]
    assert abs(told[0] - told[1]) == pytest.approx(3.0, abs=0.5)
    # Without the reflections it is plain.
    scene.tracks = scene.tracks[::2]
    assert (np.abs(scene.off_sigmas(scene.solve())) < 3.0).all()


def test_too_few_tracks_are_refused() -> None:
    with pytest.raises(CalibrationFailed, match=r": [0-3], 4 are needed .* walk across the view"):
        Scene(2).fill(walkers=3).solve()


def test_another_time_is_told() -> None:
    scene = Scene(2).fill(walkers=5)
    scene.feet = [one._replace(at_us=one.at_us + 86_400 * S) for one in scene.feet]
    with pytest.raises(CalibrationFailed, match="are they of the same time"):
        scene.solve()
    scene.feet = []
    with pytest.raises(CalibrationFailed, match="none of 0 tracklets"):
        scene.solve()


def test_an_aim_further_off_than_told_is_not_found() -> None:
    scene = Scene(12, off_deg=0.0).fill(walkers=8)
    turned = structs.replace(scene.view.aim, azimuth_deg=8.0 + scene.true.azimuth_deg - 360.0)
    scene.view = View(
        pose=scene.view.pose, lens=LENS, aim=turned, doubt=scene.view.doubt, ground=GROUND,
        max_range_m=2900.0,
    )  # fmt: skip
    with pytest.raises(CalibrationFailed):
        scene.solve()
    assert (np.abs(scene.off_sigmas(scene.solve(within_deg=10.0))) < 3.0).all()


def test_one_corner_of_the_picture_is_not_enough() -> None:
    scene = Scene(13, off_deg=1.0, roll_deg=0.0)
    at = np.radians(scene.true.azimuth_deg)
    ahead, aside = np.array([np.sin(at), np.cos(at)]), np.array([np.cos(at), -np.sin(at)])

    def across(metres: float) -> Callable[[Floats], Floats]:
        return lambda t: metres * ahead + 2.5 * t[:, None] * aside

    for k in range(6):
        walk = (60.0 * k, 40.0, across(900.0 + 50 * k))
        scene.camera(walk, f"walker {k}")
        scene.radar(walk, f"track {k}", sigma_m=0.5, bias_m=0.2)
    with pytest.raises(CalibrationFailed, match=r"of the picture's width, 25% are needed"):
        scene.solve()


def stored(tmp_path: Path, scene: Scene) -> list[str]:
    """The scene as an edge's configuration and ring and as the hub's file; the command's words."""
    save_terrain(tmp_path / "ground.npz", GROUND)
    aim = scene.view.aim
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
lens = {{ width = 640, height = 512, focal_x_px = 1000, k1 = -0.1 }}
aim = {{ azimuth_deg = {aim.azimuth_deg}, elevation_deg = {aim.elevation_deg} }}
doubt = {{ azimuth_deg = 3.0, elevation_deg = 3.0 }}
footage = {{ folder = "{tmp_path / "footage"}" }}
"""
    )
    times: dict[int, list[Outline]] = {}
    for one in scene.feet:
        for at_us, (x, y) in zip(one.at_us.tolist(), one.xy_px.tolist(), strict=True):
            at_us = at_us // 500_000 * 500_000  # the frames' times
            outline = Outline(
                sensor_track=one.name, x0=(x - 4) / 640, x1=(x + 4) / 640, y0=(y - 5) / 512,
                y1=y / 512,
            )  # fmt: skip
            times.setdefault(at_us, []).append(outline)
    ring = Ring(tmp_path / "footage/camera", 72, 100, clock=lambda: T0)
    for at_us in sorted(times):
        ring.take(Shot(at_us, b"not a JPEG", tuple(times[at_us])), told=True)
    rows = sorted(
        (int(at_us), track.name, *plot)
        for track in scene.tracks
        for at_us, plot in zip(track.at_us, track.plots.tolist(), strict=True)
    )
    lines = [
        f"{np.datetime64(at_us, 'us')}+00:00,{name},{lon:.8f},{lat:.8f},{sigma:.3f}"
        for at_us, name, lon, lat, sigma in rows
    ]
    (tmp_path / "plots.csv").write_text("\n".join(["at,track,lon_deg,lat_deg,sigma_m", *lines]))
    config = ["-c", str(tmp_path / "edge.toml"), "--sensor", "camera"]
    return ["calibrate", *config, "--tracks", str(tmp_path / "plots.csv")]


def test_the_command_reads_the_ring_and_prints_what_goes_into_the_file(tmp_path: Path) -> None:
    scene = Scene(21).fill(walkers=8, clutter=4, others=3)
    call = stored(tmp_path, scene)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "footage").rglob("*")}
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    told = tomllib.loads(done.output)["sensor"]["thermal"]
    assert told["aim"]["azimuth_deg"] == pytest.approx(scene.true.azimuth_deg % 360, abs=0.3)
    assert told["aim"]["elevation_deg"] == pytest.approx(scene.true.elevation_deg, abs=0.1)
    assert 0.0 < told["doubt"]["azimuth_deg"] < 0.2
    assert re.search(r"# \d+ tracks, \d+ tracklets, \d+ pairs\n", done.output)
    assert done.output.count("walker 3") == 1 and "root mean square" in done.output
    # The edge may be running: who only reads leaves everything as it is.
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "footage").rglob("*")}

    done = CliRunner().invoke(app, [*call, "--within", "0.2"])
    assert done.exit_code == 1 and "walk across the view" in done.output


def test_the_command_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    call = stored(tmp_path, Scene(21).fill(walkers=1))

    def refused(*words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code in (1, 2) and not done.stdout.startswith("[")
        return " ".join(done.output.split())

    assert "either a file of landmarks or --tracks" in refused(*call, str(tmp_path / "marks.csv"))
    assert "either a file of landmarks or --tracks" in refused(*call[:-2])
    assert "are needed" in refused(*call) or "none of" in refused(*call)
    (tmp_path / "plots.csv").write_text("at,track,lon_deg,lat_deg,sigma_m\nyesterday,a,22,49,5\n")
    assert "line 2" in refused(*call)
    config = tmp_path / "edge.toml"
    config.write_text(re.sub("footage = .*", "", config.read_text()))
    assert "keeps no footage" in refused(*call)
