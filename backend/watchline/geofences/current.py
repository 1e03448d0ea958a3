"""The valid geofences, in the sector's plane, as the compiled index wants them."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import shapely

from watchline.db.sql import load
from watchline.geofences.model import Direction, Geofence, GeofenceKind, Purpose
from watchline.geofences.rings import rings_of
from watchline.geofences.schedule import Local, Pause, Schedule
from watchline.sectors.plane import SectorPlane

_sql = load("watchline.geofences", "current.sql")


def newest_rev(connection: psycopg.Connection[Any], sector: str) -> int:
    """The rev of the sector's last change of a geofence, a pause or a rule."""
    row = connection.execute(_sql["newest_rev"], {"sector": sector}).fetchone()
    return 0 if row is None else int(row[0])


def current(
    connection: psycopg.Connection[Any],
    sector: str,
    plane: SectorPlane,
    at: datetime | None = None,
) -> list[Geofence]:
    """All geofences of the sector whose validity is open, or was at a time; in force or not."""
    values = {"sector": sector, "at": at}
    zone = connection.execute(_sql["time_zone"], {"sector": sector}).fetchone()
    assert zone is not None  # its writer holds it
    local = Local(
        zone=ZoneInfo(zone[0]),
        lon_deg=plane.lon_deg,
        lat_deg=plane.lat_deg,
    )
    pauses: dict[str, list[Pause]] = defaultdict(list)
    for id, from_us, until_us in connection.execute(_sql["pauses"], values):
        pauses[id].append(Pause(from_us=from_us, until_us=until_us))
    return [
        Geofence(
            id=id,
            version=version,
            kind=GeofenceKind(kind),
            rings=rings_of(shapely.from_wkb(bytes(wkb)), plane),
            directions=tuple(map(Direction, directions or ())),
            p_in=p_in,
            p_out=p_out,
            purpose=Purpose(purpose),
            schedule=None if schedule is None else Schedule.model_validate(schedule),
            pauses=tuple(pauses[id]),
            local=local,
        )
        for id, version, kind, purpose, wkb, directions, p_in, p_out, schedule in (
            connection.execute(_sql["current"], values)
        )
    ]
