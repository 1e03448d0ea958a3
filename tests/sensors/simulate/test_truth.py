import json
from pathlib import Path

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.scenario import load_scenario
from watchline_sensors.simulate.truth import TruthFile, truth_rows
from watchline_sensors.simulate.world import World

START_US = 1_795_000_000_000_000


def test_rows_say_where_who_and_how_fast(scenarios: Path, area: Area) -> None:
    scenario = load_scenario(scenarios / "night.toml")
    world = World(scenario, area)
    rows = [json.loads(line) for line in truth_rows(world, area, START_US, 20)]
    assert {row["at_us"] for row in rows} == {START_US + 10_000_000}
    by_target = {row["target"]: row for row in rows}
    assert by_target["alfa-2"]["unit"] == "Alfa-2"
    assert by_target["walker-1"]["unit"] is None
    assert by_target["group-1"]["size"] == 6
    row = by_target["walker-1"]
    assert (row["class"], row["speed_mps"]) == ("person", 1.5)
    number = [target.id for target in world.targets].index("walker-1")
    x, y = area.plane.to_plane(row["lon"], row["lat"]) - world.at(10.0).xy_m[number]
    assert abs(x) < 0.02
    assert abs(y) < 0.02
    assert "pair-1" not in by_target  # comes later


def test_the_file_holds_two_samples_a_second_each_once(
    tmp_path: Path, scenarios: Path, area: Area
) -> None:
    world = World(load_scenario(scenarios / "crossing.toml"), area)
    file = TruthFile(tmp_path / "truth.jsonl", world, area, START_US)
    for t_s in (-1.0, 0.0, 0.2, 0.5, 3.9, 3.9, 10.0):
        file.write_until(t_s)
    file.close()
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    times = [row["at_us"] - START_US for row in rows if row["target"] == "walker"]
    assert times == [n * 500_000 for n in range(21)]


def test_the_truth_reads_as_the_world_moves(scenarios: Path, area: Area) -> None:
    world = World(load_scenario(scenarios / "quiet.toml"), area)
    again = [json.loads(line)["target"] for line in truth_rows(world, area, START_US, 260)]
    assert again == ["deer/2", "car/2"]
    lon_lat = {
        (row["lon"], row["lat"])
        for index in (20, 260)  # 120 s apart: the same moment of two cycles
        for row in map(json.loads, truth_rows(world, area, START_US, index))
        if row["target"].startswith("deer")
    }
    assert len(lon_lat) == 1
