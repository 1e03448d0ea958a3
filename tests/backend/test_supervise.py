"""Children are kept running, stopped in order, and not left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from watchline.supervise import Child


def _child(tmp_path: Path, code: str) -> Child:
    return Child(
        name="thing",
        command=[sys.executable, "-c", code],
        log=tmp_path / "log" / "thing.log",
        env=dict(os.environ),
        cwd=tmp_path,
    )


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_crashed_child_comes_back_after_a_growing_pause(tmp_path: Path) -> None:
    child = _child(tmp_path, "import sys; print('so it goes'); sys.exit(3)")
    said: list[str] = []
    child.start()
    _until(lambda: child.ended() is not None)
    child.look_after(said.append)
    assert said == [f"thing ended with status 3; again in 1 s (see {child.log})"]
    child.look_after(said.append)
    assert child.process is None  # not yet
    child.due = 0.0
    child.look_after(said.append)
    assert child.process is not None
    _until(lambda: child.ended() is not None)
    child.look_after(said.append)
    assert "again in 2 s" in said[-1]
    assert child.tail() == "so it goes\nso it goes"
    child.stop()


def test_a_killed_child_is_named_with_its_signal(tmp_path: Path) -> None:
    child = _child(tmp_path, "import time; time.sleep(60)")
    said: list[str] = []
    child.start()
    assert child.process is not None
    child.look_after(said.append)
    assert said == []
    child.process.kill()
    _until(lambda: child.ended() is not None)
    child.look_after(said.append)
    assert "signal 9" in said[0]


def test_an_end_in_good_order_begins_again_at_once(tmp_path: Path) -> None:
    child = _child(tmp_path, "pass")
    said: list[str] = []
    child.start()
    _until(lambda: child.ended() is not None)
    child.look_after(said.append)
    child.look_after(said.append)
    assert child.process is not None and said == ["thing came to its end and begins again"]
    child.stop()


@pytest.mark.parametrize("stubborn", [False, True])
def test_stop_ends_even_one_that_does_not_listen(tmp_path: Path, stubborn: bool) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN);" if stubborn else "import time;"
    child = _child(tmp_path, f"{code} print('up', flush=True); time.sleep(60)")
    child.start()
    assert child.process is not None
    pid = child.process.pid
    _until(lambda: child.tail() == "up")
    child.stop(patience_s=0.3)
    assert _gone(pid) and child.process is None
    child.stop()


def test_a_long_log_is_set_aside(tmp_path: Path) -> None:
    child = _child(tmp_path, "print('new')")
    child.log.parent.mkdir()
    with child.log.open("wb") as log:
        log.truncate(20_000_001)
    child.start()
    _until(lambda: child.ended() is not None)
    assert child.log.read_text() == "new\n"
    child.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_do_not_outlive_their_parent(tmp_path: Path, number: int) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from watchline.supervise import Child
child = Child(name="c", command=[sys.executable, "-c", "import time; time.sleep(60)"],
              log=Path({str(tmp_path / "c.log")!r}), env=dict(os.environ), cwd=Path("/"))
child.start()
print(child.process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        pid = int(one.stdout.readline())
        assert not _gone(pid)
        one.send_signal(number)
    _until(lambda: _gone(pid))
