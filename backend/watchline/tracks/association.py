"""Which plot belongs to which track: the assignment of least total cost, exactly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel


class Desk(NamedTuple):
    """Working space of `assign` for up to `rows` plots and `columns` tracks."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    row_of: NDArray[np.int32]
    shortest: NDArray[np.float64]
    path: NDArray[np.int32]
    state: NDArray[np.int8]  # of a column in one search: 0 far, 1 reached, 2 settled
    reached: NDArray[np.int32]


def desk(rows: int, columns: int) -> Desk:
    """Make the space; `assign` leaves it ready for the next call."""
    return Desk(
        np.empty(rows),
        np.empty(columns),
        np.empty(columns, np.int32),
        np.empty(columns),
        np.empty(columns, np.int32),
        np.zeros(columns, np.int8),
        np.empty(columns, np.int32),
    )


@kernel
def assign(
    rows: int,
    columns: int,
    starts: NDArray[np.int32],
    column: NDArray[np.int32],
    cost: NDArray[np.float64],
    column_of: NDArray[np.int32],
    desk: Desk,
) -> None:
    """Fill `column_of` (−1: none) so that the summed cost of the pairs is least.

    Row i may be paired with column[starts[i]:starts[i+1]], at those costs, or left alone at
    cost 0; each column serves one row. Shortest augmenting paths with dual prices on the
    sparse graph (Jonker & Volgenant 1987): a search ends at the first free column or row that
    is better left alone, so plots with a track of their own cost one look at their list.
    """
    u, v, row_of, shortest, path, state, reached = desk
    for j in range(columns):
        v[j] = 0.0
        row_of[j] = -1
    for i in range(rows):
        u[i] = 0.0
        column_of[i] = -1
    for first in range(rows):
        n = 0
        row = first
        low = 0.0
        alone = np.inf  # the best total found that ends in a row left alone, and that row
        alone_row = -1
        end = -1
        while True:
            for e in range(starts[row], starts[row + 1]):
                j = column[e]
                if state[j] == 2:
                    continue
                length = low + cost[e] - u[row] - v[j]
                if state[j] == 0:
                    state[j] = 1
                    reached[n] = j
                    n += 1
                elif length >= shortest[j]:
                    continue
                shortest[j] = length
                path[j] = row
            if low - u[row] < alone:
                alone = low - u[row]
                alone_row = row
            best = np.inf
            end = -1
            for k in range(n):
                j = reached[k]
                if state[j] == 1 and shortest[j] < best:
                    best = shortest[j]
                    end = j
            if end < 0 or alone <= best:
                low = alone
                end = -1
                break
            low = best
            if row_of[end] < 0:
                break
            state[end] = 2
            row = row_of[end]
        u[first] += low
        for k in range(n):
            j = reached[k]
            if state[j] == 2:
                u[row_of[j]] += low - shortest[j]
                v[j] -= low - shortest[j]
            state[j] = 0
        # Walk the path back, each row on it taking the column by which the search left it.
        if end < 0:
            end = column_of[alone_row]
            column_of[alone_row] = -1
            if alone_row == first:
                continue
        while True:
            row = path[end]
            row_of[end] = row
            column_of[row], end = end, column_of[row]
            if row == first:
                break
