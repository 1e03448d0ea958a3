from pathlib import Path

import numpy as np
import pytest

from watchline_sensors.simulate.area import Area, load_area
from watchline_sensors.simulate.errors import AreaError


def test_area_brings_border_roads_and_ground_into_one_plane(area: Area) -> None:
    assert area.border.length_km == pytest.approx(16.1, abs=0.1)
    assert np.allclose(area.roads["main-road"][:, 0], -2600.0, atol=0.01)
    assert float(area.terrain.height_at(-3000.0, 6000.0)) == pytest.approx(260.0, abs=0.1)


def test_a_folder_that_was_not_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(AreaError, match=r"area\.json: No such file"):
        load_area(tmp_path)


def test_a_damaged_area_file_is_told(tmp_path: Path, area_folder: Path) -> None:
    for name in ("roads.geojson", "terrain.npz"):
        (tmp_path / name).write_bytes((area_folder / name).read_bytes())
    (tmp_path / "area.json").write_text('{"name": 3}')
    with pytest.raises(AreaError, match=r"Expected `str`"):
        load_area(tmp_path)
