"""ASTERIX octets for tests: datablocks built and taken apart, and our values put back into octets.

What the reader took out of a record and this puts back must be what stood on the wire.
"""

from collections.abc import Iterator
from pathlib import Path
from struct import pack

from watchline_sensors.adapters.asterix.edition import Edition, ItemLayout, Shape
from watchline_sensors.adapters.asterix.reader import Values, read_record

DATA = Path(__file__).parents[2] / "shared/data/asterix"


def block(*records: str, category: int = 10) -> bytes:
    """A datablock of records written as hex digits."""
    body = b"".join(bytes.fromhex(record) for record in records)
    return bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body


def record(layout: Edition, contents: dict[str, str]) -> str:
    """A record with these items (hex digits), in the order and behind the bits of the layout."""
    names = [None if item is None else item.name for item in layout.items]
    assert contents.keys() <= set(names)
    octets = [bytes.fromhex(contents[name]) if name in contents else None for name in names]
    return (_compound(octets) or b"\x00").hex()


def datablocks(stream: bytes) -> Iterator[bytes]:
    """The datablocks of a sound stream."""
    offset = 0
    while offset < len(stream):
        length = int.from_bytes(stream[offset + 1 : offset + 3], "big")
        yield stream[offset : offset + length]
        offset += length


def packets(path: Path) -> Iterator[bytes]:
    """The UDP payloads of a sound little-endian Ethernet capture."""
    data, offset = path.read_bytes(), 24
    while offset < len(data):
        size = int.from_bytes(data[offset + 8 : offset + 12], "little")
        ip = data[offset + 30 : offset + 16 + size]
        start = 4 * (ip[0] & 15)
        yield ip[start + 8 : start + int.from_bytes(ip[start + 4 : start + 6], "big")]
        offset += 16 + size


def frames(path: Path) -> Iterator[bytes]:
    """The payloads of a sound final-frame file."""
    data, offset = path.read_bytes(), 0
    while offset < len(data):
        size = int.from_bytes(data[offset : offset + 2], "big")
        yield data[offset + 8 : offset + size - 4]
        offset += size


def records(body: bytes, layout: Edition) -> list[Values]:
    """All records of a datablock's body; raises Refused."""
    found, offset = [], 0
    while offset < len(body):
        values, offset = read_record(body, offset, len(body), layout)
        found.append(values)
    return found


def items(values: Values, layout: Edition) -> dict[str, bytes]:
    """The octets of every item whose values these are."""
    found = {}
    for item in layout.items:
        if item is not None and (octets := _octets(item, values)) is not None:
            found[item.name] = octets
    return found


def _octets(item: ItemLayout, values: Values) -> bytes | None:
    if item.parts is not None:
        return _compound([_octets(part, values) if part else None for part in item.parts.items])
    names = item.names or (item.name,)
    if names[0] not in values:
        return None
    match item.shape:
        case Shape.FIXED:
            return pack(f">{item.letters}", *(values[name] for name in names))
        case Shape.REPETITIVE:
            return bytes([len(values[item.name]) // item.size]) + values[item.name]
        case Shape.EXPLICIT:
            return bytes([len(values[item.name]) + 1]) + values[item.name]
    return values[item.name]


def _compound(parts: list[bytes | None]) -> bytes | None:
    last = max((index for index, part in enumerate(parts) if part is not None), default=None)
    if last is None:
        return None
    fspec = bytearray(last // 7 + 1)
    for index, part in enumerate(parts):
        if part is not None:
            fspec[index // 7] |= 0x80 >> index % 7
    for index in range(len(fspec) - 1):
        fspec[index] |= 1
    return bytes(fspec) + b"".join(part for part in parts if part is not None)
