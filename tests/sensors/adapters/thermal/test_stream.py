"""A live camera: its frames, whose time they carry, and by what error each fault is told."""

import contextlib
import datetime
import io
import socket
import ssl
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image

from rtsp_camera import Camera
from watchline_sensors.adapters.thermal.address import Address
from watchline_sensors.adapters.thermal.faults import (
    FrameTooLarge,
    StreamEnded,
    StreamFrozen,
    StreamUnreachable,
)
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.stream import (
    CLOCK_OFF_US,
    Budget,
    Transport,
    capture_us,
    live_frames,
)
from watchline_sensors.clock import now_us

FPS = 25.0


def marked(count: int, high: int = 128, wide: int = 160) -> list[np.ndarray]:
    """Frames whose left half tells their number."""
    frames = [np.full((high, wide), 60, np.uint8) for _ in range(count)]
    for k, frame in enumerate(frames):
        frame[:, : wide // 2] = 40 + 2 * k
    return frames


def number(frame: Frame) -> int:
    """The luminance is sent as 16 to 235."""
    level = float(np.median(frame.pixels[16:-16, 16:48]))
    return round(((level - 16) * 255 / 219 - 40) / 2)


def taken(frames: Iterator[Frame]) -> tuple[list[Frame], type[Exception]]:
    got = []
    try:
        for frame in frames:
            got.append(frame)
    except Exception as error:
        return got, type(error)
    raise AssertionError("a stream never just ends")


def at(camera: Camera, **more: str) -> Address:
    return Address(host="127.0.0.1", port=camera.port, path="/live", **more)


@pytest.mark.parametrize("transport", list(Transport))
def test_frames_carry_the_cameras_own_time(transport: Transport) -> None:
    counts: Counter[str] = Counter()
    began_us = now_us() + 300_000  # its clock is a little ahead of ours
    with Camera(marked(75), fps=FPS, sr_at_us=began_us, sr_from=5) as camera:
        got, error = taken(
            live_frames(at(camera), transport=transport, max_fps=100, read_s=1, counts=counts)
        )
    assert error in ((StreamEnded,) if transport is Transport.TCP else (StreamEnded, StreamFrozen))
    assert counts["frames"] == len(got) >= 35
    assert counts["frames"] + counts["gathered"] + counts["over_budget"] == 75
    assert all(frame.pixels.shape == (128, 160) for frame in got)
    assert {frame.clock for frame in got} == {Clock.CAMERA}
    starts = np.array([frame.at_us - number(frame) * 1e6 / FPS for frame in got])
    assert np.ptp(starts) < 1000
    # Its first report came when the line was made: some time after `began_us` was thought of.
    assert abs(starts.mean() - began_us) < 1000


def test_without_reports_frames_count_from_arrival() -> None:
    counts: Counter[str] = Counter()
    with Camera(marked(75), fps=FPS) as camera:
        before = now_us()
        got, error = taken(live_frames(at(camera), max_fps=100, counts=counts))
    assert error is StreamEnded and len(got) >= 35
    assert {frame.clock for frame in got} == {Clock.ARRIVAL}
    times = np.array([frame.at_us for frame in got])
    steps = [number(frame) for frame in got]
    # Frames gathered while the stream was opened would all have arrived at once.
    slope_us = np.polyfit(steps, times, 1)[0]
    assert slope_us == pytest.approx(1e6 / FPS, rel=0.1)
    assert before < times[0] and times[-1] <= now_us()


def test_a_camera_whose_clock_is_far_off_is_not_believed() -> None:
    counts: Counter[str] = Counter()
    with Camera(marked(60), fps=FPS, sr_at_us=1_000_000_000_000_000) as camera:
        got, _ = taken(live_frames(at(camera), max_fps=100, counts=counts))
    assert {frame.clock for frame in got} == {Clock.ARRIVAL}
    assert counts["clock_off"] == len(got) > 0


def test_the_budget_holds_and_what_it_drops_is_counted() -> None:
    counts: Counter[str] = Counter()
    with Camera(marked(100), fps=FPS) as camera:
        got, _ = taken(live_frames(at(camera), max_fps=5, counts=counts))
    seconds = (100 - counts["gathered"]) / FPS
    assert seconds * 5 - 2 <= len(got) <= seconds * 5 + 2
    assert counts["over_budget"] + counts["frames"] + counts["gathered"] == 100


def test_a_frozen_camera_is_told_within_twice_the_time() -> None:
    counts: Counter[str] = Counter()
    with Camera(marked(40), fps=FPS, then="freeze") as camera:
        frames = live_frames(at(camera), max_fps=100, read_s=1.0, counts=counts)
        began = time.monotonic()
        got, error = taken(frames)
        passed = time.monotonic() - began
    assert error is StreamFrozen and got
    assert passed < 40 / FPS + 1.0 + 2 * 1.0 + 1.0


def test_a_stream_without_pictures_is_frozen_too() -> None:
    """From the fortieth frame on it sends what fills the line and shows nothing."""
    counts: Counter[str] = Counter()
    with Camera(marked(40), fps=FPS) as camera:
        camera.frames += [[b"\x09\xf0", b"\x0c" + b"\xff" * 50]] * 200
        got, error = taken(live_frames(at(camera), read_s=0.5, counts=counts))
    assert error is StreamFrozen and got
    assert counts["undecoded"] < 60


def test_a_wrong_password_is_told_and_not_shown() -> None:
    with Camera(marked(2), login="keeper:right") as camera:
        where = at(camera, user="keeper", password="wr0ng")
        with pytest.raises(StreamUnreachable) as error:
            next(live_frames(where, counts=Counter()))
    assert error.value.code == "thermal.unreachable" and "401" in str(error.value)
    told = "".join(traceback.format_exception(error.value))
    assert "wr0ng" not in told and "keeper" not in told


def test_the_right_password_opens_even_with_odd_letters() -> None:
    with Camera(marked(50), login="keeper:p/@ %ß") as camera:
        where = at(camera, user="keeper", password="p/@ %ß")
        got, error = taken(live_frames(where, counts=Counter()))
    assert got and error is StreamEnded


def test_nobody_there_is_told_and_shows_no_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    where = Address(host="127.0.0.1", port=port, user="keeper", password="hush")
    with pytest.raises(StreamUnreachable) as error:
        next(live_frames(where, counts=Counter()))
    assert "hush" not in "".join(traceback.format_exception(error.value))


def test_one_who_takes_the_call_and_says_nothing_is_unreachable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = Address(host="127.0.0.1", port=server.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(StreamUnreachable):
            next(live_frames(where, open_s=0.5, counts=Counter()))
    assert time.monotonic() - began < 2.0


def test_one_who_is_no_camera_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as line:
                line.recv(1000)
                line.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(range(256)) * 100)

        threading.Thread(target=answer, daemon=True).start()
        where = Address(host="127.0.0.1", port=server.getsockname()[1])
        with pytest.raises(StreamUnreachable):
            next(live_frames(where, open_s=1.0, counts=Counter()))


def test_a_frame_of_more_than_ten_million_pixels_is_refused() -> None:
    large = [np.zeros((2560, 4096), np.uint8)] * 3
    with Camera(large) as camera, pytest.raises(FrameTooLarge) as error:
        next(live_frames(at(camera), open_s=10, read_s=2, counts=Counter()))
    assert error.value.code == "thermal.frame_too_large"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate as cameras have them: signed by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    day = datetime.datetime.now(datetime.UTC)
    cert = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day.replace(year=2099))
    pem = cert.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_rtsp_over_tls(tls: ssl.SSLContext) -> None:
    with Camera(marked(60), tls=tls) as camera:
        got, error = taken(live_frames(at(camera, scheme="rtsps"), counts=Counter()))
    assert got and error is StreamEnded


