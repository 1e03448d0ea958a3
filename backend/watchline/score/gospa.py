"""GOSPA: one number for how well tracks show targets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gospa:
    """One GOSPA value and its parts; `distance` is in metres, the parts in metres**p."""

    distance: float
    localisation: float
    missed: int
    false: int


def gospa(truth_xy: Floats, track_xy: Floats, *, cutoff_m: float = 50.0, p: float = 2.0) -> Gospa:
    """The generalised optimal sub-pattern assignment metric with alpha = 2.

    (min over partial assignments of: sum of d^p over the assigned + cutoff^p / 2 for each
    point left over on either side)^(1/p); Rahmathullah, García-Fernández and Svensson, 2017,
    proposition 1. Points are (n, 2) and (m, 2) metres in one plane.
    """
    if cutoff_m <= 0 or p < 1:
        raise ValueError("cutoff must be above 0 and p at least 1")
    x, y = np.reshape(truth_xy, (-1, 2)), np.reshape(track_xy, (-1, 2))
    cost = np.minimum(np.hypot(*(x[:, None] - y[None]).transpose(2, 0, 1)), cutoff_m) ** p
    rows, columns = linear_sum_assignment(cost)
    # A pair at the cutoff costs as much as its two points left over, so it is left over.
    close = cost[rows, columns] < cutoff_m**p
    localisation = float(cost[rows, columns][close].sum())
    assigned = int(close.sum())
    missed, false = len(x) - assigned, len(y) - assigned
    total = localisation + cutoff_m**p / 2.0 * (missed + false)
    return Gospa(
        distance=float(total ** (1.0 / p)), localisation=localisation, missed=missed, false=false
    )


def mean_gospa(
    pairs: Iterable[tuple[Floats, Floats]], *, cutoff_m: float = 50.0, p: float = 2.0
) -> float | None:
    """The mean GOSPA distance over (truth, tracks) at several instants; None over none."""
    values = [gospa(t, k, cutoff_m=cutoff_m, p=p).distance for t, k in pairs]
    return float(np.mean(values)) if values else None
