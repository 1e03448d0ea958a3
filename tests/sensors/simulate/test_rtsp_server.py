import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from watchline_sensors.simulate import rtsp_server
from watchline_sensors.simulate.rtsp_server import (
    HOST,
    Access,
    Encoder,
    RequestRefused,
    RtspServer,
    packets,
    parse_request,
    payloads,
    sender_report,
    units,
)

WIDTH, HEIGHT, FPS = 320, 256, 25.0
START_US = 1_790_000_000_000_000
#: A row of squares tells a picture's number in binary.
BITS = 12


def spot(number: int) -> tuple[float, float]:
    """Where the hotspot is in a picture, in pixels from the corner."""
    return 60.0 + 1.37 * number % 200.0, 120.0 + 40.0 * np.sin(number / 9.0)


def picture(number: int) -> NDArray[np.uint8]:
    """Noise, a hotspot of 1.2 px (1 sigma), and the number below it."""
    rng = np.random.default_rng(number)
    grey = 90.0 + rng.normal(0.0, 3.0, (HEIGHT, WIDTH))
    x, y = spot(number)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    grey += 110.0 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.2**2))
    for bit in range(BITS):
        grey[224:240, 16 * bit : 16 * bit + 16] = 230.0 if number >> bit & 1 else 20.0
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def number_in(grey: NDArray[np.uint8]) -> int:
    """What a picture says its number is."""
    return sum(1 << bit for bit in range(BITS) if grey[232, 16 * bit + 8] > 128)


def spot_in(grey: NDArray[np.uint8]) -> tuple[float, float]:
    """The middle of the brightest part above the numbers, by its weight."""
    field = grey[:200].astype(float)
    row, column = np.unravel_index(int(field.argmax()), field.shape)
    top, left = max(0, row - 4), max(0, column - 4)
    part = np.clip(field[top : row + 5, left : column + 5] - 100.0, 0.0, None)
    rows, columns = np.indices(part.shape) + 0.5
    return left + (part * columns).sum() / part.sum(), top + (part * rows).sum() / part.sum()


def watch(url: str, count: int, transport: str = "tcp") -> list[NDArray[np.uint8]]:
    """The first pictures of a stream, or all until it ends."""
    found: list[NDArray[np.uint8]] = []
    with av.open(url, options={"rtsp_transport": transport}, timeout=(5, 5)) as stream:
        for frame in stream.decode(video=0):
            found.append(np.array(frame.to_ndarray(format="gray")))
            if len(found) == count:
                break
    return found


@asynccontextmanager
async def camera(
    pushed: Callable[[RtspServer, int], None] | None = None, **told: Any
) -> AsyncIterator[tuple[RtspServer, str]]:
    """A server to which pictures 0, 1, 2, … are pushed while somebody watches."""
    server = RtspServer(WIDTH, HEIGHT, frames_per_s=FPS, **told)
    port = await server.start()

    async def feed() -> None:
        number = 0
        while True:
            if any(one.plays for one in server._watchers):
                if pushed is not None:
                    pushed(server, number)
                server.push(picture(number), START_US + round(number * 1e6 / FPS))
                number += 1
            await asyncio.sleep(0.015)

    feeding = asyncio.create_task(feed())
    try:
        yield server, f"rtsp://{HOST}:{port}/thermal"
    finally:
        feeding.cancel()
        await server.stop()


async def test_by_tcp_each_picture_arrives_in_order_and_its_hotspot_in_place() -> None:
    async with camera() as (_, url):
        seen = await asyncio.to_thread(watch, url, 120)
    numbers = [number_in(grey) for grey in seen]
    assert numbers == list(range(numbers[0], numbers[0] + 120))
    assert numbers[0] <= 1
    off = [np.subtract(spot_in(grey), spot(n)) for n, grey in zip(numbers, seen, strict=True)]
    assert np.hypot(*np.array(off).T).max() < 0.5
    # All grey values go through, not those of television alone.
    assert seen[1][232, 8 + 16 * 5] == pytest.approx(20, abs=6)


async def test_by_udp_pictures_arrive_in_order() -> None:
    async with camera() as (_, url):
        seen = await asyncio.to_thread(watch, url, 60, "udp")
    numbers = [number_in(grey) for grey in seen]
    assert len(numbers) == 60
    assert numbers == sorted(set(numbers))
    assert numbers[-1] - numbers[0] < 70


