"""ASTERIX in a classic pcap file: the payload of every UDP datagram over IPv4.

Everything in the file becomes datablocks or one bad datablock with a reason, so that nothing
is passed over in silence. The formats are those of pcap-savefile(5) and of the link types
EN10MB, LINUX_SLL, LINUX_SLL2 and RAW; pcapng is another format and is not read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO

from watchline_sensors.adapters.asterix.decode import (
    SAMPLE_OCTETS,
    BadDatablock,
    Datablock,
    Editions,
    decode_datagram,
)

MAGIC_PCAPNG = b"\x0a\x0d\x0d\x0a"
_MICRO, _NANO = 0xA1B2C3D4, 0xA1B23C4D
_HEADER_OCTETS = 24
_MAX_PACKET = 262_144  # what libpcap itself writes at most
_CHUNK = 1 << 16

#: Link type -> where the protocol stands (None: there is only IP) and where the packet begins.
_LINKS: dict[int, tuple[int | None, int]] = {
    1: (12, 14),
    101: (None, 0),
    113: (14, 16),
    276: (0, 20),
}
_IPV4 = b"\x08\x00"
_VLAN_TAGS = (b"\x81\x00", b"\x88\xa8")
_UDP = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """How the packets of one file are written: a packet's header, its fraction of a second."""

    packet: Struct
    per_us: int
    link: int


def capture(head: bytes) -> Capture | None:
    """What the first 24 octets of a file say, or None when it is no classic pcap file."""
    for order in "<>":
        if len(head) >= _HEADER_OCTETS:
            (magic,) = Struct(order + "I").unpack_from(head)
            if magic in (_MICRO, _NANO):
                (link,) = Struct(order + "I").unpack_from(head, 20)
                return Capture(
                    packet=Struct(order + "IIII"),
                    per_us=1 if magic == _MICRO else 1000,
                    link=link & 0xFFFF,  # the upper half tells of a checksum
                )
    return None


def is_read(link: int) -> bool:
    """Whether packets of this link type are read."""
    return link in _LINKS


def first_us(file: BinaryIO, how: Capture) -> int | None:
    """When the first packet was captured (µs since 1970), or None when there is none."""
    file.seek(_HEADER_OCTETS)
    header = file.read(how.packet.size)
    if len(header) < how.packet.size:
        return None
    seconds, fraction, _, _ = how.packet.unpack(header)
    return int(seconds * 1_000_000 + fraction // how.per_us)


def datablocks(
    file: BinaryIO, how: Capture, editions: Editions
) -> Iterator[Datablock | BadDatablock]:
    """Every datablock of a capture, in order, in bounded memory; never raises on its content.

    Codes of its own: `pcap.damaged` (what is left of a file whose packets cannot be told
    apart), `pcap.truncated` (a packet that was not kept whole), `pcap.not_udp` (not UDP over
    IPv4), `pcap.fragment` (a part of a datagram; the parts are not joined).
    """
    file.seek(_HEADER_OCTETS)
    while header := file.read(how.packet.size):
        if len(header) < how.packet.size:
            yield _bad("pcap.damaged", header)
            return
        _, _, kept, sent = how.packet.unpack(header)
        if kept > min(sent, _MAX_PACKET):
            yield BadDatablock("pcap.damaged", header, len(header) + _rest(file), None)
            return
        packet = file.read(kept)
        if len(packet) < sent:
            yield _bad("pcap.truncated", packet)
            continue
        payload = _payload(packet, how.link)
        if isinstance(payload, BadDatablock):
            yield payload
        else:
            yield from decode_datagram(payload, editions)


def _payload(packet: bytes, link: int) -> bytes | BadDatablock:
    """What the UDP datagram in a packet carries."""
    at, start = _LINKS[link]
    if at is not None:
        while packet[at : at + 2] in _VLAN_TAGS:
            at, start = at + 4, start + 4
        if packet[at : at + 2] != _IPV4:
            return _bad("pcap.not_udp", packet)
    ip = packet[start:]
    if len(ip) < 20 or ip[0] >> 4 != 4 or ip[9] != _UDP:
        return _bad("pcap.not_udp", packet)
    if int.from_bytes(ip[6:8], "big") & 0x3FFF:  # more fragments, or an offset
        return _bad("pcap.fragment", packet)
    udp = ip[4 * (ip[0] & 0x0F) :]
    length = int.from_bytes(udp[4:6], "big")
    if not 8 <= length <= len(udp):  # what follows a shorter one only fills the frame
        return _bad("pcap.truncated", packet)
    return udp[8:length]


def _bad(code: str, octets: bytes) -> BadDatablock:
    return BadDatablock(code, octets[:SAMPLE_OCTETS], len(octets), None)


def _rest(file: BinaryIO) -> int:
    return sum(len(chunk) for chunk in iter(lambda: file.read(_CHUNK), b""))
