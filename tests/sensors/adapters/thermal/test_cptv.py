"""CPTV recordings: a real one against what its makers say of it, written ones, and damage."""

import gzip
import json
import struct
import tracemalloc
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.adapters.thermal.cptv import cptv_frames
from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock

FOLDER = Path(__file__).parents[5] / "shared/data/thermal/cptv"
needs_file = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs ../shared/data/thermal/cptv")
START_US = 1_700_000_000_000_000


def field(letter: str, value: bytes) -> bytes:
    return bytes([len(value)]) + letter.encode() + value


def head(width: int, height: int) -> bytes:
    fields = [("T", struct.pack("<Q", START_US)), ("X", struct.pack("<I", width))]
    fields += [("Y", struct.pack("<I", height)), ("D", b"camera")]
    return b"CPTV\x02H" + bytes([len(fields)]) + b"".join(field(*one) for one in fields)


def frame(pixels: np.ndarray, before: np.ndarray, bits: int, on_ms: int, back: bool) -> bytes:
    change = pixels.astype(int) - before.astype(int)
    path = [value for y, row in enumerate(change) for value in (row[::-1] if y % 2 else row)]
    steps = np.diff(path)
    text = "".join(f"{int(step) & (1 << bits) - 1:0{bits}b}" for step in steps)
    text += "0" * (-len(text) % 8)
    packed = struct.pack("<i", path[0]) + int(text, 2).to_bytes(len(text) // 8, "big")
    fields = field("t", struct.pack("<I", on_ms)) + field("w", bytes([bits]))
    fields += field("f", struct.pack("<I", len(packed))) + (field("g", b"\1") if back else b"")
    return b"F" + bytes([3 + back]) + fields + packed


def clip(bits: int, *, shape: tuple[int, int] = (7, 9)) -> tuple[bytes, list[np.ndarray]]:
    """A background and three frames whose steps fit in `bits`."""
    rng = np.random.default_rng(bits)
    most = min(2 ** (bits - 1) // 4, 6000)
    pixels = [20_000 + rng.integers(0, most, shape).astype(np.uint16) for _ in range(4)]
    out, before = head(shape[1], shape[0]), np.zeros(shape)
    for k, one in enumerate(pixels):
        out += frame(one, before, bits, 5000 + 111 * k, k == 0)
        before = one
    return out, pixels[1:]


def stored(folder: Path, octets: bytes) -> Path:
    path = folder / "a.cptv"
    path.write_bytes(gzip.compress(octets, 1))
    return path


@needs_file
def test_a_recording_is_read_as_its_makers_describe_it() -> None:
    said = json.loads((FOLDER / "possum.txt").read_text())
    frames = list(cptv_frames(FOLDER / "possum.cptv"))
    assert len(frames) == 160
    assert {one.pixels.shape for one in frames} == {(120, 160)}
    assert {one.pixels.dtype.name for one in frames} == {"uint16"}
    start = datetime.fromisoformat(said["start_time"]).timestamp()
    assert frames[0].at_us == round(start * 1e6) and frames[0].clock is Clock.FILE
    steps_ms = np.diff([one.at_us for one in frames]) / 1000
    assert np.median(steps_ms) == pytest.approx(1000 / 9, rel=0.05) and steps_ms.min() > 0
    # The animal is warmer than what is behind it, where they marked it.
    behind = np.median([one.pixels for one in frames], axis=0)
    warmer = []
    for place in said["tracks"][0]["positions"]:
        x, y = place["x"], place["y"]
        box = np.s_[y : y + place["height"], x : x + place["width"]]
        change = frames[place["frame_number"]].pixels - behind
        warmer.append(change[box].max() - change.max())
    assert np.mean(np.array(warmer) == 0) > 0.8


@pytest.mark.parametrize("bits", [3, 7, 8, 12, 16, 17])
def test_what_was_written_is_read(tmp_path: Path, bits: int) -> None:
    octets, pixels = clip(bits)
    frames = list(cptv_frames(stored(tmp_path, octets)))
    assert [one.at_us - START_US for one in frames] == [0, 111_000, 222_000]
    for one, true in zip(frames, pixels, strict=True):
        np.testing.assert_array_equal(one.pixels, true)


def test_a_cut_recording_gives_the_frames_before_the_cut(tmp_path: Path) -> None:
    octets, pixels = clip(12)
    frames = cptv_frames(stored(tmp_path, octets[:-20]))
    assert [next(frames).pixels.tolist() for _ in range(2)] == [p.tolist() for p in pixels[:2]]
    with pytest.raises(FrameUnreadable) as error:
        next(frames)
    assert error.value.code == "thermal.frame_unreadable"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"CPTV\x01" + bytes(90),
        head(9, 7)[:-3],
        head(0, 7),
        head(65_535, 65_535),
        head(9, 7) + b"X",
        head(9, 7) + b"F\1" + field("w", b"\x08"),
        head(9, 7) + b"F\2" + field("w", b"\x08") + field("f", b"\xff\xff\xff\xff"),
        head(9, 7) + b"F\2" + field("w", b"\x40") + field("f", struct.pack("<I", 500)),
        head(9, 7) + frame(np.full((7, 9), -1), np.zeros((7, 9)), 8, 0, False),
        head(9, 7) + frame(np.full((7, 9), 70_000), np.zeros((7, 9)), 8, 0, False),
    ],
    ids=range(11),
)
def test_what_is_none_has_a_code(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(FrameUnreadable):
        next(cptv_frames(stored(tmp_path, octets)))


def test_a_file_that_is_no_gzip_or_is_not_there_has_a_code(tmp_path: Path) -> None:
    (tmp_path / "a.cptv").write_bytes(b"no gzip")
    for name in ("a.cptv", "b.cptv"):
        with pytest.raises(FrameUnreadable):
            next(cptv_frames(tmp_path / name))


def test_a_bomb_takes_the_memory_of_one_frame(tmp_path: Path) -> None:
    """200 MB that pack into less than one."""
    still = frame(np.zeros((120, 160)), np.zeros((120, 160)), 8, 0, False)
    path = stored(tmp_path, head(160, 120) + still * 10_000)
    assert path.stat().st_size < 2_000_000
    frames = cptv_frames(path)
    tracemalloc.start()
    for _ in range(300):
        next(frames)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


SOURCES = [clip(bits)[0] for bits in (7, 8, 12)]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_refuse(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    octets = bytearray(data.draw(st.sampled_from(SOURCES)))
    packed = data.draw(st.booleans())
    octets = bytearray(gzip.compress(bytes(octets), 1)) if packed else octets
    for at in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=4)):
        octets[at] ^= 1 << data.draw(st.integers(0, 7))
    whole = bytes(octets[: data.draw(st.none() | st.integers(0, len(octets)))])
    path = tmp_path_factory.getbasetemp() / "fuzzed.cptv"
    path.write_bytes(whole if packed else gzip.compress(whole, 1))
    try:
        for one in cptv_frames(path):
            assert one.pixels.dtype == np.uint16
    except FrameUnreadable:
        pass
