"""Where a private cluster lives and which unprivileged user runs it.

PostgreSQL refuses to run as root. Started by root, the server runs as `postgres` (or `nobody` where
that user is missing); started by anybody else, as that user. The directory holds

    data/       the data directory        run/        the socket, mode 0700, when the path is short
    hba.conf    who may connect           ident.conf  which system user may be which role
    log         what the server said      lock        held while starting or stopping
"""

import hashlib
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchline.db.errors import ForeignCluster

# sun_path holds 108 bytes; the server adds "/.s.PGSQL.65535" and a zero.
_LONGEST_SOCKET_DIRECTORY = 90
_SYSTEM_BASES = (Path("/var/lib/watchline"), Path("/var/tmp"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """The system user that runs the server; `switch` is true when it is not the calling one."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a short command as this user, from /, and give back what it said."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **self.identity()
        )
        return done

    def identity(self) -> dict[str, Any]:
        """The keywords for subprocess that make the child this user."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def runner() -> Runner:
    """The user for the server: the calling one, or an unprivileged one when that is root."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Runner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Runner(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise ForeignCluster("Root needs a user postgres or nobody to run it as.")


def claim(wanted: Path, user: Runner) -> Path:
    """The directory at `wanted`, made if missing, owned by `user` and closed to others.

    Where `user` cannot get to it (a clone below a directory of mode 0700), the directory is made
    under /var/lib/watchline and `wanted` becomes a symbolic link, which alone knows where it is:
    a deleted clone's data is never picked up by the next one. Errors: ForeignCluster.
    """
    if wanted.is_symlink() and not wanted.exists():
        wanted.unlink()  # its target was cleaned away
    if not wanted.exists():
        wanted.parent.mkdir(parents=True, exist_ok=True)
        if not user.switch or _can_enter(wanted.parent, user):
            wanted.mkdir(mode=0o700)
        else:
            wanted.symlink_to(_elsewhere(wanted, user))
    real = wanted.resolve()
    if user.switch and real.stat().st_uid == 0:
        os.chown(real, user.uid, user.gid)
    if real.stat().st_uid != user.uid:
        owner = real.stat().st_uid
        raise ForeignCluster(f"{real} is owned by uid {owner}; run this as that user or as root.")
    if user.switch and not _can_enter(real, user):
        raise ForeignCluster(f"{user.name} cannot enter {real}; was the clone moved? Remove it.")
    real.chmod(0o700)
    return real


def socket_directory(home: Path, user: Runner) -> Path:
    """The directory of the server's socket, mode 0700: below `home`, or in /tmp if that is long.

    Errors: ForeignCluster when somebody else sits on the name in /tmp.
    """
    inside = home / "run"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIRECTORY:
        directory = inside
    else:
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        directory = Path("/tmp") / f"wl-{user.uid}-{digest}"
    try:
        directory.mkdir(mode=0o700)
        if user.switch:
            os.chown(directory, user.uid, user.gid)
    except FileExistsError:
        pass
    status = directory.lstat()
    if status.st_uid != user.uid or directory.is_symlink() or not directory.is_dir():
        raise ForeignCluster(f"{directory} is not ours.")
    directory.chmod(0o700)
    return directory


def _can_enter(directory: Path, user: Runner) -> bool:
    return user.run("test", "-x", str(directory)).returncode == 0


def _elsewhere(wanted: Path, user: Runner) -> Path:
    for base in _SYSTEM_BASES:
        try:
            if not base.exists():
                base.mkdir()
                base.chmod(0o755)  # whatever the umask
            made = Path(tempfile.mkdtemp(prefix="watchline-", dir=base))
        except OSError:
            continue
        os.chown(made, user.uid, user.gid)
        if _can_enter(made, user):
            return made
        made.rmdir()
    raise ForeignCluster(f"{user.name} can enter neither {wanted.parent} nor a system directory.")