@contextlib.contextmanager
def web(tls: ssl.SSLContext, answer: bytes) -> Iterator[Address]:
    """One who gives this answer to each who asks."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                with (
                    contextlib.suppress(ssl.SSLError, ConnectionError),
                    tls.wrap_socket(server.accept()[0], server_side=True) as line,
                ):
                    line.recv(4096)
                    line.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    with server:
        yield Address(scheme="https", host="127.0.0.1", port=server.getsockname()[1], path="/a")


def test_pictures_over_https(tls: ssl.SSLContext) -> None:
    box = io.BytesIO()
    Image.fromarray(marked(1)[0]).save(box, "jpeg")
    part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(box.getvalue())
    body = (part + box.getvalue() + b"\r\n") * 400
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
    counts: Counter[str] = Counter()
    with web(tls, head + body) as where:
        _, error = taken(live_frames(where, max_fps=1000, counts=counts))
    assert error is StreamEnded
    assert counts["gathered"] + counts["frames"] + counts["over_budget"] >= 399


def test_https_follows_no_redirect_and_no_playlist(tls: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.3)
        url = b"http://127.0.0.1:%d/b.ts" % other.getsockname()[1]
        moved = b"HTTP/1.0 302 Found\r\nLocation: " + url + b"\r\n\r\n"
        lists = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + url + b"\n#EXT-X-ENDLIST\n"
        kind = b"HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n"
        for answer in (moved, moved.replace(b"http:", b"https:"), kind + lists):
            with web(tls, answer) as where, pytest.raises(StreamUnreachable):
                next(live_frames(where, open_s=1.0, counts=Counter()))
        with pytest.raises(TimeoutError):
            other.accept()


@pytest.mark.parametrize("source", [9.0, 25.0, 30.0, 50.0])
@pytest.mark.parametrize("most", [1.0, 8.0, 10.0, 25.0])
def test_a_budget_lets_through_the_lesser_rate(source: float, most: float) -> None:
    budget, rng = Budget(most), np.random.default_rng(5)
    times = np.arange(0, 60, 1 / source) + rng.uniform(0, 0.3 / source, int(60 * source))
    kept = [t for t in times if budget.admits(int(t * 1e6) + 10**15)]
    assert len(kept) / 60 == pytest.approx(min(source, most), rel=0.15)
    inside = [sum(t <= other < t + 1 for other in kept) for t in kept]
    assert max(inside) <= most + 1


def test_a_budget_survives_a_step_of_the_clock() -> None:
    budget = Budget(10)
    assert budget.admits(10**15)
    assert not budget.admits(10**15 + 1)
    assert budget.admits(10**15 - 10**9)
    assert not budget.admits(10**15 - 10**9 + 1)
    assert budget.admits(10**15 + 10**9)


def test_whose_time_a_frame_carries() -> None:
    arrived = 10**15
    assert capture_us(5, None, None, arrived) == (arrived, Clock.ARRIVAL)
    assert capture_us(None, None, arrived, arrived + 9) == (arrived + 9, Clock.ARRIVAL)
    assert capture_us(5, None, arrived - 9, arrived) == (arrived - 4, Clock.CAMERA)
    assert capture_us(5, arrived - 7, arrived - 9, arrived) == (arrived - 7, Clock.CAMERA)
    off = arrived - CLOCK_OFF_US - 1
    assert capture_us(None, off, None, arrived) == (arrived, Clock.ARRIVAL)
