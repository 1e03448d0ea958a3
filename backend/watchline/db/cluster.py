"""A private PostgreSQL cluster with PostGIS: made, started and stopped here, never the system's.

    cluster = Cluster(Path("var/pg"))
    cluster.start()                       # makes it first; a second call finds it running
    cluster.prepare("watchline")          # roles, database, PostGIS, migrations
    cluster.url("watchline", "app")

The server listens on its own unix socket, where the kernel tells it which system user calls (the
user who started it and the one it runs as may be every role, nobody else any), and, with
`tcp`, on a free port of 127.0.0.1 for tools such as QGIS: closed until a role is given a password.
Who runs it and where it lives: watchline.db.home.
"""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from watchline.db import roles, server
from watchline.db.binaries import Binaries, find_or_install
from watchline.db.engine import sqlalchemy_url
from watchline.db.errors import StartFailed
from watchline.db.home import claim, runner, socket_directory
from watchline.db.prepare import prepare

_FIRST_PORT = 5610  # below the kernel's ephemeral range, away from 5432


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The directory of the socket and the port, as libpq's host and port."""

    sockets: Path
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Status(Place):
    """What a cluster is doing; `pid` and `version` are None when it does not run."""

    home: Path
    pid: int | None
    version: str | None


class Cluster:
    """One private cluster at `wanted`, for one calling process; see the module.

    `durable` false trades survival of a power cut for speed (tests). Errors: those of
    watchline.db.errors, each saying in one line what to do.
    """

    def __init__(self, wanted: Path, *, durable: bool = True, tcp: bool = True) -> None:
        self._wanted = wanted.absolute()
        self._durable = durable
        self._tcp = tcp
        self._user = runner()
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """The directory of the cluster, made if it is missing."""
        if self._home is None:
            self._home = claim(self._wanted, self._user)
        return self._home

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "log"

    def start(self, *, die_with_parent: bool = False) -> Status:
        """Make the cluster if there is none and start it unless it runs; ready when it returns.

        After a SIGKILL or a power cut PostgreSQL recovers here. `die_with_parent`: it stops when
        the calling thread ends.
        """
        with self._exclusive():
            # It may be up, coming up, or dying of a kill that was a moment ago.
            server.wait_until(lambda: self._pid() is None or self._answers(), seconds=60)
            if self._pid() is None:
                binaries = self._binaries()
                if not (self._data / "PG_VERSION").exists():
                    self._make(binaries)
                self._start(binaries, die_with_parent)
            elif not self._answers():
                raise StartFailed(server.tail(self.log))
        return self.status()

    def stop(self) -> None:
        """Stop it, open sessions included; nothing happens when it does not run."""
        with self._exclusive():
            pid = self._pid()
            if pid is not None:
                server.stop(pid, lambda: self._pid() is None)
            if self._process is not None:
                self._process.wait()
                self._process = None

    def destroy(self) -> None:
        """Stop it and remove all its data."""
        if not self._wanted.exists() and not self._wanted.is_symlink():
            return
        self.stop()
        sockets, home = self._sockets, self.home
        shutil.rmtree(home)
        shutil.rmtree(sockets, ignore_errors=True)
        if self._wanted.is_symlink():
            self._wanted.unlink()
        self._home = None

    def is_running(self) -> bool:
        """Whether its postmaster is there; cheap enough to ask several times a second."""
        return self._pid() is not None

    def place(self) -> Place:
        """Where its sockets are, running or not."""
        return Place(sockets=self._sockets, port=self._port())

    def status(self) -> Status:
        """What it is doing now."""
        version = None
        if self._pid() is not None and self._answers():
            with self.connect("postgres", "super") as connection:
                row = connection.execute("SHOW server_version").fetchone()
                version = row[0] if row else None
        return Status(
            sockets=self._sockets,
            port=self._port(),
            home=self.home,
            pid=self._pid(),
            version=version,
        )

    def url(self, database: str, role: str = roles.APP) -> str:
        """The URL for `role` (``app`` is short for ``watchline_app``) over the socket."""
        name = roles.full_name(role)
        return f"postgresql://{name}@/{database}?host={self._sockets}&port={self._port()}"

    def sqlalchemy_url(self, database: str, role: str = roles.APP) -> str:
        """The same with SQLAlchemy's driver name."""
        return sqlalchemy_url(self.url(database, role))

    def connect(
        self, database: str, role: str = roles.APP, *, autocommit: bool = True
    ) -> psycopg.Connection:
        """A plain psycopg connection (for the session settings of services: db.engine)."""
        return psycopg.connect(self.url(database, role), autocommit=autocommit, connect_timeout=10)

    def prepare(self, database: str) -> None:
        """Roles, database, PostGIS and the newest schema; all idempotent."""
        prepare(self.url("postgres", "super"), database)

    def clone_database(self, template: str, name: str) -> None:
        """Make `name` a copy of `template`, which nobody may be connected to."""
        self._admin("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template, roles.OWNER)

    def drop_database(self, name: str) -> None:
        """Drop it if it is there, open sessions included."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _admin(self, statement: str, *names: str) -> None:
        with self.connect("postgres", "super") as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _sockets(self) -> Path:
        return socket_directory(self.home, self._user)

    def _pid(self) -> int | None:
        if self._process is not None:
            self._process.poll()  # a dead child of ours is not to stay as a zombie
        return server.running_pid(self._data)

    def _binaries(self) -> Binaries:
        try:
            major = int((self._data / "PG_VERSION").read_text())
        except FileNotFoundError:
            major = None
        return find_or_install(major)

    def _make(self, binaries: Binaries) -> None:
        """initdb beside the final name: a kill half-way leaves no half cluster."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        command = [binaries["initdb"], "-D", str(fresh), "-U", roles.SUPERUSER]
        command += ["--encoding=UTF8", "--locale=C", "--auth=reject"]
        command += ["--data-checksums"] if self._durable else ["--no-sync"]
        done = self._user.run(*command)
        if done.returncode != 0:
            raise StartFailed(f"initdb: {done.stderr.strip()[-500:]}")
        fresh.rename(self._data)

    def _start(self, binaries: Binaries, die_with_parent: bool) -> None:
        callers = {self._user.name, pwd.getpwuid(os.geteuid()).pw_name}
        self._write("hba.conf", roles.hba(tcp=self._tcp))
        self._write("ident.conf", roles.ident(callers))
        if self._tcp:
            self._write("port", str(_free_port(self._port())))
        options = server.settings(
            durable=self._durable,
            port=self._port(),
            tcp=self._tcp,
            sockets=self._sockets,
            home=self.home,
        )

        def attempt() -> bool:
            server.remove_misleading_locks(self._data, self._sockets, self._port())
            self._process = server.spawn(
                binaries,
                self._data,
                options,
                user=self._user,
                log=self.log,
                die_with_parent=die_with_parent,
            )
            process = self._process
            server.wait_until(lambda: process.poll() is not None or self._answers(), seconds=120)
            return process.poll() is None and self._answers()

        # Backends of a killed postmaster end within moments, and until then it refuses to start.
        if not server.wait_until(attempt, seconds=15, every=0.5):
            raise StartFailed(server.tail(self.log))

    def _answers(self) -> bool:
        try:
            self.connect("postgres", "super").close()
        except psycopg.OperationalError:
            return False
        return True

    def _port(self) -> int:
        try:
            return int((self.home / "port").read_text())
        except (FileNotFoundError, ValueError):
            return _FIRST_PORT

    def _write(self, name: str, text: str) -> None:
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        if self._user.switch:
            os.chown(path, self._user.uid, self._user.gid)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One process at a time starts or stops this cluster."""
        with (self.home / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _free_port(wished: int) -> int:
    """`wished`, or the next port of 127.0.0.1 that is free."""
    for port in range(wished, wished + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartFailed(f"No free port from {wished} on.")
