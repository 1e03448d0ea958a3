"""`watchline demo` as people use it: ready, repaired when parts are killed, gone on Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import logs
from watchline.db.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
needs_build = pytest.mark.skipif(
    not (ROOT / "var/area").is_dir() or not (ROOT / "frontend/dist").is_dir(),
    reason="`make setup` has not made the area and the frontend yet",
)
pytestmark = [pytest.mark.flow, pytest.mark.slow, needs_build]


class Demo:
    """A running `watchline demo` in a folder that looks like a clone."""

    def __init__(self, clone: Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "watchline", "demo"],
            cwd=clone,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "WATCHLINE_HUB_PORT": "8710", "WATCHLINE_WORKER_PORT": "8730"},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines += iter(self.process.stdout.readline, "")

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "".join(self.lines)
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.1)

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def until_ready(self) -> float:
        self.until(lambda: self.said("Watchline is ready"), 120)
        line = next(line for line in self.lines if "Watchline is ready" in line)
        found = re.search(r"after (\d+) s:\s+(http\S+)", line)
        assert found is not None
        with urllib.request.urlopen(f"{found.group(2)}/healthz", timeout=5) as answer:
            assert answer.status == 200
        return float(found.group(1))

    def end(self, number: int, seconds: float = 60) -> None:
        self.process.send_signal(number)
        self.process.wait(timeout=seconds)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A folder with this tree's data, frontend and area, and a `var/` of its own."""
    for part in ("data", "frontend"):
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/area").symlink_to(ROOT / "var/area")
    yield tmp_path
    for pid in _left(tmp_path):
        os.kill(pid, signal.SIGKILL)
    Cluster(tmp_path / "var/pg").destroy()


def _left(clone: Path) -> list[int]:
    """The processes that belong to this clone: those that run in it, and its postmaster."""
    real = (clone / "var/pg").resolve()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            inside = (folder / "cwd").resolve() == clone.resolve()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if inside or os.fsencode(real) in command:
            found.append(int(folder.name))
    return found


def _until_none_left(clone: Path, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while _left(clone):
        assert time.monotonic() < deadline, _left(clone)
        time.sleep(0.1)


def test_a_demo_from_start_to_reset(clone: Path) -> None:
    demo = Demo(clone)
    demo.until_ready()
    assert demo.said("one-time password")
    with Cluster(clone / "var/pg").connect("watchline", "owner") as connection:
        query = "SELECT count(*) FROM watchline.detection"
        demo.until(lambda: connection.execute(query).fetchone() > (0,))

    second = subprocess.run(
        [Path(sys.executable).parent / "watchline", "demo"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1 and "running already" in second.stderr

    # Parts that are killed come back.
    pid = Cluster(clone / "var/pg").status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    demo.until(lambda: demo.said("PostGIS ended"))
    workers = [
        pid for pid in _left(clone) if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(workers[0], signal.SIGKILL)
    demo.until(lambda: demo.said("worker ended with signal 9"))

    demo.end(signal.SIGINT)
    assert demo.process.returncode == 0, "".join(demo.lines)
    assert _left(clone) == []
    logs.check(clone / "var/demo/log")

    # A second start is quick and finds the administrator; even SIGKILL leaves nothing behind.
    demo = Demo(clone)
    assert demo.until_ready() <= 40  # 20 on two idle cores; tests share theirs
    assert demo.said("There are users already")
    demo.end(signal.SIGKILL)
    _until_none_left(clone)

    done = subprocess.run(
        [Path(sys.executable).parent / "watchline", "demo", "--reset"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (clone / "var/demo").exists() and not (clone / "var/pg").exists()


def test_outside_a_clone_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "watchline", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run it from a clone" in done.stderr and "Traceback" not in done.stderr
