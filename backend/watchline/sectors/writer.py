"""A sector's one writer: the lock that makes it alone, the fence that keeps it honest.

The advisory lock says who writes; whoever waits for it ends the sessions of a writer that shows
no life. The lock cannot stop a writer that lost its connection and does not know yet. So each
commit raises `sector.rev` from the value the writer last saw, in its own epoch: no row means that
the memory is out of date and nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import shapely
from psycopg.types.json import Jsonb
from shapely.geometry.base import BaseGeometry

from watchline.db.sql import load
from watchline.sectors.model import WRITER_ALIVE_S
from watchline_sensors.contract import Health, SensorInfo

_sql = load("watchline.sectors", "writer.sql")

Connection = psycopg.Connection[Any]


class RevMoved(Exception):
    """The sector changed since the writer last read it: re-read, then run the step again."""


class Fenced(Exception):
    """Another writer has taken the sector: nothing of this one counts any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A sector as its new writer finds it. `area` (WGS 84) is where it may raise findings.

    `taken_us` is the database's time then.
    """

    sector: str
    epoch: int
    rev: int
    origin_lon_deg: float
    origin_lat_deg: float
    area: BaseGeometry
    taken_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRow:
    """An edge that may send, and when it was last heard."""

    id: str
    public_key: bytes
    last_seen_at: datetime | None


def take(connection: Connection, sector: str, *, url: str, token: str) -> Hold | None:
    """Become the sector's writer, or None while another live one holds it."""
    with connection.transaction():
        locked = connection.execute(_sql["try_lock"], {"sector": sector}).fetchone()
        if locked is None or not locked[0]:
            connection.execute(_sql["unseat"], {"sector": sector, "alive_s": WRITER_ALIVE_S})
            return None
        connection.execute(_sql["end_helpers"], {"sector": sector})
        row = connection.execute(
            _sql["take"], {"sector": sector, "url": url, "token": token}
        ).fetchone()
        if row is None:
            return None
        return Hold(
            sector=sector,
            epoch=row[0],
            rev=row[1],
            origin_lon_deg=row[2],
            origin_lat_deg=row[3],
            area=shapely.from_wkb(bytes(row[4])),
            taken_us=row[5],
        )


def helps(connection: Connection, sector: str) -> None:
    """Tie another session of the sector's writer to it: the next writer will end it too."""
    connection.execute(_sql["help"], {"sector": sector})


def fence(connection: Connection, hold: Hold, rev: int) -> int:
    """Raise the sector's rev from `rev`, as the first statement of a commit.

    Raises RevMoved when somebody else has written, Fenced when another writer has taken over.
    """
    row = connection.execute(
        _sql["fence"], {"sector": hold.sector, "epoch": hold.epoch, "rev": rev}
    ).fetchone()
    if row is not None:
        return int(row[0])
    if position(connection, hold.sector)[0] != hold.epoch:
        raise Fenced
    raise RevMoved


def position(connection: Connection, sector: str) -> tuple[int, int]:
    """The sector's committed (epoch, rev)."""
    row = connection.execute(_sql["position"], {"sector": sector}).fetchone()
    if row is None:
        raise Fenced
    return row[0], row[1]


def lock(connection: Connection, hold: Hold) -> int:
    """Keep people from writing until the transaction ends; the rev. Raises Fenced."""
    row = connection.execute(_sql["lock"], {"sector": hold.sector}).fetchone()
    if row is None or row[0] != hold.epoch:
        raise Fenced
    return int(row[1])


def bump(connection: Connection, hold: Hold) -> int:
    """Raise the rev from whatever it is: for writes beside the step, in their transaction.

    Raises Fenced when another writer has taken over.
    """
    row = connection.execute(_sql["bump"], {"sector": hold.sector, "epoch": hold.epoch}).fetchone()
    if row is None:
        raise Fenced
    return int(row[0])


def seen(connection: Connection, hold: Hold) -> int:
    """Say that the writer lives; gives the database's time (µs), raises Fenced when replaced."""
    row = connection.execute(_sql["seen"], {"sector": hold.sector, "epoch": hold.epoch}).fetchone()
    if row is None:
        raise Fenced
    return int(row[0])


def database_us(connection: Connection) -> int:
    """The database's time, µs since 1970 UTC."""
    row = connection.execute(_sql["database_us"]).fetchone()
    assert row is not None  # a SELECT without FROM
    return int(row[0])


def load_state(connection: Connection, sector: str) -> tuple[bytes, bytes] | None:
    """The packed tracker and rule states of the last commit."""
    row = connection.execute(_sql["load_state"], {"sector": sector}).fetchone()
    return None if row is None else (bytes(row[0]), bytes(row[1]))


def save_state(
    connection: Connection, sector: str, rev: int, clock_us: int, tracker: bytes, rules: bytes
) -> None:
    """Replace the packed states."""
    connection.execute(
        _sql["save_state"],
        {"sector": sector, "rev": rev, "clock_us": clock_us, "tracker": tracker, "rules": rules},
    )


def hint(connection: Connection, sector: str) -> None:
    """Wake the hubs; a lost hint costs them at most a second."""
    connection.execute(_sql["hint"], {"sector": sector})


def edges(connection: Connection, sector: str) -> Sequence[EdgeRow]:
    """The sector's enabled edges."""
    return [
        EdgeRow(id=id, public_key=bytes(key), last_seen_at=seen_at)
        for id, key, seen_at in connection.execute(_sql["edges"], {"sector": sector})
    ]


def sensors(connection: Connection, sector: str) -> Sequence[tuple[int, str, str]]:
    """(number, id, edge) of each sensor described so far."""
    return connection.execute(_sql["sensors"], {"sector": sector}).fetchall()


def upsert_sensor(
    connection: Connection, sector: str, edge: str, info: SensorInfo, rev: int
) -> int | None:
    """Store a sensor's description; None when it is older or belongs to another edge."""
    row = connection.execute(
        _sql["upsert_sensor"],
        {
            "id": info.sensor,
            "edge": edge,
            "sector": sector,
            "site": info.site,
            "name": info.name,
            "kind": info.kind,
            "lon": info.lon_deg,
            "lat": info.lat_deg,
            "height": info.height_m,
            "info": Jsonb(_info_json(info)),
            "at_us": info.at_us,
            "rev": rev,
        },
    ).fetchone()
    return None if row is None else int(row[0])


def _info_json(info: SensorInfo) -> dict[str, Any]:
    fov = info.field_of_view
    return {
        "north": info.north,
        "north_offset_deg": info.north_offset_deg,
        "simulated": info.simulated,
        "field_of_view": None
        if fov is None
        else {
            "azimuth_deg": fov.azimuth_deg,
            "width_deg": fov.width_deg,
            "min_range_m": fov.min_range_m,
            "max_range_m": fov.max_range_m,
        },
    }


def upsert_health(connection: Connection, health: Health, known_us: int) -> None:
    """Store a heartbeat unless a later one is there."""
    connection.execute(
        _sql["upsert_health"],
        {
            "sensor": health.sensor,
            "at_us": health.at_us,
            "known_us": known_us,
            "state": health.state,
            "code": health.code,
            "counters": Jsonb(health.counters),
        },
    )


def edge_seen(connection: Connection, edge: str, known_us: int, skew_ms: float | None) -> None:
    """Note when an edge was last heard and how far its clock is off."""
    connection.execute(_sql["edge_seen"], {"edge": edge, "known_us": known_us, "skew_ms": skew_ms})
