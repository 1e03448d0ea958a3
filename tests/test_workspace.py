"""The workspace holds together: pins, locks without addresses, packages that carry their files."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    held = [line for line in lines if line and not line.startswith("#")]
    for line in held:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line), line
    return {_normal(line.split("==")[0]): line.split("==")[1] for line in held}


def _asked(distribution: str) -> list[str]:
    project = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {})
    wanted = list(project["dependencies"])
    for name, packages in extras.items():
        if name != "planner":  # large, and installed by those who plan
            wanted += packages
    return [_normal(re.split(r"[\[<>=!~ ;]", package)[0]) for package in wanted]


@pytest.mark.parametrize("distribution", ["sensors", "backend"])
def test_every_dependency_is_pinned(distribution: str) -> None:
    pins = _pins()
    missing = [name for name in _asked(distribution) if name not in pins]
    assert [name for name in missing if not name.startswith("watchline")] == []


def test_what_is_installed_is_what_is_pinned() -> None:
    pins = _pins()
    installed = {_normal(found.name): found.version for found in metadata.distributions()}
    wrong = {
        name: (version, pins[name])
        for name, version in installed.items()
        if name in pins and version.split("+")[0] != pins[name]
    }
    assert wrong == {}


def test_the_edge_pulls_no_web_framework_torch_or_database_driver() -> None:
    heavy = {"fastapi", "starlette", "uvicorn", "torch", "sqlalchemy", "psycopg", "asyncpg"}
    seen: set[str] = set()
    waiting = [name for name in _asked("sensors") if not name.startswith("aviconv")]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        plain = [need for need in needs if "extra ==" not in need]
        waiting += [_normal(re.split(r"[\[<>=!~ ;(]", need)[0]) for need in plain]
    assert seen & heavy == set()
    assert "msgspec" in seen  # the walk has found something at all


def test_the_frontends_lock_has_no_addresses_and_is_whole() -> None:
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    assert [name for name, held in lock["packages"].items() if "resolved" in held] == []
    # `npm ci` refuses a lock that leaves out packages of other platforms, which npm does when a
    # registry did not have them.
    absent = {
        name
        for held in lock["packages"].values()
        for name in held.get("optionalDependencies", {})
        if not any(key.endswith(f"node_modules/{name}") for key in lock["packages"])
    }
    assert absent == set()


def test_make_help_names_every_command() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    said = done.stdout.split()
    for command in ("setup", "demo", "demo-reset", "test", "check", "bench", "bench-decode"):
        assert command in said


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")


def test_the_wheel_carries_sql_and_migrations(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT / "backend",
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("watchline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    tree = ROOT / "backend"
    for path in (tree / "watchline").rglob("*"):
        if path.suffix in {".py", ".sql", ".typed"}:
            assert path.relative_to(tree).as_posix() in held
