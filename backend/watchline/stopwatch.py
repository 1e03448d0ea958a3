"""Where the time goes: seconds by stage, counted from the start of the process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Add up laps; each thread has a lap of its own, and stages that are its alone."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = {}
        self._lap = threading.local()

    def start(self) -> None:
        """Begin a lap; what went before belongs to no stage."""
        self._lap.since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a lap, and begin the next."""
        now = time.perf_counter()
        self.spent_s[stage] = self.spent_s.get(stage, 0.0) + now - self._lap.since
        self._lap.since = now

    @contextmanager
    def beside(self, stage: str) -> Iterator[None]:
        """Time one thing."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent_s[stage] = self.spent_s.get(stage, 0.0) + time.perf_counter() - begun
