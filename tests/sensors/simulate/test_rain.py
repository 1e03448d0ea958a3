"""What rain and a classifier's bias do to a radar's picture."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.radar import Radar, Turn
from watchline_sensors.simulate.rain import showers
from watchline_sensors.simulate.scenario import Scenario, parse_scenario
from watchline_sensors.simulate.world import World

RAIN = {
    "id": "shower",
    "count": 1,
    "km": 8.0,
    "inside_m": 200,
    "lasts_s": [600, 700],
    "radius_m": 500,
    "drift_mps": 0,
    "false_per_scan": 12,
    "loss": 0.5,
}


def _scenario(scenarios: Path, **tables: Any) -> Scenario:
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    return parse_scenario({**raw, "duration_s": 60, **tables})


def _turns(scenario: Scenario, area: Area, count: int = 60) -> list[Turn]:
    site, spec = scenario.radars[0]
    radar = Radar(scenario, site, spec, area, World(scenario, area))
    return [radar.turn(number) for number in range(count)]


def test_a_shower_shows_new_plots_each_turn_in_its_disc_while_it_lasts(
    scenarios: Path, area: Area
) -> None:
    scenario = _scenario(scenarios, seed=8, rain=[RAIN], mover=[])
    (shower,) = showers(scenario.rain, scenario.seed, scenario.duration_s, area.border)
    assert 5 <= shower.start_s < 30  # so that both kinds of turns are many
    assert 600 <= shower.end_s - shower.start_s <= 700
    wet = [turn for turn in _turns(scenario, area) if turn.start_s >= shower.start_s]
    dry = [turn for turn in _turns(scenario, area) if turn.start_s < shower.start_s]
    assert not any(turn.plots for turn in dry)
    assert np.mean([len(turn.plots) for turn in wet]) == pytest.approx(12, abs=3)
    site, spec = scenario.radars[0]
    mast = Radar(scenario, site, spec, area, World(scenario, area))
    for plot in (plot for turn in wet for plot in turn.plots):
        angle = np.radians(plot.theta_deg)
        place = mast.xy_m + plot.rho_m * np.array([np.sin(angle), np.cos(angle)])
        assert np.hypot(*(place - shower.xy_m)) < 510.0
        assert (plot.cause, plot.track, plot.said) == (None, None, None)


def test_a_shower_hides_a_share_of_what_is_in_it(scenarios: Path, area: Area) -> None:
    still = {"id": "still", "class": "person", "speed_mps": 1, "stay_s": 999}
    still["path"] = [[8.0, 200], [8.001, 200]]
    always = {**RAIN, "lasts_s": 9999, "false_per_scan": 0}
    # Many nights of a minute, for the shower begins at any time of it.
    seen, looks = 0, 0
    for seed in range(12):
        scenario = _scenario(scenarios, seed=seed, rain=[always], mover=[still])
        (shower,) = showers(scenario.rain, seed, 60, area.border)
        wet = [turn for turn in _turns(scenario, area) if turn.start_s >= shower.start_s]
        seen += sum(any(plot.cause == "still" for plot in turn.plots) for turn in wet)
        looks += len(wet)
    assert looks > 150
    assert seen / looks == pytest.approx(0.96 * 0.5, abs=0.12)


def test_a_scenario_without_rain_has_the_plots_that_it_had(scenarios: Path, area: Area) -> None:
    dry = _turns(_scenario(scenarios), area, 20)
    rainy = _turns(_scenario(scenarios, rain=[{**RAIN, "km": 200, "loss": 0.0}]), area, 20)
    assert rainy == dry


def test_a_crawler_is_often_taken_for_an_animal(scenarios: Path, area: Area) -> None:
    crawler = {"id": "still", "class": "person", "speed_mps": 1, "stay_s": 9999}
    crawler |= {"path": [[8.0, 200], [8.001, 200]], "taken_for": {"animal": 0.5}}
    scenario = _scenario(scenarios, duration_s=600, mover=[crawler])
    said = Counter(plot.said for turn in _turns(scenario, area, 600) for plot in turn.plots)
    total = sum(said.values())
    # Half of the time an animal; else as ever: right in 0.8, of four classes by chance in 0.2.
    assert said["animal"] / total == pytest.approx(0.5 + 0.5 * 0.2 / 4, abs=0.06)
    assert said["person"] / total == pytest.approx(0.5 * (0.8 + 0.2 / 4), abs=0.06)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lasts_s": 0}, "rain shower: lasts_s must be above 0"),
        ({"loss": 1.5}, "rain shower: loss must be from 0 to 1"),
        ({"false_per_scan": -1}, "rain shower: false_per_scan must be from 0 to 200"),
    ],
)
def test_what_is_wrong_with_rain_is_told(
    scenarios: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        _scenario(scenarios, rain=[{**RAIN, **change}])
    assert told in caught.value.problems
