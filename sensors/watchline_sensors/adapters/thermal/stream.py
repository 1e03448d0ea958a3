"""The frames of a live camera: H.264, H.265 or what else FFmpeg decodes, over RTSP or HTTPS.

What ends is told by an error, since FFmpeg tells it by silence: a camera that is switched off
ends its stream like a film.

FFmpeg follows an RTSP redirect, which cannot be switched off, and takes any certificate: where a
camera can send the edge is for the network's rules to bound.
"""

import struct
from collections import Counter
from collections.abc import Iterator

import av
from av import Packet, VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from watchline_sensors.adapters.thermal.address import Address, Transport
from watchline_sensors.adapters.thermal.detect import MAX_PIXELS
from watchline_sensors.adapters.thermal.faults import StreamEnded, StreamFrozen, StreamUnreachable
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.grey import check_size, grey
from watchline_sensors.clock import now_us, steady_us

#: A camera whose clock is further off than this is not believed: its frames count from arrival.
CLOCK_OFF_US = 5_000_000
#: A wait for a packet as long as this means that those gathered while opening are used up ...
_WAIT_US = 5_000
#: ... and so does this time: one who reads slowly would never wait.
_CATCH_UP_US = 2_000_000
_PRFT = struct.Struct("=q")  # AVProducerReferenceTime: µs since 1970, flags
_RTSP_PROTOCOLS = "rtsp,rtp,tcp,udp,tls"
_HTTPS_PROTOCOLS = "https,tls,tcp"
#: No playlists: they would send the reader to addresses that nobody has checked.
_HTTPS_FORMATS = "mpjpeg,mjpeg,mpegts,matroska,webm,mov,mp4"


class Budget:
    """Lets through no more than `fps` a second, evenly."""

    def __init__(self, fps: float) -> None:
        self._period_us = 1e6 / fps
        self._due_us = 0.0

    def admits(self, at_us: int) -> bool:
        """Whether a frame of this time is handed on; after a step back of the clock it is."""
        late_us = at_us - self._due_us
        if -self._period_us <= late_us < 0:
            return False
        self._due_us = at_us + self._period_us - late_us % self._period_us
        return True


class _Gathering:
    """Whether packets still come from those gathered while the stream was opened."""

    def __init__(self) -> None:
        self._opened_us = steady_us()
        self.over = False

    def waited(self, asked_us: int) -> None:
        now = steady_us()
        late = now - self._opened_us > _CATCH_UP_US
        self.over = self.over or late or now - asked_us > _WAIT_US


class _Reports:
    """What the camera's RTCP sender reports say of each packet."""

    def __init__(self) -> None:
        self._seen = False

    def of(self, packet: "Packet[VideoStream]") -> int | None:
        """When its frame was taken, if a report has come before it."""
        if not packet.has_sidedata("prft"):
            return None
        # FFmpeg gives the first one to the frame before the right one.
        first, self._seen = not self._seen, True
        return None if first else _PRFT.unpack_from(bytes(packet.get_sidedata("prft")))[0]


def capture_us(
    pts_us: int | None, reported_us: int | None, start_us: int | None, arrived_us: int
) -> tuple[int, Clock]:
    """When a frame was taken, and whose word that is.

    `reported_us` is what the camera's last RTCP sender report gives for this frame, `start_us`
    what its first one gives for the stream's zero; neither is believed when it differs from the
    arrival by more than CLOCK_OFF_US.
    """
    if reported_us is None and pts_us is not None and start_us is not None:
        reported_us = start_us + pts_us
    if reported_us is None or abs(arrived_us - reported_us) > CLOCK_OFF_US:
        return arrived_us, Clock.ARRIVAL
    return reported_us, Clock.CAMERA


