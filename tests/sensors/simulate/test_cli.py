import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.cli import app
from watchline_sensors.simulate.prepare import ports
from watchline_sensors.simulate.run import run_scenario
from watchline_sensors.simulate.scenario import load_scenario

runner = CliRunner()


def test_prepare_then_run_by_the_ports_prepared(
    tmp_path: Path, area_folder: Path, scenarios: Path
) -> None:
    shared = [str(scenarios / "crossing.toml"), "--area", str(area_folder), "--out", str(tmp_path)]
    done = runner.invoke(app, ["prepare", *shared, "--free-ports"])
    assert done.exit_code == 0, done.output
    listen = json.loads((tmp_path / "ports.json").read_text())
    done = runner.invoke(
        app, [*shared, "--speed", "100", "--duration", "20", "--start-at", "1795000000"]
    )
    assert done.exit_code == 0, done.output
    assert f"radar-a at 127.0.0.1:{listen['radar-a']}" in done.output
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert rows[0]["at_us"] == 1_795_000_000_000_000
    assert rows[-1]["at_us"] == 1_795_000_020_000_000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scenario": "none.toml"}, "scenario.invalid: "),
        ({"area": "nowhere"}, "area.invalid: "),
        ({"ports": "[]"}, "is not what `prepare` wrote"),
        ({"ports": '{"radar-x": 1}'}, "belongs to another scenario: no port for radar-a"),
    ],
)
def test_what_is_wrong_is_one_plain_line_and_status_1(
    tmp_path: Path, area_folder: Path, scenarios: Path, change: dict[str, str], told: str
) -> None:
    scenario = tmp_path / change.get("scenario", "given.toml")
    (tmp_path / "given.toml").write_bytes((scenarios / "crossing.toml").read_bytes())
    place = tmp_path / change["area"] if "area" in change else area_folder
    if "ports" in change:
        (tmp_path / "ports.json").write_text(change["ports"])
    done = runner.invoke(
        app, [str(scenario), "--area", str(place), "--out", str(tmp_path), "--duration", "1"]
    )
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output


def test_prepare_refuses_a_hub_that_is_no_address(
    tmp_path: Path, area_folder: Path, scenarios: Path
) -> None:
    done = runner.invoke(
        app,
        [
            *("prepare", str(scenarios / "quiet.toml"), "--area", str(area_folder)),
            *("--out", str(tmp_path), "--hub", "hub.example"),
        ],
    )
    assert done.exit_code == 1
    assert "use an address like" in done.output
    assert not (tmp_path / "sector.json").exists()


async def test_a_run_ends_by_itself_at_the_scenarios_end(
    tmp_path: Path, scenarios: Path, area: Area
) -> None:
    scenario = load_scenario(scenarios / "crossing.toml")
    emulators = await asyncio.wait_for(
        run_scenario(
            scenario,
            area,
            ports=ports(scenario, free=True),
            truth=tmp_path / "truth.jsonl",
            start_us=time.time_ns() // 1000,
            speed=100.0,
        ),
        10,
    )
    assert all(emulator.datagrams + emulator.refused > 60 for emulator in emulators)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_looping_run_cleanly(
    tmp_path: Path, area_folder: Path, scenarios: Path, number: signal.Signals
) -> None:
    script = "from watchline_sensors.simulate.cli import app; app()"
    with subprocess.Popen(
        [
            *(sys.executable, "-c", script, str(scenarios / "quiet.toml")),
            *("--area", str(area_folder), "--out", str(tmp_path)),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        time.sleep(1.2)
        process.send_signal(number)  # before anything is asserted: it would run for ever
        assert "radar-q at 127.0.0.1:8641" in first
        assert "datagrams sent" in process.stderr.read()
        assert process.wait(5) == 0
    lines = (tmp_path / "truth.jsonl").read_text().splitlines()
    assert len(lines) >= 4
    assert all(json.loads(line) for line in lines)
