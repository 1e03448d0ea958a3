"""CAT010 bytes to reports: pure, and never an exception whatever the bytes.

Every datablock ends as a Datablock (all its records) or a BadDatablock (a reason and a
sample), so that datablocks in = decoded + bad. A datablock is taken whole or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from watchline_sensors.adapters.asterix.edition import Edition
from watchline_sensors.adapters.asterix.reader import Refused, read_record
from watchline_sensors.adapters.asterix.reports import (
    DAY_TICKS,
    Report,
    Source,
    StartOfUpdateCycle,
    Status,
)
from watchline_sensors.adapters.asterix.target import target_report

CATEGORY = 10
SAMPLE_OCTETS = 512

#: The edition of each source that may be heard.
Editions = Mapping[Source, Edition]


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
    if len(block) < 4 or block[0] != CATEGORY or not block[3] & 0x80:
        return None
    for offset in range(3, len(block) - 2):
        if not block[offset] & 1:
            return block[offset + 1], block[offset + 2]
    return None


def decode_datablock(block: bytes, editions: Editions) -> Datablock | BadDatablock:
    """One datablock whose length is right.

    Codes beside those of `read_record` and `target_report`: `asterix.category_unsupported`,
    `asterix.empty`, `asterix.source_missing`, `asterix.source_unknown`,
    `asterix.edition_mixed`, `asterix.message_type_invalid`, `asterix.time_of_day_invalid`.
    """
    source = source_of(block)
    try:
        if block[0] != CATEGORY:
            raise Refused("asterix.category_unsupported")
        if len(block) == 3:
            raise Refused("asterix.empty")
        if source is None:
            raise Refused("asterix.source_missing")
        return Datablock(source, _reports(block, source, editions))
    except Refused as refused:
        return BadDatablock(refused.code, block[:SAMPLE_OCTETS], len(block), source)


def _reports(block: bytes, source: Source, editions: Editions) -> tuple[Report, ...]:
    edition = editions.get(source) or _only(editions)
    reports: list[Report] = []
    known = False
    offset, end = 3, len(block)
    while offset < end:
        values, offset = read_record(block, offset, end, edition)
        try:
            source = (values["010.SAC"], values["010.SIC"])
        except KeyError:
            raise Refused("asterix.source_missing") from None
        own = editions.get(source)
        if own is not None:
            known = True
            if own is not edition:
                raise Refused("asterix.edition_mixed")
        tod_128 = int.from_bytes(values.get("140", b"\xff\xff\xff"), "big")
        if tod_128 >= DAY_TICKS:
            raise Refused("asterix.time_of_day_invalid")
        match values.get("000"):
            case 1:
                reports.append(target_report(source, tod_128, values))
            case 2:
                reports.append(StartOfUpdateCycle(source=source, tod_128=tod_128))
            case 3 | 4 as kind:
                system = values.get("550")
                reports.append(
                    Status(source=source, tod_128=tod_128, event=kind == 4, system=system)
                )
            case _:
                raise Refused("asterix.message_type_invalid")
    if not known:
        raise Refused("asterix.source_unknown")
    return tuple(reports)


def _only(editions: Editions) -> Edition:
    """The one edition all sources share: a stranger in their datablocks is read by it too."""
    distinct = {id(edition): edition for edition in editions.values()}
    if len(distinct) != 1:
        raise Refused("asterix.source_unknown")
    return next(iter(distinct.values()))
