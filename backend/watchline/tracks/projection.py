"""Keep the `track` rows: what people and tiles read, at most once a second per track."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from watchline.db.arrays import Bigints, Doubles, Uuids
from watchline.db.sql import load
from watchline.tracks.local import LocalStates
from watchline.tracks.model import TrackStatus, TrackUpdates

_sql = load("watchline.tracks", "projection.sql")

Connection = psycopg.Connection[Any]

_STATUS = {int(status): status.name.lower() for status in TrackStatus}


def live_ids(connection: Connection, sector: str) -> set[bytes]:
    """Tracks that have a row and have not ended."""
    return {id.bytes for (id,) in connection.execute(_sql["live_ids"], {"sector": sector})}


def insert(
    connection: Connection,
    sector: str,
    known_us: int,
    updates: TrackUpdates,
    local: LocalStates,
    sensor_ids: Mapping[int, str],
) -> None:
    """First rows of tracks, one for each update."""
    with connection.cursor() as cursor:
        cursor.executemany(
            _sql["insert"],
            [
                _row(updates, i, local, sensor_ids)
                | {
                    "sector": sector,
                    "known_us": known_us,
                    "no": int(updates.no[i]),
                    "first_us": int(updates.first_us[i]),
                    "historical": False,
                    "classes": updates.classes[i].tolist(),
                    "path": None,
                }
                for i in range(len(updates))
            ],
        )


def update(
    connection: Connection,
    sector: str,
    epoch: int,
    updates: TrackUpdates,
    local: LocalStates,
    sensor_ids: Mapping[int, str],
    *,
    beside: bool,
) -> None:
    """Bring rows of known tracks up to these updates, one for each, in one statement.

    Nothing is written when another writer has taken the sector. `beside` a commit, rows that
    it holds or has written since are left alone.
    """
    numbers: dict[str, NDArray[Any]] = {
        "lon": local.lon_deg,
        "lat": local.lat_deg,
        "var_east": local.var_east_m2,
        "cov": local.cov_m2,
        "var_north": local.var_north_m2,
        "east": local.east_mps,
        "north": local.north_mps,
    }
    numbers |= {f"c{k}": updates.classes[:, k] for k in range(updates.classes.shape[1])}
    connection.execute(
        _sql["update"] + ("\n" + _sql["beside"] if beside else ""),
        {name: Doubles(column) for name, column in numbers.items()}
        | {
            "sector": sector,
            "epoch": epoch,
            "id": Uuids(updates.id),
            "status": _array(_STATUS[status] for status in updates.status.tolist()),
            "last_us": Bigints(updates.at_us),
            "hits": Bigints(updates.hits),
            "sensors": _array(_quoted_names(updates.sensors, sensor_ids)),
        },
        # A prepared plan does not know how many rows there are, and is three times as slow.
        prepare=False,
    )


def without_flush(connection: Connection) -> None:
    """Let this transaction's commit not wait for the disk."""
    connection.execute(_sql["without_flush"])


def _array(quoted: Iterable[str]) -> str:
    # As text: psycopg would look at each element of a list, which costs more than the update.
    return f"{{{','.join(quoted)}}}"


def _quoted_names(sensors: NDArray[np.int32], sensor_ids: Mapping[int, str]) -> list[str]:
    """The sensors of each row in a line each, as an element of PostgreSQL's text array."""
    size = sensors.shape[1] * sensors.itemsize
    octets = np.ascontiguousarray(sensors).tobytes()
    rows = [octets[at : at + size] for at in range(0, len(octets), size)]
    quoted = {}
    for row in set(rows):  # most tracks are seen by the same few
        names = "\n".join(_names(np.frombuffer(row, sensors.dtype).tolist(), sensor_ids))
        quoted[row] = '"' + names.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return [quoted[row] for row in rows]


def insert_historical(
    connection: Connection,
    sector: str,
    known_us: int,
    no: int,
    last: TrackUpdates,
    points: NDArray[np.float64],
    local: LocalStates,
    sensor_ids: Mapping[int, str],
    identity: bytes,
) -> None:
    """A rerun track by its one last update, with its path (k, 3: lon, lat, unix seconds).

    An older version of the same id is closed, unless the track lives: its live row goes on.
    """
    path = shapely.LineString(points if len(points) > 1 else points.repeat(2, axis=0))
    # Shapely has no M of its own here: the third ordinate is told to be M in the WKB's type.
    wkb = bytearray(shapely.to_wkb(path, flavor="iso"))
    wkb[1:5] = (2002).to_bytes(4, "little")
    connection.execute(_sql["close_version"], {"id": UUID(bytes=identity), "known_us": known_us})
    connection.execute(
        _sql["insert"],
        _row(last, 0, local, sensor_ids)
        | {
            "id": UUID(bytes=identity),
            "sector": sector,
            "known_us": known_us,
            "no": no,
            "first_us": int(last.first_us[0]),
            "historical": True,
            "status": "ended",
            "classes": last.classes[0].tolist(),
            "path": bytes(wkb),
        },
    )


def numbers_of(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, int]:
    """The short numbers of tracks that have a row."""
    rows = connection.execute(_sql["numbers_of"], {"ids": [UUID(bytes=id) for id in ids]})
    return {id.bytes: no for id, no in rows}


def lowest_no(connection: Connection, sector: str) -> int:
    """The lowest number in the sector; historical tracks count down from −1."""
    row = connection.execute(_sql["lowest_no"], {"sector": sector}).fetchone()
    return 0 if row is None else int(row[0])


def _row(
    updates: TrackUpdates, i: int, local: LocalStates, sensor_ids: Mapping[int, str]
) -> dict[str, Any]:
    return {
        "id": UUID(bytes=updates.id[i].tobytes()),
        "status": _STATUS[updates.status[i]],
        "last_us": int(updates.at_us[i]),
        "lon": float(local.lon_deg[i]),
        "lat": float(local.lat_deg[i]),
        "var_east": float(local.var_east_m2[i]),
        "cov": float(local.cov_m2[i]),
        "var_north": float(local.var_north_m2[i]),
        "east": float(local.east_mps[i]),
        "north": float(local.north_mps[i]),
        "hits": int(updates.hits[i]),
        "sensors": _names(updates.sensors[i].tolist(), sensor_ids),
    }


def _names(numbers: Sequence[int], sensor_ids: Mapping[int, str]) -> list[str]:
    return [sensor_ids[n] for n in numbers if n]
