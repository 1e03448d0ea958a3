"""An operator's map, of each kind, becomes an archive that browsers read by ranges."""

import gzip
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

from watchline.errors import MapInvalid
from watchline.maps.catalogue import catalogue
from watchline.maps.importing import put

BOUNDS = (23.9, 50.4, 24.1, 50.6)


def put_quietly(file: Path, folder: Path, name: str = "Karta Łódź") -> str:
    shares: list[float] = []
    id = put(file, folder, name, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    return id


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "maps"


@pytest.fixture
def geotiff(tmp_path) -> Path:
    path = tmp_path / "area.tif"
    data = np.zeros((3, 400, 500), np.uint8)
    data[0], data[1, :200] = 200, 90
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=500,
        height=400,
        count=3,
        dtype="uint8",
        crs="EPSG:4326",
        transform=from_bounds(*BOUNDS, 500, 400),
    ) as out:
        out.write(data)
    return path


@pytest.fixture
def vector(tmp_path) -> Path:
    path = tmp_path / "vector.pmtiles"
    with path.open("wb") as sink:
        writer = Writer(sink)
        writer.write_tile(zxy_to_tileid(0, 0, 0), gzip.compress(b"tile"))
        west, south, east, north = (round(edge * 1e7) for edge in BOUNDS)
        writer.finalize(
            {
                "tile_type": TileType.MVT,
                "tile_compression": Compression.GZIP,
                "min_lon_e7": west,
                "min_lat_e7": south,
                "max_lon_e7": east,
                "max_lat_e7": north,
                "center_zoom": 0,
                "center_lon_e7": west,
                "center_lat_e7": south,
            },
            {"vector_layers": []},
        )
    return path


def test_pmtiles_are_taken_as_they_are(vector, folder):
    id = put_quietly(vector, folder)
    assert id == "karta-odz"
    assert (folder / f"{id}.pmtiles").read_bytes() == vector.read_bytes()
    assert catalogue(folder) == [
        {
            "id": id,
            "name": "Karta Łódź",
            "kind": "pmtiles",
            "url": f"/maps/{id}.pmtiles",
            "bounds": BOUNDS,
        }
    ]
    assert sorted(path.name for path in folder.iterdir()) == [f"{id}.json", f"{id}.pmtiles"]


def test_mbtiles_are_converted(tmp_path, folder):
    path = tmp_path / "old.mbtiles"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE metadata (name text, value text)")
        db.execute(
            "CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)"
        )
        db.executemany(
            "INSERT INTO metadata VALUES (?, ?)",
            [
                ("name", "old"),
                ("format", "pbf"),
                ("bounds", "23.9,50.4,24.1,50.6"),
                ("minzoom", "0"),
                ("maxzoom", "1"),
                ("json", json.dumps({"vector_layers": []})),
            ],
        )
        db.execute("INSERT INTO tiles VALUES (0, 0, 0, ?)", [gzip.compress(b"tile")])
        db.execute("INSERT INTO tiles VALUES (1, 1, 1, ?)", [gzip.compress(b"north east")])
    db.close()
    id = put_quietly(path, folder)
    with (folder / f"{id}.pmtiles").open("rb") as source:
        reader = Reader(MmapSource(source))
        assert gzip.decompress(reader.get(1, 1, 0)) == b"north east"  # MBTiles count from the south
    assert catalogue(folder)[0]["bounds"] == BOUNDS


def test_a_geotiff_is_cut_into_tiles_that_lie_where_they_should(geotiff, folder):
    id = put_quietly(geotiff, folder)
    assert catalogue(folder)[0]["bounds"] == pytest.approx(BOUNDS, abs=1e-6)
    with (folder / f"{id}.pmtiles").open("rb") as source:
        reader = Reader(MmapSource(source))
        header = reader.header()
        assert header["tile_type"] == TileType.PNG and header["min_zoom"] < header["max_zoom"]
        z = header["max_zoom"]

        def colour(lon: float, lat: float) -> tuple[int, ...]:
            size = 2**z
            x = (lon + 180) / 360 * size
            y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * size
            with MemoryFile(reader.get(z, int(x), int(y))) as memory, memory.open() as image:
                pixel = image.read()[:, int(y % 1 * 256), int(x % 1 * 256)]
            return tuple(int(value) for value in pixel)

        assert colour(24.0, 50.55) == (200, 90, 0, 255)
        assert colour(24.0, 50.45) == (200, 0, 0, 255)
        assert colour(23.8995, 50.5)[3] == 0  # beside the map


def test_heights_are_spread_over_grey(tmp_path, folder):
    path = tmp_path / "dem.tif"
    heights = np.linspace(100, 900, 64 * 64).reshape(1, 64, 64).astype("float32")
    heights[0, 0, 0] = -9999
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=1,
        dtype="float32",
        nodata=-9999,
        crs="EPSG:32635",
        transform=from_bounds(300_000, 5_590_000, 306_400, 5_596_400, 64, 64),
    ) as out:
        out.write(heights)
    id = put_quietly(path, folder, "Heights")
    with (folder / f"{id}.pmtiles").open("rb") as source:
        assert Reader(MmapSource(source)).header()["addressed_tiles_count"] > 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unknown_format"),
        (b"<kml/>", "unknown_format"),
        (b"PMTiles\x03" + bytes(200), "broken"),
        (b"PMTiles", "broken"),
        (b"SQLite format 3\0" + bytes(200), "broken"),
        (b"II*\0" + bytes(200), "broken"),
    ],
)
def test_what_is_no_map_is_refused_and_leaves_nothing(tmp_path, folder, data, reason):
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(MapInvalid) as refused:
        put(path, folder, "bad", lambda share: None)
    assert refused.value.params["reason"] == reason
    assert list(folder.iterdir()) == []


def test_a_cut_archive_and_an_unplaced_picture_are_refused(tmp_path, folder, vector, geotiff):
    cut = tmp_path / "cut.pmtiles"
    cut.write_bytes(vector.read_bytes()[:-5])
    bare = tmp_path / "bare.tif"
    with rasterio.open(bare, "w", driver="GTiff", width=9, height=9, count=1, dtype="uint8") as out:
        out.write(np.zeros((1, 9, 9), np.uint8))
    for path, reason in ((cut, "broken"), (bare, "no_position")):
        with pytest.raises(MapInvalid) as refused:
            put(path, folder, "bad", lambda share: None)
        assert refused.value.params["reason"] == reason
    assert catalogue(folder) == []


def test_an_archive_behind_a_catalogue_entry_may_be_missing(vector, folder):
    id = put_quietly(vector, folder)
    (folder / f"{id}.pmtiles").unlink()
    assert catalogue(folder) == []
    assert catalogue(folder / "nowhere") == []
