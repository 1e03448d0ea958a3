"""Where the time goes: seconds by stage, counted from the start of the process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Add up the laps of one thread; other stages may be timed beside it."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = {}
        self._since = time.perf_counter()

    def start(self) -> None:
        """Begin a lap; what went before belongs to no stage."""
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a lap, and begin the next."""
        now = time.perf_counter()
        self.spent_s[stage] = self.spent_s.get(stage, 0.0) + now - self._since
        self._since = now

    @contextmanager
    def beside(self, stage: str) -> Iterator[None]:
        """Time what another thread does; always the same thread for the same stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent_s[stage] = self.spent_s.get(stage, 0.0) + time.perf_counter() - begun
