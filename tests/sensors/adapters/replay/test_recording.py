"""A recording's kind is told by its octets or its name, and a kind that is not read is refused."""

import struct
from datetime import date

import pytest

from asterix_wire import block
from watchline_sensors.adapters.replay.adapter import build_replay
from watchline_sensors.adapters.replay.recording import RecordingUnsupported, recording
from watchline_sensors.clock import now_us

SECOND_US = 1_000_000
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)


def capture(at_s: int, *payloads: bytes) -> bytes:
    """A capture of raw IP, a packet a second."""
    data = HEADER
    for number, payload in enumerate(payloads):
        head = struct.pack(">BBHHHBBH8x", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0)
        packet = head + struct.pack(">HHHH", 1, 1, 8 + len(payload), 0) + payload
        data += struct.pack("<IIII", at_s + number, 0, len(packet), len(packet)) + packet
    return data


def plot(tod_s: float) -> bytes:
    return block(f"f520 0007 01 60 {round(tod_s * 128):06x} 03e8 0000 000c")


async def test_a_capture_tells_its_own_day(radar_config, feed, tmp_path):
    """The first plot is from before the midnight after which it was captured."""
    path = tmp_path / "night"  # known by its octets, not by its name
    midnight_s = 1_600_041_600  # 2020-09-14T00:00:00Z
    path.write_bytes(capture(midnight_s, plot(86_399.5), plot(0.75)))
    await build_replay(path, [radar_config()]).run(feed)
    stamps = [one.at_us - midnight_s * SECOND_US for one in feed.detections]
    assert stamps == [-SECOND_US // 2, SECOND_US * 3 // 4]
    feed.items.clear()
    await build_replay(path, [radar_config()], day=date(2021, 1, 1)).run(feed)
    assert feed.detections[0].at_us > 1_609_459_200 * SECOND_US


async def test_final_frames_are_known_by_their_name(radar_config, feed, tmp_path):
    path = tmp_path / "night.ff"
    payload = plot(3600.0)
    path.write_bytes((12 + len(payload)).to_bytes(2, "big") + bytes(6) + payload + b"\xa5" * 4)
    await build_replay(path, [radar_config()]).run(feed)
    assert len(feed.detections) == 1
    assert feed.detections[0].at_us < now_us()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pcapng", b"\x0a\x0d\x0d\x0a" + bytes(40), "pcapng"),
        ("a.ast", b"\x0a\x0d\x0d\x0a" + bytes(40), "pcapng"),
        ("a.pcap", HEADER[:20] + (105).to_bytes(4, "little"), "link type 105"),
        ("a.pcap", b"not a capture", "no pcap file"),
        ("a.pcap", b"", "no pcap file"),
    ],
)
async def test_other_kinds_are_refused_with_a_code(radar_config, feed, tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RecordingUnsupported, match=words) as refused:
        recording(path)
    assert refused.value.code == "replay.unsupported"
    with pytest.raises(RecordingUnsupported):
        await build_replay(path, [radar_config()]).run(feed)
