"""Whether a camera's frames come often enough, and soon enough, to follow anybody by. Pure.

A tracklet needs four frames, and who runs crosses the view of a telephoto lens in seconds: below
one frame a second nobody is followed. What comes later than the hub waits is stored and not judged.
"""

from collections import deque

from watchline_sensors.adapters.thermal.frame import Clock, Frame

SLOW = "thermal.slow"
#: Judged over this time.
_WINDOW_US = 10_000_000
_LEAST_FPS = 1.0
#: Older than this on arrival, by the camera's clock, a frame is late: the hub waits 2 s at most.
_LATE_US = 2_000_000


class Pace:
    """The last seconds of one connection; `max_fps` is how many a second it is looked at.

    One thread feeds, another may ask.
    """

    def __init__(self, max_fps: float) -> None:
        # Who wants few frames is not told that they are few.
        self._least = min(_LEAST_FPS, max_fps / 2.0) * _WINDOW_US / 1e6
        self._first_us: int | None = None
        self._frames: deque[tuple[int, bool]] = deque()

    def feed(self, frame: Frame, arrived_us: int) -> None:
        """Note a frame that was there, whole, at `arrived_us`."""
        late = frame.clock is Clock.CAMERA and arrived_us - frame.at_us > _LATE_US
        self._frames.append((arrived_us, late))
        while self._frames[0][0] < arrived_us - _WINDOW_US:
            self._frames.popleft()
        if self._first_us is None:
            self._first_us = arrived_us

    def code(self, now_us: int) -> str | None:
        """`thermal.slow` when in the last 10 s too few came, or all that came were late."""
        if self._first_us is None or now_us - self._first_us < _WINDOW_US:
            return None
        lates = [late for at_us, late in tuple(self._frames) if at_us >= now_us - _WINDOW_US]
        return SLOW if len(lates) < self._least or all(lates) else None