async def test_two_watchers_see_the_same_and_the_second_need_not_wait() -> None:
    async with camera() as (_, url):
        first = asyncio.create_task(asyncio.to_thread(watch, url, 90))
        await asyncio.sleep(0.5)
        second = await asyncio.to_thread(watch, url, 20)
        one = {number_in(grey): grey for grey in await first}
    shared = [grey for grey in second if number_in(grey) in one]
    assert len(shared) >= 15
    assert all(np.array_equal(grey, one[number_in(grey)]) for grey in shared)


async def test_a_stream_that_stops_ends_and_one_that_freezes_times_out() -> None:
    def at_forty(server: RtspServer, number: int) -> None:
        if number == 40:
            for watcher in list(server._watchers):
                watcher.writer.transport.abort()

    async with camera(at_forty) as (_, url):
        assert 20 <= len(await asyncio.to_thread(watch, url, 90)) <= 40

    def frozen(server: RtspServer, number: int) -> None:
        server.frozen = number >= 30

    def patience(url: str) -> float:
        begun = time.monotonic()
        with (
            pytest.raises(av.error.FFmpegError),
            av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, 1)) as stream,
        ):
            for _ in stream.decode(video=0):
                begun = time.monotonic()
        return time.monotonic() - begun

    async with camera(frozen) as (server, url):
        assert await asyncio.to_thread(patience, url) < 8.0
        assert server.dropped == 0


async def test_black_is_black_to_the_watcher() -> None:
    def dark(server: RtspServer, number: int) -> None:
        server.black = number >= 20

    async with camera(dark) as (_, url):
        seen = await asyncio.to_thread(watch, url, 60)
    assert seen[0].max() > 150
    assert all(grey.max() <= 2 for grey in seen[-30:])


async def test_only_who_knows_the_password_watches() -> None:
    async with camera(access=Access("eye", "s3cret")) as (_, url):
        known = url.replace("rtsp://", "rtsp://eye:s3cret@")
        assert len(await asyncio.to_thread(watch, known, 5)) == 5
        for wrong in (url, url.replace("rtsp://", "rtsp://eye:other@")):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                await asyncio.to_thread(watch, wrong, 5)
        basic = base64.b64encode(b"eye:s3cret").decode()
        asked = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic "
        right, wrong = await ask(url, asked + basic), await ask(url, asked + basic[:-4] + "AAAA")
        assert right.startswith("RTSP/1.0 200 ")
        assert wrong.startswith("RTSP/1.0 401 ")


async def ask(url: str, request: str | bytes) -> str:
    """The answer to one request, as far as it has come in a moment; "" when there is none."""
    reader, writer = await asyncio.open_connection(HOST, int(url.split(":")[2].split("/")[0]))
    octets = request if isinstance(request, bytes) else f"{request}\r\n\r\n".encode()
    try:
        writer.write(octets)
        async with asyncio.timeout(2.0):
            return (await reader.read(4096)).decode()
    finally:
        writer.close()


