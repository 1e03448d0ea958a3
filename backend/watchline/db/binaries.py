"""Find PostgreSQL with PostGIS on this machine, or install it from the system's packages."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchline.db.errors import BinariesMissing, ClusterError, InstallFailed, ToolsMissing

TESTED_MAJOR = 15
_NEEDED = ("postgres", "initdb")
_TOOLS = ("pg_dump", "pg_restore", "psql")
_ROOT = Path("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL whose PostGIS is installed too."""

    major: int
    bin: Path

    def __getitem__(self, program: str) -> str:
        return str(self.bin / program)


def find(major: int | None = None, *, root: Path = _ROOT) -> Binaries | None:
    """The best PostgreSQL that has PostGIS: the tested major, else the newest; else None.

    `major` asks for one version alone (a data directory is tied to its own). Looked through are
    WATCHLINE_PG_BIN, Debian's /usr/lib/postgresql/*/bin and PATH; `root` moves Debian's (tests).
    """
    found = [each for each in _candidates(root) if major in (None, each.major)]
    return max(found, key=lambda each: (each.major == TESTED_MAJOR, each.major), default=None)


def find_or_install(major: int | None = None) -> Binaries:
    """`find`, and if that finds nothing, one try to install the system's packages.

    Errors: BinariesMissing (not root and no sudo, or not an apt system), InstallFailed.
    """
    binaries = find(major)
    if binaries is None:
        _install(major)
        binaries = find(major)
    if binaries is None:
        raise BinariesMissing(f"Install PostgreSQL {major or TESTED_MAJOR} and its PostGIS 3.")
    return binaries


def tools(major: int, *, root: Path = _ROOT) -> Binaries:
    """pg_dump, pg_restore and psql of one version, wherever they are; PostGIS may be elsewhere.

    Errors: ToolsMissing.
    """
    for folder in _folders(root):
        if _has(folder, _TOOLS) and _major(folder, root, "pg_dump") == major:
            return Binaries(major=major, bin=folder)
    raise ToolsMissing(f"On Debian or Ubuntu: apt-get install postgresql-client-{major}")


def _candidates(root: Path) -> Iterator[Binaries]:
    for folder in _folders(root):
        if not _has(folder, _NEEDED):
            continue
        major = _major(folder, root, "postgres")
        if major is not None and _has_postgis(folder, major, root):
            yield Binaries(major=major, bin=folder)


def _has(folder: Path, programs: tuple[str, ...]) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in programs)


def _folders(root: Path) -> Iterable[Path]:
    chosen = os.environ.get("WATCHLINE_PG_BIN")
    if chosen:
        folders = [Path(chosen)]
    else:
        folders = sorted((root / "usr/lib/postgresql").glob("*/bin"))
        on_path = shutil.which("postgres") or shutil.which("pg_dump")
        if on_path:
            folders.append(Path(on_path).resolve().parent)
    return dict.fromkeys(folders)


def _major(folder: Path, root: Path, program: str) -> int | None:
    if folder.parent.parent == root / "usr/lib/postgresql" and folder.parent.name.isdigit():
        return int(folder.parent.name)
    said = subprocess.run(
        [folder / program, "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"(\d+)(\.\d+|devel|beta|rc)", said.stdout)
    return int(match.group(1)) if match else None


def _has_postgis(folder: Path, major: int, root: Path) -> bool:
    shares = (
        root / f"usr/share/postgresql/{major}",
        folder.parent / "share",
        folder.parent / "share/postgresql",
        folder.parent / "share/pgsql",
    )
    return any((share / "extension/postgis.control").is_file() for share in shares)


def _install(major: int | None) -> None:
    wanted = f"postgresql-{major or TESTED_MAJOR}-postgis-3"
    prefix = _as_root()
    if prefix is None or shutil.which("apt-get") is None:
        raise BinariesMissing(f"Install it first, on Debian or Ubuntu: apt-get install {wanted}")
    print(f"Installing PostgreSQL and PostGIS from the system's packages ({wanted}) …", flush=True)
    _apt(prefix, "update")
    offered = _offered()
    if major is None and TESTED_MAJOR not in offered and offered:
        wanted = f"postgresql-{max(offered)}-postgis-3"
    _apt(prefix, "install", "--yes", "--no-install-recommends", wanted)


def _offered() -> set[int]:
    said = subprocess.run(
        ["apt-cache", "search", "--names-only", r"^postgresql-[0-9]+-postgis-3$"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {int(number) for number in re.findall(r"^postgresql-(\d+)-", said.stdout, re.MULTILINE)}


def _as_root() -> list[str] | None:
    """What to put before a command that needs root; None when this user cannot become root."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    # Without a terminal sudo must not ask; with one it may.
    ask = ["sudo"] if os.isatty(0) else ["sudo", "-n"]
    allowed = subprocess.run([*ask, "true"], check=False, stderr=subprocess.DEVNULL)
    return ask if allowed.returncode == 0 else None


def _apt(prefix: list[str], *arguments: str) -> None:
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    done = subprocess.run(
        [*prefix, *environment, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *arguments],
        check=False,
        stdin=None if os.isatty(0) else subprocess.DEVNULL,
    )
    # A mirror that is partly away may still have the package: `update` alone never fails the whole.
    if done.returncode != 0 and arguments[0] != "update":
        raise InstallFailed(f"apt-get {arguments[0]} ended with {done.returncode}.")


def main() -> int:
    """`python -m watchline.db.binaries`: install if need be; one line when that is not possible."""
    try:
        find_or_install()
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