def live_frames(
    where: Address,
    *,
    transport: Transport = Transport.TCP,
    max_fps: float = 10.0,
    open_s: float = 5.0,
    read_s: float = 5.0,
    counts: Counter[str],
) -> Iterator[Frame]:
    """A camera's frames, no more than `max_fps`, without end; blocks, so give it a thread.

    `where` has been resolved (`address.resolve`). Frames carry the camera's own time when it
    sends RTCP sender reports, else that of their arrival; the first ones, gathered while the
    stream was opened, are not handed on. `counts` gains: frames (handed on), over_budget,
    gathered, corrupt, undecoded (packets), clock_off (frames whose report was not believed).

    Raises StreamUnreachable, StreamEnded, FrameTooLarge and StreamFrozen, the last after one to
    two times `read_s` (FFmpeg reads twice before it gives up).
    """
    with _opened(where, transport, (open_s, read_s)) as container:
        stream = _video(container, where)
        gathering, reports, budget = _Gathering(), _Reports(), Budget(max_fps)
        seen_us = steady_us()
        for packet in _packets(container, stream, where, gathering):
            arrived_us = now_us()
            reported_us = reports.of(packet)
            pictures = _decoded(packet, counts)
            for picture in pictures:
                if not gathering.over:
                    counts["gathered"] += 1
                elif picture.is_corrupt:
                    counts["corrupt"] += 1
                elif not budget.admits(arrived_us):
                    counts["over_budget"] += 1
                else:
                    own_us = reported_us if picture.pts == packet.pts else None
                    start_us = container.start_time_realtime
                    at_us, clock = capture_us(_pts_us(picture), own_us, start_us, arrived_us)
                    counts["clock_off"] += start_us is not None and clock is Clock.ARRIVAL
                    counts["frames"] += 1
                    yield Frame(grey(picture), at_us, clock)
            if pictures:
                seen_us = steady_us()
            elif steady_us() - seen_us > 2e6 * read_s:
                raise StreamFrozen(f"{where}: what comes holds no picture")


def _opened(where: Address, transport: Transport, timeout: tuple[float, float]) -> InputContainer:
    options = {"max_pixels": str(MAX_PIXELS)}
    rtsp = where.scheme != "https"
    if rtsp:
        options |= {"protocol_whitelist": _RTSP_PROTOCOLS, "rtsp_transport": transport.value}
    else:
        options |= {"protocol_whitelist": _HTTPS_PROTOCOLS, "max_redirects": "0"}
        options |= {"format_whitelist": _HTTPS_FORMATS}
    try:
        return av.open(
            where.url(), format="rtsp" if rtsp else None, options=options, timeout=timeout
        )
    except av.FFmpegError as error:  # its own text, and so its trace, hold the password
        reason = _reason(error)
    raise StreamUnreachable(f"{where}: {reason}")


def _video(container: InputContainer, where: Address) -> VideoStream:
    if not container.streams.video:
        raise StreamUnreachable(f"{where}: no video in it")
    stream = container.streams.video[0]
    check_size(stream.width, stream.height)
    return stream


def _packets(
    container: InputContainer, stream: VideoStream, where: Address, gathering: _Gathering
) -> "Iterator[Packet[VideoStream]]":
    """Without end, but for StreamEnded and StreamFrozen."""
    packets = container.demux(stream)
    while True:
        asked_us = steady_us()
        try:
            packet = next(packets, None)
        except av.ExitError:
            raise StreamFrozen(str(where)) from None
        except av.FFmpegError as error:
            raise StreamEnded(f"{where}: {_reason(error)}") from None
        if packet is None:
            raise StreamEnded(str(where))
        gathering.waited(asked_us)
        yield packet


def _decoded(packet: "Packet[VideoStream]", counts: Counter[str]) -> list[VideoFrame]:
    try:
        return packet.decode()
    except av.FFmpegError:
        counts["undecoded"] += 1
        return []


def _pts_us(picture: VideoFrame) -> int | None:
    """None for the first frame of an RTSP stream."""
    if picture.pts is None or picture.time_base is None:
        return None
    return int(picture.pts * picture.time_base * 1_000_000)


def _reason(error: av.FFmpegError) -> str:
    return error.strerror or type(error).__name__
