"""An RTSP camera on this machine: H.264 over RTP, by TCP or UDP, with RTCP sender reports."""

import contextlib
import io
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
_RTP_HZ = 90_000
_FIRST_RTP = 4_000_000_000  # wraps after an hour
_SSRC = 7


def encoded(frames: list[np.ndarray]) -> list[list[bytes]]:
    """The NAL units of each frame."""
    box = io.BytesIO()
    with av.open(box, "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "12", "g": "10"}
        packets = []
        for k, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            packets += [bytes(packet) for packet in stream.encode(frame)]
        packets += [bytes(packet) for packet in stream.encode()]
    return [[unit for unit in _units(packet) if unit] for packet in packets if packet]


def _units(octets: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in octets.split(b"\0\0\1")][1:]


class Camera:
    """Serves one caller after the other; `login` is "user:password", asked for when given.

    `sr_at_us`: what its clock says at the first frame, told by sender reports from frame
    `sr_from` on; None: it tells no time. After the last frame it does what `then` says:
    "cut" the line, or "freeze".
    """

    def __init__(
        self,
        frames: list[np.ndarray],
        *,
        fps: float = 25.0,
        sr_at_us: int | None = None,
        sr_from: int = 0,
        login: str = "",
        then: str = "cut",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.frames, self.fps, self.then = encoded(frames), fps, then
        self.sr_at_us, self.sr_from, self.login = sr_at_us, sr_from, login
        self.tls = tls
        self.asked: list[str] = []
        self.closing = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Camera":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.close()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 0.1).close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                line = self.tls.wrap_socket(line, server_side=True) if self.tls else line
                with line:
                    self._talk(line)

    def _talk(self, line: socket.socket) -> None:
        text = line.makefile("rb")
        udp: socket.socket | None = None
        while request := text.readline().decode():
            fields = dict(_fields(text))
            self.asked.append(request.strip())
            method = request.split()[0]
            head, body = [f"CSeq: {fields['cseq']}", "Session: 1"], b""
            status = "200 OK"
            wanted = "Basic " + b64encode(self.login.encode()).decode()
            if self.login and method != "OPTIONS" and fields.get("authorization") != wanted:
                status = "401 Unauthorized"
                head.append('WWW-Authenticate: Basic realm="camera"')
            elif method == "DESCRIBE":
                body = self._sdp()
                head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
            elif method == "SETUP":
                transport = fields["transport"].split(",")[0]
                if "TCP" not in transport:
                    port = int(transport.partition("client_port=")[2].split("-")[0])
                    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    udp.bind(("127.0.0.1", 0))
                    udp.connect(("127.0.0.1", port))
                    own = udp.getsockname()[1]
                    transport += f";server_port={own}-{own + 1}"
                head.append(f"Transport: {transport}")
            answer = f"RTSP/1.0 {status}\r\n" + "\r\n".join(head) + "\r\n\r\n"
            line.sendall(answer.encode() + body)
            if method == "PLAY":
                return self._play(line, udp)

    def _sdp(self) -> bytes:
        sets = [unit for unit in self.frames[0] if unit[0] & 31 in (7, 8)]
        given = ",".join(b64encode(unit).decode() for unit in sets)
        lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "t=0 0", "m=video 0 RTP/AVP 96"]
        lines += [f"a=rtpmap:96 H264/{_RTP_HZ}", "a=control:track1"]
        lines += [f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={given}"]
        return "".join(f"{one}\r\n" for one in lines).encode()

    def _play(self, line: socket.socket, udp: socket.socket | None) -> None:
        number, start = 0, time.monotonic()
        for k, units in enumerate(self.frames):
            if self.closing.wait(max(0.0, start + k / self.fps - time.monotonic())):
                return
            at = (_FIRST_RTP + round(k / self.fps * _RTP_HZ)) & 0xFFFFFFFF
            if self.sr_at_us is not None and k >= self.sr_from and (k - self.sr_from) % 25 == 0:
                self._send(line, udp, self._report(k, at), 1)
            pieces = [piece for unit in units for piece in _pieces(unit)]
            for n, piece in enumerate(pieces):
                last = 0x80 * (n == len(pieces) - 1)
                head = struct.pack(">BBHII", 0x80, last | 96, number & 0xFFFF, at, _SSRC)
                self._send(line, udp, head + piece, 0)
                number += 1
        if self.then == "freeze":
            self.closing.wait()

    def _report(self, k: int, at: int) -> bytes:
        ntp = ((self.sr_at_us or 0) / 1e6 + k / self.fps + NTP_EPOCH_S) % 2**32
        whole = int(ntp)
        return struct.pack(
            ">BBHIIIIII", 0x80, 200, 6, _SSRC, whole, int((ntp - whole) * 2**32), at, 0, 0
        )

    @staticmethod
    def _send(line: socket.socket, udp: socket.socket | None, octets: bytes, channel: int) -> None:
        if udp is None:
            line.sendall(struct.pack(">BBH", 0x24, channel, len(octets)) + octets)
        elif channel == 0:
            udp.send(octets)
        else:
            host, port = udp.getpeername()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                control.sendto(octets, (host, port + 1))


def _fields(text: io.BufferedReader) -> Iterator[tuple[str, str]]:
    while row := text.readline().decode().strip():
        name, _, value = row.partition(":")
        yield name.lower(), value.strip()


def _pieces(unit: bytes, most: int = 1200) -> list[bytes]:
    """RFC 6184: whole, or as FU-A."""
    if len(unit) <= most:
        return [unit]
    kind, rest = unit[0], unit[1:]
    parts = [rest[k : k + most] for k in range(0, len(rest), most)]
    return [
        bytes([kind & 0xE0 | 28, kind & 31 | 0x80 * (n == 0) | 0x40 * (n == len(parts) - 1)]) + part
        for n, part in enumerate(parts)
    ]
