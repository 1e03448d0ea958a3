"""The commands an operator runs, against a real database."""

import base64
import copy
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import httpx2
import pytest
import structlog
from typer.testing import CliRunner

from plain_sector import SECTOR, lon_lat
from watchline.cli import app

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def environment(database, tmp_path) -> dict[str, str]:
    status = database.cluster.status()
    (tmp_path / "maps").mkdir()
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "WATCHLINE_DATABASE_HOST": str(status.sockets),
        "WATCHLINE_DATABASE_PORT": str(status.port),
        "WATCHLINE_DATABASE_NAME": database.name,
        "WATCHLINE_HUB_MAPS": str(tmp_path / "maps"),
    }


@pytest.fixture
def run(environment, monkeypatch):
    """Run a command in this process, where everything is imported already; gives its output."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def call(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == status, (done.output, done.exception)
        return done.output if status else done.stdout

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def sector_file(tmp_path):
    def write(document: Any = SECTOR) -> str:
        path = tmp_path / "sector.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    return write


def test_help_is_there_at_once(environment):
    begun = time.monotonic()
    slow = "import sys; import watchline.cli; print([m for m in ('fastapi', 'sqlalchemy', 'numpy')"
    out = subprocess.run(
        [sys.executable, "-c", slow + " if m in sys.modules])"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.strip() == "[]" and time.monotonic() - begun < 5


def test_a_sector_file_is_read_once_and_then_changes_nothing(run, sector_file, database):
    def query(statement: str) -> list[tuple]:
        with database.connect("owner") as connection:
            return connection.execute(statement).fetchall()

    everything = """SELECT rev FROM sector UNION ALL SELECT count(*) FROM geofence
        UNION ALL SELECT count(*) FROM rule UNION ALL SELECT count(*) FROM audit_event"""
    assert "2 geofences" in run("sector", "import", sector_file())
    rules = query("SELECT id, version, kind, geofence_id, severity, name FROM rule ORDER BY id")
    assert ("ditch-cross", 1, "cross", "ditch", "very_high", "Somebody crossed the ditch") in rules
    assert len(rules) == 3
    assert query("SELECT directions FROM geofence WHERE id = 'ditch'") == [(["right_to_left"],)]
    assert query("SELECT id, ST_X(geom) FROM site") == [("mast", 24.0)]
    before = query(everything)
    assert "already" in run("sector", "import", sector_file())
    assert query(everything) == before
    changed = copy.deepcopy(SECTOR)
    changed["sector"]["name"] = "Other name"
    changed["geofences"][0]["p_in"] = 0.8
    changed["rules"][2]["severity"] = "low"
    run("sector", "import", sector_file(changed))
    assert query("SELECT name FROM sector") == [("Other name",)]
    assert query("SELECT id, max(version) FROM geofence GROUP BY 1 ORDER BY 1") == [
        ("ditch", 1),
        ("meadow", 2),
    ]
    assert query("SELECT version FROM rule WHERE id = 'ditch-cross' AND valid_to IS NULL") == [(2,)]
    assert query("SELECT version FROM rule WHERE id = 'meadow-enter'") == [(1,)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["sector"].update(time_zone="Moon/Base"), "sector.time_zone"),
        (lambda d: d["sector"].update(surprise=1), "sector.surprise"),
        (lambda d: d["sector"]["geom"]["coordinates"][0].pop(), "sector_ring_open"),
        (lambda d: d["rules"][0].update(geofence_id="nowhere"), "rule_without_geofence"),
        (lambda d: d["rules"][0].update(kind="cross"), "rule.invalid"),
        (lambda d: d["geofences"][0].update(p_in=2), "meadow"),
        (lambda d: d["geofences"][1]["geom"].update(coordinates=[lon_lat(0, 0)]), "too_few_points"),
    ],
)
def test_a_bad_sector_file_is_refused_whole(run, sector_file, database, change, says):
    document = copy.deepcopy(SECTOR)
    change(document)
    assert says in run("sector", "import", sector_file(document), status=1)
    with database.connect("owner") as connection:
        assert connection.execute("SELECT count(*) FROM sector").fetchone() == (0,)


def test_the_origin_of_a_sector_stays(run, sector_file):
    run("sector", "import", sector_file())
    moved = copy.deepcopy(SECTOR)
    moved["sector"]["origin"] = [24.1, 50.5]
    assert "origin_changed" in run("sector", "import", sector_file(moved), status=1)
    assert "not_json" in run("sector", "import", sector_file("{"), status=1)


def test_edges_are_enrolled_once_and_for_one_sector(run, sector_file, database):
    run("sector", "import", sector_file())
    other = copy.deepcopy(SECTOR) | {"sites": [], "geofences": [], "rules": []}
    other["sector"]["id"] = "other"
    run("sector", "import", sector_file(other))

    def enroll(edge: str = "e", sector: str = "test", key: str = KEY, status: int = 0) -> str:
        return run("edge", "enroll", "--id", edge, "--sector", sector, "--key", key, status=status)

    assert "is enrolled" in enroll()
    assert "already" in enroll()
    assert "is enrolled" in enroll(key=base64.b64encode(bytes(32)).decode())
    assert "edge.elsewhere" in enroll(sector="other", status=1)
    assert "sector.unknown" in enroll(sector="nowhere", status=1)
    assert "edge.key_invalid" in enroll(key="abc", status=1)
    assert "edge.key_invalid" in enroll(key=KEY[:-4], status=1)
    enroll(edge="../x", status=2)
    with database.connect("owner") as connection:
        rows = connection.execute("SELECT id, sector_id, public_key FROM edge").fetchall()
    assert [(id, sector, bytes(key)) for id, sector, key in rows] == [("e", "test", bytes(32))]


def test_users_and_the_audit_of_them(run, database):
    said = run("user", "bootstrap")
    assert "administrator" in said and len(said.split()[-1]) == 23
    assert "already" in run("user", "bootstrap")
    run("user", "add", "jana")
    assert "user.name_taken" in run("user", "add", "jana", status=1)
    run("user", "add", "no good", status=2)
    run("user", "reset", "jana")
    assert "user.unknown" in run("user", "reset", "nobody", status=1)
    verdict = json.loads(run("audit", "verify"))
    assert verdict["holds"] and verdict["chains"][0]["events"] == 3
    with database.connect("super") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_event SET actor = 'someone else' WHERE no = 2")
    broken = json.loads(run("audit", "verify", status=1))
    assert broken["chains"][0]["first_bad"] == 2
    assert broken["chains"][0]["code"] == "audit.content_changed"


def test_the_ingest_report_is_json(run, sector_file):
    run("sector", "import", sector_file())
    assert isinstance(json.loads(run("report", "ingest", "--sector", "test")), dict)


def test_the_hub_serves_and_ends_on_sigterm(run, environment, sector_file):
    run("migrate")
    run("sector", "import", sector_file())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment["WATCHLINE_HUB_PORT"] = str(port)
    process = subprocess.Popen(
        [sys.executable, "-m", "watchline", "hub"], env=environment, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = httpx2.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx2.TransportError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
        assert answer.json() == {"status": "ok"}
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=15)
    assert process.returncode in (0, -signal.SIGTERM)
    events = [json.loads(line)["event"] for line in log.decode().splitlines()]
    assert events[0] == "hub.listening"
