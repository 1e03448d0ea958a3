import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Geod

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.radar import Plot, Radar
from watchline_sensors.simulate.scenario import load_scenario, parse_scenario
from watchline_sensors.simulate.world import World

SURE = {"best_pd": 1.0, "false_per_scan": 0.0, "half_pd_range_m": {"person": 1e6, "vehicle": 1e6}}


def _radar(scenarios: Path, area: Area, movers: list[dict[str, Any]], **spec: Any) -> Radar:
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    raw["mover"] = movers
    raw["clutter"] = spec.pop("clutter", [])
    raw["duration_s"] = 3600.0
    raw["site"] = raw["site"][:1]
    raw["site"][0]["radar"][0] |= SURE | spec
    raw["site"][0]["at"] = spec.pop("at", [8.0, 1000])
    raw["site"][0]["radar"][0].pop("at", None)
    scenario = parse_scenario(raw)
    site, radar = scenario.radars[0]
    return Radar(scenario, site, radar, area, World(scenario, area))


def _walker(*path: list[float], speed: float = 1.5) -> dict[str, Any]:
    return {"id": "w", "class": "person", "speed_mps": speed, "path": list(path)}


def _plots(radar: Radar, turns: int) -> list[Plot]:
    return [plot for n in range(turns) for plot in radar.turn(n).plots]


def test_errors_are_those_of_the_data_sheet(scenarios: Path, area: Area) -> None:
    walker = _walker([6.0, -300], [6.05, 700])
    radar = _radar(scenarios, area, [walker], rho_sigma_m=5.0, theta_sigma_deg=0.2)
    geod, errors = Geod(ellps="WGS84"), []
    for plot in _plots(radar, 600):
        true = radar._world.at(plot.t_s).xy_m[0]
        lon, lat = area.plane.to_lon_lat(true)
        azimuth, _, ground = geod.inv(radar.lon_deg, radar.lat_deg, lon, lat)
        drop = radar.antenna_m - float(area.terrain.height_at(*true))
        off = (plot.theta_deg - azimuth + 180.0) % 360.0 - 180.0
        errors.append((plot.rho_m - np.hypot(ground, drop), off))
    rho, theta = np.array(errors).T
    assert len(rho) == 600
    # 600 draws: the mean lies within 4 sigma/sqrt(n), the deviation within 12 %.
    assert abs(rho.mean()) < 0.82
    assert abs(theta.mean()) < 0.033
    assert rho.std() == pytest.approx(5.0, rel=0.12)
    assert theta.std() == pytest.approx(0.2, rel=0.12)


def test_a_plot_is_stamped_when_the_beam_met_the_target(scenarios: Path, area: Area) -> None:
    car = {"id": "c", "class": "vehicle", "speed_mps": 20, "road": "main-road"}
    car |= {"from": [4, 2600], "to": [12, 2600]}
    radar = _radar(scenarios, area, [car], rotation_s=2.0, theta_sigma_deg=1e-6, rho_sigma_m=1e-6)
    for plot in _plots(radar, 100):
        x, y = radar._world.at(plot.t_s).xy_m[0] - radar.xy_m
        assert np.degrees(np.arctan2(x, y)) % 360.0 == pytest.approx(plot.theta_deg, abs=0.2)
        assert plot.t_s % 2.0 == pytest.approx(plot.theta_deg / 180.0, abs=2e-3)


def test_range_limits_hold_and_far_targets_fade(scenarios: Path, area: Area) -> None:
    far = _walker([2.0, 100], [2.4, 100], speed=1.0)
    sure = len(_plots(_radar(scenarios, area, [far], max_range_m=8000), 300))
    beyond = len(_plots(_radar(scenarios, area, [far], max_range_m=5000), 300))
    half = {"person": 6000.0}
    faint = _plots(_radar(scenarios, area, [far], max_range_m=8000, half_pd_range_m=half), 300)
    assert (sure, beyond) == (300, 0)
    r = np.mean([plot.rho_m for plot in faint])
    assert len(faint) / 300 == pytest.approx(1.0 / (1.0 + (r / 6000.0) ** 6), abs=0.11)


