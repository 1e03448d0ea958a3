"""The fast reader and libasterix's strict parser must give one answer, on good and bad octets."""

import itertools
import random
from functools import cache
from pathlib import Path

import pytest
from asterix import base, generated
from hypothesis import given, settings
from hypothesis import strategies as st

from asterix_wire import DATA, datablocks, frames, packets, records
from watchline_sensors.adapters.asterix.decode import CATEGORIES
from watchline_sensors.adapters.asterix.edition import (
    MAX_PLANS,
    Edition,
    EditionUnknown,
    Shape,
    edition,
)
from watchline_sensors.adapters.asterix.reader import Refused, Values, read_record

#: Every edition libasterix has of the categories that are read.
EDITIONS = [
    (category, "{}.{}".format(*one.cv_edition))
    for category in CATEGORIES
    for one in generated.manifest["CATS"][category]
]
RECORDED = {
    "cat034-048.pcap": (packets, {34: "1.27", 48: "1.27"}),
    "cat062-edition-2008.pcap": (packets, {62: "1.18"}),
    "cat062-063-065.ff": (frames, {62: "1.18", 63: "1.6", 65: "1.4"}),
}


def read_all(body: bytes, layout: Edition) -> list[Values] | None:
    """All records as our reader sees them, or None when it refuses."""
    try:
        return records(body, layout)
    except Refused:
        return None


@cache
def oracle(category: int, text: str):
    for one in generated.manifest["CATS"][category]:
        if "{}.{}".format(*one.cv_edition) == text:
            return one.cv_uap
    raise AssertionError(text)


def oracle_all(body: bytes, layout: Edition) -> list[Values] | None:
    """The same from libasterix, by its own accessors."""
    parsed = oracle(layout.category, layout.text).parse(base.Bits.from_bytes(body))
    if isinstance(parsed, ValueError):
        return None
    layouts = {item.name: item for item in layout.items if item is not None}
    return [
        {
            name: value
            for item, spare in record.items_regular.items()
            for name, value in oracle_item(layouts[item], spare)
        }
        for record in parsed
    ]


def oracle_item(item, non_spare):
    octets = non_spare.unparse().to_bytes()
    if item.shape is Shape.COMPOUND:
        parts = {part.name: part for part in item.parts.items if part is not None}
        for name, part in non_spare.arg.arg.arg.items():
            yield from oracle_item(parts[f"{item.name}.{name}"], part)
    elif item.shape is Shape.FIXED and item.names != (item.name,):
        for name in item.names:
            inner = non_spare.arg.arg._get_item(name.rpartition(".")[2])
            bits = inner.unparse()
            raw = bits.to_uinteger()
            signed = item.letters[item.names.index(name)].islower()
            yield name, raw - (1 << len(bits)) if signed and raw >> len(bits) - 1 else raw
    elif item.shape is Shape.FIXED and item.letters in "BHIQ":
        yield item.name, int.from_bytes(octets, "big")
    elif item.shape is Shape.FIXED and item.letters in "bhiq":
        yield item.name, int.from_bytes(octets, "big", signed=True)
    elif item.shape in (Shape.FIXED, Shape.EXTENDED, Shape.CHAINED):
        yield item.name, octets
    else:
        yield item.name, octets[1:]


def recorded(name: str) -> dict[int, list[bytes]]:
    """The datablocks of a recording that nobody here made, by category."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} (../shared/data) is not beside this clone")
    found: dict[int, list[bytes]] = {}
    for payload in RECORDED[name][0](path):
        for one in datablocks(payload):
            found.setdefault(one[0], []).append(one[3:])
    return found


def made_up(layout: Edition, frns: list[int], content: bytes) -> bytes:
    """A record with these items by number, whatever their octets may be."""
    fspec = [0] * layout.max_fspec
    for frn in frns:
        fspec[(frn - 1) // 7] |= 0x80 >> (frn - 1) % 7
    used = max((frn - 1) // 7 for frn in frns) + 1 if frns else 1
    return bytes(octet | (i < used - 1) for i, octet in enumerate(fspec[:used])) + content


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
    layout = edition(10, "1.1")
    for one in itertools.islice(datablocks(airport), 0, None, 10):
        ours = read_all(one[3:], layout)
        assert ours is not None and ours == oracle_all(one[3:], layout)


@pytest.mark.parametrize("name", RECORDED)
def test_recordings_of_other_categories_as_libasterix_reads_them(name):
    """Every datablock of the captures, and 250 of each category of the long file."""
    for category, bodies in recorded(name).items():
        layout = edition(category, RECORDED[name][1][category])
        for body in bodies[:: max(1, len(bodies) // 250)]:
            ours = read_all(body, layout)
            assert ours == oracle_all(body, layout)
            if ours is None:
                assert name == "cat062-edition-2008.pcap"


def test_three_thousand_mutants_are_accepted_or_refused_as_by_libasterix(walkers_path: Path):
    layout = edition(10, "1.1")
    seeds = [one[3:] for one in datablocks(walkers_path.read_bytes())]
    random_ = random.Random(20261123)
    accepted = 0
    for _ in range(3000):
        body = mutated(random_, random_.choice(seeds))
        ours, theirs = read_all(body, layout), oracle_all(body, layout)
        assert ours == theirs, body.hex()
        accepted += ours is not None
    assert 300 < accepted < 2700  # the mutants try both answers


@pytest.mark.parametrize(("name", "count"), [("cat034-048.pcap", 500), ("cat062-063-065.ff", 200)])
def test_mutants_of_other_categories_are_accepted_or_refused_as_by_libasterix(name, count):
    random_ = random.Random(20261125)
    for category, bodies in recorded(name).items():
        layout = edition(category, RECORDED[name][1][category])
        accepted = 0
        for _ in range(count):
            body = mutated(random_, random_.choice(bodies))
            ours = read_all(body, layout)
            assert ours == oracle_all(body, layout), body.hex()
            accepted += ours is not None
        assert 0.05 * count < accepted < 0.98 * count


@given(st.sampled_from(EDITIONS), st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_random_octets_are_accepted_or_refused_as_by_libasterix(which, body):
    layout = edition(*which)
    assert read_all(body, layout) == oracle_all(body, layout)


@given(st.sampled_from(EDITIONS), st.data())
@settings(max_examples=500, deadline=None)
def test_any_choice_of_items_is_read_as_by_libasterix(which, data):
    layout = edition(*which)
    numbers = st.integers(1, 7 * layout.max_fspec)
    frns = data.draw(st.lists(numbers, unique=True, max_size=6))
    body = made_up(layout, frns, data.draw(st.binary(max_size=120)))
    assert read_all(body, layout) == oracle_all(body, layout)


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
