"""What is kept of units' positions and of the air; pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.rules.model import AirReading, UnitFix
from watchline.rules.state import FIX
from watchline.rules.watch import Fixes

#: Fixes older than the newest by this are of no use: beyond every plot that may still come.
KEPT_US = 120_000_000
#: A reading of the air holds for so long.
AIR_US = 3 * 3_600_000_000


def known_fixes(
    names: tuple[str, ...], before: NDArray[Any], new: Sequence[UnitFix]
) -> tuple[tuple[str, ...], NDArray[Any], Fixes]:
    """(units by first report, fixes to keep, the same for the kernels) with the new ones."""
    rows = before
    if new:
        number = {name: k for k, name in enumerate(names)}
        for fix in new:
            number.setdefault(fix.unit, len(number))
        names = tuple(number)
        more = np.array(
            [(number[f.unit], f.at_us, f.x_m, f.y_m, f.sigma_m, f.vx_mps, f.vy_mps) for f in new],
            FIX,
        )
        rows = np.concatenate([before, more])
        rows = rows[rows["at_us"] >= rows["at_us"].max() - KEPT_US]
        rows = rows[np.lexsort((rows["at_us"], rows["unit"]))]
    return (
        names,
        rows,
        Fixes(
            start=np.searchsorted(rows["unit"], np.arange(len(names) + 1)).astype(np.int64),
            at_us=np.ascontiguousarray(rows["at_us"]),
            x=np.ascontiguousarray(rows["x_m"]),
            y=np.ascontiguousarray(rows["y_m"]),
            vx=np.ascontiguousarray(rows["vx_mps"]),
            vy=np.ascontiguousarray(rows["vy_mps"]),
            sigma_m=np.ascontiguousarray(rows["sigma_m"]),
        ),
    )


def known_air(before: tuple[AirReading, ...], new: Sequence[AirReading]) -> tuple[AirReading, ...]:
    """The readings that may still say how cold it is, in time."""
    if not new:
        return before
    readings = sorted([*before, *new], key=lambda reading: reading.at_us)
    return tuple(r for r in readings if r.at_us >= readings[-1].at_us - AIR_US)


def air_at(air: Sequence[AirReading], at_us: int) -> float | None:
    """The temperature by the last reading up to a time, if it still holds."""
    for reading in reversed(air):
        if reading.at_us <= at_us:
            return reading.celsius if at_us - reading.at_us <= AIR_US else None
    return None
