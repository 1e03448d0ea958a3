"""A walk that lies in the database as if it had been seen live, one detection a second."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from plain_sector import lon_lat


def store_walk(
    hub: Any,
    places_m: Sequence[tuple[float, float]],
    start: datetime,
    *,
    no: int = 1,
    sigma_m: float = 3.0,
) -> UUID:
    """Store its detections and its track (east, north of the origin); gives the track's id."""
    track = UUID(int=no)
    hub.execute(
        "INSERT INTO edge (id, sector_id, public_key) VALUES ('e', 'test', %s)"
        " ON CONFLICT DO NOTHING",
        bytes(32),
    )
    hub.execute(
        "INSERT INTO sensor (id, edge_id, sector_id, name, kind, geom, info, info_at)"
        " VALUES ('radar', 'e', 'test', 'Radar', 'radar',"
        " ST_SetSRID(ST_MakePoint(24, 50.5, 0), 4326), '{}', now()) ON CONFLICT DO NOTHING"
    )
    with hub.database.connect("owner", autocommit=False) as connection:
        # A partition for a day long ago.
        for day in {(start + timedelta(seconds=k)).astimezone(UTC).date() for k in
                    range(len(places_m))}:  # fmt: skip
            name = f"detection_{day:%Y%m%d}"
            exists = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
            if exists == (None,):
                connection.execute(
                    f"CREATE TABLE {name} PARTITION OF detection FOR VALUES FROM ('{day}') "
                    f"TO ('{day + timedelta(days=1)}')"
                )
        for k, (east, north) in enumerate(places_m):
            at = start + timedelta(seconds=k)
            lon, lat = lon_lat(east, north)
            connection.execute(
                """INSERT INTO detection (known_at, at, edge_id, boot, seq, sensor_id, sector_id,
                       timing, track_id, geom, var_east_m2, cov_m2, var_north_m2)
                   VALUES (%s, %s, 'e', %s, %s, 'radar', 'test', 'l', %s,
                       ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s, 0, %s)""",
                [at, at, no, k + 1, track, lon, lat, sigma_m**2, sigma_m**2],
            )
        connection.execute(
            """INSERT INTO track (id, known_at, sector_id, no, status, first_at, last_at, geom,
                   var_east_m2, cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits)
               VALUES (%s, %s, 'test', %s, 'ended', %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326),
                   9, 0, 9, 0, 0, '{0.2,0.2,0.2,0.2,0.2}', '{radar}', %s)""",
            [track, start, no, start, at, lon, lat, len(places_m)],
        )
        connection.commit()
    return track
