"""compose.yaml without Docker: what it names is there, and what it says our commands understand."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands import parse
from watchline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
#: What the Compose specification knows of a service, as far as we use it.
SERVICE_KEYS = {
    "build",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "network_mode",
    "ports",
    "restart",
    "volumes",
}
PASSWORD = "${WATCHLINE_DB_PASSWORD:?set it, see the first lines}"
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose) -> dict[str, dict[str, Any]]:
    return compose["services"]


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: held for name, held in services.items() if "build" in held}


def test_it_has_the_parts_and_no_words_that_compose_does_not_know(compose, services):
    assert set(compose) - {"x-image", "x-service"} == {"services", "volumes"}
    assert {"db", "hub", "worker", "edge-mast-north", "edge-mast-south"} <= set(services)
    for name, held in services.items():
        assert set(held) <= SERVICE_KEYS, name
        assert held["restart"] in ("no", "unless-stopped"), name
        assert re.fullmatch(r"[\w./-]+:[\w.-]+", held["image"]), name  # always with a version
        if "build" in held:
            assert set(held["build"]) == {"context", "dockerfile_inline"}


def test_whoever_is_waited_for_is_there_and_can_be(services):
    for name, held in services.items():
        for other, how in held.get("depends_on", {}).items():
            assert other in services, name
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert services[other]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no"
        mode = held.get("network_mode")
        if mode is not None:
            assert services[mode.removeprefix("service:")] and "ports" not in held
    order, waiting = set(), dict(services)
    while waiting:  # nobody waits in a circle
        ready = [n for n, held in waiting.items() if set(held.get("depends_on", {})) <= order]
        assert ready, sorted(waiting)
        order |= set(ready)
        for name in ready:
            del waiting[name]


def test_volumes_are_declared_and_used(compose, services):
    used = {mount.split(":")[0] for held in services.values() for mount in held.get("volumes", [])}
    assert used == set(compose["volumes"])
    for held in services.values():
        for mount in held.get("volumes", []):
            assert mount.split(":")[1].startswith("/")


def test_the_only_way_in_is_the_hub_from_this_machine(services):
    ports = {name: held["ports"] for name, held in services.items() if "ports" in held}
    assert ports == {"hub": ["127.0.0.1:8610:8610"]}


def test_there_is_no_password_but_the_operators_own(services):
    for name, held in services.items():
        for variable, value in held.get("environment", {}).items():
            if "PASSWORD" in variable:
                assert value == PASSWORD, (name, variable)
    assert services["db"]["environment"] == {"POSTGRES_PASSWORD": PASSWORD}
    text = (ROOT / "compose.yaml").read_text()
    assert "trust" not in text and "POSTGRES_HOST_AUTH_METHOD" not in text


def test_every_variable_is_a_setting_and_leads_to_the_services(services, monkeypatch):
    known = {
        f"WATCHLINE_{concern}_{field}".upper()
        for concern, group in Settings.model_fields.items()
        for field in group.annotation.model_fields
    }
    for name, held in ours(services).items():
        assert set(held["environment"]) <= known, name
        for variable, value in held["environment"].items():
            monkeypatch.setenv(variable, value.replace(PASSWORD, "secret"))
    made = Settings()
    assert made.database.host in services
    assert made.worker_url() == f"http://worker:{made.worker.port}" and "worker" in services
    assert made.hub.host == made.worker.host == "0.0.0.0"
    assert services["hub"]["ports"][0].endswith(f":{made.hub.port}")
    assert ":secret@" in made.database_url("watchline_owner")


def commands(services: dict[str, Any]) -> list[list[str]]:
    """Every command of ours, from lists and from shell scripts."""
    found = []
    for held in ours(services).values():
        command = [word.replace("$$", "$") for word in held["command"]]
        if command[0] != "sh":
            found.append(command)
            continue
        script = command[-1]
        done = subprocess.run(["sh", "-n"], input=script, text=True, check=False)
        assert done.returncode == 0
        for line in script.splitlines():
            for part in (line, *re.findall(r"\$\(([^()]*)\)", line)):
                words = shlex.split(part)
                if words and words[0] in ("watchline", "watchline-edge", "python"):
                    found.append(words)
    return found


def test_our_commands_take_what_they_are_given(services):
    seen = set()
    for program, *rest in commands(services):
        if program == "python":
            assert rest[0] == "-m"
            module = ROOT / "backend" / f"{rest[1].replace('.', '/')}.py"
            assert "__main__" in module.read_text()
            continue
        seen.add(parse(program, rest))
    assert {"watchline hub", "watchline worker", "watchline-edge run"} <= seen
    assert {"watchline-edge simulate run", "watchline-edge simulate prepare"} <= seen
    assert {"watchline edge enroll", "watchline sector import", "watchline-edge key"} <= seen


def test_the_edges_are_the_scenarios(services):
    scenario = tomllib.loads((ROOT / "data/scenarios/night.toml").read_text())
    sites = {f"edge-{site['id']}" for site in scenario["site"]}
    assert sites == {name for name in services if name.startswith("edge-")}
    for site in sites:
        assert services[site]["command"][-1] == f"var/demo/{site}/edge.toml"
    assert f"--sector {scenario['sector']['id']} " in services["prepare"]["command"][-1]


def test_the_image_is_built_of_what_is_here(services):
    build = services["hub"]["build"]
    assert all(held["build"] == build for held in ours(services).values())
    text = build["dockerfile_inline"]
    assert "USER watchline" in text.rstrip().splitlines()[-1]  # not root
    shut_out = (ROOT / ".dockerignore").read_text().split()
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from"):
            for source in words[1:-1]:
                assert (ROOT / source).exists(), source
                assert source not in shut_out
        if words[:1] == ["FROM"]:
            assert ":" in words[1]
    # The same PostgreSQL on both sides: pg_dump must not be older than its server.
    server = re.match(r"postgis/postgis:(\d+)-", services["db"]["image"])
    assert server is not None and f"postgresql-client-{server[1]}" in text
