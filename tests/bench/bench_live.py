"""Envelope received → the last of 500 screens: `make bench-live`.

A real worker and hub on a private cluster; edges and screens in processes of their own. An
envelope has reached a screen when a frame holds a plot at least as new as the envelope's. Its
plots are as old as a slot of the tracker is long, so that nothing waits for later watermarks:
what those cost is in bench_load. The table says where the time goes; last line: one JSON object.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edges import Part, Targets
from picture import measure

from plain_sector import SECTOR
from system import on_own_cluster

TARGETS = 1000


def main() -> None:
    """Run it; arguments make it shorter for tests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--rate", type=int, default=5000, help="detections per second")
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    # On a grid 100 m apart, so that nothing is ambiguous.
    side = int(np.ceil(np.sqrt(TARGETS)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:TARGETS]
    targets = Targets(start_m=grid * 100.0 - side * 50.0, velocity_mps=np.zeros((TARGETS, 2)))
    each = options.rate // 10
    turns = np.arange(TARGETS * each // np.gcd(TARGETS, each)).reshape(-1, each) % TARGETS
    part = Part(
        edge="edge-a",
        turns=[[("radar", turn)] for turn in turns],
        period_s=0.1,
        jitter_s=0.05,
        # As old as a slot is long: the envelope's own watermark lets its plots go on.
        age_ms=50,
        watermark_delay_ms=0,
    )
    with on_own_cluster() as system:
        run = measure(
            system,
            SECTOR,
            [part],
            targets,
            clients=options.clients,
            warm_s=4.0,
            seconds=options.seconds,
        )
    run.print_stages()
    ms = (run.last - run.envelopes[:, 1]) * 1000
    print(
        json.dumps(
            {
                "bench": "live",
                "clients": options.clients,
                "detections_per_s": options.rate,
                "targets": TARGETS,
                "p50_ms": round(float(np.percentile(ms, 50)), 1),
                "p99_ms": round(float(np.percentile(ms, 99)), 1),
                "envelopes": len(ms),
                "hub_cpu_us_per_delivery": round(1e6 * run.cpu_s["hub"] / run.deliveries, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
