"""Imports point up the list of layers, and the check that says so would notice if they did not."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each planted line must break: (file, line, the id of the contract).
PLANTS = [
    ("backend/watchline/sectors/store.py", "from watchline.incidents import record", "layers"),
    ("backend/watchline/geofences/index.py", "import sqlalchemy", "pure"),
    ("backend/watchline/rules/model.py", "import time", "pure"),
    ("backend/watchline/rules/engine.py", "import socket", "pure"),
    ("backend/watchline/tracks/tracker.py", "from watchline.db import engine", "pure"),
    ("backend/watchline/live/model.py", "import fastapi", "pure"),
    ("backend/watchline/pipeline.py", "from watchline_sensors import place", "hub-to-contract"),
    ("backend/watchline/worker.py", "import watchline.rules.routes", "routes"),
    ("sensors/watchline_sensors/spool.py", "import psycopg", "edge-to-hub"),
    ("sensors/watchline_sensors/edge.py", "import watchline.settings", "edge-to-hub"),
    ("sensors/watchline_sensors/contract/sensor.py", "import watchline_sensors.place", "contract"),
]


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.path[:0] = ['sensors', 'backend'];"
        "from importlinter.cli import lint_imports_command as main; sys.argv = ['lint-imports',"
        " '--no-cache', '--no-logo']; main()"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=root, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree's Python in a folder of its own, free to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for part in ("sensors/watchline_sensors", "backend/watchline"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignore)
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_planted_violations_are_noticed(copy: Path) -> None:
    contracts = tomllib.loads((copy / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = {contract["id"]: contract["name"] for contract in contracts["contracts"]}
    for file, line, _ in PLANTS:
        path = copy / file
        path.write_text(f"{path.read_text()}\n{line}  # noqa\n")
    done = _lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    for file, line, contract in PLANTS:
        assert f"{names[contract]} BROKEN" in said, contract
        module = file.partition("/")[2].removesuffix(".py").replace("/", ".")
        assert module in said, f"{line} in {module} went unnoticed"


def _pure_files() -> list[Path]:
    backend = ROOT / "backend/watchline"
    return [
        *backend.rglob("model.py"),
        *(backend / "rules/kinds").glob("*.py"),
        backend / "rules/engine.py",
        backend / "tracks/tracker.py",
        backend / "geofences/index.py",
        *(ROOT / "sensors/watchline_sensors/contract").glob("*.py"),
    ]


@pytest.mark.parametrize("path", _pure_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_decides_reads_no_clock(path: Path) -> None:
    """An import of datetime is fine, a question for the time of day is not."""
    asked = [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today", "time_ns"}
    ]
    assert asked == []
