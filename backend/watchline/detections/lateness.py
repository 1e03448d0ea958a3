"""Which detections are judged now, which in a rerun, and which never. Pure; DESIGN §4.7, §4.17."""

from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

#: The letters of detection.timing: judged live; late, judged by a rerun; time too uncertain.
LIVE, LATE, UNCERTAIN = map(ord, "lau")

#: Detections older than this at arrival are history, whatever the track clock says.
LIVE_WINDOW_US = 60_000_000
#: Stamps further ahead of our clock are not believed.
FUTURE_US = 1_000_000
#: An edge whose clock is off by more is not believed in any of its stamps.
MAX_SKEW_US = 2_000_000
#: An edge gives an envelope up after 10 s: what was sent longer ago was stamped by a wrong clock.
LONGEST_FLIGHT_US = 15_000_000
_RECENT = 16
_SHOWN = 31


def timing_of(
    at_us: NDArray[np.int64], *, now_us: int, clock_us: int, clock_is_off: bool
) -> NDArray[np.uint8]:
    """The letter of each stamp at its arrival; `clock_us` is the track clock.

    >>> stamps = np.array([0, 99_000_000, 100_000_000, 102_000_000])
    >>> bytes(timing_of(stamps, now_us=100_000_000, clock_us=99_500_000, clock_is_off=False))
    b'aalu'
    """
    letters = np.full(len(at_us), UNCERTAIN if clock_is_off else LIVE, np.uint8)
    if not clock_is_off:
        letters[(at_us < clock_us) | (at_us < now_us - LIVE_WINDOW_US)] = LATE
        letters[at_us > now_us + FUTURE_US] = UNCERTAIN
    return letters


class EdgeClock:
    """How far one edge's clock is off, judged by the envelopes of its live lane.

    An envelope's skew is its arrival minus its stamp: the clock's error and the way's delay.
    Delay only adds, so the least of the last skews is nearest to the error; a slow link, or a
    first envelope that found the hub starting, makes no clock wrong.
    """

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=_RECENT)
        self._shown: deque[int] = deque(maxlen=_SHOWN)

    def note(self, skew_us: int) -> None:
        """Take the skew of one more live envelope."""
        self._recent.append(skew_us)
        self._shown.append(skew_us)

    def is_off(self, skew_us: int) -> bool:
        """Whether the stamps of an envelope with this skew are not to be believed.

        >>> clock = EdgeClock()
        >>> clock.note(3_000_000); clock.is_off(3_000_000), clock.is_off(-2_100_000)
        (False, True)
        >>> for _ in range(16): clock.note(3_000_000)
        >>> clock.is_off(3_000_000)
        True
        """
        if not -MAX_SKEW_US <= skew_us <= LONGEST_FLIGHT_US:
            return True
        return len(self._recent) == _RECENT and min(self._recent) > MAX_SKEW_US

    @property
    def median_us(self) -> float | None:
        """The running median that is shown; None before the first envelope."""
        return median(self._shown) if self._shown else None
