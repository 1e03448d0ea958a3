"""What radars saw of confirmed tracks, as a file: by it an edge calibrates its cameras."""

import csv
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from watchline.audit import store as audit
from watchline.db.sql import load
from watchline.errors import PlotsNone, SectorUnknown

_sql = load("watchline.history", "plots.sql")
_PAGE_ROWS = 5_000
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
COLUMNS = ("at", "track", "lon_deg", "lat_deg", "sigma_m")


def export(
    connection: psycopg.Connection[Any],
    file: Path,
    sector: str,
    from_at: datetime,
    until_at: datetime,
    *,
    actor: str,
    progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Write the plots with from_at ≤ at < until_at into a CSV file, sorted by time; how many.

    A row is the time (ISO 8601, UTC, microseconds), the track's id, WGS 84 degrees, and the longer
    axis of the plot's covariance in metres (1 σ). Rows are read in pages; the file is there when it
    is whole and the sector's audit chain tells of it: people were where its rows say, so nobody but
    its owner may read it. `connection` is in autocommit. Raises SectorUnknown, PlotsNone, OSError.
    """
    if connection.execute(_sql["sector"], {"sector": sector}).fetchone() is None:
        raise SectorUnknown(sector=sector)
    values = {"sector": sector, "from_at": from_at, "until_at": until_at}
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)  # an older one may have other permissions
    count = 0
    try:
        with (
            open(os.open(part, _NEW, 0o600), "w", newline="") as out,
            # No transaction stays open while the file is written.
            connection.cursor(name="plots", withhold=True) as cursor,
        ):
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow(COLUMNS)
            cursor.execute(_sql["plots"], values)
            while page := cursor.fetchmany(_PAGE_ROWS):
                rows.writerows(
                    (at.isoformat(timespec="microseconds"), track, f"{lon:.8f}", f"{lat:.8f}",
                     f"{sigma:.3f}")
                    for at, track, lon, lat, sigma in page
                )  # fmt: skip
                count += len(page)
                progress((page[-1][0] - from_at) / (until_at - from_at))
        if not count:
            raise PlotsNone(sector=sector, from_at=from_at.isoformat(), until=until_at.isoformat())
        with connection.transaction():
            audit.append_sync(
                connection,
                chain=sector,
                actor=actor,
                op="plots.export",
                object=f"sector {sector}",
                detail={"from": from_at.isoformat(), "until": until_at.isoformat(), "plots": count},
            )
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    progress(1.0)
    return count
