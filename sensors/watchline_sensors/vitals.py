"""What the edge says of its sensors' health, and when; pure but for the adapters it asks."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from watchline_sensors.adapters import Adapter
from watchline_sensors.contract import Health, HealthState

log = logging.getLogger("watchline.edge")

PERIOD_US = 10_000_000
_PROVEN_US = 5_000_000


@dataclass(slots=True, kw_only=True)
class Supervised:
    """An adapter under supervision. `failure` is the code of its last crash, until it has
    run for 5 s again; `ended` that its source is through.
    """

    adapter: Adapter
    failure: str | None = None
    running_since_us: int | None = None
    ended: bool = False
    restarts: int = 0
    last: Sequence[Health] = ()

    def started(self, steady_us: int) -> None:
        """It runs (again)."""
        self.running_since_us = steady_us

    def failed(self, code: str) -> None:
        """It crashed."""
        self.failure, self.running_since_us = code[:64], None
        self.restarts += 1

    def beats(self, now_us: int, steady_us: int, edge_code: str | None) -> list[Health]:
        """A heartbeat for each of its sensors.

        A crash outranks what the adapter says of itself; `edge_code` (a full spool, a
        stepped clock) turns a good state into a degraded one.
        """
        since = self.running_since_us
        if self.failure is not None and since is not None and steady_us - since >= _PROVEN_US:
            self.failure = None
        failure = self.failure
        try:
            told = list(self.adapter.health(now_us))
            if not all(isinstance(beat, Health) for beat in told):
                raise TypeError("a heartbeat is a Health")
            self.last = told
        except Exception:  # its numbers are gone, its sensors are not
            log.exception("adapter.health_failed")
            failure = failure or "adapter.health_failed"
        return [self._judged(beat, now_us, failure, edge_code) for beat in self.last]

    def _judged(
        self, beat: Health, now_us: int, failure: str | None, edge_code: str | None
    ) -> Health:
        counters = {**beat.counters, "restarts": self.restarts}
        state, code = beat.state, beat.code
        if failure is not None:
            state, code = HealthState.FAILED, failure
        elif edge_code is not None and state is HealthState.OK:
            state, code = HealthState.DEGRADED, edge_code
        return msgspec.structs.replace(
            beat, at_us=now_us, state=state, code=code, counters=counters
        )


class Pulse:
    """Which heartbeats are due: all each 10 s, and those whose state or code has changed."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[HealthState, str]] = {}
        self._last_us: int | None = None

    def due(self, beats: Sequence[Health], steady_us: int) -> list[Health]:
        """The heartbeats to put now; they count as said."""
        if self._last_us is None or steady_us - self._last_us >= PERIOD_US:
            self._last_us = steady_us
            out = list(beats)
        else:
            out = [b for b in beats if self._said.get(b.sensor) != (b.state, b.code)]
        for beat in out:
            self._said[beat.sensor] = (beat.state, beat.code)
        return out
