"""A disk whose power can be cut: ext4 on a loop device over a file in memory.

What the file holds is what the platter holds: only what was flushed. A cut stops the writers,
copies the file, kills the writers and mounts the copy, so that ext4 recovers as after a reboot.
It shows what a missing flush loses; it does not tear sectors nor reorder writes inside the device.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path


class NoDisk(Exception):
    """This machine lets us make no such disk; the text says why."""


class Disk:
    """One such disk, mounted at `path`; always `close` it."""

    def __init__(self, *, megabytes: int) -> None:
        if os.geteuid() != 0:
            raise NoDisk("loop devices and mounts need root")
        if not Path("/dev/loop-control").exists():
            raise NoDisk("there are no loop devices")
        self._folder = Path(tempfile.mkdtemp(prefix="watchline-cut-", dir="/dev/shm"))
        self._folder.chmod(0o755)
        self._image = self._folder / "disk"
        self.path = self._folder / "mount"
        self.path.mkdir()
        try:
            with self._image.open("wb") as image:
                image.truncate(megabytes * 1024 * 1024)
            _run("mkfs.ext4", "-q", "-F", str(self._image))
            self._mount()
            self.path.chmod(0o755)
        except NoDisk:
            self.close()
            raise

    def _mount(self) -> None:
        # commit=600: nothing reaches the platter by itself while a test runs.
        _run("mount", "-o", "loop,commit=600", str(self._image), str(self.path))

    def cut(self, writers: Sequence[int]) -> None:
        """Cut the power under these processes (each parent before its children) and reboot."""
        for pid in writers:
            os.kill(pid, signal.SIGSTOP)
        for pid in writers:
            _until_stopped(pid)
        copy = self._image.with_name("copy")
        _run("cp", "--sparse=always", str(self._image), str(copy))
        for pid in writers:
            os.kill(pid, signal.SIGKILL)
        self._unmount()
        copy.rename(self._image)
        self._mount()

    def _unmount(self) -> None:
        deadline = time.monotonic() + 10
        while subprocess.run(["umount", str(self.path)], capture_output=True).returncode != 0:
            if time.monotonic() > deadline:  # a writer that takes long to die holds it
                subprocess.run(["umount", "--lazy", str(self.path)], capture_output=True)
                return
            time.sleep(0.05)

    def close(self) -> None:
        """Unmount, which lets go of the loop device too, and remove the file."""
        if self.path.is_mount():
            self._unmount()
        shutil.rmtree(self._folder)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoDisk(f"there is no {command[0]}") from error
    if done.returncode != 0:
        raise NoDisk(f"{' '.join(command)}: {done.stderr.strip()}")


def _until_stopped(pid: int) -> None:
    """Until no thread of it runs or is inside a system call any more."""
    deadline = time.monotonic() + 10
    while any(_state(task) not in "TZX" for task in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < deadline, f"process {pid} does not stop"
        time.sleep(0.001)


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
