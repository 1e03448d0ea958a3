"""Pack detections into PostgreSQL's binary COPY format in machine code.

Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline import compiled
from watchline.compiled import entry, kernel
from watchline.detections.rows import Rows

#: PostgreSQL counts microseconds from 2000-01-01.
_PG_EPOCH_US = 946_684_800_000_000

#: The columns in the order in which `pack` writes them.
COLUMNS = (
    "known_at",
    "sector_id",
    "timing",
    "track_id",
    "edge_id",
    "sensor_id",
    "at",
    "boot",
    "seq",
    "geom",
    "classes",
    "var_east_m2",
    "cov_m2",
    "var_north_m2",
    "bearing_deg",
    "bearing_sigma_deg",
    "range_m",
    "range_sigma_m",
    "east_mps",
    "north_mps",
    "speed_sigma_mps",
    "score",
    "sensor_track",
    "extras",
)


def _octets(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).copy()


_HEADER = _octets(b"PGCOPY\n\xff\r\n\0" + bytes(8))
#: EWKB little-endian point with SRID 4326, behind its length.
_POINT = _octets(
    (25).to_bytes(4, "big")
    + b"\x01"
    + (0x20000001).to_bytes(4, "little")
    + (4326).to_bytes(4, "little")
)
#: A one-dimensional array of five float4: its length, dimensions, nulls, oid, size, lower bound.
_REALS = _octets(b"".join(n.to_bytes(4, "big") for n in (60, 1, 0, 700, 5, 1)))
#: What one row takes at most, without its texts and names.
_MOST = 2 + 4 * len(COLUMNS) + 8 * 4 + 1 + 16 + 25 + 60 + 11 * 4 + 1


def pack(
    rows: Rows,
    *,
    known_us: int,
    sector: str,
    timing: NDArray[np.uint8],
    track_ids: NDArray[np.uint8],
    edge_ids: Mapping[int, str],
    sensor_ids: Mapping[int, str],
) -> memoryview:
    """The whole COPY stream for `rows`; columns as in COLUMNS.

    `timing` (n,) holds the letters of detection.timing, `track_ids` (n, 16) UUID bytes with
    all zeros for none. Absent values (NaN, no text) become NULL.
    """
    same = _field((known_us - _PG_EPOCH_US).to_bytes(8, "big", signed=True)) + _field(
        sector.encode()
    )
    first = _octets(len(COLUMNS).to_bytes(2, "big") + same)
    edges = _Texts(edge_ids)
    sensors = _Texts(sensor_ids)
    n = len(rows)
    texts = int(np.maximum(rows["track_size"], 0).sum() + np.maximum(rows["extras_size"], 0).sum())
    most = n * (_MOST + len(first) + edges.longest + sensors.longest) + texts
    out = np.empty(len(_HEADER) + most + 2, np.uint8)
    reals = np.empty(1, np.float32)
    doubles = np.empty(1, np.float64)
    size = _pack(
        out, rows.table, rows.heap, first, timing, track_ids,
        edges.places(rows["edge"]), edges.octets, edges.starts,
        sensors.places(rows["sensor"]), sensors.octets, sensors.starts,
        reals, reals.view(np.uint32), doubles, doubles.view(np.uint64),
    )  # fmt: skip
    return out[:size].data


class _Texts:
    """Texts by number, each as the field it is in a row."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._numbers = np.array(sorted(texts), np.int64)
        fields = [_field(texts[number].encode()) for number in self._numbers.tolist()]
        self.octets = np.frombuffer(b"".join(fields), np.uint8)
        self.starts = np.cumsum([0, *map(len, fields)])
        self.longest = max(map(len, fields), default=0)

    def places(self, numbers: NDArray[np.int32]) -> NDArray[np.intp]:
        """Where each number's text stands; every number must have one."""
        found = np.searchsorted(self._numbers, numbers)
        if len(numbers) and not np.array_equal(self._numbers.take(found, mode="clip"), numbers):
            raise KeyError(sorted(set(numbers.tolist()) - set(self._numbers.tolist()))[0])
        return found


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


@kernel
def _put(out: Any, at: Any, octets: Any, low: Any, high: Any) -> Any:
    for k in range(low, high):
        out[at] = octets[k]
        at += 1
    return at


