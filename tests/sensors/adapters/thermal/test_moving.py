import numpy as np
import pytest

from watchline_sensors.adapters.thermal.detect import normalise
from watchline_sensors.adapters.thermal.moving import MOVING, Background, merged

STEP_US = 200_000


def ground(seed: int = 0) -> np.ndarray:
    """A warm and cold patchwork, 512 × 640."""
    patches = np.random.default_rng(seed).normal(90.0, 12.0, (64, 80))
    return np.kron(patches, np.ones((8, 8)))


def seen(background: Background, scene: np.ndarray, number: int, gain: float = 1.0) -> np.ndarray:
    noise = np.random.default_rng(number).normal(0.0, 1.5, scene.shape)
    grey = ((scene + noise - 90.0) * gain + 100.0).clip(0, 255).astype(np.uint8)
    return background.find(normalise(grey)[0, 0], number * STEP_US)


def test_two_by_four_pixels_are_found_while_the_gain_drifts() -> None:
    background, still = Background(), ground()
    hits = others = 0
    for k in range(130):
        scene, x = still.copy(), 100 + k
        if k > 50:
            scene[200:204, x : x + 2] += 25
        for box in seen(background, scene, k, gain=1.0 + 0.1 * np.sin(k / 20)):
            near = abs((box[0] + box[2]) / 2 - x - 1) < 4 and abs((box[1] + box[3]) / 2 - 202) < 4
            assert int(box[5]) == MOVING and 0 < box[4] <= 0.6
            hits, others = hits + near, others + (not near)
    assert hits >= 75 and others <= 2


def test_cold_counts_as_well_as_warm() -> None:
    background, still = Background(), ground()
    for k in range(40):
        seen(background, still, k)
    cold = still.copy()
    cold[300:306, 300:306] -= 30
    assert len(seen(background, cold, 40)) == 1


def test_a_jump_of_the_whole_picture_is_no_find_and_is_learned_anew() -> None:
    background = Background()
    for k in range(40):
        seen(background, ground(), k)
    other = ground(seed=7)
    assert not any(len(seen(background, other, k)) for k in range(40, 90))
    other[300:306, 300:306] += 30
    assert len(seen(background, other, 130)) == 1


def test_flickering_growth_becomes_background() -> None:
    background, still = Background(), ground()
    late = 0
    for k in range(300):
        scene = still.copy()
        scene[100:110, 100:110] += 15 * (k % 2)
        late += len(seen(background, scene, k)) if k > 200 else 0
    assert late == 0


def test_the_network_names_what_it_can() -> None:
    named = np.array([[100, 100, 110, 120, 0.8, 0]], np.float32)
    moving = np.array(
        [[102, 105, 108, 118, 0.5, MOVING], [300, 300, 304, 304, 0.4, MOVING]], np.float32
    )
    both = merged(named, moving)
    assert both[:, 5].tolist() == [0, MOVING]
    assert both[1, :2].tolist() == pytest.approx([300, 300])
    assert len(merged(named[:0], moving)) == 2 and len(merged(named, moving[:0])) == 1


def test_who_comes_straight_towards_the_camera_is_not_learned() -> None:
    """A pixel in seven seconds, as a walker does at 600 m."""
    background, still = Background(), ground()
    found = 0
    for k in range(350):
        scene, y = still.copy(), 200 + max(0, k - 50) // 35
        if k > 50:
            scene[y : y + 4, 300:302] += 14
        boxes = seen(background, scene, k)
        found += any(abs(box[0] - 300) < 5 and abs(box[1] - y) < 6 for box in boxes) and k > 250
    assert found >= 70
