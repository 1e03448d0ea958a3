"""Each fault of a camera is told within 60 s and clears itself; sound frames raise nothing."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from watchline_sensors.adapters.thermal.cptv import cptv_frames
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.recorded import recorded_frames
from watchline_sensors.adapters.thermal.watch import (
    BLURRED,
    COVERED,
    FROZEN,
    MOVED,
    NO_SIGNAL,
    REPLAYED,
    Verdict,
    Watch,
)

TORTURE = "WATCHLINE_TORTURE" in os.environ

FPS = 5
DATA = Path(__file__).parents[5] / "shared/data"
START_US = 1_700_000_000_000_000
Scene = Callable[[int], np.ndarray]


def texture(high: int, wide: int, seed: int) -> np.ndarray:
    """Ground as thermal cameras see it: its contrast falls with the frequency."""
    rng = np.random.default_rng(seed)
    down, right = np.fft.fftfreq(high)[:, None], np.fft.rfftfreq(wide)[None]
    scale = np.hypot(down, right) + 1 / max(high, wide)
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(high, wide))) / scale, (high, wide))
    return (field / field.std()).astype(np.float32)


def blurred(field: np.ndarray, sigma: float) -> np.ndarray:
    down, right = np.fft.fftfreq(field.shape[0])[:, None], np.fft.rfftfreq(field.shape[1])[None]
    gone = np.exp(-2 * (np.pi * sigma) ** 2 * (down**2 + right**2))
    return np.fft.irfft2(np.fft.rfft2(field) * gone, field.shape).astype(np.float32)


class Sight:
    """A scene of a fixed view, somebody who walks through it, and a sensor with noise.

    Grey values of 8 bits (or 16) about `level`, `gain` to a standard deviation of the scene, of
    which `noise` is that of the sensor; fixed pattern included.
    """

    def __init__(
        self, high: int = 192, wide: int = 256, *, seed: int = 1, noise: float = 0.06, bits: int = 8
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.high, self.wide, self.noise, self.bits = high, wide, noise, bits
        self.world = texture(high + 128, wide + 128, seed)
        self.grains = [
            self.rng.normal(size=(high + 32, wide + 32)).astype(np.float32) for _ in range(6)
        ]
        self.pattern = 0.3 * noise * self.grain()
        self.gain, self.level = 30.0, 120.0

    def grain(self) -> np.ndarray:
        y, x = self.rng.integers(0, 32, 2)
        return self.grains[self.rng.integers(6)][y : y + self.high, x : x + self.wide]

    def view(self, right: int = 0, down: int = 0) -> np.ndarray:
        y, x = 64 - down, 64 - right
        return self.world[y : y + self.high, x : x + self.wide].copy()

    def walker(self, view: np.ndarray, k: int) -> np.ndarray:
        x = (k * 2) % (self.wide + 60) - 20
        view[self.high // 2 : self.high // 2 + 30, max(x, 0) : max(x + 12, 0)] += 5.0
        return view

    def seen(self, view: np.ndarray) -> np.ndarray:
        noise = self.noise * self.rng.uniform(0.95, 1.05)  # so that no two frames are equal
        values = view + noise * self.grain() + self.pattern
        scale = 1 if self.bits == 8 else 20
        grey = (self.level + self.gain * values) * scale + (8000 if self.bits == 16 else 0)
        kind = np.uint8 if self.bits == 8 else np.uint16
        return np.clip(grey, 0, np.iinfo(kind).max).round().astype(kind)

    def frame(self, k: int) -> np.ndarray:
        return self.seen(self.walker(self.view(), k))


def fed(watch: Watch, pixels: Iterator[np.ndarray], first: int) -> list[Verdict]:
    return [
        watch.feed(Frame(one, START_US + (first + k) * 1_000_000 // FPS, Clock.ARRIVAL))
        for k, one in enumerate(pixels)
    ]


def judged(
    sight: Sight, fault: Scene, code: str, *, calm_s: int = 30, fault_s: int = 75
) -> list[Verdict]:
    """Sound, with the fault, and sound again; gives what was said from when it was told."""
    watch, calm, wrong = Watch(), calm_s * FPS, fault_s * FPS
    said = fed(watch, (sight.frame(k) for k in range(calm)), 0)
    assert {verdict.code for verdict in said} == {None}
    said = fed(watch, (fault(k) for k in range(wrong)), calm)
    told = [verdict.code for verdict in said].index(code)
    assert told <= 60 * FPS
    assert {verdict.code for verdict in said[told:]} == {code}
    after = fed(watch, (sight.frame(k + 7) for k in range(40 * FPS)), calm + wrong)
    assert {verdict.code for verdict in after[20 * FPS :]} == {None}
    return said[told:]


@pytest.fixture(params=[8, 16], ids=["8-bit", "16-bit"])
def sight(request: pytest.FixtureRequest) -> Sight:
    return Sight(bits=request.param)


def test_a_frozen_picture(sight: Sight) -> None:
    still = sight.frame(0)
    judged(sight, lambda k: still, FROZEN)


def test_no_picture(sight: Sight) -> None:
    black = np.zeros_like(sight.frame(0))
    judged(sight, lambda k: black, NO_SIGNAL)
    judged(
        sight,
        lambda k: black + 16 + sight.rng.integers(0, 2, black.shape).astype(black.dtype),
        NO_SIGNAL,
    )


def test_a_replayed_loop(sight: Sight) -> None:
    loop = [sight.frame(k) for k in range(40 * FPS)]
    judged(sight, lambda k: loop[k % len(loop)], REPLAYED, fault_s=120)


def test_a_loop_whose_frames_are_not_all_the_same_ones(sight: Sight) -> None:
    """25 frames a second, of which we are handed each fifth: most were dropped the first time."""
    loop = [sight.frame(k) for k in range(151)]
    watch = Watch()
    said = fed(watch, (loop[5 * k % 151] for k in range(60 * FPS)), 0)
    assert said[-1].code == REPLAYED


@pytest.mark.parametrize("amplified", [False, True])
def test_a_covered_lens(sight: Sight, amplified: bool) -> None:
    """With and without a gain that makes noise of what is left."""
    near = 0.3 * blurred(texture(sight.high, sight.wide, 77), 40)

    def cover(_: int) -> np.ndarray:
        sight.gain = 300.0 if amplified else 30.0
        pixels = sight.seen(near * (0.2 if amplified else 1))
        sight.gain = 30.0
        return pixels

    judged(sight, cover, COVERED)


@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_a_lens_that_frosts_over(sight: Sight, sigma: float) -> None:
    """In 30 s, after which the gain has made up for the contrast that went."""
    steps = [blurred(sight.view(), 0.01 + sigma * k / 15) for k in range(16)]

    def frost(k: int) -> np.ndarray:
        sight.gain = 30.0 * (1 + min(k, 150) / 300)
        pixels = sight.seen(steps[min(k // 10, 15)])
        sight.gain = 30.0
        return pixels

    judged(sight, frost, BLURRED)


@pytest.mark.parametrize("right, down", [(6, 0), (0, -9), (25, 14), (-60, 40)])
def test_a_moved_camera_and_by_how_much(sight: Sight, right: int, down: int) -> None:
    def moved(k: int) -> np.ndarray:
        sight.gain = 20.0 + 15.0 * (k // 40 % 2)
        pixels = sight.seen(sight.walker(sight.view(right, down), k))
        sight.gain = 30.0
        return pixels

    told = judged(sight, moved, MOVED)
    found = np.median([verdict.shift_px or (np.nan,) * 2 for verdict in told], axis=0)
    np.testing.assert_allclose(found, (right, down), atol=1.0)


def test_a_camera_turned_to_another_view(sight: Sight) -> None:
    other = texture(sight.high, sight.wide, 99)
    judged(sight, lambda k: sight.seen(sight.walker(other.copy(), k)), MOVED)


def test_relearning_ends_a_move() -> None:
    sight, watch = Sight(), Watch()
    fed(watch, (sight.frame(k) for k in range(20 * FPS)), 0)
    moved = (sight.seen(sight.view(30, 0)) for _ in range(30 * FPS))
    assert fed(watch, moved, 20 * FPS)[-1].code == MOVED
    watch.relearn()
    moved = (sight.seen(sight.view(30, 0)) for _ in range(60 * FPS))
    assert {verdict.code for verdict in fed(watch, moved, 50 * FPS)} == {None}


@pytest.mark.parametrize("seed, bits", [(1, 8), (2, 8), (3, 16)] if TORTURE else [(3, 16)])
def test_ten_minutes_of_sound_frames_raise_nothing(seed: int, bits: int) -> None:
    """Gain and level jump every 7 s, a shutter closes every 3 min, and night comes."""
    sight = Sight(seed=seed, bits=bits, noise=0.1)
    rng = np.random.default_rng(seed)

    def frames() -> Iterator[np.ndarray]:
        gain, level = 30.0, 120.0
        for k in range(600 * FPS):
            if k % (7 * FPS) == 0:
                gain, level = rng.uniform(18, 45), rng.uniform(90, 150)
            sight.gain, sight.level = gain * (1 - 0.6 * k / (600 * FPS)), level
            if k % (180 * FPS) in range(100, 103):
                yield np.full_like(sight.pattern, level).astype(
                    np.uint8 if bits == 8 else np.uint16
                )
            else:
                yield sight.frame(k)

    said = fed(Watch(), frames(), 0)
    assert {verdict.code for verdict in said} == {None}


def test_a_lorry_that_passes_raises_nothing() -> None:
    """Half the view, warm and without detail, for 6 s."""
    sight, watch = Sight(), Watch()

    def frames() -> Iterator[np.ndarray]:
        for k in range(120 * FPS):
            view = sight.walker(sight.view(), k)
            if 60 * FPS <= k < 66 * FPS:
                x = (k - 60 * FPS) * 10
                view[70:170, max(x - 130, 0) : x] = 3.0
            yield sight.seen(view)

    assert {verdict.code for verdict in fed(watch, frames(), 0)} == {None}


def test_a_frame_of_another_shape_or_an_earlier_time_begins_anew() -> None:
    watch, sight, small = Watch(), Sight(), Sight(120, 160)
    fed(watch, (sight.frame(k) for k in range(20 * FPS)), 0)
    said = fed(watch, (small.frame(k) for k in range(40 * FPS)), 20 * FPS)
    said += fed(watch, (sight.seen(sight.view(40, 0)) for _ in range(40 * FPS)), 0)
    assert {verdict.code for verdict in said} == {None}


@pytest.mark.parametrize("rate", ["100k", "1M"] if TORTURE else ["100k"])
def test_a_compressed_stream_raises_nothing(tmp_path: Path, rate: str) -> None:
    """Encoders leave noise out and repeat what does not change; half of it is a still scene."""
    sight, path = Sight(noise=0.04), tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.height, stream.width, stream.pix_fmt = sight.high, sight.wide, "yuv420p"
        stream.options = {"preset": "veryfast", "b": rate, "g": "20"}
        for k in range(120 * FPS):
            pixels = sight.frame(k) if k < 60 * FPS else sight.seen(sight.view())
            frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    watch = Watch()
    frames = recorded_frames(path, start_us=START_US, counts=Counter())
    said = [watch.feed(frame).code for frame in frames]
    assert len(said) == 120 * FPS and set(said) == {None}


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_recordings_of_sound_cameras_raise_nothing() -> None:
    video = DATA / "video"
    for frames in (
        recorded_frames(video / "pets09-s2l1.avi", start_us=0, counts=Counter()),
        recorded_frames(video / "car-detection.mp4", start_us=0, counts=Counter()),
        cptv_frames(DATA / "thermal/cptv/possum.cptv"),
    ):
        watch = Watch()
        assert {watch.feed(frame).code for frame in frames} == {None}


def test_a_whole_frame_costs_at_most_3_ms_and_8_pixels_are_seen() -> None:
    sight, watch = Sight(512, 640), Watch()
    frames, spent = [sight.frame(k) for k in range(100)], []
    for k in range(0, 100, 20):
        began = time.thread_time()
        fed(watch, iter(frames[k : k + 20]), k)
        spent.append((time.thread_time() - began) / 20)
    assert sorted(spent)[1] < 3e-3, "on a machine that does other things, too"
    moved = (sight.seen(sight.view(8, 0)) for _ in range(25 * FPS))
    last = fed(watch, moved, 100)[-1]
    assert last.code == MOVED and last.shift_px == pytest.approx((8, 0), abs=1.5)
