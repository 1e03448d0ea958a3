"""Captures: every UDP payload comes out, and whatever is none is counted with its reason."""

import io
import socket
import struct
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asterix_wire import block
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.replay import pcap

EDITIONS = {(10, 0, 7): edition(10, "1.1")}
PAYLOAD = block("d0 0007 02 384000")
ETHERNET, RAW, COOKED, COOKED2 = 1, 101, 113, 276


def udp(payload: bytes, *, fragment: int = 0, options: bytes = b"", protocol: int = 17) -> bytes:
    """An IPv4 packet; UDP's and IP's checksums are not looked at."""
    datagram = struct.pack(">HHHH", 4000, 8600, 8 + len(payload), 0) + payload
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, 4 * words + len(datagram), 1, fragment, 64,
                       protocol, 0)  # fmt: skip
    return head + socket.inet_aton("10.0.0.1") + socket.inet_aton("10.0.0.2") + options + datagram


def link(packet: bytes, kind: int, ethertype: int = 0x0800) -> bytes:
    """The packet as this link type carries it."""
    proto = ethertype.to_bytes(2, "big")
    return {
        ETHERNET: bytes(12) + proto,
        RAW: b"",
        COOKED: bytes(14) + proto,
        COOKED2: proto + bytes(18),
    }[kind] + packet


def capture(*packets: bytes, kind: int = ETHERNET, order: str = "<", nano: bool = False) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65_535, kind)
    for number, packet in enumerate(packets):
        fraction = number * (1000 if nano else 1)
        data += struct.pack(f"{order}IIII", 1_700_000_000, fraction, len(packet), len(packet))
        data += packet
    return data


def read(data: bytes) -> list[Datablock | BadDatablock]:
    how = pcap.capture(data[:24])
    assert how is not None
    return list(pcap.datablocks(io.BytesIO(data), how, EDITIONS))


def codes(found) -> list[str]:
    return [one.code if isinstance(one, BadDatablock) else "good" for one in found]


@pytest.mark.parametrize("kind", [ETHERNET, RAW, COOKED, COOKED2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_every_link_type_and_byte_order_is_read(kind, order, nano):
    packet = link(udp(PAYLOAD), kind)
    data = capture(packet, packet, kind=kind, order=order, nano=nano)
    assert codes(read(data)) == ["good", "good"]
    how = pcap.capture(data[:24])
    assert pcap.first_us(io.BytesIO(data), how) == 1_700_000_000_000_000


def test_what_is_around_a_datagram_is_cut_off():
    padded = link(udp(PAYLOAD), ETHERNET) + bytes(18)
    tagged = link(bytes(2) + b"\x08\x00" + udp(PAYLOAD), ETHERNET, 0x8100)
    optional = link(udp(PAYLOAD, options=bytes(8)), ETHERNET)
    two = link(udp(PAYLOAD + PAYLOAD), ETHERNET)
    assert codes(read(capture(padded, tagged, optional, two))) == ["good"] * 5


def test_what_is_no_whole_udp_datagram_is_counted_with_its_reason():
    whole = link(udp(PAYLOAD), ETHERNET)
    wrong = {
        "pcap.not_udp": [
            link(udp(PAYLOAD, protocol=6), ETHERNET),  # TCP
            link(bytes(28), ETHERNET, 0x0806),  # ARP
            link(bytes(60), ETHERNET, 0x86DD),  # IPv6
            link(b"", ETHERNET),
            b"",
        ],
        "pcap.fragment": [
            link(udp(PAYLOAD, fragment=0x2000), ETHERNET),
            link(udp(PAYLOAD, fragment=0x0010), ETHERNET),
        ],
        "pcap.truncated": [whole[:-1], link(udp(PAYLOAD)[:24], ETHERNET)],
    }
    for code, packets in wrong.items():
        for packet in packets:
            assert codes(read(capture(whole, packet, whole))) == ["good", code, "good"]


def test_a_packet_that_was_not_kept_whole_is_not_decoded():
    packet = link(udp(PAYLOAD), ETHERNET)
    data = capture(packet)
    snapped = data[:24] + struct.pack("<IIII", 1, 0, len(packet), len(packet) + 500) + packet
    assert codes(read(snapped)) == ["pcap.truncated"]


@pytest.mark.parametrize("kept", [0xFFFFFFFF, 300_000, 200])
def test_what_follows_a_broken_packet_header_is_one_bad_datablock(kept):
    packet = link(udp(PAYLOAD), ETHERNET)
    broken = struct.pack("<IIII", 1, 0, kept, 60) + bytes(500_000)
    found = read(capture(packet) + broken)
    assert codes(found) == ["good", "pcap.damaged"]
    assert (found[1].length, len(found[1].sample)) == (500_016, 16)


def test_a_file_cut_anywhere_loses_one_packet():
    packet = link(udp(PAYLOAD), ETHERNET)
    data = capture(packet, packet)
    for cut in range(24, len(data)):
        found = codes(read(data[:cut]))
        whole, rest = divmod(cut - 24, 16 + len(packet))
        assert found.count("good") == whole
        assert len(found) == whole + (rest > 0)


def test_other_files_are_no_capture():
    assert pcap.capture(b"") is None
    assert pcap.capture(capture()[:23]) is None
    assert pcap.capture(PAYLOAD * 10) is None
    assert not pcap.is_read(105)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damage_never_raises_and_nothing_is_lost_in_silence(data):
    packet = link(udp(PAYLOAD), ETHERNET)
    octets = bytearray(capture(*[packet] * 5))
    for at in data.draw(st.lists(st.integers(24, len(octets) - 1), min_size=1, max_size=4)):
        octets[at] = data.draw(st.integers(0, 255))
    found = Counter(codes(read(bytes(octets))))
    # A packet is a datablock or a reason, and a reason ends what can no longer be told apart.
    assert found.total() >= 1
    assert found["pcap.damaged"] <= 1
    assert found["pcap.damaged"] or found.total() >= 3
