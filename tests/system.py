"""A whole Watchline of real processes on one test database.

For flow, fault and browser tests and for benches.

Every process is started by its command line, as an operator would, and killed by its own pid.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from watchline.db.cluster import Cluster
from watchline_sensors.contract import (
    Envelope,
    Item,
    Lane,
    Receipt,
    decode_receipt,
    encode_envelope,
    signing_input,
)

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PASSWORD = "a-password-of-the-tests"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true answer of `probe`; fails naming `what` when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx2.HTTPError, psycopg.OperationalError):
            answer = probe()
            if answer:
                return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.1)


@dataclass
class System:
    """The processes over one database; `folder` holds their logs, spools and configurations."""

    cluster: Cluster
    database: str
    folder: Path
    hub_port: int = field(default_factory=free_port)
    worker_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def hub(self) -> str:
        """The hub's address."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def worker(self) -> str:
        """The worker's address."""
        return f"http://127.0.0.1:{self.worker_port}"

    def environment(self, name: str = "") -> dict[str, str]:
        """What points the processes at the test database, and what one of them has of its own."""
        place = self.cluster.place()
        return {
            **os.environ,
            "WATCHLINE_DATABASE_HOST": str(place.sockets),
            "WATCHLINE_DATABASE_PORT": str(place.port),
            "WATCHLINE_DATABASE_NAME": self.database,
            "WATCHLINE_HUB_PORT": str(self.hub_port),
            "WATCHLINE_WORKER_PORT": str(self.worker_port),
            "WATCHLINE_HUB_BASEMAP": str(ROOT / "var/area"),
            "WATCHLINE_HUB_MAPS": str(self.folder / "maps"),
            "WATCHLINE_HUB_FRONTEND_DIST": str(ROOT / "frontend/dist"),
            **self.own.get(name, {}),
        }

    def run(self, *command: str, timeout: float = 120, status: int = 0) -> str:
        """Run one of our commands to its end; its output, or the failure with it."""
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == status, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start (or start again) a process of ours under `name`."""
        if command:
            self.commands[name] = [str(BIN / command[0]), *command[1:]]
            self.own[name] = environment
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.commands[name],
                env=self.environment(name),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process by its own pid and wait for it."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(number)
        process.wait(timeout=20)

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        """End everything: politely, then not."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def serve(self) -> None:
        """Start worker and hub and wait until both answer."""
        self.start("worker", "watchline", "worker")
        self.start("hub", "watchline", "hub")
        for name, address in (("worker", self.worker), ("hub", self.hub)):
            self.until_healthy(name, address)

    def until_healthy(self, name: str, address: str) -> None:
        """Wait until a process answers; its log is in the failure when it does not."""
        try:
            wait_for(name, lambda: httpx2.get(f"{address}/healthz").status_code == 200, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log(name)}") from None

    def import_sector(self, sector: dict[str, Any]) -> None:
        """Give the database a sector, as `watchline sector import` does."""
        path = self.folder / "sector.json"
        path.write_text(json.dumps(sector))
        self.run("watchline", "sector", "import", str(path))

    def enroll(self, edge: str, sector: str, key: str) -> None:
        """Let an edge send to a sector; `key` is its public key in base64."""
        self.run("watchline", "edge", "enroll", "--id", edge, "--sector", sector, "--key", key)

    @contextlib.contextmanager
    def connect(self, role: str = "owner") -> Iterator[psycopg.Connection[Any]]:
        """A database connection for what a test wants to see."""
        with self.cluster.connect(self.database, role) as connection:
            connection.execute("SET search_path = watchline, public")
            yield connection

    def query(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        with self.connect() as connection:
            return connection.execute(statement, arguments).fetchall()

    def login(self) -> httpx2.Client:
        """A browser-like session of the administrator, one-time password changed."""
        said = self.run("watchline", "user", "bootstrap")
        client = httpx2.Client(base_url=self.hub, headers={"Origin": self.hub}, timeout=20)
        once = said.strip().split()[-1]
        _ok(client.post("/api/login", json={"name": "administrator", "password": once}))
        _ok(client.post("/api/password", json={"old_password": once, "new_password": PASSWORD}))
        return client


@contextlib.contextmanager
def on_own_cluster() -> Iterator[System]:
    """A system over a cluster of its own, flushed to disk as in earnest; for benches."""
    folder = Path(tempfile.mkdtemp(prefix="watchline-bench-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "pg", tcp=False)
    system = System(cluster=cluster, database="bench", folder=folder)
    try:
        cluster.start(die_with_parent=True)
        cluster.prepare("bench")
        yield system
    finally:
        system.stop()
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def _ok(answer: httpx2.Response) -> None:
    assert answer.is_success, answer.text


class EdgeDouble:
    """An edge that a test plays by hand: its key, its boot, its envelopes. Real wire bytes."""

    def __init__(self, system: System, edge: str, boot: int = 1) -> None:
        self.edge = edge
        self.boot = boot
        self.seq = 0
        self.key = Ed25519PrivateKey.generate()
        self.client = httpx2.Client(timeout=20)
        self.address = f"{system.worker}/api/uplink"

    @property
    def public_key(self) -> str:
        """Base64, as enrolment wants it."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def envelope(self, *items: Item, watermark_us: int | None = None, **changes: Any) -> Envelope:
        """The next items in an envelope of the live lane."""
        now_us = time.time_ns() // 1000
        seqs = list(range(self.seq + 1, self.seq + 1 + len(items)))
        self.seq += len(items)
        made = Envelope(
            edge=self.edge,
            boot=self.boot,
            lane=Lane.LIVE,
            sent_at_us=now_us,
            watermark_us=now_us if watermark_us is None else watermark_us,
            highest_seq=self.seq,
            seqs=seqs,
            items=[msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
        )
        return msgspec.structs.replace(made, **changes)

    def post(self, body: bytes, **headers: str) -> httpx2.Response:
        """Send a signed body as it is."""
        return self.client.post(
            self.address,
            content=body,
            headers={
                "content-type": "application/msgpack",
                "watchline-edge": self.edge,
                "watchline-signature": base64.b64encode(
                    self.key.sign(signing_input(body))
                ).decode(),
                **headers,
            },
        )

    def send(self, *items: Item, **changes: Any) -> Receipt:
        """Send items and read the receipt."""
        answer = self.post(encode_envelope(self.envelope(*items, **changes)))
        _ok(answer)
        return decode_receipt(answer.content)

    def until_settled(self, seconds: float = 10) -> Receipt:
        """Send empty envelopes until all that was given out is settled."""

        def settled() -> Receipt | None:
            receipt = self.send()
            covered = sum(high - low for low, high in receipt.settled)
            return receipt if covered >= self.seq else None

        return wait_for(f"seq {self.seq} to be settled", settled, seconds)
