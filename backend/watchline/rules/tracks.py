"""Find the tracks of a batch of updates among those known: compiled, without a dictionary."""

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.compiled import compiled

Longs = NDArray[np.int64]


@compiled
def slots_of(
    known_a: NDArray[np.uint64],
    known_b: NDArray[np.uint64],
    a: NDArray[np.uint64],
    b: NDArray[np.uint64],
) -> tuple[Longs, Longs]:
    """(slot of each id, index of the update that brought each new slot).

    Known ids keep their place; new ones are numbered on, in the order of their first update.
    """
    known, n = len(known_a), len(a)
    size = 16
    while size < 2 * (known + n):
        size *= 2
    table = np.full(size, -1, np.int64)
    slots = np.empty(n, np.int64)
    founders = np.empty(n, np.int64)
    new = 0
    for i in range(known + n):
        if i < known:
            id_a, id_b = known_a[i], known_b[i]
        else:
            id_a, id_b = a[i - known], b[i - known]
        mixed = (id_a ^ (id_b >> np.uint64(17)) ^ (id_b << np.uint64(13))) * np.uint64(
            0x9E3779B97F4A7C15
        )
        at = np.int64(mixed >> np.uint64(20)) & (size - 1)
        while True:
            slot = table[at]
            if slot < 0:
                if i < known:
                    table[at] = i
                    break
                slot = known + new
                founders[new] = i - known
                new += 1
                table[at] = slot
                slots[i - known] = slot
                break
            if slot < known:
                same = known_a[slot] == id_a and known_b[slot] == id_b
            else:
                at_row = founders[slot - known]
                same = a[at_row] == id_a and b[at_row] == id_b
            if same:
                if i >= known:
                    slots[i - known] = slot
                break
            at = (at + 1) & (size - 1)
    return slots, founders[:new].copy()


@compiled
def paths_of(
    slots: Longs, known: int, total: int, judged: NDArray[np.bool_], ended: NDArray[np.bool_]
) -> tuple[Longs, Longs, NDArray[np.bool_]]:
    """(where the path to each update begins, last judged update of each slot, whether it lives).

    A path begins at an earlier update of this batch (its index), at the track's known plot
    (−1) or nowhere (−2). A slot whose known plot is still its last has −1, one without −2.
    """
    last = np.full(total, -2, np.int64)
    last[:known] = -1
    begin = np.full(len(slots), -2, np.int64)
    for i in range(len(slots)):
        slot = slots[i]
        if judged[i]:
            begin[i] = last[slot]
            last[slot] = i
        if ended[i]:
            last[slot] = -2
    return begin, last, last > -2
