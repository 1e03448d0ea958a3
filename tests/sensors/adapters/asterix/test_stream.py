"""Datablocks out of a stream: whole however it is cut, and an end where it is no longer ASTERIX."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from asterix_wire import block
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.stream import Stream

EDITIONS = {(10, 0, 7): edition(10, "1.1")}


def cycle(number: int) -> bytes:
    return block(f"d0 0007 02 {number:06x}")


def times(found) -> list[int]:
    return [one.tod_128 for each in found if isinstance(each, Datablock) for one in each.reports]


def codes(found) -> list[str]:
    return [each.code for each in found if isinstance(each, BadDatablock)]


@given(st.lists(st.integers(0, 600), max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_cuts_of_a_stream_give_the_same_datablocks(cuts):
    octets = b"".join(map(cycle, range(60)))
    stream, found = Stream(EDITIONS), []
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    for start, end in itertools.pairwise(edges):
        found += stream.take(octets[start:end])
    assert times(found) == list(range(60))
    assert not stream.lost and stream.end() == []


def test_a_bad_datablock_does_not_end_the_stream():
    stream = Stream(EDITIONS)
    unread = block("00", category=21)  # a category of the standard, but not ours
    found = stream.take(cycle(1) + unread + block("d0 0007 09 000001") + cycle(2))
    assert times(found) == [1, 2]
    assert codes(found) == ["asterix.category_unsupported", "asterix.message_type_invalid"]
    assert not stream.lost


def test_what_cannot_be_a_header_ends_the_stream():
    for wrong in (b"\x0a\x00\x02", b"HTTP/1.1 200", b"\x00\x00\x10", b"\x0a\x00\x00\xff"):
        stream = Stream(EDITIONS)
        found = stream.take(cycle(1) + wrong + cycle(2))
        assert times(found) == [1]
        assert codes(found) == ["asterix.framing_lost"]
        assert found[-1].length == len(wrong) + len(cycle(2))
        assert stream.lost and stream.end() == []


def test_a_torn_datablock_is_a_bad_one():
    stream = Stream(EDITIONS)
    assert times(stream.take(cycle(1) + cycle(2)[:-1])) == [1]
    (torn,) = stream.end()
    assert (torn.code, torn.length, torn.source) == ("asterix.length_invalid", 9, (0, 7))
    assert stream.end() == []


@given(st.lists(st.binary(max_size=400), max_size=20))
@settings(max_examples=200, deadline=None)
def test_noise_never_raises_and_never_piles_up(pieces):
    stream = Stream(EDITIONS)
    octets = cycle(1) + b"".join(pieces)
    found = stream.take(cycle(1))
    for piece in pieces:
        if not stream.lost:
            found += stream.take(piece)
    found += stream.end()
    assert times(found)[:1] == [1]
    assert sum(each.length for each in found if isinstance(each, BadDatablock)) <= len(octets)
