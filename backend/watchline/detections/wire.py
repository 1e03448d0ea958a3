"""From an envelope's octets to records, without an object for each detection.

What is read here is what edges write: a detection with fields in their usual types and values
within the contract's bounds. Anything else, good or bad, is left to msgspec and
`Detection.defect`, who alone decide what is wrong with an item; a property test holds both
to one answer.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline import compiled
from watchline.compiled import entry, kernel
from watchline.detections import msgpack
from watchline.detections.msgpack import (
    array,
    double,
    integer,
    is_word,
    mapping,
    skip,
    text,
)
from watchline.detections.rows import blank
from watchline_sensors.contract import CLASS_ORDER
from watchline_sensors.contract.detection import MAX_AT_US, MAX_TEXT

#: What became of an item.
KNOWN, TAKEN, UNREAD = 0, 1, 2


def _word(name: str) -> NDArray[np.uint8]:
    return np.frombuffer(name.encode(), np.uint8).copy()


def _words(*names: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    return _word("".join(names)), np.cumsum([0, *map(len, names)])


_TYPE, _DETECTION, _SENSOR, _AT = map(_word, ("type", "detection", "sensor", "at_us"))
_POSITION, _BEARING, _VELOCITY = map(_word, ("position", "bearing", "velocity"))
_CLASSES, _SCORE, _TRACK, _EXTRAS = map(_word, ("classes", "score", "sensor_track", "extras"))
#: The numbers of each part, those that must be there first.
_PLACE, _PLACE_AT = _words(
    "lon_deg", "lat_deg", "var_east_m2", "var_north_m2", "cov_east_north_m2", "height_m"
)
_WAY, _WAY_AT = _words("bearing_deg", "sigma_deg", "range_m", "range_sigma_m")
_MOTION, _MOTION_AT = _words("east_mps", "north_mps", "sigma_mps")
_KINDS, _KINDS_AT = _words(*CLASS_ORDER)
_MOST = 6


class _Scratch(NamedTuple):
    """Room for doubles: the octets of one, the same as a number, and those of one part."""

    bits: NDArray[np.uint64]
    value: NDArray[np.float64]
    found: NDArray[np.float64]


class Names:
    """The sensors whose sightings are taken, by their index."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        octets = [name.encode() for name in self.names]
        self.octets = np.frombuffer(b"".join(octets), np.uint8)
        self.starts = np.cumsum([0, *map(len, octets)])

    def __len__(self) -> int:
        return len(self.names)


def count_of(octets: NDArray[np.uint8]) -> int:
    """How many objects the MessagePack array holds; −1 when it is none."""
    head = int(octets[0])
    if head & 0xF0 == 0x90:
        return head & 15
    size = {0xDC: 2, 0xDD: 4}.get(head)
    return -1 if size is None else int.from_bytes(octets[1 : 1 + size].tobytes(), "big")


def read_seqs(octets: NDArray[np.uint8], count: int) -> NDArray[np.int64] | None:
    """The `count` integers of a MessagePack array; None when others than 63-bit ones are there."""
    seqs = np.empty(count, np.int64)
    return seqs if _integers(octets, seqs) else None


@entry(str(compiled.__file__), str(msgpack.__file__), __file__)
def _integers(octets: Any, out: Any) -> Any:
    end = octets.size
    _, at = array(octets, 0, end)
    for k in range(out.size):
        out[k], at = integer(octets, at, end)
        if at < 0:
            return False
    return True


