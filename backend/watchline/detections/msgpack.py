"""The parts of MessagePack that detections are made of, read in machine code.

Each reader takes the octets and a position and gives the position behind what it read, or −1
where something else stands: who called then leaves the whole item to msgspec.
Format: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel

Octets = NDArray[np.uint8]


@kernel
def unsigned(octets: Any, at: Any, size: Any) -> Any:
    """The big-endian number of `size` octets."""
    value = np.uint64(0)
    for k in range(size):
        value = (value << np.uint64(8)) | np.uint64(octets[at + k])
    return value


@kernel
def integer(octets: Any, at: Any, end: Any) -> Any:
    """(value, position behind it) of an integer that fits into 63 bits."""
    if at >= end:
        return np.int64(0), -1
    head = octets[at]
    if head < 0x80:
        return np.int64(head), at + 1
    if head >= 0xE0:
        return np.int64(head) - 256, at + 1
    size = 1 << (head & 3)
    if not 0xCC <= head <= 0xD3 or at + size >= end:
        return np.int64(0), -1
    value = unsigned(octets, at + 1, size)
    if head < 0xD0:
        if value >= np.uint64(1 << 63):
            return np.int64(0), -1
        return np.int64(value), at + 1 + size
    shift = np.uint64(64 - 8 * size)
    return np.int64(value << shift) >> np.int64(shift), at + 1 + size


@kernel
def double(octets: Any, at: Any, end: Any, bits: Any, value: Any) -> Any:
    """The position behind a double, which is put into `value`; both are views of 8 octets."""
    if at + 9 > end or octets[at] != 0xCB:
        return -1
    bits[0] = unsigned(octets, at + 1, 8)
    return at + 9


@kernel
def text(octets: Any, at: Any, end: Any) -> Any:
    """(first octet, size) of a text of fewer than 256 octets; size −1: something else."""
    if at >= end:
        return at, -1
    head = octets[at]
    if 0xA0 <= head < 0xC0:
        start, size = at + 1, np.int64(head & 31)
    elif head == 0xD9 and at + 1 < end:
        start, size = at + 2, np.int64(octets[at + 1])
    else:
        return at, -1
    return start, size if start + size <= end else -1


@kernel
def mapping(octets: Any, at: Any, end: Any) -> Any:
    """(number of pairs, position behind the head) of a map of fewer than 16 pairs."""
    if at >= end or octets[at] & 0xF0 != 0x80:
        return np.int64(0), -1
    return np.int64(octets[at] & 15), at + 1


@kernel
def skip(octets: Any, at: Any, end: Any) -> Any:
    """The position behind whatever object stands at `at`, −1 when it is cut short."""
    left = np.int64(1)
    while left > 0:
        if at >= end:
            return -1
        left -= 1
        head = octets[at]
        at += 1
        if head < 0x80 or head >= 0xE0 or 0xC0 <= head <= 0xC3:
            continue
        if head < 0x90:
            left += 2 * np.int64(head & 15)
            continue
        if head < 0xA0:
            left += np.int64(head & 15)
            continue
        if head < 0xC0:
            at += np.int64(head & 31)
            continue
        if 0xC4 <= head <= 0xC9 or 0xD9 <= head <= 0xDB:  # bin, ext, str with their size
            log2 = (head - 0xC4) % 3 if head < 0xD0 else head - 0xD9
            size = 1 << log2
            if at + size > end:
                return -1
            at += size + np.int64(unsigned(octets, at, size))
            if 0xC7 <= head <= 0xC9:
                at += 1
        elif head >= 0xDC:  # array or map with its size
            size = 2 << (head & 1)
            if at + size > end:
                return -1
            count = np.int64(unsigned(octets, at, size))
            left += count if head < 0xDE else 2 * count
            at += size
        elif head >= 0xD4:  # ext of 1, 2, 4, 8 or 16 octets
            at += 1 + (1 << (head - 0xD4))
        elif head >= 0xCC:  # integers
            at += 1 << (head & 3)
        else:  # 0xCA and 0xCB: float and double
            at += 4 << (head & 1)
    return at if at <= end else -1


@kernel
def array(octets: Any, at: Any, end: Any) -> Any:
    """(number of objects, position behind the head) of an array."""
    if at >= end:
        return np.int64(0), -1
    head = octets[at]
    if head & 0xF0 == 0x90:
        return np.int64(head & 15), at + 1
    if head == 0xDC and at + 3 <= end:
        return np.int64(unsigned(octets, at + 1, 2)), at + 3
    if head == 0xDD and at + 5 <= end:
        return np.int64(unsigned(octets, at + 1, 4)), at + 5
    return np.int64(0), -1


@kernel
def is_word(octets: Any, at: Any, size: Any, word: Any) -> Any:
    """Whether these octets are that word."""
    if size != len(word):
        return False
    for k in range(size):  # noqa: SIM110 - numba knows no generator here
        if octets[at + k] != word[k]:
            return False
    return True
