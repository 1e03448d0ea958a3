"""ASTERIX bytes to reports: pure, and never an exception whatever the bytes.

Every datablock ends as a Datablock (all its records) or a BadDatablock (a reason and a
sample), so that datablocks in = decoded + bad. A datablock is taken whole or not at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchline_sensors.adapters.asterix import cat010, cat034, cat048, cat062, cat063, cat065
from watchline_sensors.adapters.asterix.edition import Edition
from watchline_sensors.adapters.asterix.reader import Refused, Values, read_record
from watchline_sensors.adapters.asterix.reports import DAY_TICKS, Report, Source

SAMPLE_OCTETS = 512

#: The edition of each (category, SAC, SIC) that may be heard.
Editions = Mapping[tuple[int, int, int], Edition]

#: Category -> its item with the time of day, and what its records mean.
CATEGORIES: dict[int, tuple[str, Callable[[Source, int, Values], Report]]] = {
    10: ("140", cat010.report),
    34: ("030", cat034.report),
    48: ("140", cat048.report),
    62: ("070", cat062.report),
    63: ("030", cat063.report),
    65: ("030", cat065.report),
}


@dataclass(frozen=True, slots=True)
class Datablock:
    """A datablock and all its records, in order; `source` is the first record's.

    Records of a source without a configured edition are among them when the datablock also
    holds records of a configured one.
    """

    source: Source
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class BadDatablock:
    """A datablock that was refused: a stable code, its first octets, its whole length.

    `source` is told when the octets where SAC and SIC belong could be read.
    """

    code: str
    sample: bytes
    length: int
    source: Source | None = None


def decode_datagram(data: bytes, editions: Editions) -> list[Datablock | BadDatablock]:
    """Every datablock of one datagram, in order; never raises and never loses one.

    Where a datablock's length cannot be right, what is left of the datagram is one bad
    datablock, because nothing tells where the next begins. An empty datagram is one too.
    """
    found: list[Datablock | BadDatablock] = []
    offset = 0
    while True:
        length = datablock_length(data, offset)
        if length is None:
            found.append(unframed(data[offset:]))
            return found
        found.append(decode_datablock(data[offset : offset + length], editions))
        offset += length
        if offset >= len(data):
            return found


def datablock_length(data: bytes, offset: int = 0) -> int | None:
    """The length the header at `offset` gives, or None where it cannot be right."""
    if len(data) - offset < 3:
        return None
    length = data[offset + 1] << 8 | data[offset + 2]
    return length if 3 <= length <= len(data) - offset else None


def unframed(data: bytes) -> BadDatablock:
    """Octets in which no datablock can be told apart, as one bad datablock."""
    code = "asterix.header_truncated" if len(data) < 3 else "asterix.length_invalid"
    return BadDatablock(code, data[:SAMPLE_OCTETS], len(data), source_of(data))


def source_of(block: bytes) -> Source | None:
    """SAC and SIC of a datablock's first record where they must stand, or None."""
    if len(block) < 4 or block[0] not in CATEGORIES or not block[3] & 0x80:
        return None
    for offset in range(3, len(block) - 2):
        if not block[offset] & 1:
            return block[offset + 1], block[offset + 2]
    return None


def decode_datablock(block: bytes, editions: Editions) -> Datablock | BadDatablock:
    """One datablock whose length is right.

    Codes beside those of `read_record` and of the categories' `report`:
    `asterix.category_unsupported` (by us or by every configured source), `asterix.empty`,
    `asterix.source_missing`, `asterix.source_unknown` (or not in this category),
    `asterix.edition_mixed`, `asterix.time_of_day_invalid`.
    """
    source = source_of(block)
    try:
        if block[0] not in CATEGORIES:
            raise Refused("asterix.category_unsupported")
        if len(block) == 3:
            raise Refused("asterix.empty")
        if source is None:
            raise Refused("asterix.source_missing")
        return Datablock(source, _reports(block, source, editions))
    except Refused as refused:
        return BadDatablock(refused.code, block[:SAMPLE_OCTETS], len(block), source)


def _reports(block: bytes, source: Source, editions: Editions) -> tuple[Report, ...]:
    category = block[0]
    time_item, report = CATEGORIES[category]
    own = editions.get((category, *source))
    known = own is not None
    edition = own or _only(category, editions)
    reports: list[Report] = []
    offset, end = 3, len(block)
    while offset < end:
        values, offset = read_record(block, offset, end, edition)
        try:
            here = (values["010.SAC"], values["010.SIC"])
        except KeyError:
            raise Refused("asterix.source_missing") from None
        if here != source:
            other = editions.get((category, *here))
            if other is not None:
                known = True
                if other is not edition:
                    raise Refused("asterix.edition_mixed")
        tod_128 = int.from_bytes(values.get(time_item, b"\xff\xff\xff"), "big")
        if tod_128 >= DAY_TICKS:
            raise Refused("asterix.time_of_day_invalid")
        reports.append(report(here, tod_128, values))
    if not known:
        raise Refused("asterix.source_unknown")
    return tuple(reports)


def _only(category: int, editions: Editions) -> Edition:
    """The one edition all sources share: a stranger in their datablocks is read by it too."""
    distinct = {id(one): one for key, one in editions.items() if key[0] == category}
    if not distinct:
        raise Refused("asterix.category_unsupported")
    if len(distinct) > 1:
        raise Refused("asterix.source_unknown")
    return next(iter(distinct.values()))
