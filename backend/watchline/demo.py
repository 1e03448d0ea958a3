"""`watchline demo`: everything on this machine, with a synthetic border, until Ctrl-C.

Private cluster, worker, hub, one edge process per site, and the emulators of its devices, which
speak the real wire formats to the real adapters. What it keeps lies under `var/`: the cluster in
var/pg, configurations, keys, spools and logs in var/demo. A second start finds its data there.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from watchline.db.cluster import Cluster
from watchline.errors import WatchlineError
from watchline.settings import Settings
from watchline.supervise import Child, dies_with_parent, end_with_parent

DATABASE = "watchline"
SCENARIO = Path("data/scenarios/night.toml")
_POLL_S = 0.25
_READY_S = 90.0


class DemoError(WatchlineError):
    """The demo cannot run."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail=detail)

    def __str__(self) -> str:
        return f"{super().__str__()} {self.params['detail']}"


class _Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal."""


def main(settings: Settings, *, reset: bool = False, scenario: Path = SCENARIO) -> None:
    """Run the demo of the clone in the working directory until told to stop; or delete its data.

    Ctrl-C, SIGTERM and SIGHUP stop all processes in order and the cluster last; a second one stops
    them hard. SIGKILL leaves none either: the kernel then ends the children. `settings` gives the
    wished ports. Exits 1 with one line when it cannot run.
    """
    root = Path.cwd()
    try:
        with _only_one(root / "var/demo"):
            if reset:
                Cluster(root / "var/pg").destroy()
                shutil.rmtree(root / "var/demo")
                print("The demo's data is deleted.")
            else:
                _Demo(root, scenario, settings).run()
    except WatchlineError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


class _Demo:
    def __init__(self, root: Path, scenario: Path, settings: Settings) -> None:
        self._root = root.absolute()
        self._scenario = scenario
        self._folder = self._root / "var/demo"
        self._cluster = Cluster(self._root / "var/pg")
        self._children: list[Child] = []
        self._begin = time.monotonic()
        self._settings = settings
        self._ports = (settings.hub.port, settings.worker.port)

    def run(self) -> None:
        if not (self._root / self._scenario).is_file():
            raise DemoError(f"There is no {self._scenario} in {self._root}; run it from a clone.")
        if "MAKELEVEL" in os.environ:
            end_with_parent()  # a killed `make` shall not leave the demo behind
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            self._tell("Starting PostGIS, worker and hub …")
            services = self._serve()
            self._tell(f"Setting up the scenario {self._scenario.stem} …")
            login = self._set_up()
            for child, address in services:
                self._until_healthy(child, address)
            self._start_sites()
            self._announce(login)
            self._watch()
        except _Stopped:
            self._tell("Stopping …")
        finally:
            self._stop()
            self._tell("Stopped; the data stays. `make demo-reset` deletes it.")

    def _serve(self) -> list[tuple[Child, str]]:
        """Start the cluster, then worker and hub, which get ready while the rest is set up."""
        self._cluster.start(die_with_parent=True)
        self._cluster.prepare(DATABASE)
        wished = self._settings
        self._ports = (
            _free_port("hub", wished.hub.port),
            _free_port("worker", wished.worker.port),
        )
        services = zip(("hub", "worker"), self._ports, strict=True)
        return [
            (self._child(name, "watchline", name), f"http://127.0.0.1:{port}/healthz")
            for name, port in services
        ]

    def _set_up(self) -> str:
        """Sector and edges as the scenario wants them; what to say about the login."""
        setup = ["watchline-edge", "simulate", "prepare", str(self._scenario)]
        setup += ["--area", "var/area", "--out", str(self._folder), "--hub", self._hub]
        self._call(*setup)
        if any(not _is_free(port, socket.SOCK_DGRAM) for port in self._devices().values()):
            self._tell("A device's UDP port is taken; free ones are used instead.")
            self._call(*setup, "--free-ports")
        self._import_sector()
        self._enroll()
        return self._call("watchline", "user", "bootstrap").strip()

    def _start_sites(self) -> None:
        """The edges, and the devices that they listen to."""
        for edge in self._edges():
            config = str(self._folder / edge / "edge.toml")
            self._child(edge, "watchline-edge", "run", "-c", config)
        emulate = ["watchline-edge", "simulate", "run", str(self._scenario)]
        self._child("devices", *emulate, "--area", "var/area", "--out", str(self._folder))

    def _announce(self, login: str) -> None:
        seconds = time.monotonic() - self._begin
        lines = (
            "",
            f"  Watchline is ready after {seconds:.0f} s:  {self._hub}",
            *(f"  {line}" for line in login.splitlines()),
            "  The border, its sensors and all that moves are synthetic. Ctrl-C stops it.",
            "",
        )
        print("\n".join(lines), flush=True)

    def _watch(self) -> None:
        """Keep all of it running: whatever is killed comes back and loses nothing."""
        while True:
            time.sleep(_POLL_S)
            if not self._cluster.is_running():
                self._tell("PostGIS ended; starting it again")
                self._cluster.start(die_with_parent=True)
            for child in self._children:
                child.look_after(self._tell)

    def _stop(self) -> None:
        """Those that send first, those that store last; a second signal ends the patience."""
        hurried = False

        def hurry(number: int, frame: FrameType | None) -> None:
            nonlocal hurried
            hurried = True
            for child in self._children:
                if child.process is not None:
                    child.process.kill()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, hurry)
        senders = [child for child in self._children if child.name not in ("worker", "hub")]
        for group in (senders, self._children):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.stop(patience_s=0.1 if hurried else 10.0)
        self._cluster.stop()

    def _import_sector(self) -> None:
        """Import the sector once; again only when the scenario says something else than before."""
        path = self._folder / "sector.json"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        done = self._folder / "sector.imported"
        if done.exists() and done.read_text() == digest:
            return
        self._call("watchline", "sector", "import", str(path))
        done.write_text(digest)

    def _enroll(self) -> None:
        """Let the hub know each edge's public key, once per key."""
        path = self._folder / "enrolled.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        for edge in self._edges():
            config = str(self._folder / edge / "edge.toml")
            key = self._call("watchline-edge", "key", "-c", config).split()[-1]
            if known.get(edge) != key:
                sector = self._sector()["sector"]["id"]
                enroll = ("watchline", "edge", "enroll", "--id", edge)
                self._call(*enroll, "--sector", sector, "--key", key)
                known[edge] = key
        path.write_text(json.dumps(known, indent=1) + "\n")

    def _sector(self) -> dict[str, Any]:
        held: dict[str, Any] = json.loads((self._folder / "sector.json").read_text())
        return held

    def _edges(self) -> list[str]:
        return [str(edge["id"]) for edge in self._sector()["edges"]]

    def _devices(self) -> dict[str, int]:
        held: dict[str, int] = json.loads((self._folder / "ports.json").read_text())
        return held

    @property
    def _hub(self) -> str:
        return f"http://localhost:{self._ports[0]}"

    def _environment(self) -> dict[str, str]:
        status = self._cluster.place()
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "WATCHLINE_DATABASE_HOST": str(status.sockets),
            "WATCHLINE_DATABASE_PORT": str(status.port),
            "WATCHLINE_DATABASE_NAME": DATABASE,
            "WATCHLINE_HUB_PORT": str(self._ports[0]),
            "WATCHLINE_WORKER_PORT": str(self._ports[1]),
        }

    def _child(self, name: str, *command: str) -> Child:
        child = Child(
            name=name,
            command=[_program(command[0]), *command[1:]],
            log=self._folder / "log" / f"{name.replace(' ', '-')}.log",
            env=self._environment(),
            cwd=self._root,
        )
        child.start()
        self._children.append(child)
        return child

    def _call(self, *command: str) -> str:
        """Run one of our commands to its end; what it printed."""
        done = subprocess.run(
            [_program(command[0]), *command[1:]],
            cwd=self._root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGKILL),
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise DemoError(f"`{' '.join(command)}` ended with {done.returncode}:\n{said}")
        return done.stdout

    def _until_healthy(self, child: Child, address: str) -> None:
        deadline = time.monotonic() + _READY_S
        while not _answers(address):
            if child.ended() is not None or time.monotonic() > deadline:
                raise DemoError(f"The {child.name} did not start:\n{child.tail()}")
            time.sleep(0.1)

    def _tell(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone, the rest is to be stopped
            print(f"[{time.monotonic() - self._begin:5.1f} s] {text}", flush=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("It is running already, from the same clone.") from None
        yield


def _program(name: str) -> str:
    """The command beside this Python, as pip installed it."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _is_free(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port(what: str, wished: int) -> int:
    """`wished`, or the next free port, said aloud."""
    for port in range(wished, wished + 10):
        if _is_free(port):
            if port != wished:
                print(f"Port {wished} is taken; the {what} uses {port}.", flush=True)
            return port
    raise DemoError(f"The ports {wished} to {wished + 9} are all taken.")
