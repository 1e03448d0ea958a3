"""Images as frames: every depth exactly; a bad one has a code and the next ones go on."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.images import image, image_frames

START_US = 1_700_000_000_000_000
SMALL = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8)
DEEP = SMALL.astype(np.uint16) * 1300


def png(width: int, height: int, *, depth: int = 8, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("pixels", [SMALL, DEEP], ids=["8", "16"])
@pytest.mark.parametrize("suffix", ["png", "tif", "tiff"])
def test_grey_values_are_read_exactly(tmp_path: Path, pixels: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(pixels).save(path)
    got = image(path)
    assert got.dtype == pixels.dtype
    np.testing.assert_array_equal(got, pixels)


def test_big_endian_and_colour_are_read_too(tmp_path: Path) -> None:
    strips = struct.pack(">2sHI", b"MM", 42, 8 + DEEP.nbytes) + DEEP.astype(">u2").tobytes()
    tags = [(256, 4, 8), (257, 4, 6), (258, 4, 16), (259, 4, 1), (262, 4, 1), (273, 4, 8)]
    tags += [(277, 4, 1), (278, 4, 6), (279, 4, DEEP.nbytes)]
    rows = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, _, value in tags)
    (tmp_path / "a.tif").write_bytes(strips + struct.pack(">H", len(tags)) + rows + bytes(4))
    got = image(tmp_path / "a.tif")
    assert got.dtype == np.uint16 and got.dtype.isnative
    np.testing.assert_array_equal(got, DEEP)
    Image.fromarray(SMALL).convert("RGB").save(tmp_path / "b.png")
    np.testing.assert_array_equal(image(tmp_path / "b.png"), SMALL)


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for k in (3, 1, 2):
        Image.fromarray(SMALL + k).save(tmp_path / f"{k:03}.png")
    (tmp_path / "notes.txt").write_text("no image")
    got = list(image_frames(tmp_path, start_us=START_US, fps=4))
    assert [int(frame.pixels[0, 0]) for frame in got] == [1, 2, 3]
    assert [frame.at_us - START_US for frame in got] == [0, 250_000, 500_000]
    assert {frame.clock for frame in got} == {Clock.FILE}


def test_one_image_is_one_frame(tmp_path: Path) -> None:
    Image.fromarray(DEEP).save(tmp_path / "a.png")
    (frame,) = image_frames(tmp_path / "a.png", start_us=START_US, fps=1)
    assert frame.at_us == START_US


def bad_files() -> dict[str, bytes]:
    whole = png(80, 60, data=np.random.default_rng(2).bytes(81 * 60))
    return {
        "empty.png": b"",
        "no-image.jpg": b"not an image at all",
        "truncated.png": whole[:2000],
        "no-pixels.png": png(0, 6),
        "bomb.png": png(65_500, 65_500, data=bytes(100_000)),
        "large.png": png(4096, 2560, data=bytes(4097 * 2560)),
        "one-bit.png": png(8, 6, depth=1, data=bytes(2 * 6)),
        "short.png": png(800, 600, data=bytes(9)),
        "gif.png": b"GIF89a" + bytes(60),
        "postscript.tif": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "tail.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        "depth.tif": b"II*\x00\x08\x00\x00\x00\xff\xff",
    }


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on what it could yet read
def test_a_bad_image_has_a_code_and_the_next_ones_go_on(tmp_path: Path) -> None:
    bad = bad_files()
    for name, octets in bad.items():
        (tmp_path / name).write_bytes(octets)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere")
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "float.tif")
    Image.fromarray(SMALL).save(tmp_path / "zz-last.png")
    got = list(image_frames(tmp_path, start_us=START_US, fps=1))
    assert len(got) == len(bad) + 4
    *errors, last = got
    for error in errors:
        assert isinstance(error, FrameUnreadable) and error.code == "thermal.frame_unreadable"
    assert isinstance(last, Frame) and last.at_us == START_US + (len(bad) + 3) * 1_000_000


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on what it could yet read
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_no_damage_does_more_than_refuse(tmp_path: Path, suffix: str) -> None:
    path, rng = tmp_path / f"a.{suffix}", np.random.default_rng(4)
    Image.fromarray(rng.integers(0, 255, (40, 40)).astype(np.uint8)).save(path)
    whole = path.read_bytes()
    refused = 0
    for k in range(300):
        octets = bytearray(whole)
        octets[rng.integers(len(octets)) if k % 2 else rng.integers(200)] ^= 1 << rng.integers(8)
        path.write_bytes(octets[: rng.integers(len(octets))] if k % 3 == 0 else octets)
        try:
            assert image(path).dtype in (np.uint8, np.uint16)
        except FrameUnreadable:
            refused += 1
    assert refused > 30


def test_a_folder_without_images_has_a_code(tmp_path: Path) -> None:
    with pytest.raises(FrameUnreadable):
        next(image_frames(tmp_path, start_us=0, fps=1))
