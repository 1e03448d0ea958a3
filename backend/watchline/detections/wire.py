"""From an envelope's octets to records, without an object for each detection.

What is read here is what edges write: a detection with fields in their usual types and values
within the contract's bounds. Anything else, good or bad, is left to msgspec and
`Detection.defect`, who alone decide what is wrong with an item; a property test holds both
to one answer.
"""

from collections.abc import Sequence
from typing import Any

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


_TYPE, _DETECTION, _SENSOR, _AT = map(_word, ("type", "detection", "sensor", "at_us"))
_POSITION, _BEARING, _VELOCITY = map(_word, ("position", "bearing", "velocity"))
_CLASSES, _SCORE, _TRACK, _EXTRAS = map(_word, ("classes", "score", "sensor_track", "extras"))
_LON, _LAT, _HEIGHT = map(_word, ("lon_deg", "lat_deg", "height_m"))
_VAR_EAST, _COV, _VAR_NORTH = map(_word, ("var_east_m2", "cov_east_north_m2", "var_north_m2"))
_DIRECTION, _DIRECTION_SIGMA = map(_word, ("bearing_deg", "sigma_deg"))
_RANGE, _RANGE_SIGMA = map(_word, ("range_m", "range_sigma_m"))
_EAST, _NORTH, _SPEED_SIGMA = map(_word, ("east_mps", "north_mps", "sigma_mps"))
_PERSON, _GROUP, _VEHICLE, _ANIMAL, _UNKNOWN = map(_word, CLASS_ORDER)


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
        bits, bits.view(np.float64),
    )  # fmt: skip
    return None if size < 0 else (table, heap[:size], fate, starts, extras)


@entry(str(compiled.__file__), str(msgpack.__file__), __file__)
def _items(
    octets: Any, known: Any, names: Any, name_starts: Any, table: Any, heap: Any, fate: Any,
    starts: Any, extras: Any, bits: Any, value: Any,
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
                bits, value,
            )  # fmt: skip
            fate[k] = TAKEN if good else UNREAD
        at = behind
    starts[count] = at
    return used if at == end else -1


@kernel
def _detection(
    octets: Any, at: Any, end: Any, names: Any, name_starts: Any, likely: Any, row: Any,
    heap: Any, used: Any, extras: Any, bits: Any, value: Any,
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
            at = _position(octets, at, end, row, bits, value)
        elif is_word(octets, key, size, _VELOCITY):
            seen |= 16
            at = _velocity(octets, at, end, row, bits, value)
        elif is_word(octets, key, size, _BEARING):
            seen |= 32
            at = _bearing(octets, at, end, row, bits, value)
        elif is_word(octets, key, size, _CLASSES):
            seen |= 64
            at = _classes(octets, at, end, row, bits, value)
        elif is_word(octets, key, size, _SCORE):
            seen |= 128
            at = double(octets, at, end, bits, value)
            row.score = value[0]
            if not 0.0 <= value[0] <= 1.0:
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
def _position(octets: Any, at: Any, end: Any, row: Any, bits: Any, value: Any) -> Any:
    pairs, at = mapping(octets, at, end)
    seen = 0
    row.cov_m2 = 0.0
    for _ in range(pairs):
        if at < 0:
            return -1
        key, size = text(octets, at, end)
        if size < 0:
            return -1
        at = double(octets, key + size, end, bits, value)
        before = seen
        if is_word(octets, key, size, _LON):
            row.lon_deg = value[0]
            seen |= 1
        elif is_word(octets, key, size, _LAT):
            row.lat_deg = value[0]
            seen |= 2
        elif is_word(octets, key, size, _VAR_EAST):
            row.var_east_m2 = value[0]
            seen |= 4
        elif is_word(octets, key, size, _VAR_NORTH):
            row.var_north_m2 = value[0]
            seen |= 8
        elif is_word(octets, key, size, _COV):
            row.cov_m2 = value[0]
            seen |= 16
        elif is_word(octets, key, size, _HEIGHT):
            seen |= 32
        if seen == before:
            return -1
    good = (
        seen & 15 == 15
        and -180.0 <= row.lon_deg <= 180.0
        and -90.0 <= row.lat_deg <= 90.0
        and 0.0 < row.var_east_m2 < 1e12
        and 0.0 < row.var_north_m2 < 1e12
        and row.cov_m2 * row.cov_m2 < row.var_east_m2 * row.var_north_m2
    )
    return at if good else -1


@kernel
def _bearing(octets: Any, at: Any, end: Any, row: Any, bits: Any, value: Any) -> Any:
    pairs, at = mapping(octets, at, end)
    seen = 0
    for _ in range(pairs):
        if at < 0:
            return -1
        key, size = text(octets, at, end)
        if size < 0:
            return -1
        at = double(octets, key + size, end, bits, value)
        before = seen
        if is_word(octets, key, size, _DIRECTION):
            row.bearing_deg = value[0]
            seen |= 1
        elif is_word(octets, key, size, _DIRECTION_SIGMA):
            row.bearing_sigma_deg = value[0]
            seen |= 2
        elif is_word(octets, key, size, _RANGE):
            row.range_m = value[0]
            seen |= 4
            if not 0.0 <= value[0] < 1e7:
                return -1
        elif is_word(octets, key, size, _RANGE_SIGMA):
            row.range_sigma_m = value[0]
            seen |= 8
        if seen == before:
            return -1
    good = seen & 3 == 3 and 0.0 <= row.bearing_deg < 360.0 and 0.0 < row.bearing_sigma_deg <= 180.0
    return at if good else -1


@kernel
def _velocity(octets: Any, at: Any, end: Any, row: Any, bits: Any, value: Any) -> Any:
    pairs, at = mapping(octets, at, end)
    seen = 0
    for _ in range(pairs):
        if at < 0:
            return -1
        key, size = text(octets, at, end)
        if size < 0:
            return -1
        at = double(octets, key + size, end, bits, value)
        before = seen
        if is_word(octets, key, size, _EAST):
            row.east_mps = value[0]
            seen |= 1
        elif is_word(octets, key, size, _NORTH):
            row.north_mps = value[0]
            seen |= 2
        elif is_word(octets, key, size, _SPEED_SIGMA):
            row.speed_sigma_mps = value[0]
            seen |= 4
        if seen == before:
            return -1
    good = (
        seen == 7
        and abs(row.east_mps) < 1e4
        and abs(row.north_mps) < 1e4
        and 0.0 < row.speed_sigma_mps < 1e6
    )
    return at if good else -1


@kernel
def _classes(octets: Any, at: Any, end: Any, row: Any, bits: Any, value: Any) -> Any:
    pairs, at = mapping(octets, at, end)
    seen = 0
    total = 0.0
    for k in range(row.classes.size):
        row.classes[k] = 0.0
    for _ in range(pairs):
        if at < 0:
            return -1
        key, size = text(octets, at, end)
        if size < 0:
            return -1
        at = double(octets, key + size, end, bits, value)
        if is_word(octets, key, size, _PERSON):
            which = 0
        elif is_word(octets, key, size, _GROUP):
            which = 1
        elif is_word(octets, key, size, _VEHICLE):
            which = 2
        elif is_word(octets, key, size, _ANIMAL):
            which = 3
        elif is_word(octets, key, size, _UNKNOWN):
            which = 4
        else:
            return -1
        if seen >> which & 1 or not 0.0 <= value[0] <= 1.0:
            return -1
        seen |= 1 << which
        row.classes[which] = value[0]
        total += value[0]
    return at if total <= 1.0 + 1e-6 else -1
