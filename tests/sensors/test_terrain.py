from pathlib import Path

import numpy as np
import pytest

from watchline_sensors.errors import TerrainUnreadable
from watchline_sensors.terrain import Terrain, load_terrain


def _flat(height_m: float = 100.0) -> Terrain:
    grid = np.full((201, 201), height_m, np.float32)
    return Terrain(heights_m=grid, x0_m=-10_000.0, y0_m=-10_000.0, step_m=100.0)


def test_height_is_bilinear_and_goes_on_at_the_edge() -> None:
    terrain = Terrain(
        heights_m=np.array([[0.0, 10.0], [20.0, 30.0]], np.float32), x0_m=0, y0_m=0, step_m=10
    )
    assert terrain.height_at(5.0, 5.0) == pytest.approx(15.0, abs=1e-4)
    assert terrain.height_at(10.0, 0.0) == pytest.approx(10.0, abs=1e-4)
    assert terrain.height_at(-50.0, 99.0) == pytest.approx(20.0, abs=1e-4)


def test_a_ridge_hides_what_lies_behind_it_and_a_tall_mast_looks_over() -> None:
    terrain = _flat()
    terrain.heights_m[:, 120:122] = 130.0  # 2 km east of the middle
    before, behind = np.array([[1000.0, 0.0]]), np.array([[4000.0, 0.0]])
    assert terrain.sees((0.0, 0.0), 120.0, before, 1.5).all()
    assert not terrain.sees((0.0, 0.0), 120.0, behind, 1.5).any()
    assert terrain.sees((0.0, 0.0), 250.0, behind, 1.5).all()


def test_the_earth_itself_ends_the_view() -> None:
    # Horizon of a 4/3 earth: sqrt(2 R h), 13.0 km for an eye at 10 m.
    wide = Terrain(
        heights_m=np.zeros((11, 11), np.float32), x0_m=-50_000, y0_m=-50_000, step_m=10_000
    )
    near, far = np.array([[12_000.0, 0.0]]), np.array([[14_500.0, 0.0]])
    assert wide.sees((0.0, 0.0), 10.0, near, 0.0).all()
    assert not wide.sees((0.0, 0.0), 10.0, far, 0.0).any()


def test_a_file_that_is_no_grid_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "terrain.npz").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(TerrainUnreadable, match=r"terrain\.npz"):
        load_terrain(tmp_path / "terrain.npz")
