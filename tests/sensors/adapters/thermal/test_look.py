"""What a frame tells; the network's finds are scripted, all behind them is real."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from watchline_sensors.adapters.thermal import look
from watchline_sensors.adapters.thermal.detect import CLASSES
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.lens import Aim, Lens
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.contract import Detection, ObjectClass
from watchline_sensors.place import Pose
from watchline_sensors.terrain import Terrain

PERSON, ANIMAL = CLASSES.index("person"), CLASSES.index("animal")
VIEW = View(
    pose=Pose(lon_deg=22.5, lat_deg=49.2, height_m=30.0),
    lens=Lens(width=640, height=512, focal_x_px=1400),
    aim=Aim(azimuth_deg=0.0, elevation_deg=-4.0),
    doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.05),
    ground=Terrain(heights_m=np.zeros((301, 301), np.float32), x0_m=-3000, y0_m=-3000, step_m=20),
    max_range_m=2900.0,
)


def last_of(kinds: tuple[int, ...], patch: pytest.MonkeyPatch) -> Detection:
    """What is told last of a target that the network calls these in turn."""
    eye = look.Eye("camera", VIEW, SimpleNamespace(grid=lambda x: None), least=0.1)  # type: ignore[arg-type]
    told: list[Detection] = []
    for k in range(40):
        box = (300.0 + k, 300.0, 306.0 + k, 312.0, 0.7, kinds[k % len(kinds)])

        def found(grid: Any, least: float, box: Any = box) -> Any:
            return np.array([box], np.float32)

        patch.setattr(look, "found", found)
        frame = Frame(np.zeros((512, 640), np.uint8), 1_000_000 + k * 200_000, Clock.ARRIVAL)
        told += eye.look(frame).detections
    assert len(told) >= 7 and {one.sensor_track for one in told} == {told[-1].sensor_track}
    return told[-1]


def test_a_class_is_told_when_it_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = last_of((PERSON,), monkeypatch)
    assert sure.classes is not None and sure.classes[ObjectClass.PERSON] > 0.7
    mixed = last_of((PERSON, ANIMAL), monkeypatch)
    assert mixed.classes is None and mixed.position is not None and mixed.defect() is None
