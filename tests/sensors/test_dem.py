"""Heights around a mast, from elevation models of our own and a real one."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from typer.testing import CliRunner

from watchline_sensors.cli import app
from watchline_sensors.dem import ElevationUnusable, ground
from watchline_sensors.terrain import load_terrain

SRTM = Path(__file__).parents[3] / "shared/data/terrain/N49E022.hgt"
LON, LAT = 22.5, 49.5


def model(path: Path, *, hole: bool = False) -> Path:
    """A slope that rises 1 m in 0.001° to the north and falls 2 m in 0.001° to the east."""
    rows, columns = np.mgrid[0:400, 0:400]
    north, east = LAT + 0.2 - (rows + 0.5) * 0.001, LON - 0.2 + (columns + 0.5) * 0.001
    heights = (300 + (north - LAT) * 1000 - (east - LON) * 2000).astype(np.float32)
    if hole:
        heights[200, 200] = -9999
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=400, count=1, dtype="float32",
        crs="EPSG:4326", transform=from_origin(LON - 0.2, LAT + 0.2, 0.001, 0.001), nodata=-9999,
    ) as out:  # fmt: skip
        out.write(heights, 1)
    return path


def test_a_slope_is_found_where_it_is(tmp_path: Path) -> None:
    path = model(tmp_path / "a.tif")
    found = ground(path, LON, LAT, reach_m=2000, step_m=20, raise_m=40.0)
    assert found.height_at(0.0, 0.0) == pytest.approx(340.0, abs=0.01)
    # A degree of latitude is 111.2 km there, one of longitude 72.4 km (WGS 84).
    assert found.height_at(0.0, 1112.3) == pytest.approx(350.0, abs=0.05)
    assert found.height_at(723.9, 0.0) == pytest.approx(320.0, abs=0.05)


def test_voids_and_edges_are_refused_and_said(tmp_path: Path) -> None:
    holed = model(tmp_path / "a.tif", hole=True)
    with pytest.raises(ElevationUnusable, match="has no height"):
        ground(holed, LON, LAT, reach_m=2000, step_m=20, raise_m=0.0)
    with pytest.raises(ElevationUnusable, match="has no height"):
        ground(model(tmp_path / "b.tif"), LON + 0.19, LAT, reach_m=2000, step_m=20, raise_m=0.0)
    (tmp_path / "c.tif").write_bytes(b"no model")
    with pytest.raises(ElevationUnusable):
        ground(tmp_path / "c.tif", LON, LAT, reach_m=2000, step_m=20, raise_m=0.0)


def test_the_command_writes_what_a_camera_reads(tmp_path: Path) -> None:
    out = tmp_path / "ground.npz"
    place = ["--lon", str(LON), "--lat", str(LAT), "--reach", "1000", "-o", str(out)]
    done = CliRunner().invoke(app, ["ground", str(model(tmp_path / "a.tif")), *place])
    assert done.exit_code == 0, done.output
    assert "300.0 m at the mast" in done.output
    assert load_terrain(out).height_at(0.0, 556.1) == pytest.approx(305.0, abs=0.2)
    done = CliRunner().invoke(app, ["ground", "/nowhere.tif", *place])
    assert done.exit_code == 1 and "does not serve this place" in done.output


def test_a_real_tile_agrees_with_reading_it_directly() -> None:
    if not SRTM.exists():
        pytest.skip("../shared/data is not here")
    found = ground(SRTM, 22.6, 49.1, reach_m=3000, step_m=20, raise_m=0.0)
    with rasterio.open(SRTM) as tile:
        (there,) = next(tile.sample([(22.6, 49.1)]))
    assert found.height_at(0.0, 0.0) == pytest.approx(float(there), abs=15.0)
    assert found.heights_m.std() > 20.0  # the Carpathians
