import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.scenario import Scenario, load_scenario, parse_scenario
from watchline_sensors.simulate.world import World


def _scenario(scenarios: Path, *movers: dict[str, Any], **other: Any) -> Scenario:
    raw = tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))
    raw["mover"] = list(movers)
    raw["duration_s"] = 100.0
    return parse_scenario(raw | other)


WALK = {
    "id": "w",
    "class": "person",
    "speed_mps": 2.0,
    "path": [[8.0, -20], [8.0, 60, 5], [8.0, 100]],
}


def test_a_walker_keeps_speed_waits_and_vanishes_at_the_end(scenarios: Path, area: Area) -> None:
    world = World(_scenario(scenarios, {**WALK, "start_s": 10}), area)
    assert not world.at(9.9).present[0]
    at = world.at(20.0)
    assert at.present[0]
    assert at.xy_m[0] == pytest.approx(area.border.point(8.0, 0.0), abs=0.01)
    assert np.hypot(*at.velocity_mps[0]) == pytest.approx(2.0)
    assert np.hypot(*world.at(52.0).velocity_mps[0]) == 0.0  # waits 5 s from second 50
    assert world.at(74.9).present[0]
    assert not world.at(75.1).present[0]


def test_time_goes_round_in_a_loop_and_names_tell_the_cycle(scenarios: Path, area: Area) -> None:
    world = World(_scenario(scenarios, WALK, loop=True), area)
    first, again = world.at(7.0), world.at(107.0)
    assert np.array_equal(first.xy_m, again.xy_m)
    assert (world.name(0, 7.0), world.name(0, 107.0)) == ("w", "w/2")


def test_without_a_loop_nothing_is_there_after_the_end(scenarios: Path, area: Area) -> None:
    world = World(_scenario(scenarios, {**WALK, "stay_s": 500}), area)
    assert world.at(99.0).present[0]
    assert not world.at(101.0).present[0]


def test_each_target_may_have_its_own_time(scenarios: Path, area: Area) -> None:
    world = World(_scenario(scenarios, WALK, {**WALK, "id": "v"}), area)
    moment = world.at(np.array([1.0, 11.0]))
    assert np.hypot(*(moment.xy_m[1] - moment.xy_m[0])) == pytest.approx(20.0)


def test_a_vehicle_keeps_to_its_road_both_ways(scenarios: Path, area: Area) -> None:
    there = {"id": "c", "class": "vehicle", "speed_mps": 10, "road": "main-road"}
    there |= {"from": [4, 2600], "to": [6, 2600]}
    back = {**there, "id": "b", "from": [6, 2600], "to": [4, 2600]}
    world = World(_scenario(scenarios, there, back), area)
    moment = world.at(50.0)
    assert np.allclose(moment.xy_m[:, 0], -2600.0, atol=0.1)
    assert moment.velocity_mps[0, 1] == pytest.approx(10.0, abs=0.01)
    assert moment.velocity_mps[1, 1] == pytest.approx(-10.0, abs=0.01)


def test_an_animal_is_erratic_but_gets_there(scenarios: Path, area: Area) -> None:
    deer = {**WALK, "class": "animal", "erratic": True, "path": [[8.0, -60], [8.0, 60]]}
    world = World(_scenario(scenarios, deer, duration_s=1e4), area)
    path = world.targets[0]
    assert path.xy_m[-1] == pytest.approx(area.border.point(8.0, 60.0))
    steps = np.hypot(*np.diff(path.xy_m, axis=0).T) / np.diff(path.t_s)
    assert steps.max() > 1.3 * steps[steps > 0].min()
    assert steps.max() <= 2.0 * 1.9


def test_one_movers_path_does_not_depend_on_the_others(scenarios: Path, area: Area) -> None:
    deer = {**WALK, "id": "d", "erratic": True}
    alone = World(_scenario(scenarios, deer), area).targets[0]
    among = World(_scenario(scenarios, WALK, deer), area).targets[1]
    other_seed = World(_scenario(scenarios, deer, seed=99), area).targets[0]
    assert np.array_equal(alone.xy_m, among.xy_m)
    assert not np.array_equal(alone.xy_m, other_seed.xy_m)


def test_an_unknown_road_is_told_with_those_there_are(scenarios: Path, area: Area) -> None:
    car = {"id": "c", "class": "vehicle", "speed_mps": 10, "road": "rail", "from": [1, 0]}
    with pytest.raises(ScenarioError, match=r"no road 'rail' \(there is: away-lane-north, .*"):
        World(_scenario(scenarios, {**car, "to": [2, 0]}), area)


def test_a_path_without_length_is_told(scenarios: Path, area: Area) -> None:
    with pytest.raises(ScenarioError, match="mover w: its path has no length"):
        World(_scenario(scenarios, {**WALK, "path": [[8, 0], [8, 0]]}), area)


def test_the_test_scenario_crosses_within_20_s(scenarios: Path, area: Area) -> None:
    world = World(load_scenario(scenarios / "crossing.toml"), area)
    border = area.border.point(8.1, 0.0)
    sides = [world.at(t).xy_m[0, 0] < border[0] for t in (0.0, 20.0)]
    assert sides == [False, True]  # home is in the west