@kernel
def _number(out: Any, at: Any, value: Any, size: Any) -> Any:
    """A big-endian number."""
    for k in range(size):
        out[at + k] = np.uint8((value >> (8 * (size - 1 - k))) & 255)
    return at + size


@kernel
def _long(out: Any, at: Any, value: Any) -> Any:
    at = _number(out, at, 8, 4)
    return _number(out, at, value, 8)


@kernel
def _real(out: Any, at: Any, value: Any, reals: Any, bits: Any) -> Any:
    if np.isnan(value):
        return _number(out, at, -1, 4)
    reals[0] = value
    at = _number(out, at, 4, 4)
    return _number(out, at, np.int64(bits[0]), 4)


@kernel
def _double_le(out: Any, at: Any, value: Any, doubles: Any, bits: Any) -> Any:
    doubles[0] = value
    for k in range(8):
        out[at + k] = np.uint8((bits[0] >> np.uint64(8 * k)) & np.uint64(255))
    return at + 8


@kernel
def _text(out: Any, at: Any, heap: Any, low: Any, size: Any) -> Any:
    at = _number(out, at, size, 4)  # −1 is NULL
    return _put(out, at, heap, low, low + size)


@entry(str(compiled.__file__), __file__)
def _pack(
    out: Any, table: Any, heap: Any, first: Any, timing: Any, track_ids: Any,
    edge: Any, edges: Any, edge_starts: Any, sensor: Any, sensors: Any, sensor_starts: Any,
    reals: Any, real_bits: Any, doubles: Any, double_bits: Any,
) -> Any:  # fmt: skip
    at = _put(out, 0, _HEADER, 0, _HEADER.size)
    for i in range(table.size):
        row = table[i]
        at = _put(out, at, first, 0, first.size)
        at = _number(out, at, 1, 4)
        at = _number(out, at, np.int64(timing[i]), 1)
        tracked = False
        for k in range(16):
            tracked |= track_ids[i, k] != 0
        at = _number(out, at, 16 if tracked else -1, 4)
        if tracked:
            for k in range(16):
                out[at + k] = track_ids[i, k]
            at += 16
        at = _put(out, at, edges, edge_starts[edge[i]], edge_starts[edge[i] + 1])
        at = _put(out, at, sensors, sensor_starts[sensor[i]], sensor_starts[sensor[i] + 1])
        at = _long(out, at, row.at_us - _PG_EPOCH_US)
        at = _long(out, at, row.boot)
        at = _long(out, at, row.seq)
        if np.isnan(row.lon_deg):
            at = _number(out, at, -1, 4)
        else:
            at = _put(out, at, _POINT, 0, _POINT.size)
            at = _double_le(out, at, row.lon_deg, doubles, double_bits)
            at = _double_le(out, at, row.lat_deg, doubles, double_bits)
        if np.isnan(row.classes[0]):
            at = _number(out, at, -1, 4)
        else:
            at = _put(out, at, _REALS, 0, _REALS.size)
            for k in range(5):
                at = _real(out, at, row.classes[k], reals, real_bits)
        at = _real(out, at, row.var_east_m2, reals, real_bits)
        at = _real(out, at, row.cov_m2, reals, real_bits)
        at = _real(out, at, row.var_north_m2, reals, real_bits)
        at = _real(out, at, row.bearing_deg, reals, real_bits)
        at = _real(out, at, row.bearing_sigma_deg, reals, real_bits)
        at = _real(out, at, row.range_m, reals, real_bits)
        at = _real(out, at, row.range_sigma_m, reals, real_bits)
        at = _real(out, at, row.east_mps, reals, real_bits)
        at = _real(out, at, row.north_mps, reals, real_bits)
        at = _real(out, at, row.speed_sigma_mps, reals, real_bits)
        at = _real(out, at, row.score, reals, real_bits)
        at = _text(out, at, heap, row.track_from, row.track_size)
        if row.extras_size < 0:
            at = _number(out, at, -1, 4)
        else:  # jsonb's binary form: a version, then the text
            at = _number(out, at, row.extras_size + 1, 4)
            at = _number(out, at, 1, 1)
            at = _put(out, at, heap, row.extras_from, row.extras_from + row.extras_size)
    return _number(out, at, -1, 2)
