import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from watchline_sensors.config import Config, load_config
from watchline_sensors.contract import Detection, SensorInfo, decode_envelope
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.headless import FIX_SIGMA_M, FLIGHT_US, PERIOD_US, Heard, night
from watchline_sensors.simulate.prepare import ports, write_setup
from watchline_sensors.simulate.scenario import Scenario, load_scenario, parse_scenario
from watchline_sensors.simulate.world import World

MODEL = Path(__file__).parents[3] / "data/models/thermal/thermal.onnx"
START_US = 1_768_406_400_000_000
_ITEM = msgspec.msgpack.Decoder(Detection | SensorInfo)


@pytest.fixture
def crossing(scenarios: Path) -> Scenario:
    return load_scenario(scenarios / "crossing.toml")


def _configs(scenario: Scenario, area: Area, out: Path) -> list[Config]:
    write_setup(scenario, area, out, "http://127.0.0.1", ports(scenario, free=False), MODEL)
    return [load_config(out / site.edge_id / "edge.toml") for site in scenario.site]


def _heard(scenario: Scenario, area: Area, out: Path, seconds: float = 20.0) -> list[Heard]:
    configs = _configs(scenario, area, out)
    return list(night(scenario, area, configs, start_us=START_US, duration_s=seconds))


def test_each_edge_sends_its_sensors_once_and_every_detection_before_its_watermark_passes(
    crossing: Scenario, area: Area, tmp_path: Path
) -> None:
    heard = _heard(crossing, area, tmp_path)
    times = range(PERIOD_US, 20_000_001, PERIOD_US)
    assert [one.at_us for one in heard] == [START_US + t_us + FLIGHT_US for t_us in times]
    for edge in range(2):
        seqs: list[int] = []
        infos, promised_us, stamps = 0, 0, []
        for one in heard:
            envelope = decode_envelope(one.envelopes[edge])
            assert envelope.sent_at_us == one.at_us - FLIGHT_US
            seqs += envelope.seqs
            for raw in envelope.items:
                item = _ITEM.decode(raw)
                assert item.defect() is None
                if isinstance(item, SensorInfo):
                    infos += 1
                else:
                    assert promised_us < item.at_us <= envelope.sent_at_us
                    stamps.append(item.at_us)
            promised_us = envelope.watermark_us
        assert infos == 1
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(stamps) > 30  # two people and a car, seen in most of twenty turns


def test_a_seed_gives_the_same_night_and_another_gives_another(
    scenarios: Path, area: Area, tmp_path: Path
) -> None:
    def play(seed: int) -> list[bytes]:
        scenario = load_scenario(scenarios / "crossing.toml", seed)
        return [env for one in _heard(scenario, area, tmp_path, 6.0) for env in one.envelopes]

    first = play(17)
    assert play(17) == first
    assert play(18) != first


def test_patrols_tell_where_they_are(
    scenarios: Path, area: Area, tmp_path: Path, crossing: Scenario
) -> None:
    walker = msgspec.structs.replace(crossing.mover[0], unit="Alfa-2")
    scenario = msgspec.structs.replace(crossing, mover=[walker, *crossing.mover[1:]])
    heard = _heard(scenario, area, tmp_path, 30.0)
    fixes = [(one.at_us, fix) for one in heard for fix in one.fixes]
    assert [fix.at_us - START_US for _, fix in fixes] == [0, 10_000_000, 20_000_000]
    world = World(scenario, area)
    for known_us, fix in fixes:
        assert fix.unit == "Alfa-2"
        assert 1_000_000 <= known_us - fix.at_us <= 1_000_000 + PERIOD_US
        true = world.at((fix.at_us - START_US) / 1e6).xy_m[0]
        off = area.plane.to_plane(fix.lon_deg, fix.lat_deg) - true
        assert abs(off).max() < 5 * FIX_SIGMA_M


CROWD = {
    "id": "boar",
    "class": "animal",
    "count": 3,
    "speed_mps": [0.8, 1.6],
    "km": [2.0, 13.0],
    "heads": [2, 4],
    "spread_m": 10,
    "path": [[[-0.2, 0.2], [-300, -100]], [0, [100, 500], [10, 20]]],
}


