"""How a sector fares, counted from commit to commit."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from watchline.live.model import Pulse


class Meter:
    """Counts since the writer's start, and rates since the last pulse. Times in µs."""

    def __init__(self, now_us: int) -> None:
        self._since_us = now_us
        self._stored = self._late = self._uncertain = self._commits = 0
        self._commit_s = 0.0
        self._rows = 0
        self._lags_ms: list[float] = []

    def committed(self, took_s: float) -> None:
        """One more commit that wrote."""
        self._commits += 1
        self._commit_s += took_s

    def stored(self, live_at_us: NDArray[np.int64], late: int, uncertain: int, now_us: int) -> None:
        """The detections of a commit: the stamps of those judged live, and how many others."""
        if len(live_at_us):
            self._lags_ms.append(float(np.median(now_us - live_at_us)) / 1000)
        self._stored += len(live_at_us)
        self._late += late
        self._uncertain += uncertain
        self._rows += len(live_at_us) + late + uncertain

    def pulse(
        self,
        now_us: int,
        *,
        backlog: int,
        edges: tuple[int, int],
        sensors: tuple[int, int],
        spent_s: Mapping[str, float],
    ) -> Pulse:
        """The pulse since the last one; `edges` and `sensors` as (connected, all)."""
        elapsed_s = (now_us - self._since_us) / 1e6
        rows, lags_ms = self._rows, self._lags_ms
        self._rows, self._lags_ms, self._since_us = 0, [], now_us
        return Pulse(
            at_us=now_us,
            detections_per_s=round(rows / elapsed_s, 1),
            lag_ms=round(float(np.median(lags_ms)), 1) if lags_ms else 0.0,
            backlog=backlog,
            edges_connected=edges[0],
            edges_total=edges[1],
            sensors_ok=sensors[0],
            sensors_total=sensors[1],
            stored=self._stored,
            late=self._late,
            uncertain=self._uncertain,
            commits=self._commits,
            commit_s=round(self._commit_s, 3),
            spent_s=dict(spent_s),
        )
