"""Take an operator's map: PMTiles as it is, MBTiles converted, GeoTIFF cut into tiles.

All end as one .pmtiles archive in the maps folder, which browsers read by ranges.
"""

import re
import shutil
import sqlite3
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from watchline.errors import MapInvalid
from watchline.maps.catalogue import enter

#: Called with the share done, 0 to 1.
Progress = Callable[[float], None]

_CHUNK_BYTES = 8 * 1024 * 1024


def put(file: Path, folder: Path, name: str, progress: Progress) -> str:
    """Import a map under a name; gives its id. A map of the same id is replaced as a whole.

    Errors: MapInvalid with `reason` unknown_format, broken, no_position, empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    id = _slug(name)
    with file.open("rb") as source:
        head = source.read(16)
    waiting = Path(tempfile.mkstemp(prefix=f".{id}-", suffix=".pmtiles", dir=folder)[1])
    try:
        if head.startswith(b"PMTiles"):
            _copy(file, waiting, progress)
        elif head.startswith(b"SQLite format 3"):
            _from_mbtiles(file, waiting)
        elif head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            from watchline.maps.geotiff import to_pmtiles

            to_pmtiles(file, waiting, progress)
        else:
            raise MapInvalid(reason="unknown_format")
        bounds = _bounds(waiting)
        waiting.chmod(0o644)
        waiting.replace(folder / f"{id}.pmtiles")
    finally:
        waiting.unlink(missing_ok=True)
    enter(folder, id, name, "pmtiles", bounds)
    progress(1.0)
    return id


def _copy(file: Path, to: Path, progress: Progress) -> None:
    _bounds(file)
    size = file.stat().st_size
    with file.open("rb") as source, to.open("wb") as sink:
        while chunk := source.read(_CHUNK_BYTES):
            sink.write(chunk)
            progress(min(0.99, source.tell() / size))
    shutil.copystat(file, to)


def _from_mbtiles(file: Path, to: Path) -> None:
    from pmtiles.convert import mbtiles_to_pmtiles

    try:
        mbtiles_to_pmtiles(str(file), str(to), None)
    except (sqlite3.DatabaseError, KeyError, ValueError, IndexError) as error:
        raise MapInvalid(reason="broken") from error


def _bounds(archive: Path) -> tuple[float, float, float, float]:
    """West, south, east, north from the header, which is checked on the way."""
    header = _header(archive)
    west, south, east, north = (
        header[key] / 1e7 for key in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")
    )
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise MapInvalid(reason="no_position")
    if not header["addressed_tiles_count"] and not header["tile_data_length"]:
        raise MapInvalid(reason="empty")
    return west, south, east, north


def _header(archive: Path) -> dict[str, Any]:
    from pmtiles.reader import MmapSource, Reader

    try:
        with archive.open("rb") as source:
            reader = Reader(MmapSource(source))
            header: dict[str, Any] = reader.header()
            reader.metadata()
    except Exception as error:  # the library raises whatever its parsing meets
        raise MapInvalid(reason="broken") from error
    if header["tile_data_offset"] + header["tile_data_length"] > archive.stat().st_size:
        raise MapInvalid(reason="broken")
    return header


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "map"
