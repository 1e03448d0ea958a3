"""Rates are of the last pulse, counts of the writer's time."""

import numpy as np

from watchline.live.meter import Meter

SECOND = 1_000_000


def test_a_pulse_has_the_rate_since_the_last_and_the_counts_since_the_start():
    meter = Meter(0)
    rest = {"backlog": 3, "edges": (1, 2), "sensors": (4, 5), "spent_s": {"copy": 0.5}}
    meter.stored(np.array([900_000, 700_000, 800_000]), 2, 1, now_us=SECOND)
    meter.committed(0.25)
    first = meter.pulse(2 * SECOND, **rest)
    assert (first.detections_per_s, first.lag_ms) == (3.0, 200.0)
    assert (first.stored, first.late, first.uncertain) == (3, 2, 1)
    assert (first.commits, first.commit_s, first.backlog) == (1, 0.25, 3)
    assert (first.edges_connected, first.edges_total) == (1, 2)
    assert (first.sensors_ok, first.sensors_total, first.spent_s) == (4, 5, {"copy": 0.5})
    second = meter.pulse(3 * SECOND, **rest)
    assert (second.detections_per_s, second.lag_ms, second.stored) == (0.0, 0.0, 3)
