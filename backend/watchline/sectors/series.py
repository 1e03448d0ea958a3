"""A smooth map of the plane as a Chebyshev series: what a projection costs a microsecond for."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from watchline import compiled
from watchline.compiled import entry

Floats = NDArray[np.float64]

#: Terms in each direction. For the azimuthal equidistant plane over 300 x 300 km what is left out
#: is below a micrometre up to 70° of latitude; the tests hold it to that.
TERMS = 8


class Series:
    """`function` (two arrays to two arrays) over the box `centre` ± `half`, interpolated once."""

    def __init__(
        self,
        function: Callable[[Floats, Floats], tuple[Floats, Floats]],
        centre: tuple[float, float],
        half: tuple[float, float],
    ) -> None:
        nodes = np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
        s, t = (axis.ravel() for axis in np.meshgrid(nodes, nodes, indexing="ij"))
        values = function(centre[0] + s * half[0], centre[1] + t * half[1])
        terms = chebyshev.chebvander2d(s, t, [TERMS - 1, TERMS - 1])
        self._factors = np.linalg.solve(terms, np.column_stack(values)).reshape(TERMS, TERMS, 2)
        self._centre, self._half = np.array(centre), np.array(half)

    def __call__(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """The function's values at (n,) points; NaN outside the box, for NaN and infinity."""
        u, v = np.empty(len(a)), np.empty(len(a))
        work = np.empty((2, TERMS))
        _evaluate(a, b, self._centre, self._half, self._factors, work, u, v)
        return u, v


@entry(str(compiled.__file__), __file__)
def _evaluate(
    a: Any, b: Any, centre: Any, half: Any, factors: Any, work: Any, u: Any, v: Any
) -> None:
    for i in range(a.size):
        s = (a[i] - centre[0]) / half[0]
        t = (b[i] - centre[1]) / half[1]
        if not (abs(s) <= 1.0 and abs(t) <= 1.0):
            u[i] = v[i] = np.nan
            continue
        work[0, 0] = work[1, 0] = 1.0
        work[0, 1], work[1, 1] = s, t
        for k in range(2, TERMS):
            work[0, k] = 2.0 * s * work[0, k - 1] - work[0, k - 2]
            work[1, k] = 2.0 * t * work[1, k - 1] - work[1, k - 2]
        first = second = 0.0
        for j in range(TERMS):
            row_first = row_second = 0.0
            for k in range(TERMS):
                row_first += factors[j, k, 0] * work[1, k]
                row_second += factors[j, k, 1] * work[1, k]
            first += row_first * work[0, j]
            second += row_second * work[0, j]
        u[i] = first
        v[i] = second
