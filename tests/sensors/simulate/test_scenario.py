import tomllib
from pathlib import Path
from typing import Any

import pytest

from watchline_sensors.simulate.errors import ScenarioError
from watchline_sensors.simulate.scenario import load_scenario, parse_scenario


@pytest.fixture
def raw(scenarios: Path) -> dict[str, Any]:
    return tomllib.loads((scenarios / "crossing.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", ["night", "quiet", "crossing", "clutter"])
def test_our_scenarios_are_valid(scenarios: Path, name: str) -> None:
    scenario = load_scenario(scenarios / f"{name}.toml")
    assert scenario.radars
    assert scenario.site[0].edge_id.startswith("edge-mast-")


def _set(raw: dict[str, Any], *path: Any, value: Any) -> None:
    for key in path[:-1]:
        raw = raw[key]
    raw[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("mover", 0, "sped"), 1, "mover 1: there is no key 'sped'"),
        (("seed",), "x", "seed: expected 'int', got 'str'"),
        (("mover", 0, "speed_mps"), 0, "mover 1, speed_mps"),
        (("mover", 1, "id"), "walker", "mover walker: it is used 2 times"),
        (("mover", 0, "road"), "main-road", "mover walker: give either a path, or a road"),
        (("mover", 2, "to"), None, "mover car: a road needs from and to"),
        (("mover", 0, "start_s"), 61, "mover walker: it starts after the scenario's end"),
        (("mover", 0, "class"), "ghost", "mover 1, class"),
        (("site", 0, "radar", 0, "port"), 8632, "port 8632: it is used 2 times"),
        (("site", 0, "radar", 0, "min_range_m"), 9000, "min_range_m must be below"),
        (("site", 0, "radar", 0, "sic"), 300, "site 1, radar 1, sic"),
        (("geofence", 0, "inside_m"), [0, 1], "inside_m of a line is one number"),
        (("geofence", 1, "inside_m"), 5, "inside_m of an area is [m, m]"),
        (("geofence", 1, "between_km"), [9, 8], "between_km must rise"),
        (("geofence", 1, "direction"), "in", "only a line has a direction"),
        (("geofence", 1, "p_in"), 0.05, "p_out must be below p_in"),
        (("geofence", 0, "points"), [[1, 1], [2, 2]], "give either points, or between_km"),
        (("geofence", 0, "rule", 0, "kind"), "enter", "enter does not go with a line"),
        (("geofence", 1, "rule", 0, "kind"), "cross", "cross does not go with an area"),
        (("geofence", 0, "rule", 0, "severity"), "huge", "severity"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(
    raw: dict[str, Any], path: tuple[Any, ...], value: Any, told: str
) -> None:
    if value is None:
        del raw["mover"][2]["to"]
    else:
        _set(raw, *path, value=value)
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw)
    assert any(told in problem for problem in caught.value.problems), caught.value.problems
    assert caught.value.code == "scenario.invalid"


def test_all_problems_are_told_at_once(raw: dict[str, Any]) -> None:
    raw["mover"][0]["start_s"] = 99
    raw["geofence"][1]["direction"] = "out"
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw)
    assert len(caught.value.problems) == 2


def test_a_file_that_is_missing_or_no_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load_scenario(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("seed = = 3")
    with pytest.raises(ScenarioError, match="is not TOML"):
        load_scenario(tmp_path / "bad.toml")
