"""The fast reader and libasterix's strict parser must give one answer, on good and bad octets."""

import random
from functools import cache
from pathlib import Path

import pytest
from asterix import base, generated
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.adapters.asterix.decode import datablock_length
from watchline_sensors.adapters.asterix.edition import (
    MAX_PLANS,
    Edition,
    EditionUnknown,
    Shape,
    edition,
)
from watchline_sensors.adapters.asterix.reader import Refused, Values, read_record

ORACLE = generated.Cat_010_1_1.cv_uap


def read_all(body: bytes) -> list[Values] | None:
    """All records as our reader sees them, or None when it refuses."""
    records, offset = [], 0
    try:
        while offset < len(body):
            values, offset = read_record(body, offset, len(body), edition(10, "1.1"))
            records.append(values)
    except Refused:
        return None
    return records


@cache
def layouts() -> dict[str, object]:
    return {item.name: item for item in edition(10, "1.1").items if item is not None}


def oracle_all(body: bytes) -> list[Values] | None:
    """The same from libasterix, by its own accessors."""
    parsed = ORACLE.parse(base.Bits.from_bytes(body))
    if isinstance(parsed, ValueError):
        return None
    return [
        {
            name: value
            for item, spare in record.items_regular.items()
            for name, value in oracle_item(item, spare)
        }
        for record in parsed
    ]


def oracle_item(item, non_spare):
    layout = layouts()[item]
    octets = non_spare.unparse().to_bytes()
    if layout.shape is Shape.FIXED and layout.names != (item,):
        for name in layout.names:
            inner = non_spare.arg.arg._get_item(name.partition(".")[2])
            bits = inner.unparse()
            raw = bits.to_uinteger()
            signed = layout.letters[layout.names.index(name)].islower()
            yield name, raw - (1 << len(bits)) if signed and raw >> len(bits) - 1 else raw
    elif layout.shape is Shape.FIXED and layout.letters in "BHIQ":
        yield item, int.from_bytes(octets, "big")
    elif layout.shape is Shape.FIXED and layout.letters in "bhiq":
        yield item, int.from_bytes(octets, "big", signed=True)
    elif layout.shape in (Shape.FIXED, Shape.EXTENDED):
        yield item, octets
    else:
        yield item, octets[1:]


def bodies(stream: bytes) -> list[bytes]:
    found, offset = [], 0
    while offset < len(stream):
        length = datablock_length(stream, offset)
        found.append(stream[offset + 3 : offset + length])
        offset += length
    return found


def mutated(random_: random.Random, body: bytes) -> bytes:
    octets = bytearray(body)
    for _ in range(random_.randint(1, 4)):
        match random_.randint(0, 4):
            case 0 if octets:
                octets[random_.randrange(len(octets))] ^= 1 << random_.randrange(8)
            case 1 if octets:
                octets[random_.randrange(len(octets))] = random_.randrange(256)
            case 2:
                del octets[random_.randrange(len(octets) + 1) :]
            case 3:
                octets.insert(random_.randrange(len(octets) + 1), random_.randrange(256))
            case _ if octets:
                octets[random_.randrange(min(4, len(octets)))] |= random_.randrange(256)
    return bytes(octets)


def test_the_airport_as_libasterix_reads_it(airport):
    """Every tenth record (all 52,659 agree, but need 15 s; aviconv is held against them all)."""
    for body in bodies(airport)[::10]:
        ours = read_all(body)
        assert ours is not None and ours == oracle_all(body)


def test_three_thousand_mutants_are_accepted_or_refused_as_by_libasterix(walkers_path: Path):
    seeds = bodies(walkers_path.read_bytes())
    random_ = random.Random(20261123)
    accepted = 0
    for _ in range(3000):
        body = mutated(random_, random_.choice(seeds))
        ours, theirs = read_all(body), oracle_all(body)
        assert ours == theirs, body.hex()
        accepted += ours is not None
    assert 300 < accepted < 2700  # the mutants try both answers


@given(st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_random_octets_are_accepted_or_refused_as_by_libasterix(body):
    assert read_all(body) == oracle_all(body)


@given(st.lists(st.sampled_from(range(1, 29)), unique=True, max_size=10), st.binary(max_size=90))
@settings(max_examples=300, deadline=None)
def test_any_choice_of_items_is_read_as_by_libasterix(frns, content):
    fspec = [0] * 4
    for frn in frns:
        fspec[(frn - 1) // 7] |= 0x80 >> (frn - 1) % 7
    used = max((frn - 1) // 7 for frn in frns) + 1 if frns else 1
    head = bytes(octet | (i < used - 1) for i, octet in enumerate(fspec[:used]))
    assert read_all(head + content) == oracle_all(head + content)


def test_a_flood_of_field_specifications_is_not_remembered():
    full = Edition(
        category=10,
        text="1.1",
        items=edition(10, "1.1").items,
        max_fspec=4,
        plans={number.to_bytes(4, "big"): () for number in range(MAX_PLANS)},
    )
    values, _ = read_record(bytes.fromhex("c0000701"), 0, 4, full)
    assert values == {"010.SAC": 0, "010.SIC": 7, "000": 1}
    assert len(full.plans) == MAX_PLANS


def test_an_unknown_edition_is_refused_by_name():
    with pytest.raises(EditionUnknown) as refused:
        edition(10, "0.9")
    assert refused.value.code == "asterix.edition_unknown"
    assert edition(10, "1.1") is edition(10, "1.1")
