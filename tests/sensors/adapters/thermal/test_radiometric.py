"""Radiometric JPEGs of three cameras, forged ones, and damage to both."""

import io
import math
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from watchline_sensors.adapters.thermal.faults import FrameUnreadable
from watchline_sensors.adapters.thermal.radiometric import Camera, celsius, radiometric

FOLDER = Path(__file__).parents[5] / "shared/data/thermal/radiometric"
needs_files = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs ../shared/data/thermal")
CURVE = Camera(0.9, 1.0, 300.0, 17_000.0, 1430.0, 1.0, -1143.0, 0.0125)


def counts(kelvin: np.ndarray, camera: Camera = CURVE) -> np.ndarray:
    """What the sensor counts for objects of these temperatures: the law the other way round."""

    def black(t: np.ndarray | float) -> np.ndarray:
        return camera.r1 / (camera.r2 * (np.exp(camera.b / t) - camera.f)) - camera.o

    own, surroundings = camera.emissivity, 1 - camera.emissivity
    return own * black(kelvin) + surroundings * black(camera.reflected_k)


def forged(
    raw: bytes,
    width: int,
    height: int,
    *,
    camera: Camera = CURVE,
    order: str = "<",
    piece: int = 900,
) -> bytes:
    """A radiometric JPEG around a raw image."""
    image = struct.pack(f"{order}HHH26x", 2, width, height) + raw
    about = bytearray(struct.pack(f"{order}H", 2) + bytes(0x400))
    struct.pack_into(f"{order}3f", about, 0x20, *camera[:3])
    struct.pack_into(f"{order}3f", about, 0x58, *camera[3:6])
    struct.pack_into(f"{order}if", about, 0x308, int(camera.o), camera.r2)
    at = 64 + 64
    entries = struct.pack(">HHIIII12x", 1, 1, 1, 1, at, len(image))
    entries += struct.pack(">HHIIII12x", 32, 1, 1, 1, at + len(image), len(about))
    fff = b"FFF\0" + bytes(16) + struct.pack(">III", 100, 64, 2) + bytes(32) + entries
    fff += image + bytes(about)
    pieces = [fff[k : k + piece] for k in range(0, len(fff), piece)]
    out = b"\xff\xd8"
    for k, one in enumerate(pieces):
        body = b"FLIR\0\1" + bytes([k, len(pieces) - 1]) + one
        out += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return out + b"\xff\xd9"


def as_png(raw: np.ndarray) -> bytes:
    box = io.BytesIO()
    Image.fromarray(raw.byteswap()).save(box, "png")
    return box.getvalue()


def as_tiff(raw: np.ndarray) -> bytes:
    box = io.BytesIO()
    Image.fromarray(raw).save(box, "tiff")
    return box.getvalue()


KELVIN = np.linspace(250.0, 400.0, 12 * 16).reshape(12, 16)
RAW = counts(KELVIN).round().astype(np.uint16)


@needs_files
@pytest.mark.parametrize(
    "name, shape, emissivity, mean_c, low_c, high_c",
    [
        ("fie_ax8.jpg", (60, 80), 0.95, 24.99, 24.0, 26.0),
        ("fie_flir_example.jpg", (320, 240), 0.95, 29.05, 25.0, 63.0),
        ("fie_zenmuse_xtr.jpg", (512, 640), 0.70, 28.16, 17.0, 59.0),
    ],
)
def test_three_cameras(
    name: str, shape: tuple[int, int], emissivity: float, mean_c: float, low_c: float, high_c: float
) -> None:
    found = radiometric((FOLDER / name).read_bytes())
    assert found.raw.shape == found.celsius.shape == shape
    assert found.raw.dtype == np.uint16 and found.celsius.dtype == np.float32
    assert found.camera.emissivity == pytest.approx(emissivity)
    assert float(found.celsius.mean()) == pytest.approx(mean_c, abs=0.05)
    assert low_c < found.celsius.min() and found.celsius.max() < high_c
    # Octets in the wrong order would make neighbours differ by thousands.
    assert np.abs(np.diff(found.raw.astype(int))).mean() < 25


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["plain", "png", "tiff"])
def test_the_temperatures_that_were_put_in_come_out(order: str, kind: str) -> None:
    plain = RAW.astype(f"{order}u2").tobytes()
    raw = {"plain": plain, "png": as_png(RAW), "tiff": as_tiff(RAW)}[kind]
    found = radiometric(forged(raw, 16, 12, order=order))
    np.testing.assert_array_equal(found.raw, RAW)
    np.testing.assert_allclose(found.celsius, KELVIN - 273.15, atol=0.05)


def test_counts_below_the_curve_have_no_temperature() -> None:
    found = celsius(np.uint16([[0, 1, 60_000]]), CURVE)
    assert np.isnan(found[0, :2]).all() and found[0, 2] > 100


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n",
        forged(RAW.tobytes()[:-1], 16, 12),
        forged(RAW.tobytes(), 0, 12),
        forged(b"", 65_535, 65_535),
        forged(as_png(RAW), 12, 16),
        forged(as_png(RAW.astype(np.uint8)), 16, 12),
        forged(as_png(RAW)[:90], 16, 12),
        forged(RAW.tobytes(), 16, 12, camera=CURVE._replace(r1=0.0)),
        forged(RAW.tobytes(), 16, 12, camera=CURVE._replace(b=math.nan)),
        forged(RAW.tobytes(), 16, 12, camera=CURVE._replace(emissivity=0.0)),
        forged(RAW.tobytes(), 16, 12, camera=CURVE._replace(reflected_k=0.0)),
        forged(RAW.tobytes(), 16, 12)[:-1000],
    ],
    ids=range(14),
)
def test_what_is_none_has_a_code(octets: bytes) -> None:
    with pytest.raises(FrameUnreadable) as error:
        radiometric(octets)
    assert error.value.code == "thermal.frame_unreadable"


SOURCES = [forged(RAW.tobytes(), 16, 12), forged(as_png(RAW), 16, 12), forged(as_tiff(RAW), 16, 12)]
if FOLDER.is_dir():
    SOURCES += [(FOLDER / "fie_ax8.jpg").read_bytes()]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on what it could yet read
@settings(max_examples=600, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_refuse(data: st.DataObject) -> None:
    octets = bytearray(data.draw(st.sampled_from(SOURCES)))
    for at in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=6)):
        octets[at] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.none() | st.integers(0, len(octets)))
    try:
        found = radiometric(bytes(octets[:cut]))
    except FrameUnreadable:
        return
    assert found.raw.dtype == np.uint16 and found.raw.shape == found.celsius.shape


@pytest.mark.parametrize(
    "raw, width, height",
    [
        (b"", 3000, 3000),
        (as_png(RAW), 3000, 3000),
        (as_png(np.zeros((4000, 4000), np.uint16)), 9, 9),
    ],
    ids=["plain", "png", "bomb"],
)
def test_what_claims_to_be_large_takes_no_memory(raw: bytes, width: int, height: int) -> None:
    octets = forged(raw, width, height, piece=60_000)
    tracemalloc.start()
    with pytest.raises(FrameUnreadable):
        radiometric(octets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
