"""One postmaster: its command line, its process and its lock file."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from watchline.db.binaries import Binaries
from watchline.db.errors import StartFailed, StopFailed
from watchline.db.home import Runner
from watchline.supervise import dies_with_parent


def settings(*, durable: bool, port: int, tcp: bool, sockets: Path, home: Path) -> dict[str, str]:
    """The server's settings; all on the command line, so that a start always brings today's.

    `durable` false is for tests alone: a power cut would lose the cluster. Kills do not.
    """
    common = {
        "listen_addresses": "127.0.0.1" if tcp else "",
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "hba_file": str(home / "hba.conf"),
        "ident_file": str(home / "ident.conf"),
        "max_connections": "100",
        "shared_buffers": "128MB",
        "max_wal_size": "2GB",
        "jit": "off",  # short statements: compiling costs more than it saves
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %a %d ",
        "log_checkpoints": "off",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "3",
        "tcp_keepalives_count": "3",
        "password_encryption": "scram-sha-256",
    }
    # Without synchronous_commit a killed server would lose what it had confirmed; without fsync
    # only a power cut does that, because the kernel has the pages.
    common["synchronous_commit"] = "on"
    if durable:
        return {**common, "fsync": "on", "full_page_writes": "on"}
    return {
        **common,
        "fsync": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
        "max_wal_size": "1GB",
        "autovacuum_naptime": "10s",
    }


def running_pid(data: Path) -> int | None:
    """The postmaster of this data directory, or None; a stale lock file does not deceive it."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    is_ours = os.path.basename(command[0]) in (b"postgres", b"postmaster")
    return pid if is_ours and os.fsencode(data) in command else None


def remove_misleading_locks(data: Path, sockets: Path, port: int) -> None:
    """Remove lock files whose process number now belongs to a program that is no PostgreSQL.

    PostgreSQL handles the lock file of a dead process itself, and better: it also looks for
    orphaned backends. It only refuses when the number was given out again.
    """
    for lock in (data / "postmaster.pid", sockets / f".s.PGSQL.{port}.lock"):
        try:
            pid = int(lock.read_text().splitlines()[0])
            program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        except (IndexError, ValueError):
            lock.unlink()  # cut short by a power cut; PostgreSQL calls it bogus and refuses
            continue
        if os.path.basename(program) not in (b"postgres", b"postmaster"):
            lock.unlink()


def spawn(
    binaries: Binaries,
    data: Path,
    options: dict[str, str],
    *,
    user: Runner,
    log: Path,
    die_with_parent: bool,
) -> subprocess.Popen[bytes]:
    """Start a postmaster in a session of its own (a Ctrl-C at the terminal is not for it).

    `die_with_parent`: the kernel sends it SIGINT, a fast shutdown, when the calling thread ends,
    even by SIGKILL.
    """
    command = [binaries["postgres"], "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGINT) if die_with_parent else None,
            **user.identity(),
        )


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Wait for `condition`; false when it is still false after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def stop(pid: int, gone: Callable[[], bool]) -> None:
    """Fast shutdown, and after 30 s the immediate one (a crash that the next start recovers).

    Errors: StopFailed when it is still there 15 s later.
    """
    for number, seconds in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 15.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(gone, seconds=seconds):
            return
    raise StopFailed(f"Process {pid} is still there.")


def tail(log: Path, lines: int = 6) -> str:
    """The last lines of the server's log, for an error message."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        raise StartFailed(f"Its log cannot be read: {error}") from error
    return "\n".join(text.splitlines()[-lines:])
