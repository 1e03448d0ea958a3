"""Recorded video: what was written is read, at its own times; what is no video has a code."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock
from watchline_sensors.adapters.thermal.recorded import recorded_frames

START_US = 1_700_000_000_000_000
VIDEO = Path(__file__).parents[5] / "shared/data/video"


def written(path: Path, frames: list[np.ndarray], codec: str, form: str) -> Path:
    """10 frames a second, but for a gap of a second after the third."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = form
        grey = "gray16le" if frames[0].dtype == np.uint16 else "gray"
        for k, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format=grey)
            frame = frame if form == grey else frame.reformat(format=form)
            frame.pts, frame.time_base = k + 10 * (k > 2), Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def noise(kind: type, count: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    most = np.iinfo(kind).max
    return [rng.integers(0, most, (90, 122), kind, endpoint=True) for _ in range(count)]


@pytest.mark.parametrize("kind, form", [(np.uint8, "gray"), (np.uint16, "gray16le")])
def test_ffv1_keeps_every_bit_and_time(tmp_path: Path, kind: type, form: str) -> None:
    frames = noise(kind)
    path = written(tmp_path / "a.mkv", frames, "ffv1", form)
    counts: Counter[str] = Counter()
    got = list(recorded_frames(path, start_us=START_US, counts=counts))
    assert counts == {"frames": 6}
    for frame, pixels in zip(got, frames, strict=True):
        assert frame.pixels.dtype == kind and frame.clock is Clock.FILE
        np.testing.assert_array_equal(frame.pixels, pixels)
    tenths = [(frame.at_us - START_US) / 1e5 for frame in got]
    assert tenths == [0, 1, 2, 13, 14, 15]


@pytest.mark.parametrize("name, form", [("a.mp4", "yuv420p"), ("a.mkv", "yuv420p10le")])
def test_h264_gives_its_luminance(tmp_path: Path, name: str, form: str) -> None:
    step = np.repeat(np.uint8([20, 240]), 64)[None].repeat(96, 0)
    path = written(tmp_path / name, [step] * 12, "libx264", form)
    got = list(recorded_frames(path, start_us=START_US, counts=Counter()))
    assert len(got) == 12
    deep = form.endswith("10le")
    assert got[0].pixels.dtype == (np.uint16 if deep else np.uint8)
    low, high = (16 + 219 * v / 255 for v in (20, 240))
    expected = np.array([low, high]) * (4 if deep else 1)
    found = [np.median(got[0].pixels[:, :50]), np.median(got[0].pixels[:, -50:])]
    np.testing.assert_allclose(found, expected, rtol=0.03)


def test_a_truncated_recording_gives_the_frames_it_has(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mkv", noise(np.uint16), "ffv1", "gray16le")
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) // 2])
    got = list(recorded_frames(path, start_us=0, counts=Counter()))
    assert 1 <= len(got) < 6


def test_a_damaged_packet_costs_its_own_frame_only(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", noise(np.uint8, 10), "png", "gray")
    octets = bytearray(path.read_bytes())
    third = [k for k in range(len(octets)) if octets[k : k + 4] == b"IHDR"][2]
    octets[third : third + 12] = bytes(12)
    path.write_bytes(octets)
    counts: Counter[str] = Counter()
    got = list(recorded_frames(path, start_us=0, counts=counts))
    assert (len(got), counts["undecoded"]) == (9, 1)


def playlist(folder: Path) -> bytes:
    written(folder / "b.ts", [np.zeros((64, 64), np.uint8)] * 3, "libx264", "yuv420p")
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nb.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("name", ["a.mkv", "a.m3u8", "a.txt"])
@pytest.mark.parametrize("kind", ["empty", "noise", "playlist", "concat", "missing", "folder"])
def test_what_is_no_recording_has_a_code(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    rng = np.random.default_rng(1)
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        octets = {
            "empty": b"",
            "noise": rng.bytes(50_000),
            "playlist": playlist(tmp_path),
            "concat": b"ffconcat version 1.0\nfile b.ts\n",
        }
        path.write_bytes(octets[kind])
    with pytest.raises(FrameUnreadable) as error:
        next(recorded_frames(path, start_us=0, counts=Counter()))
    assert error.value.code == "thermal.frame_unreadable"


def test_more_than_ten_million_pixels_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mkv", [np.zeros((2560, 4096), np.uint8)], "ffv1", "gray")
    with pytest.raises(FrameUnreadable, match="10,000,000"):
        next(recorded_frames(path, start_us=0, counts=Counter()))


@pytest.mark.skipif(not VIDEO.is_dir(), reason="needs ../shared/data/video")
def test_recordings_nobody_here_made_are_read_whole() -> None:
    for name, frames, shape in (
        ("pets09-s2l1.avi", 795, (576, 768)),
        ("car-detection.mp4", 377, (432, 768)),
    ):
        counts: Counter[str] = Counter()
        got = [
            (frame.at_us, frame.pixels.shape)
            for frame in recorded_frames(VIDEO / name, start_us=0, counts=counts)
        ]
        assert len(got) == frames and counts == {"frames": frames}
        assert {form for _, form in got} == {shape}
        assert (np.diff([at_us for at_us, _ in got]) > 0).all()
