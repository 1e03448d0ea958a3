"""SIGKILLs of a line's processes, one after the other, and their starts."""

import os
import random
import signal
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from faults.line import Line


@dataclass
class Killer:
    """SIGKILLs processes of a line and starts them again, as a supervisor would."""

    line: Line
    # PostgreSQL ends with the thread that started it, so that thread has to stay.
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    restart: Future[Any] | None = None
    kills: Counter[str] = field(default_factory=Counter)

    def kill(self, victim: str) -> None:
        """One kill; PostgreSQL recovers while others are killed already."""
        if victim == "postgres":
            self.until_recovered()
            pid = self.line.cluster.status().pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            start = self.line.cluster.start
            self.restart = self.thread.submit(start, die_with_parent=True)
        else:
            self.line.kill(victim)
            self.line.start(victim)
        self.kills[victim.split()[0]] += 1

    def until_recovered(self) -> None:
        """Wait for a PostgreSQL that was killed."""
        if self.restart is not None:
            self.restart.result()


def victims(dice: random.Random, kills: int, edges: int) -> list[str]:
    """Whom to kill, one after the other: PostgreSQL 1 in 16, worker and hub 1 in 8 each."""
    chosen = ["postgres"] * (kills // 16) + ["worker", "hub"] * (kills // 8)
    chosen += [f"edge {number % edges}" for number in range(kills - len(chosen))]
    dice.shuffle(chosen)
    return chosen
