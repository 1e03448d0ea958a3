"""The time a sector lives by."""

import time
from collections.abc import Callable, Sequence
from statistics import median

#: A difference as large is a step of the database's clock; NTP slews smaller ones away.
STEP_US = 500_000


class SectorClock:
    """Steady time, set by the database's clock, which all workers share. µs since 1970 UTC.

    When that clock steps while edges are heard, two of three decide: it is followed only if the
    edges' clocks agree with it better than with the time kept here. So a box whose clock is set
    wrong for a while goes on judging, and one that started wrong is put right.
    """

    def __init__(self, steady_us: Callable[[], int] = lambda: time.monotonic_ns() // 1000) -> None:
        self._steady_us = steady_us
        self._offset_us = time.time_ns() // 1000 - steady_us()

    def now_us(self) -> int:
        """The present time."""
        return self._offset_us + self._steady_us()

    def set(self, database_us: int) -> None:
        """Take the database's time as it is."""
        self._offset_us = database_us - self._steady_us()

    def observe(
        self, asked_us: int, database_us: int, skews_us: Sequence[float]
    ) -> tuple[int, bool]:
        """Compare with the database, asked at `asked_us` and answering now; small differences
        are followed at once. Gives the step that is seen (or 0) and whether it is followed.

        `skews_us` are arrival minus stamp of each connected edge, by the time kept here.

        >>> clock = SectorClock(lambda: 0); clock.set(0)
        >>> clock.observe(0, 3_600_000_000, [40_000.0]), clock.now_us()
        ((3600000000, False), 0)
        >>> clock.observe(0, 3_600_000_000, [-3_600_000_000.0]), clock.now_us()
        ((3600000000, True), 3600000000)
        """
        now_us = self.now_us()
        ahead_us = database_us - min(max(database_us, asked_us), now_us)
        step_us = ahead_us if abs(ahead_us) >= STEP_US else 0
        follow = not step_us or _sides(ahead_us, skews_us)
        if follow:
            self._offset_us += ahead_us
        return step_us, bool(step_us) and follow


def _sides(ahead_us: int, skews_us: Sequence[float]) -> bool:
    """Whether the edges agree better with a clock that is `ahead_us` ahead of ours."""
    if not skews_us:
        return True
    skew_us = median(skews_us)
    return abs(skew_us + ahead_us) < abs(skew_us)
