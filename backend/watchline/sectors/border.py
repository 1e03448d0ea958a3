"""Places along the official border line: chainage, side and nearest pillar; pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """The line in the sector's plane (metres), its chainage at each point, and its pillars.

    `chainage_m` grows along the line. Pillars are in the order of their chainage.
    """

    xy: Floats  # (n, 2), n >= 2
    chainage_m: Floats  # (n,)
    pillars: tuple[str, ...]
    pillar_chainage_m: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """A place by the nearest point of the line: its chainage, and how far off the place is.

    `offset_m` is positive on the left as seen along the line. `pillar` is the nearest along the
    line and `past_pillar_m` how much further on the place is (negative: before it).
    """

    chainage_m: float
    offset_m: float
    pillar: str | None
    past_pillar_m: float | None


def along(border: Border, x_m: float, y_m: float) -> Along:
    """Where a point of the plane is along the border."""
    a, b = border.xy[:-1], border.xy[1:]
    step, off = b - a, np.array([x_m, y_m]) - a
    square = (step**2).sum(axis=1)
    share = np.clip((off * step).sum(axis=1) / square, 0.0, 1.0)
    away = off - share[:, None] * step
    distance = np.hypot(away[:, 0], away[:, 1])
    cross = step[:, 0] * off[:, 1] - step[:, 1] * off[:, 0]
    # At a corner the segment that the point lies more squarely beside tells the side.
    beside = np.where(distance <= distance.min() * (1.0 + 1e-12), cross**2 / square, -1.0)
    k = int(beside.argmax())
    low, high = border.chainage_m[k], border.chainage_m[k + 1]
    chainage_m = float(low + share[k] * (high - low))
    offset_m = float(distance[k] if cross[k] > 0.0 else -distance[k])
    if not border.pillars:
        return Along(chainage_m=chainage_m, offset_m=offset_m, pillar=None, past_pillar_m=None)
    past = chainage_m - border.pillar_chainage_m
    nearest = int(np.abs(past).argmin())
    return Along(
        chainage_m=chainage_m,
        offset_m=offset_m,
        pillar=border.pillars[nearest],
        past_pillar_m=float(past[nearest]),
    )


def chainages(xy: Floats, known: list[tuple[float, float]]) -> Floats:
    """The chainage of each point of a line, from known ones: (metres along the line, chainage).

    Between two known ones it is shared out evenly, beyond them a metre is a metre; with none it
    is the length from the beginning.
    """
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    if not known:
        return run
    at, chainage = np.array(sorted(known)).T
    found: Floats = np.interp(run, at, chainage)
    found += np.minimum(run - at[0], 0.0) + np.maximum(run - at[-1], 0.0)
    return found
