"""The private cluster: found running, recovered after a kill, at home where its user can get to."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from watchline.db import home, server
from watchline.db.cluster import Cluster
from watchline.db.errors import ForeignCluster

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that only its owner can enter, as mktemp -d makes it."""
    with tempfile.TemporaryDirectory(prefix="watchline-test-") as name:
        yield Path(name)


@pytest.fixture
def own(folder: Path) -> Iterator[Cluster]:
    """A cluster of this test alone, in a directory of mode 0700."""
    made = Cluster(folder / "var" / "pg", durable=False)
    try:
        yield made
    finally:
        made.destroy()


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_life_of_a_cluster(own: Cluster, folder: Path) -> None:
    first = own.start()
    assert first.pid is not None and first.version is not None
    assert own.start().pid == first.pid
    assert Cluster(folder / "var" / "pg", durable=False).start().pid == first.pid
    own.prepare("one")
    own.prepare("one")
    with own.connect("one", "owner") as connection:
        connection.execute("INSERT INTO watchline.login_failure (name, source) VALUES ('a', 'b')")
    own.stop()
    own.stop()
    assert own.status().pid is None and _gone(first.pid)
    own.start()
    with own.connect("one", "owner") as connection:
        assert connection.execute("SELECT count(*) FROM watchline.login_failure").fetchone() == (1,)
    home_directory = own.home
    own.destroy()
    assert not home_directory.exists()
    assert not (folder / "var" / "pg").is_symlink()


def test_it_starts_again_after_a_kill_of_the_postmaster(own: Cluster) -> None:
    own.start()
    own.prepare("one")
    with own.connect("one", "owner") as connection:
        connection.execute("INSERT INTO watchline.login_failure (name, source) VALUES ('a', 'b')")
        # A backend that is busy when its postmaster dies stays until it looks up.
        busy = own.connect("one", "owner")
        busy.pgconn.send_query(b"SELECT pg_sleep(1) FROM generate_series(1, 3)")
        pid = own.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        again = own.start()
    busy.close()
    assert again.pid not in (None, pid)
    with own.connect("one", "owner") as connection:
        assert connection.execute("SELECT count(*) FROM watchline.login_failure").fetchone() == (1,)


def test_lock_files_whose_number_was_given_out_again_do_not_stop_it(own: Cluster) -> None:
    status = own.start()
    own.stop()
    # The lock files as a power cut leaves them, with the number of a process that lives: this one.
    # (A server that is another user's child would not see it as a rival, hence a child of its own.)
    user = home.runner()
    other = subprocess.Popen(["sleep", "60"], cwd="/", **user.identity())
    try:
        data = own.home / "data"
        lines = [str(other.pid), str(data), "1", str(status.port), str(status.sockets), "", "0"]
        for lock in (data / "postmaster.pid", status.sockets / f".s.PGSQL.{status.port}.lock"):
            lock.write_text("\n".join(lines) + "\n")
        assert own.status().pid is None
        assert own.start().pid is not None
    finally:
        other.kill()
        other.wait()


def test_a_half_made_cluster_is_made_anew(own: Cluster) -> None:
    (own.home / "data.new").mkdir()
    (own.home / "data.new" / "PG_VERSION").write_text("15\n")
    assert own.start().pid is not None


def test_it_ends_with_the_process_that_started_it(own: Cluster, folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from watchline.db.cluster import Cluster\n"
        "c = Cluster(Path(sys.argv[1]), durable=False, tcp=False)\n"
        "print(c.start(die_with_parent=True).pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(folder / "var" / "pg")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert not _gone(pid)
        starter.kill()
    assert server.wait_until(lambda: _gone(pid), seconds=10)


def test_others_are_kept_out(own: Cluster) -> None:
    status = own.start()
    assert status.sockets.stat().st_mode & 0o077 == 0
    assert own.home.stat().st_mode & 0o077 == 0
    # The port is there for tools, and shut for a role without a password.
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://watchline_super@127.0.0.1:{status.port}/postgres")
    with own.connect("postgres", "super") as connection:
        own.prepare("one")
        connection.execute("ALTER ROLE watchline_app PASSWORD 'geheim'")
    psycopg.connect(f"postgresql://watchline_app:geheim@127.0.0.1:{status.port}/one").close()


@needs_root
def test_a_user_that_is_not_in_the_map_is_refused(own: Cluster) -> None:
    status = own.start()
    # Were the socket open to all, the kernel's word on who calls would still keep others out.
    own.home.chmod(0o711)
    status.sockets.chmod(0o711)
    (status.sockets / f".s.PGSQL.{status.port}").chmod(0o777)
    psql = ["psql", "-h", str(status.sockets), "-p", str(status.port), "-U", "watchline_super"]
    said = subprocess.run(
        [*psql, "postgres", "-c", "SELECT 1"],
        user="daemon",
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Peer authentication failed" in said.stderr


@needs_root
def test_below_a_closed_directory_the_data_lives_elsewhere_and_is_linked(own: Cluster) -> None:
    wanted = own._wanted
    assert own.home != wanted and wanted.is_symlink() and wanted.resolve() == own.home
    assert own.home.stat().st_uid == home.runner().uid != 0


def test_where_its_user_can_get_to_the_data_lives_in_place(folder: Path) -> None:
    folder.chmod(0o755)
    real = home.claim(folder / "pg", home.runner())
    assert real == (folder / "pg").resolve() and not (folder / "pg").is_symlink()


@needs_root
def test_a_link_to_nothing_is_made_anew(folder: Path) -> None:
    (folder / "pg").symlink_to("/var/tmp/watchline-that-was-cleaned-away")
    real = home.claim(folder / "pg", home.runner())
    try:
        assert real.is_dir()
    finally:
        real.rmdir()


@needs_root
def test_another_users_directory_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "pg").mkdir()
    os.chown(folder / "pg", 1, 1)
    with pytest.raises(ForeignCluster, match="owned by uid 1"):
        home.claim(folder / "pg", home.runner())


def test_a_long_path_gets_its_socket_in_tmp_and_never_a_strangers(folder: Path) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir()
    user = home.runner()
    sockets = home.socket_directory(deep, user)
    try:
        assert sockets.parent == Path("/tmp") and sockets.stat().st_mode & 0o077 == 0
        sockets.rmdir()
        sockets.symlink_to(folder)
        with pytest.raises(ForeignCluster):
            home.socket_directory(deep, user)
    finally:
        sockets.unlink(missing_ok=True)


def test_a_wait_ends() -> None:
    begin = time.monotonic()
    assert not server.wait_until(lambda: False, seconds=0.05)
    assert time.monotonic() - begin < 1
