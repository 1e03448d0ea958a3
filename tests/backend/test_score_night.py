"""Whole nights by `watchline score`, in seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from watchline.score import run as whole

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "data/scenarios"
AREA = ROOT / "var/area"


def test_a_person_who_crosses_is_found_and_nothing_else() -> None:
    shares: list[float] = []
    night = whole.run(SCENARIOS / "crossing.toml", area=AREA, progress=shares.append)
    found = [(match.expected.rule, match.expected.target) for match in night.score.matches]
    assert found == [
        ("crossing-zone-enter", "farmer"),
        ("crossing-line-cross", "walker"),
        ("crossing-zone-exit", "farmer"),
        ("crossing-zone-enter", "walker"),
    ]
    assert (night.score.missed, night.false, night.late) == ([], 0, 0)
    assert all(0.0 < match.delay_s < 6.0 for match in night.score.matches)
    assert all(match.off_m < 15.0 for match in night.score.matches)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0, abs=0.01)
    told = night.summary()
    assert (told["score"], told["seed"], told["expected"], told["found"]) == ("crossing", 3, 4, 4)
    assert told["pd_low"] == pytest.approx(0.05 ** (1 / 4), abs=1e-4)
    assert told["alarms_per_10min"] == 40.0
    assert any("at least 0.473" in line for line in whole.table(night))
    # The radar's own errors here are 4 m in range and 0.15 degrees; the tracks are better.
    assert 0.2 < told["off_p50_m"] < 5.0 and told["off_p50_m"] < told["off_p95_m"] < 15.0
    assert len(night.errors.off_m) > 60
    # Who walks straight is known better than the filter, which expects turns, believes.
    assert told["inside_95"] > 0.93


def test_a_night_whose_rules_are_off_finds_nothing(tmp_path: Path) -> None:
    text = (SCENARIOS / "crossing.toml").read_text("utf-8")
    for severity in ("high", "medium", "low"):
        text = text.replace(
            f'severity = "{severity}"', f'severity = "{severity}"\nparams = {{ armed = false }}'
        )
    (tmp_path / "off.toml").write_text(text, "utf-8")
    night = whole.run(tmp_path / "off.toml", area=AREA)
    assert (night.score.expected, night.score.pd, len(night.alarms)) == (4, 0.0, 0)
    assert night.score.pd_bounds == (0.0, pytest.approx(1 - 0.05 ** (1 / 4)))
    assert sum("missed:" in line for line in whole.table(night)) == 4


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "watchline", "score", *arguments, "--area", str(AREA)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_ends_with_one_json_object() -> None:
    done = _command(str(SCENARIOS / "quiet.toml"), "--seed", "12", "--hours", "0.02")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["score"], told["seed"], told["hours"]) == ("quiet", 12, 0.02)
    assert (told["expected"], told["pd"], told["false_per_10min"]) == (0, None, 0.0)


def test_what_is_wrong_with_a_scenario_is_told_with_its_code(tmp_path: Path) -> None:
    missing = _command(str(tmp_path / "none.toml"))
    assert missing.returncode == 1
    assert f"scenario.invalid: {tmp_path}/none.toml cannot be read" in missing.stderr
    text = (SCENARIOS / "quiet.toml").read_text("utf-8")
    blind = text[: text.index("[[site.radar]]")] + text[text.index("[[geofence]]") :]
    (tmp_path / "blind.toml").write_text(blind, "utf-8")
    told = _command(str(tmp_path / "blind.toml"))
    assert told.returncode == 1
    assert "scenario.invalid: site mast-q: it needs a radar or a camera" in told.stderr
    assert "Traceback" not in missing.stderr + told.stderr
    unsound = _command(str(SCENARIOS / "quiet.toml"), "--seed", "-1")
    assert (unsound.returncode, "--seed" in unsound.stderr) == (2, True)


def test_a_rule_that_the_hub_refuses_is_told_with_its_code(tmp_path: Path) -> None:
    text = (SCENARIOS / "quiet.toml").read_text("utf-8")
    text = text.replace('severity = "high"', 'severity = "high"\nparams = { hits = 3 }')
    (tmp_path / "odd.toml").write_text(text, "utf-8")
    told = _command(str(tmp_path / "odd.toml"), "--hours", "0.01")
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("rule.invalid: ")
    assert "Traceback" not in told.stderr
