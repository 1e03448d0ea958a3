"""A process that has imported everything and forks our programs on demand.

A kill each half second needs starts that cost little, but worker, hub and an edge with ASTERIX
each import for about 2 s. What is forked here runs the same `main` as the command does.

    python -m faults.nursery        orders as JSON lines on stdin, process ids on stdout
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import watchline.cli
import watchline_sensors.cli
from watchline.supervise import dies_with_parent
from watchline.warm import warm_up

TESTS = Path(__file__).resolve().parent.parent
IMPORTS = [
    "asterix.generated",
    "faults.device",
    "faults.onlooker",
    "watchline.hub",
    "watchline.worker",
    "watchline_sensors.adapters.asterix.adapter",
    "watchline_sensors.edge",
    "watchline_sensors.simulate.cli",
]


def python_path() -> str:
    """With it processes find the tests' modules and the entry point of their device."""
    return os.pathsep.join([str(TESTS), str(TESTS / "faults/plug"), *filter(None, sys.path)])


class Child:
    """One forked process, as far as `subprocess.Popen` is needed."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 when it has ended."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def send_signal(self, number: int) -> None:
        """To this process and no other that got its number since."""
        signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; raises subprocess.TimeoutExpired."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return 0


class Nursery:
    """The forking process; `close` it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery"],
            env={**os.environ, "PYTHONPATH": python_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Fork `watchline`, `watchline-edge` or another module with a main."""
        assert self._process.stdin is not None
        order = {"command": command, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Child(int(self._answer()))

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it; what it has forked is for its users to end."""
        self._process.communicate(timeout=20)


def _become(order: dict[str, Any]) -> None:
    """In the child: be the program until it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    program, *arguments = order["command"]
    code = 1
    try:
        match program:
            case "watchline":
                watchline.cli.app(arguments)
            case "watchline-edge":
                watchline_sensors.cli.app(arguments)
            case module:
                sys.argv = [module, *arguments]
                runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Fork until stdin ends."""
    for name in IMPORTS:
        importlib.import_module(name)
    warm_up()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    print("ready", flush=True)
    die = dies_with_parent(signal.SIGKILL)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            die()
            _become(json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    main()