def test_what_the_ridge_hides_is_not_seen(scenarios: Path, area: Area) -> None:
    behind, before = _walker([14.0, 4500], [14.3, 4500]), _walker([14.0, 1800], [14.3, 1800])
    place = {"at": [14.0, 1000], "max_range_m": 8000}
    assert not _plots(_radar(scenarios, area, [behind], **place), 60)
    assert len(_plots(_radar(scenarios, area, [before], **place), 60)) == 60
    mast = {**place, "mast_m": 200}
    assert len(_plots(_radar(scenarios, area, [behind], **mast), 60)) == 60


def test_noise_is_even_over_the_ground_and_as_frequent_as_told(scenarios: Path, area: Area) -> None:
    radar = _radar(scenarios, area, [], false_per_scan=5.0, min_range_m=100, max_range_m=5000)
    plots = _plots(radar, 400)
    rho = np.array([plot.rho_m for plot in plots])
    assert len(plots) / 400 == pytest.approx(5.0, rel=0.1)
    assert (rho < 5000 / np.sqrt(2)).mean() == pytest.approx(0.5, abs=0.05)
    assert all(plot.cause is None and plot.track is None for plot in plots)


def test_bushes_show_in_gusts_at_the_same_spots(scenarios: Path, area: Area) -> None:
    willows = {"id": "willows", "at": [8.5, 300], "radius_m": 50, "bushes": 3, "rate": 0.5}
    radar = _radar(scenarios, area, [], clutter=[willows])
    counts = np.array([len(radar.turn(n).plots) for n in range(400)])
    assert 0.1 < counts.mean() / 3 < 0.45
    calm = np.convolve(counts, np.ones(8), "valid")
    assert calm.min() == 0  # the wind pauses
    assert calm.max() >= 8


def test_the_same_turn_always_gives_the_same_plots(scenarios: Path, area: Area) -> None:
    night = load_scenario(scenarios / "crossing.toml")
    site, spec = night.radars[0]
    runs = [Radar(night, site, spec, area, World(night, area)) for _ in range(2)]
    for n in range(30):
        assert runs[0].turn(n) == runs[1].turn(n)


def test_the_classifier_is_as_often_right_as_told(scenarios: Path, area: Area) -> None:
    walker = _walker([8.0, -300], [8.0, 600])
    plots = _plots(_radar(scenarios, area, [walker], right_class=0.6), 400)
    right = np.mean([plot.said is ObjectClass.PERSON for plot in plots])
    # One slip in four names the right class by chance: 0.6 + 0.4 / 4.
    assert right == pytest.approx(0.7, abs=0.08)
    shy = _plots(_radar(scenarios, area, [walker], right_class=0.6, left_open=0.5), 400)
    assert np.mean([plot.said is ObjectClass.UNKNOWN for plot in shy]) == pytest.approx(
        0.5, abs=0.1
    )
    dumb = _plots(_radar(scenarios, area, [walker], right_class=0.0), 10)
    assert {plot.said for plot in dumb} == {None}


def test_an_empty_night_gives_empty_turns(scenarios: Path, area: Area) -> None:
    turn = _radar(scenarios, area, []).turn(7)
    assert (turn.plots, turn.ended, turn.start_s) == ([], [], 7.0)


def test_plots_come_in_the_order_of_time_within_the_turn(scenarios: Path, area: Area) -> None:
    radar = _radar(scenarios, area, [_walker([8.0, -100], [8.1, 400])], false_per_scan=20.0)
    times = [plot.t_s for plot in radar.turn(3).plots]
    assert times == sorted(times)
    assert times[0] >= 3.0
    assert times[-1] < 4.0
