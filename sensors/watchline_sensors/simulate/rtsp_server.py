"""A camera's network side: a small RTSP server on 127.0.0.1 that sends what is pushed to it.

One H.264 stream, coded once and cut into RTP packets once, whoever watches. A watcher that does
not keep up is dropped. RTSP 1.0 after RFC 2326, RTP and RTCP after RFC 3550, H.264 in RTP after
RFC 6184, digest and basic authentication after RFC 2617.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import av
import numpy as np
from av.codec.context import Flags
from av.video.frame import PictureType
from numpy.typing import NDArray

from watchline_sensors.simulate.scenario import STREAM_PATH

HOST = "127.0.0.1"
PATH = STREAM_PATH
REALM = "thermal"
#: A request longer than this, or with a longer body, is refused.
MAX_REQUEST = 8192
#: Octets that may wait for one watcher: some seconds of video.
MAX_WAITING = 4_000_000
MAX_CONNECTIONS = 64
SESSION_S = 60
REPORT_US = 5_000_000

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
    413: "Request Entity Too Large", 454: "Session Not Found",
    455: "Method Not Valid in This State", 461: "Unsupported Transport",
    501: "Not Implemented", 505: "RTSP Version Not Supported",
}  # fmt: skip
_PAYLOAD_TYPE = 96
_CLOCK_HZ = 90_000
#: Payload octets of a packet: what an Ethernet frame takes, with room for tunnels.
_MAX_PAYLOAD = 1400
#: By UDP so many packets at a time, so far apart: a whole picture at once overflows the
#: receiver's buffer, which Linux makes 208 KiB with what it counts for bookkeeping.
_BURST, _BURST_S = 32, 0.002
_FU_A = 28
_IDR, _SPS, _PPS = 5, 7, 8
_SENDER_REPORT = 200
#: Seconds from 1900, where NTP begins, to 1970.
_NTP_EPOCH_S = 2_208_988_800


class Request(NamedTuple):
    """One RTSP request; header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]


class RequestRefused(ValueError):
    """A request that cannot be served; `args[0]` is the status to answer with."""


class Access(NamedTuple):
    """What a watcher must know."""

    user: str
    password: str


def parse_request(head: bytes) -> Request:
    """A request without its body; raises RequestRefused (400, 505)."""
    try:
        first, *lines = head.decode("utf-8").strip().split("\r\n")
        method, url, version = first.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
    except ValueError as error:
        raise RequestRefused(400) from error
    if not version.startswith("RTSP/"):
        raise RequestRefused(400)
    if version != "RTSP/1.0":
        raise RequestRefused(505)
    return Request(method, url, headers)


def allowed(access: Access, request: Request, nonce: str) -> bool:
    """Whether a request carries the right basic or digest authorization (RFC 2617, no qop)."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        told = base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
        return hmac.compare_digest(rest.strip().encode(), told.encode())
    if scheme.lower() != "digest":
        return False
    said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    secret = _md5(f"{access.user}:{REALM}:{access.password}")
    right = _md5(f"{secret}:{nonce}:{_md5(f'{request.method}:{request.url}')}")
    return said.get("nonce") == nonce and hmac.compare_digest(
        said.get("response", "").encode(), right.encode()
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def units(stream: bytes) -> list[bytes]:
    """The NAL units of an octet stream with start codes (H.264 Annex B)."""
    parts = stream.split(b"\x00\x00\x01")[1:]
    return [unit for part in parts if (unit := part.rstrip(b"\x00"))]


def payloads(unit: bytes) -> Iterator[bytes]:
    """What packets carry of a NAL unit: itself, or fragments (FU-A, RFC 6184 section 5.8)."""
    if len(unit) <= _MAX_PAYLOAD:
        yield unit
        return
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    last = len(unit) - 1
    for at in range(1, len(unit), _MAX_PAYLOAD - 2):
        piece = unit[at : at + _MAX_PAYLOAD - 2]
        begins, ends = at == 1, at + len(piece) > last
        yield bytes([indicator, begins << 7 | ends << 6 | kind]) + piece


def rtp_time(at_us: int) -> int:
    """A time since 1970 on the stream's 90 kHz clock, 32 bits."""
    return at_us * 9 // 100 & 0xFFFF_FFFF


