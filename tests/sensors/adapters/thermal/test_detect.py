"""What is found in a frame, whatever the camera's gain; and which frames and models are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.adapters.thermal.detect import (
    CLASSES,
    Detector,
    FrameRefused,
    Model,
    found,
    normalise,
    overlaps,
)
from watchline_sensors.errors import ConfigError

FOLDER = Path(__file__).parents[4] / "data/models/thermal"
HASH = (FOLDER / "thermal.onnx.sha256").read_text().split()[0]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(Model(FOLDER / "thermal.onnx", HASH))


def scene(high: int = 160, wide: int = 224) -> np.ndarray:
    """Cool ground with some texture, and somebody warm."""
    rng = np.random.default_rng(3)
    frame = rng.normal(70.0, 3.0, (high, wide))
    frame[70:88, 100:109] += 110.0
    return frame.clip(0, 255).astype(np.uint8)


def empty_grid(rows: int = 20, columns: int = 24) -> np.ndarray:
    grid = np.zeros((len(CLASSES) + 4, rows, columns), np.float32)
    grid[: len(CLASSES)] = -9.0
    return grid


@settings(deadline=None, max_examples=40)
@given(st.floats(0.3, 70.0), st.integers(0, 8000))
def test_gain_and_offset_change_nothing(gain: float, offset: int) -> None:
    frame = scene().astype(np.float64)
    sixteen = np.round(frame * gain * 4 + offset).clip(0, 65535).astype(np.uint16)
    np.testing.assert_allclose(normalise(sixteen), normalise(scene()), atol=0.25)


def test_what_is_no_frame_is_refused_with_a_code() -> None:
    for frame, code in (
        (np.zeros((0, 640), np.uint8), "frame.shape"),
        (np.zeros((4, 4, 3), np.uint8), "frame.shape"),
        (np.zeros((4, 4), np.float32), "frame.depth"),
        (np.broadcast_to(np.uint8(0), (65_535, 65_535)), "frame.size"),
    ):
        with pytest.raises(FrameRefused, match=code):
            normalise(frame)
    assert np.all(normalise(np.zeros((8, 8), np.uint8)) == 0.0), "a covered camera is no error"


def test_a_peak_is_a_box_of_its_class() -> None:
    grid = empty_grid()
    grid[1, 5, 7] = 2.0
    grid[1, 5, 8] = 1.0  # beside a peak is none
    grid[4:, 5, 7] = 0.25, -0.5, np.log(4.0), np.log(2.0)
    ((x0, y0, x1, y1, score, kind),) = found(grid, least=0.5).tolist()
    # The middle is (7.5 + 0.25, 5.5 - 0.5) cells, the box 4 by 2 cells, a cell 4 pixels.
    assert (x0, y0, x1, y1) == pytest.approx((23.0, 16.0, 39.0, 24.0), abs=1e-4)
    assert (score, CLASSES[int(kind)]) == (pytest.approx(0.881, abs=1e-3), "vehicle")
    assert len(found(grid, least=0.9)) == 0 and len(found(empty_grid(), least=0.5)) == 0


def test_two_answers_for_one_object_are_one_and_neighbours_stay() -> None:
    grid = empty_grid()
    for column, value in ((4, 3.0), (6, 2.0), (14, 1.0)):
        grid[0, 9, column] = value
        grid[6:, 9, column] = np.log(8.0)
    rows = found(grid, least=0.5)
    assert rows[:, 0].tolist() == pytest.approx([2.0, 42.0]), "the second lies on the first"
    grid[1, 9, 6] = 2.5  # another class in the same place is another answer
    grid[0, 9, 6] = -9.0
    assert sorted(found(grid, least=0.5)[:, 5].tolist()) == [0.0, 0.0, 1.0]


def test_overlaps_are_those_of_areas() -> None:
    boxes = np.array([[0.0, 0, 4, 4], [2, 0, 6, 4], [9, 9, 9, 9]])
    assert overlaps(boxes, boxes)[0].tolist() == pytest.approx([1.0, 1 / 3, 0.0])


def test_somebody_warm_is_found_in_any_frame_size(detector: Detector) -> None:
    for frame in (scene(), scene(150, 203), (scene().astype(np.uint16) * 37 + 900)):
        best = detector.find(frame, least=0.3)[0]
        truth = np.array([[100.0, 70, 109, 88]])
        assert overlaps(best[None], truth)[0, 0] > 0.5
    assert len(detector.find(np.full((64, 64), 90, np.uint8), least=0.3)) == 0


def test_another_model_is_not_taken(tmp_path: Path) -> None:
    other = tmp_path / "thermal.onnx"
    with pytest.raises(ConfigError, match="No such file"):
        Detector(Model(other, HASH))
    other.write_bytes((FOLDER / "thermal.onnx").read_bytes()[:-1] + b"x")
    with pytest.raises(ConfigError, match="not the one"):
        Detector(Model(other, HASH))
