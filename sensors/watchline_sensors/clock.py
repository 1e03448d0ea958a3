"""The edge's two clocks: the wall clock that stamps, and the steady one that watches it."""

import time
from dataclasses import dataclass


def now_us() -> int:
    """The wall clock, µs since 1970 UTC (leap seconds not counted)."""
    return time.time_ns() // 1000


def steady_us() -> int:
    """A clock that never steps, µs since an arbitrary start; good for durations only."""
    return time.monotonic_ns() // 1000


@dataclass(slots=True, kw_only=True)
class ClockGuard:
    """Notices when the wall clock steps: set by hand, by NTP, or after the machine slept.

    Compares what both clocks did since the last look, so that slewing (at most 500 ppm,
    which is how NTP corrects small errors) is never taken for a step.
    """

    threshold_us: int = 500_000
    steps: int = 0
    last_step_us: int = 0
    last_step_steady_us: int | None = None
    _wall_us: int | None = None
    _steady_us: int = 0

    def observe(self, wall_us: int, steady_us: int) -> int:
        """How far the wall clock stepped since the last look (µs, + forward), or 0."""
        previous_wall_us, previous_steady_us = self._wall_us, self._steady_us
        self._wall_us, self._steady_us = wall_us, steady_us
        if previous_wall_us is None:
            return 0
        step_us = (wall_us - previous_wall_us) - (steady_us - previous_steady_us)
        if abs(step_us) < self.threshold_us:
            return 0
        self.steps += 1
        self.last_step_us = step_us
        self.last_step_steady_us = steady_us
        return step_us

    def stepped_within(self, period_us: int, steady_us: int) -> bool:
        """Whether a step was noticed within the last `period_us`."""
        last = self.last_step_steady_us
        return last is not None and steady_us - last <= period_us