def read_items(
    octets: NDArray[np.uint8], known: NDArray[np.bool_], names: Names
) -> tuple[Any, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]] | None:
    """Read the MessagePack array of an envelope's items; None when they are not len(known).

    Gives (records of ROW, heap, what became of each item, where each begins and the last ends,
    where the extras of each begin and end). Only TAKEN records mean anything; `sensor` is
    the index in `names`, extras are not in the heap yet.
    """
    n = len(known)
    table = blank(n)
    heap = np.empty(n * MAX_TEXT, np.uint8)
    fate = np.empty(n, np.uint8)
    starts = np.empty(n + 1, np.int64)
    extras = np.zeros((n, 2), np.int64)
    bits = np.empty(1, np.uint64)
    size = _items(
        octets, known, names.octets, names.starts, table, heap, fate, starts, extras,
        _Scratch(bits, bits.view(np.float64), np.empty(_MOST)),
    )  # fmt: skip
    return None if size < 0 else (table, heap[:size], fate, starts, extras)


@entry(str(compiled.__file__), str(msgpack.__file__), __file__)
def _items(
    octets: Any, known: Any, names: Any, name_starts: Any, table: Any, heap: Any, fate: Any,
    starts: Any, extras: Any, scratch: Any,
) -> Any:  # fmt: skip
    end = octets.size
    count, at = array(octets, 0, end)
    if at < 0 or count != known.size:
        return -1
    used = np.int64(0)
    sensor = np.int64(0)
    for k in range(count):
        starts[k] = at
        behind = skip(octets, at, end)
        if behind < 0:
            return -1
        if known[k]:
            fate[k] = KNOWN
        else:
            used, sensor, good = _detection(
                octets, at, behind, names, name_starts, sensor, table[k], heap, used, extras[k],
                scratch,
            )  # fmt: skip
            fate[k] = TAKEN if good else UNREAD
        at = behind
    starts[count] = at
    return used if at == end else -1


@kernel
def _detection(
    octets: Any, at: Any, end: Any, names: Any, name_starts: Any, likely: Any, row: Any,
    heap: Any, used: Any, extras: Any, scratch: Any,
) -> Any:  # fmt: skip
    """(heap used, index of the sensor, whether the item was read)."""
    pairs, at = mapping(octets, at, end)
    seen = 0
    for _ in range(pairs):
        if at < 0:
            return used, likely, False
        key, size = text(octets, at, end)
        if size < 0:
            return used, likely, False
        at = key + size
        before = seen
        if is_word(octets, key, size, _TYPE):
            seen |= 1
            start, size = text(octets, at, end)
            at = start + size if is_word(octets, start, size, _DETECTION) else -1
        elif is_word(octets, key, size, _SENSOR):
            seen |= 2
            start, size = text(octets, at, end)
            likely = _index(octets, start, size, names, name_starts, likely)
            row.sensor = likely
            at = start + size
            if likely < 0:
                return used, np.int64(0), False
        elif is_word(octets, key, size, _AT):
            seen |= 4
            row.at_us, at = integer(octets, at, end)
            if not 0 <= row.at_us < MAX_AT_US:
                at = -1
        elif is_word(octets, key, size, _POSITION):
            seen |= 8
            at = _position(octets, at, end, row, scratch)
        elif is_word(octets, key, size, _VELOCITY):
            seen |= 16
            at = _velocity(octets, at, end, row, scratch)
        elif is_word(octets, key, size, _BEARING):
            seen |= 32
            at = _bearing(octets, at, end, row, scratch)
        elif is_word(octets, key, size, _CLASSES):
            seen |= 64
            at = _classes(octets, at, end, row, scratch)
        elif is_word(octets, key, size, _SCORE):
            seen |= 128
            at = double(octets, at, end, scratch.bits, scratch.value)
            row.score = scratch.value[0]
            if not 0.0 <= row.score <= 1.0:
                at = -1
        elif is_word(octets, key, size, _TRACK):
            seen |= 256
            start, size = text(octets, at, end)
            if not 0 <= size <= MAX_TEXT:
                return used, likely, False
            row.track_from, row.track_size = used, size
            for k in range(size):
                letter = octets[start + k]
                if not 0 < letter < 0x80:
                    return used, likely, False
                heap[used + k] = letter
            used += size
            at = start + size
        elif is_word(octets, key, size, _EXTRAS):
            seen |= 512
            extras[0] = at
            at = skip(octets, at, end)
            extras[1] = at
        else:
            at = -1
        if at < 0 or seen == before:  # a field that comes twice
            return used, likely, False
    return used, likely, seen & 7 == 7 and seen & 40 != 0 and at == end


