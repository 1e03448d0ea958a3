"""Showers: what rain adds to a radar's picture, and what it hides.

Rain drops echo, so a shower is a patch of the ground in which plots appear anywhere, new ones
each turn, while real targets drown in them. Showers drift with the wind and come from the seed.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from watchline_sensors.simulate.border import BorderFrame
from watchline_sensors.simulate.table import Id, Span, Table, bounds

Floats = NDArray[np.float64]


class RainSpec(Table, frozen=True, kw_only=True):
    """`count` showers, each at any time, somewhere in `km` and `inside_m`, drifting anywhere.

    In a shower each turn of each radar shows `false_per_scan` plots (mean) spread evenly, and
    misses a share `loss` of the targets that it would have seen.
    """

    id: Id
    count: Annotated[int, Meta(ge=1, le=100)]
    km: Span
    inside_m: Span
    lasts_s: Span
    radius_m: Span
    drift_mps: Span
    false_per_scan: Span
    loss: Span = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shower:
    """A disc that drifts over the plane while it lasts; times in seconds, lengths in metres."""

    start_s: float
    end_s: float
    xy_m: Floats  # (2,) at its start
    drift_mps: Floats  # (2,)
    radius_m: float
    false_per_scan: float
    loss: float

    def middle(self, t_s: float) -> Floats:
        """Its middle at a time."""
        found: Floats = self.xy_m + self.drift_mps * (t_s - self.start_s)
        return found


def showers(
    specs: Sequence[RainSpec], seed: int, duration_s: float, border: BorderFrame
) -> list[Shower]:
    """Every shower of a scenario."""
    found = []
    for spec in specs:
        rng = np.random.default_rng([seed, zlib.crc32(spec.id.encode())])
        for _ in range(spec.count):
            km, inside_m, lasts_s, radius_m, speed, false, loss = (
                float(rng.uniform(*bounds(span)))
                for span in (
                    spec.km, spec.inside_m, spec.lasts_s, spec.radius_m, spec.drift_mps,
                    spec.false_per_scan, spec.loss,
                )
            )  # fmt: skip
            start_s, way = rng.uniform(0.0, duration_s), rng.uniform(0.0, 2.0 * math.pi)
            found.append(
                Shower(
                    start_s=start_s,
                    end_s=start_s + lasts_s,
                    xy_m=border.point(km, inside_m),
                    drift_mps=speed * np.array([math.sin(way), math.cos(way)]),
                    radius_m=radius_m,
                    false_per_scan=false,
                    loss=loss,
                )
            )
    return found


def rain_problems(spec: RainSpec) -> list[str]:
    """What is wrong with a rain beside its form."""
    found = [
        f"{name} must be above 0"
        for name, span in (("lasts_s", spec.lasts_s), ("radius_m", spec.radius_m))
        if not bounds(span)[0] > 0
    ]
    if not 0 <= bounds(spec.false_per_scan)[0] <= bounds(spec.false_per_scan)[1] <= 200:
        found.append("false_per_scan must be from 0 to 200")
    if not 0 <= bounds(spec.loss)[0] <= bounds(spec.loss)[1] <= 1:
        found.append("loss must be from 0 to 1")
    return found