BROKEN = {
    "no CSeq": (b"OPTIONS * RTSP/1.0\r\n\r\n", 400),
    "CSeq no number": (b"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n", 400),
    "garbage": (bytes(range(128, 256)) * 4 + b"\r\n\r\n", 400),
    "another protocol": (b"GET / HTTP/1.1\r\nCSeq: 1\r\n\r\n", 400),
    "another version": (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
    "a header that is none": (b"OPTIONS * RTSP/1.0\r\nCSeq\r\n\r\n", 400),
    "too long": (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: " + b"x" * 20_000, 413),
    "a body too long": (b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n", 413),
    "a length that is none": (b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
    "a method that is none": (b"DANCE * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 501),
    "another path": (b"DESCRIBE rtsp://h/other RTSP/1.0\r\nCSeq: 1\r\n\r\n", 404),
    "a path that only begins alike": (
        b"DESCRIBE rtsp://h/thermal2 RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        404,
    ),
    "a url that is none": (b"DESCRIBE rtsp://[h/thermal RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
    "play before setup": (b"PLAY rtsp://h/thermal RTSP/1.0\r\nCSeq: 1\r\n\r\n", 455),
    "no transport": (b"SETUP rtsp://h/thermal RTSP/1.0\r\nCSeq: 1\r\n\r\n", 461),
    "a port too high": (
        b"SETUP rtsp://h/thermal RTSP/1.0\r\nCSeq: 1\r\n"
        b"Transport: RTP/AVP;unicast;client_port=70000-70001\r\n\r\n",
        461,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_request_is_refused_and_the_server_lives(case: str) -> None:
    octets, status = BROKEN[case]
    async with camera() as (_, url):
        assert (await ask(url, octets)).startswith(f"RTSP/1.0 {status} ")
        assert "DESCRIBE" in await ask(url, "OPTIONS * RTSP/1.0\r\nCSeq: 7")
        assert len(await asyncio.to_thread(watch, url, 5)) == 5


async def _play(url: str, transport: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A watcher made by hand, playing; the answers are read."""
    reader, writer = await asyncio.open_connection(HOST, int(url.split(":")[2].split("/")[0]))
    writer.write(f"SETUP {url} RTSP/1.0\r\nCSeq: 1\r\nTransport: {transport}\r\n\r\n".encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).decode()
    session = answer.partition("Session: ")[2].partition(";")[0]
    writer.write(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
    assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_a_report_with_the_time_of_capture_comes_first() -> None:
    async with camera() as (_, url):
        reader, writer = await _play(url, "RTP/AVP/TCP;unicast;interleaved=4-5")
        assert await reader.readexactly(4) == b"$\x05\x00\x1c"
        report = await reader.readexactly(28)
        assert (await reader.readexactly(2)) == b"$\x04"
        head = await reader.readexactly(14)
        writer.close()
    ntp_s, ntp_part, clock = np.frombuffer(report, ">u4")[2:5].tolist()
    assert report[1] == 200
    assert (ntp_s - 2_208_988_800) * 1e6 + ntp_part * 1e6 / 2**32 == pytest.approx(START_US, abs=2)
    assert clock == int.from_bytes(head[6:10], "big")


async def test_a_watcher_that_does_not_read_is_dropped_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtsp_server, "MAX_WAITING", 200_000)
    # Enough octets to fill what the kernel holds for a connection, too.
    async with camera(quality=2.0) as (server, url):
        _, idle = await _play(url, "RTP/AVP/TCP;interleaved=0-1")
        idle.transport.pause_reading()  # type: ignore[attr-defined]
        seen = await asyncio.to_thread(watch, url, 250)
        assert server.dropped == 1
        assert len(server._watchers) <= 2
        idle.close()
    numbers = [number_in(grey) for grey in seen]
    assert np.diff(numbers).tolist() == [1] * 249


async def test_stopping_leaves_nothing_open() -> None:
    before = threading.active_count()
    async with camera() as (server, url):
        _, writer = await _play(url, "RTP/AVP/TCP;interleaved=0-1")
    assert not server._watchers and not server._tasks
    with pytest.raises(OSError):
        await asyncio.open_connection(HOST, int(url.split(":")[2].split("/")[0]))
    writer.close()
    assert threading.active_count() <= before


def test_fragments_join_to_the_unit_they_were() -> None:
    unit = bytes([0x65]) + bytes(range(1, 251)) * 20
    pieces = list(payloads(unit))
    assert all(len(piece) <= 1400 and piece[0] == 0x7C for piece in pieces)
    assert [piece[1] for piece in pieces] == [0x85, 0x05, 0x05, 0x45]
    assert (
        bytes([pieces[0][0] & 0xE0 | pieces[0][1] & 0x1F]) + b"".join(piece[2:] for piece in pieces)
        == unit
    )
    assert list(payloads(unit[:1400])) == [unit[:1400]]


def test_sequence_numbers_go_round_and_the_last_packet_is_marked() -> None:
    cut = packets([b"\x67ab", b"\x65" + b"x" * 3000], 0, 0xFFFE, 7)
    assert [int.from_bytes(p[2:4], "big") for p in cut] == [0xFFFE, 0xFFFF, 0, 1]
    assert [p[1] >> 7 for p in cut] == [0, 0, 0, 1]


def test_a_report_is_laid_out_as_rfc_3550_says() -> None:
    report = sender_report(1_500_000, 0xABCD, 3, 99)
    words = np.frombuffer(report, ">u4").tolist()
    assert words == [0x80C80006, 0xABCD, 2_208_988_801, 1 << 31, 135_000, 3, 99]


def test_units_are_found_between_start_codes() -> None:
    stream = b"\x00\x00\x00\x01\x67ab\x00\x00\x01\x68c\x00\x00\x00\x01\x65d\x00"
    assert units(stream) == [b"\x67ab", b"\x68c", b"\x65d"]


def test_a_whole_picture_comes_each_second_and_when_asked() -> None:
    encoder = Encoder(WIDTH, HEIGHT, FPS, 20.0)
    whole = [
        number
        for number in range(60)
        if encoder.units(picture(number), whole=number == 10)[0][0] & 0x1F == 7
    ]
    assert whole == [0, 10, 35]


@pytest.mark.parametrize("head", [b"", b"\r\n\r\n", b"PLAY x\r\n\r\n", b"\xff\xfe"])
def test_what_is_no_request_is_refused(head: bytes) -> None:
    with pytest.raises(RequestRefused):
        parse_request(head)