def packets(stream_units: list[bytes], at_us: int, sequence: int, ssrc: int) -> list[bytes]:
    """The RTP packets of one picture; the last is marked (RFC 3550 section 5.1)."""
    carried = [payload for unit in stream_units for payload in payloads(unit)]
    return [
        struct.pack(
            ">BBHII",
            0x80,
            (n == len(carried) - 1) << 7 | _PAYLOAD_TYPE,
            sequence + n & 0xFFFF,
            rtp_time(at_us),
            ssrc,
        )
        + payload
        for n, payload in enumerate(carried)
    ]


def sender_report(at_us: int, ssrc: int, sent_packets: int, sent_octets: int) -> bytes:
    """Which NTP time a time of the stream's clock is (RFC 3550 section 6.4.1)."""
    seconds, rest_us = divmod(at_us, 1_000_000)
    return struct.pack(
        ">BBHIIIIII",
        0x80,
        _SENDER_REPORT,
        6,
        ssrc,
        seconds + _NTP_EPOCH_S & 0xFFFF_FFFF,
        (rest_us << 32) // 1_000_000,
        rtp_time(at_us),
        sent_packets & 0xFFFF_FFFF,
        sent_octets & 0xFFFF_FFFF,
    )


class Encoder:
    """Grey pictures to H.264, each at once, a whole one each second and whenever asked."""

    def __init__(self, width: int, height: int, frames_per_s: float, quality: float) -> None:
        """Open libx264; `quality` is its rate factor, 0 is lossless."""
        codec: Any = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        rate = Fraction(frames_per_s).limit_denominator(1000)
        codec.framerate, codec.time_base = rate, 1 / rate
        codec.gop_size = max(1, round(frames_per_s))
        codec.color_range = 2  # all of 0..255
        codec.thread_count = 1
        codec.flags |= Flags.global_header
        codec.options = {
            "preset": "ultrafast", "tune": "zerolatency", "crf": str(quality),
            "x264-params": "scenecut=0",
        }  # fmt: skip
        codec.open()
        self._codec, self._number = codec, 0
        self._chroma = np.full((height // 2, width), 128, np.uint8)
        held = units(codec.extradata)
        self.parameters = [next(u for u in held if u[0] & 0x1F == kind) for kind in (_SPS, _PPS)]

    def units(self, picture: NDArray[np.uint8], *, whole: bool) -> list[bytes]:
        """The NAL units of a picture (h, w), with the parameter sets before a whole one."""
        frame = av.VideoFrame.from_ndarray(
            np.concatenate([picture, self._chroma]), format="yuv420p"
        )
        frame.pts, self._number = self._number, self._number + 1
        if whole:
            frame.pict_type = PictureType.I
        found = [u for packet in self._codec.encode(frame) for u in units(bytes(packet))]
        is_whole = any(unit[0] & 0x1F == _IDR for unit in found)
        return [*self.parameters, *found] if is_whole else found


@dataclass(slots=True, eq=False)
class _Watcher:
    """One connection: where its packets go, once it has said so."""

    writer: asyncio.StreamWriter
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    session: str | None = None
    channels: tuple[int, int] | None = None  # interleaved, on the connection itself
    ports: tuple[int, int] | None = None  # of its own, by UDP
    plays: bool = False
    waits: bool = True  # for a whole picture
    report_us: int = 0


class RtspServer:
    """Serves rtsp://127.0.0.1:port/thermal; `frozen` and `black` are faults to be played.

    Frozen, it stays connected and sends nothing; black, each picture is 0 all over.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        frames_per_s: float = 25.0,
        access: Access | None = None,
        quality: float = 20.0,
    ) -> None:
        """Sides are even numbers of pixels."""
        self.frozen = self.black = False
        self.dropped = 0
        self._encoder = Encoder(width, height, frames_per_s, quality)
        self._black = np.zeros((height, width), np.uint8)
        self._access = access
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._sent = [0, 0]
        self._watchers: set[_Watcher] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._udp: list[socket.socket] = []

    async def start(self, port: int = 0) -> int:
        """Listen; the port, which is a free one unless told."""
        self._udp = _pair()
        self._server = await asyncio.start_server(self._serve, HOST, port, limit=MAX_REQUEST)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End all connections at once, as a camera that loses its power."""
        if self._server is not None:
            self._server.close()
        for watcher in list(self._watchers):
            watcher.writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self._udp:
            one.close()

    def push(self, picture: NDArray[np.uint8], at_us: int) -> None:
        """Send a picture (h, w) taken at `at_us` (µs since 1970) to all that watch; never waits."""
        watching = [one for one in self._watchers if one.plays]
        if self.frozen or not watching:
            return
        coded = self._encoder.units(
            self._black if self.black else picture, whole=any(one.waits for one in watching)
        )
        cut = packets(coded, at_us, self._sequence, self._ssrc)
        self._sequence = self._sequence + len(cut) & 0xFFFF
        for watcher in watching:
            watcher.waits = False
            if abs(at_us - watcher.report_us) >= REPORT_US:
                watcher.report_us = at_us
                self._send(watcher, [sender_report(at_us, self._ssrc, *self._sent)], control=True)
            self._send(watcher, cut)
        self._sent[0] += len(cut)
        self._sent[1] += sum(len(packet) - 12 for packet in cut)

    def _send(self, watcher: _Watcher, cut: list[bytes], *, control: bool = False) -> None:
        if watcher.ports is not None:
            clock, to = asyncio.get_running_loop(), (self._udp[control], watcher.ports[control])
            for n in range(0, len(cut), _BURST):
                clock.call_later(n // _BURST * _BURST_S, _sendto, *to, cut[n : n + _BURST])
        elif watcher.channels is not None:
            transport, channel = watcher.writer.transport, watcher.channels[control]
            if transport.get_write_buffer_size() > MAX_WAITING:
                self.dropped += 1
                watcher.plays = False
                transport.abort()
                return
            framed = (struct.pack(">cBH", b"$", channel, len(p)) + p for p in cut)
            transport.write(b"".join(framed))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        watcher = _Watcher(writer)
        if len(self._watchers) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._watchers.add(watcher)
        self._tasks.add(task)
        try:
            while await self._next(reader, watcher):
                pass
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # it is gone
        finally:
            self._watchers.discard(watcher)
            self._tasks.discard(task)
            writer.close()

    async def _next(self, reader: asyncio.StreamReader, watcher: _Watcher) -> bool:
        """Take one request, or what a watcher reports; whether the connection goes on."""
        try:
            async with asyncio.timeout(2 * SESSION_S):
                first = await reader.readexactly(1)
                if first == b"$":
                    _, length = struct.unpack(">BH", await reader.readexactly(3))
                    await reader.readexactly(length)
                    return True
                head = first + await reader.readuntil(b"\r\n\r\n")
                request = parse_request(head)
                length = _number(request.headers.get("content-length", "0"))
                if length > MAX_REQUEST:
                    raise RequestRefused(413)
                await reader.readexactly(length)
        except asyncio.LimitOverrunError:
            return self._refuse(watcher, 413)
        except RequestRefused as refused:
            return self._refuse(watcher, refused.args[0])
        self._answer(watcher, request)
        return request.method != "TEARDOWN"

    def _refuse(self, watcher: _Watcher, status: int) -> bool:
        """Where a stream's next request begins is unknown after a broken one."""
        _reply(watcher, status, None)
        return False

    def _answer(self, watcher: _Watcher, request: Request) -> None:
        sequence = request.headers.get("cseq")
        try:
            if sequence is None or not sequence.isdigit():
                raise RequestRefused(400)
            headers, body = self._handle(watcher, request)
        except RequestRefused as refused:
            status, headers = refused.args[0], {}
            if status == 401:
                headers = {
                    "WWW-Authenticate": f'Digest realm="{REALM}", nonce="{watcher.nonce}"\r\n'
                    f'WWW-Authenticate: Basic realm="{REALM}"'
                }
            _reply(watcher, status, sequence, headers)
        else:
            _reply(watcher, 200, sequence, headers, body)

    def _handle(self, watcher: _Watcher, request: Request) -> tuple[dict[str, str], str]:
        """The answer's headers and body; raises RequestRefused."""
        method = request.method
        if method not in _METHODS.split(", "):
            raise RequestRefused(501)
        if method == "OPTIONS":
            return {"Public": _METHODS}, ""
        if self._access is not None and not allowed(self._access, request, watcher.nonce):
            raise RequestRefused(401)
        if _path(request.url) not in (PATH, f"{PATH}/track0"):
            raise RequestRefused(404)
        if method == "DESCRIBE":
            return self._describe(request)
        if method == "SETUP":
            return self._setup(watcher, request)
        if watcher.session is None:
            raise RequestRefused(454 if method == "TEARDOWN" else 455)
        if request.headers.get("session", "").partition(";")[0] != watcher.session:
            raise RequestRefused(454)
        headers = {"Session": watcher.session}
        if method == "PLAY":
            watcher.plays = watcher.waits = True
            url = f"{request.url.rstrip('/')}/track0"
            headers |= {"Range": "npt=now-", "RTP-Info": f"url={url};seq={self._sequence}"}
        return headers, ""

    def _describe(self, request: Request) -> tuple[dict[str, str], str]:
        sets = self._encoder.parameters
        coded = ",".join(base64.b64encode(one).decode() for one in sets)
        profile = sets[0][1:4].hex()
        lines = [
            "v=0", f"o=- {self._ssrc} 1 IN IP4 {HOST}", "s=thermal", f"c=IN IP4 {HOST}", "t=0 0",
            "a=control:*", f"m=video 0 RTP/AVP {_PAYLOAD_TYPE}",
            f"a=rtpmap:{_PAYLOAD_TYPE} H264/{_CLOCK_HZ}",
            f"a=fmtp:{_PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile};"
            f"sprop-parameter-sets={coded}",
            "a=control:track0", "",
        ]  # fmt: skip
        base = f"{request.url.rstrip('/')}/"
        return {"Content-Base": base, "Content-Type": "application/sdp"}, "\r\n".join(lines)

    def _setup(self, watcher: _Watcher, request: Request) -> tuple[dict[str, str], str]:
        for offer in request.headers.get("transport", "").split(","):
            kind, *options = (part.strip() for part in offer.split(";"))
            told = dict(option.partition("=")[::2] for option in options)
            if kind == "RTP/AVP/TCP":
                watcher.channels, watcher.ports = _two(told.get("interleaved", "0-1"), 255), None
                chosen = f"{kind};unicast;interleaved={watcher.channels[0]}-{watcher.channels[1]}"
            elif kind in ("RTP/AVP", "RTP/AVP/UDP") and "multicast" not in told:
                watcher.ports, watcher.channels = _two(told.get("client_port", ""), 65535), None
                own = "-".join(str(one.getsockname()[1]) for one in self._udp)
                pair = f"{watcher.ports[0]}-{watcher.ports[1]}"
                chosen = f"{kind};unicast;client_port={pair};server_port={own}"
            else:
                continue
            watcher.session = watcher.session or secrets.token_hex(8)
            return {
                "Transport": f"{chosen};ssrc={self._ssrc:08X}",
                "Session": f"{watcher.session};timeout={SESSION_S}",
            }, ""
        raise RequestRefused(461)


def _sendto(own: socket.socket, port: int, cut: list[bytes]) -> None:
    for packet in cut:
        with contextlib.suppress(OSError):  # a full buffer: UDP promises no more
            own.sendto(packet, (HOST, port))


def _reply(
    watcher: _Watcher,
    status: int,
    sequence: str | None,
    headers: dict[str, str] | None = None,
    body: str = "",
) -> None:
    told = {} if sequence is None else {"CSeq": sequence}
    told |= headers or {}
    if body:
        told["Content-Length"] = str(len(body))
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", *(f"{k}: {v}" for k, v in told.items())]
    watcher.writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise RequestRefused(400)
    return int(text)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError as error:
        raise RequestRefused(400) from error


def _two(text: str, most: int) -> tuple[int, int]:
    """A range of two, "4588-4589"; one alone goes with the next."""
    first, _, second = text.partition("-")
    low = _number(first)
    high = _number(second) if second else low + 1
    if not max(low, high) <= most:
        raise RequestRefused(461)
    return low, high


def _pair() -> list[socket.socket]:
    """Two UDP sockets with neighbouring ports, the first one even (RFC 3550 section 11)."""
    for _ in range(100):
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        first.bind((HOST, 0))
        port = first.getsockname()[1]
        with contextlib.suppress(OSError):
            if port % 2 == 0:
                second.bind((HOST, port + 1))
                for one in (first, second):
                    one.setblocking(False)
                return [first, second]
        first.close()
        second.close()
    raise OSError("no two neighbouring UDP ports are free")
