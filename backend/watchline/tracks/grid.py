"""A spatial hash of gates: which tracks can a plot at this place belong to?

Each track lies in the cells that its gate's box touches, on the level whose cells are at
least as wide as the box, so at most in four. A plot asks, on each level in use, the cells that
its own box touches. Cells that share a hash give a few candidates too many, never one too few.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel

#: Width of the smallest cells: about the gates of walkers seen each second.
CELL_M = 64.0
#: Each level doubles the width; the widest cells are 2,097 km.
LEVELS = 16
#: A plot whose box touches more cells on a level looks through all tracks instead.
MOST_CELLS = 64


class Grid(NamedTuple):
    """The hash; `clear` and `put` fill it, `near` reads it."""

    heads: NDArray[np.int32]  # first entry of each hash value, −1 for none
    links: NDArray[np.int32]  # the entry after this one
    items: NDArray[np.int32]  # the track of this entry
    boxes: NDArray[np.float64]  # (tracks, 3): centre and half width
    seen: NDArray[np.int64]  # per track: the last question it was given to
    counters: NDArray[np.int64]  # entries in use, levels in use (bits), questions asked


def grid(tracks: int) -> Grid:
    """Space for so many tracks, to be cleared before use."""
    size = 1 << max(10, int(2 * tracks - 1).bit_length())
    return Grid(
        np.empty(size, np.int32),
        np.empty(4 * tracks, np.int32),
        np.empty(4 * tracks, np.int32),
        np.empty((tracks, 3)),
        np.zeros(tracks, np.int64),
        np.zeros(3, np.int64),
    )


@kernel
def clear(grid: Grid) -> None:
    """Forget all tracks."""
    for slot in range(grid.heads.size):
        grid.heads[slot] = -1
    grid.counters[0] = 0
    grid.counters[1] = 0


@kernel
def _slot(level: int, cx: int, cy: int, mask: int) -> int:
    value = cx * 0x9E3779B1 + cy * 0x85EBCA77 + level * 0xC2B2AE3D
    return (value ^ (value >> 15)) & mask


@kernel
def put(grid: Grid, track: int, x: float, y: float, half: float) -> None:
    """Enter a track whose gate's box has this centre and half width (m)."""
    heads, links, items, boxes, _, counters = grid
    boxes[track, 0] = x
    boxes[track, 1] = y
    boxes[track, 2] = half
    level = 0
    width = CELL_M
    while 2.0 * half > width and level < LEVELS - 1:
        level += 1
        width *= 2.0
    half = min(half, 0.5 * width)
    mask = heads.size - 1
    scale = 1.0 / width
    left = int(np.floor((x - half) * scale))
    low = int(np.floor((y - half) * scale))
    right = min(int(np.floor((x + half) * scale)), left + 1)
    high = min(int(np.floor((y + half) * scale)), low + 1)
    counters[1] |= 1 << level
    for cx in range(left, right + 1):
        for cy in range(low, high + 1):
            slot = _slot(level, cx, cy, mask)
            entry = counters[0]
            counters[0] += 1
            items[entry] = track
            links[entry] = heads[slot]
            heads[slot] = entry


@kernel
def near(
    grid: Grid,
    tracks: int,
    x: float,
    y: float,
    half_x: float,
    half_y: float,
    out: NDArray[np.int32],
) -> int:
    """Write the tracks whose box may touch this box to `out`; returns how many."""
    heads, links, items, boxes, seen, counters = grid
    counters[2] += 1
    question = counters[2]
    mask = heads.size - 1
    n = 0
    scale = 1.0 / CELL_M
    for level in range(LEVELS):
        if counters[1] >> level & 1:
            left = int(np.floor((x - half_x) * scale))
            right = int(np.floor((x + half_x) * scale))
            low = int(np.floor((y - half_y) * scale))
            high = int(np.floor((y + half_y) * scale))
            if (right - left + 1) * (high - low + 1) > MOST_CELLS:
                for track in range(tracks):
                    out[track] = track
                return tracks
            for cx in range(left, right + 1):
                for cy in range(low, high + 1):
                    entry = heads[_slot(level, cx, cy, mask)]
                    while entry >= 0:
                        track = items[entry]
                        if seen[track] != question:
                            seen[track] = question
                            half = boxes[track, 2]
                            if (
                                abs(boxes[track, 0] - x) <= half + half_x
                                and abs(boxes[track, 1] - y) <= half + half_y
                            ):
                                out[n] = track
                                n += 1
                        entry = links[entry]
        scale *= 0.5
    return n
