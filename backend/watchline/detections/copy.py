"""Pack detection rows into PostgreSQL's binary COPY format, group by group, without row objects.

Format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format". Rows that share
edge, sensor, timing and the same pattern of absent values have the same byte layout, so each
such group is one numpy structured array; only a device's track number and extras vary in size.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.detections.rows import Rows

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: PostgreSQL counts microseconds from 2000-01-01.
_PG_EPOCH_US = 946_684_800_000_000
#: EWKB little-endian point with SRID 4326.
_POINT = np.frombuffer(
    b"\x01" + (0x20000001).to_bytes(4, "little") + (4326).to_bytes(4, "little"), np.uint8
)
#: int4 dimensions, int4 has-null, oid of float4, then length and lower bound of dimension 1.
_REAL_ARRAY = np.array([1, 0, 700, 5, 1], ">i4")

_FLOATS = (
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
)

#: The columns in the order in which `pack` writes them.
COLUMNS = (
    "known_at",
    "at",
    "boot",
    "seq",
    "timing",
    "edge_id",
    "sensor_id",
    "sector_id",
    "track_id",
    "geom",
    "classes",
    *_FLOATS,
    "sensor_track",
    "extras",
)


def pack(
    rows: Rows,
    *,
    known_us: int,
    sector: str,
    timing: NDArray[np.uint8],
    track_ids: NDArray[np.uint8],
    edge_ids: Mapping[int, str],
    sensor_ids: Mapping[int, str],
) -> bytes:
    """The whole COPY stream for `rows`; columns as in COLUMNS.

    `timing` (n,) holds the letters of detection.timing, `track_ids` (n, 16) UUID bytes with
    all zeros for none. Absent values (NaN, None) become NULL.
    """
    has_track = np.asarray(track_ids.any(axis=1))
    has_place = ~np.isnan(rows.lon_deg)
    has_classes = ~np.isnan(rows.classes[:, 0])
    present = np.stack([~np.isnan(getattr(rows, name)) for name in _FLOATS], axis=1)
    pattern = np.concatenate(
        [has_track[:, None], has_place[:, None], has_classes[:, None], present], axis=1
    )
    pattern_bits = pattern @ (1 << np.arange(pattern.shape[1]))
    keys = np.stack([rows.edge, rows.sensor, timing, pattern_bits], axis=1)
    groups, member = np.unique(keys, axis=0, return_inverse=True)
    member = member.reshape(-1)
    chunks = [_HEADER]
    for g, (edge, sensor, letter, bits) in enumerate(groups.tolist()):
        index = np.flatnonzero(member == g)
        flags = [bool(bits >> k & 1) for k in range(pattern.shape[1])]
        texts = (edge_ids[edge], sensor_ids[sensor], sector)
        chunks.append(
            _pack_group(rows.take(index), track_ids[index], known_us, letter, texts, flags)
        )
    chunks.append(_TRAILER)
    return b"".join(chunks)


def _pack_group(
    rows: Rows,
    track_ids: NDArray[np.uint8],
    known_us: int,
    timing: int,
    texts: Sequence[str],
    flags: Sequence[bool],
) -> bytes:
    n = len(rows)
    layout: list[Any] = [("fields", ">i2")]
    values: dict[str, object] = {"fields": len(COLUMNS)}

    def column(name: str, kind: str, size: int, value: object, *shape: int) -> None:
        layout.append((f"{name}_length", ">i4"))
        values[f"{name}_length"] = size
        if size >= 0:
            layout.append((name, kind, shape) if shape else (name, kind))
            values[name] = value

    def text(name: str, word: str) -> None:
        data = word.encode()
        column(name, f"S{len(data)}", len(data), data)

    has_track, has_place, has_classes = flags[:3]
    column("known_at", ">i8", 8, known_us - _PG_EPOCH_US)
    column("at", ">i8", 8, rows.at_us - _PG_EPOCH_US)
    column("boot", ">i8", 8, rows.boot)
    column("seq", ">i8", 8, rows.seq)
    column("timing", "u1", 1, timing)
    text("edge_id", texts[0])
    text("sensor_id", texts[1])
    text("sector_id", texts[2])
    column("track_id", "u1", 16 if has_track else -1, track_ids, 16)
    if has_place:
        layout += [
            ("geom_length", ">i4"),
            ("geom_head", "u1", (9,)),
            ("lon", "<f8"),
            ("lat", "<f8"),
        ]
        values |= {"geom_length": 25, "geom_head": _POINT, "lon": rows.lon_deg, "lat": rows.lat_deg}
    else:
        column("geom", "", -1, None)
    if has_classes:
        layout += [
            ("classes_length", ">i4"),
            ("classes_head", ">i4", (5,)),
            ("classes", [("length", ">i4"), ("value", ">f4")], (5,)),
        ]
        values |= {"classes_length": 60, "classes_head": _REAL_ARRAY}
    else:
        column("classes", "", -1, None)
    for name, there in zip(_FLOATS, flags[3:], strict=True):
        column(name, ">f4", 4 if there else -1, getattr(rows, name))
    records = np.zeros(n, np.dtype(layout))
    for name, value in values.items():
        records[name] = value
    if has_classes:
        records["classes"]["length"] = 4
        records["classes"]["value"] = rows.classes
    return _with_tails(records, rows)


def _with_tails(records: NDArray[np.void], rows: Rows) -> bytes:
    width = records.dtype.itemsize
    body = records.tobytes()
    parts: list[bytes] = []
    for i, (track, extras) in enumerate(
        zip(rows.sensor_track.tolist(), rows.extras.tolist(), strict=True)
    ):
        parts.append(body[i * width : (i + 1) * width])
        parts.append(_field(None if track is None else track.encode()))
        # jsonb's binary form: a version byte, then the text.
        parts.append(_field(None if extras is None else b"\x01" + json.dumps(extras).encode()))
    return b"".join(parts)


def _field(data: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if data is None else len(data).to_bytes(4, "big") + data
