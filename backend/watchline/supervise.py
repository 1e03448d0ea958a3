"""Child processes that are kept running, stopped in order, and never left behind."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LONGEST_LOG_BYTES = 20_000_000
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 30.0
_STEADY_S = 60.0


def dies_with_parent(number: int) -> Callable[[], None]:
    """For Popen's `preexec_fn`: the kernel sends the child `number` when its parent ends.

    That holds for SIGKILL of the parent too. Strictly it is the parent's *thread* that counts, so
    start such children from the main thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def run() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it ended between fork and prctl
            os._exit(1)

    return run


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """This process gets `number` when the one that started it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


@dataclass(kw_only=True, slots=True)
class Child:
    """One process to keep running; what it says goes to `log`.

    It lives in a session of its own, so that a Ctrl-C at the terminal reaches only the parent,
    which then stops its children in order. Should the parent be killed, so are they.
    """

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay_s: float = _FIRST_DELAY_S
    due: float = field(default=0.0)

    def start(self) -> None:
        """Start it; an old long log is set aside."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LONGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=dict(self.env),
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL),
            )
        self.started = time.monotonic()

    def ended(self) -> int | None:
        """Its exit status if it ran and has ended (negative: the signal that ended it)."""
        return None if self.process is None else self.process.poll()

    def look_after(self, tell: Callable[[str], None]) -> None:
        """Start it again if it has ended: at once for an end in good order, else after a pause.

        The pause doubles from 1 s to 30 s and is short again once it has run for a minute.
        """
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        self.process = None
        if status == 0:
            tell(f"{self.name} came to its end and begins again")
            self.due = now
            return
        if now - self.started > _STEADY_S:
            self.delay_s = _FIRST_DELAY_S
        self.due = now + self.delay_s
        how = f"signal {-status}" if status < 0 else f"status {status}"
        tell(f"{self.name} ended with {how}; again in {self.delay_s:g} s (see {self.log})")
        self.delay_s = min(self.delay_s * 2, _LONGEST_DELAY_S)

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting: several can be on their way out at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, patience_s: float = 10.0) -> None:
        """SIGTERM, and SIGKILL after `patience_s`; gone and reaped when it returns."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.wait()
        self.process = None

    def tail(self, lines: int = 8) -> str:
        """The last lines it said."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
