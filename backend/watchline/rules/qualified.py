"""Find the plot with which a track becomes as good as a waiting finding's rule asks; compiled."""

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled
from watchline.rules.qualify import Bars, unmet
from watchline.rules.watch import Plots

Longs = NDArray[np.int64]

NOT_YET, NEVER = -1, -2


@compiled
def good_enough(
    slot: Longs,
    after: Longs,
    until_us: Longs,
    bar: Longs,
    slots: Longs,
    judged: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    plots: Plots,
    bars: Bars,
    n_slots: int,
) -> Longs:
    """For each that waits the first update beyond `after` that is good enough, or why none."""
    found = np.full(len(slot), NOT_YET, np.int64)
    first = np.full(n_slots, -1, np.int64)
    later = np.full(len(slot), -1, np.int64)
    for w in range(len(slot)):
        if slot[w] >= 0:
            later[w] = first[slot[w]]
            first[slot[w]] = w
        else:
            found[w] = NEVER
    for i in range(len(slots)):
        w = first[slots[i]]
        while w >= 0:
            if found[w] == NOT_YET and i > after[w]:
                if plots.at_us[i] > until_us[w]:
                    found[w] = NEVER
                elif judged[i] and (
                    unmet(
                        bars, bar[w], plots.hits[i], plots.at_us[i] - plots.first_us[i],
                        plots.var_x[i], plots.cov_xy[i], plots.var_y[i], plots.classes[i],
                    )
                    == 0
                ):  # fmt: skip
                    found[w] = i
                elif ended[i]:
                    found[w] = NEVER
            w = later[w]
    return found