def _with(crossing: Path, **tables: object) -> Scenario:
    return parse_scenario({**tomllib.loads(crossing.read_text("utf-8")), **tables})


def test_a_crowd_is_drawn_from_the_seed_within_its_spans(scenarios: Path) -> None:
    file = scenarios / "crossing.toml"
    drawn = [m for m in _with(file, crowd=[CROWD]).movers if m.id.startswith("boar-")]
    assert {m.id.rstrip("abcd") for m in drawn} == {"boar-1", "boar-2", "boar-3"}
    for mover in drawn:
        assert 0.8 <= mover.speed_mps <= 1.6
        assert mover.path is not None
        assert 1.7 <= mover.path[0][0] <= 13.3
        assert 10 <= mover.path[1][2] <= 20
    again = [m for m in _with(file, crowd=[CROWD]).movers if m.id.startswith("boar-")]
    other = [m for m in _with(file, crowd=[CROWD], seed=4).movers if m.id.startswith("boar-")]
    assert again == drawn
    assert other != drawn
    beside = _with(file, crowd=[{**CROWD, "id": "deer"}, CROWD]).movers
    assert [m for m in beside if m.id.startswith("boar-")] == drawn


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"road": "main-road"}, "crowd boar: give either a path, or a road"),
        ({"speed_mps": [0, 1]}, "crowd boar: speed_mps must be above 0"),
        ({"speed_mps": 90}, "crowd boar: speed_mps must be at most 60"),
        ({"stay_s": [-5, 5]}, "crowd boar: a time cannot be negative"),
        ({"taken_for": {"person": 0.7, "group": 0.6}}, "crowd boar: taken_for must not sum"),
        ({"heads": [0, 2]}, "crowd boar: heads must be above 0"),
    ],
)
def test_what_is_wrong_with_a_crowd_is_told(
    scenarios: Path, change: dict[str, object], told: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        _with(scenarios / "crossing.toml", crowd=[{**CROWD, **change}])
    assert any(told in problem for problem in caught.value.problems), caught.value.problems


def test_a_camera_sees_a_walker_through_pixels(area: Area, tmp_path: Path) -> None:
    at_s, heard = 24.0, []
    scenario = parse_scenario(
        {
            "name": "Through pixels",
            "seed": 4,
            "duration_s": 60,
            "sector": {"id": "s", "name": "S"},
            "site": [
                {
                    "id": "mast",
                    "name": "Mast",
                    "at": [8.0, 300],
                    "camera": [
                        {
                            "id": "camera",
                            "name": "Camera",
                            "port": 8554,
                            "cover": 0.0,
                            "max_range_m": 1500,
                            "lens": {"width": 640, "height": 512, "focal_x_px": 1400},
                            "aim": {"azimuth_deg": 94.0, "elevation_deg": -4.5},
                        }
                    ],
                }
            ],
            "mover": [
                {
                    "id": "walker",
                    "class": "person",
                    "speed_mps": 1.5,
                    "path": [[7.99, 20], [8.03, 90]],
                }
            ],
        }
    )
    for one in _heard(scenario, area, tmp_path, at_s):
        items = map(_ITEM.decode, decode_envelope(one.envelopes[0]).items)
        heard += [item for item in items if isinstance(item, Detection)]
    assert len(heard) >= 5
    world, off = World(scenario, area), []
    for one in heard:
        assert one.sensor == "camera" and one.defect() is None and one.position is not None
        place = area.plane.to_plane(one.position.lon_deg, one.position.lat_deg)
        true = world.at((one.at_us - START_US) / 1e6).xy_m[0]
        spread = np.array(
            [
                [one.position.var_east_m2, one.position.cov_east_north_m2],
                [one.position.cov_east_north_m2, one.position.var_north_m2],
            ]
        )
        off.append(float((place - true) @ np.linalg.solve(spread, place - true)))
    assert np.median(off) < 6.0  # χ² of two, 95 %: the aim's own error is in all of them