@kernel
def _index(octets: Any, at: Any, size: Any, names: Any, starts: Any, likely: Any) -> Any:
    """Which name this is, −1 if none; the likely one is asked first."""
    count = starts.size - 1
    for turn in range(count):
        k = (likely + turn) % count
        if size == starts[k + 1] - starts[k] and is_word(
            octets, at, size, names[starts[k] : starts[k + 1]]
        ):
            return np.int64(k)
    return np.int64(-1)


@kernel
def _doubles(octets: Any, at: Any, end: Any, words: Any, starts: Any, scratch: Any) -> Any:
    """Read a map from these words to doubles into scratch.found; (which came, position behind)."""
    pairs, at = mapping(octets, at, end)
    seen = 0
    for _ in range(pairs):
        if at < 0:
            return seen, -1
        key, size = text(octets, at, end)
        if size < 0:
            return seen, -1
        which = _index(octets, key, size, words, starts, 0)
        at = double(octets, key + size, end, scratch.bits, scratch.value)
        if which < 0 or seen >> which & 1:
            return seen, -1
        scratch.found[which] = scratch.value[0]
        seen |= 1 << which
    return seen, at


@kernel
def _position(octets: Any, at: Any, end: Any, row: Any, scratch: Any) -> Any:
    found = scratch.found
    found[4] = 0.0
    seen, at = _doubles(octets, at, end, _PLACE, _PLACE_AT, scratch)
    row.lon_deg, row.lat_deg = found[0], found[1]
    row.var_east_m2, row.var_north_m2, row.cov_m2 = found[2], found[3], found[4]
    good = (
        seen & 15 == 15
        and -180.0 <= found[0] <= 180.0
        and -90.0 <= found[1] <= 90.0
        and 0.0 < found[2] < 1e12
        and 0.0 < found[3] < 1e12
        and found[4] * found[4] < found[2] * found[3]
    )
    return at if good else -1


@kernel
def _bearing(octets: Any, at: Any, end: Any, row: Any, scratch: Any) -> Any:
    found = scratch.found
    found[2] = found[3] = np.nan
    seen, at = _doubles(octets, at, end, _WAY, _WAY_AT, scratch)
    row.bearing_deg, row.bearing_sigma_deg = found[0], found[1]
    row.range_m, row.range_sigma_m = found[2], found[3]
    good = (
        seen & 3 == 3
        and 0.0 <= found[0] < 360.0
        and 0.0 < found[1] <= 180.0
        and (seen & 4 == 0 or 0.0 <= found[2] < 1e7)
    )
    return at if good else -1


@kernel
def _velocity(octets: Any, at: Any, end: Any, row: Any, scratch: Any) -> Any:
    found = scratch.found
    seen, at = _doubles(octets, at, end, _MOTION, _MOTION_AT, scratch)
    row.east_mps, row.north_mps, row.speed_sigma_mps = found[0], found[1], found[2]
    good = seen == 7 and abs(found[0]) < 1e4 and abs(found[1]) < 1e4 and 0.0 < found[2] < 1e6
    return at if good else -1


@kernel
def _classes(octets: Any, at: Any, end: Any, row: Any, scratch: Any) -> Any:
    found = scratch.found
    found[:] = 0.0
    _, at = _doubles(octets, at, end, _KINDS, _KINDS_AT, scratch)
    total = 0.0
    for k in range(row.classes.size):
        if not 0.0 <= found[k] <= 1.0:
            return -1
        row.classes[k] = found[k]
        total += found[k]
    # The contract allows 1e-6 more than 1, added in the order of arrival: stay clear of the edge.
    return at if total <= 1.0 + 5e-7 else -1
