"""A damaged file loses what is damaged and nothing else."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.replay.framing import datablocks

EDITIONS = {(10, 0, 7): edition(10, "1.1")}


def block(tod: int, extra: bytes = b"") -> bytes:
    body = bytes.fromhex("d0000702") + tod.to_bytes(3, "big") + extra
    return b"\x0a" + (len(body) + 3).to_bytes(2, "big") + body


def read(data: bytes) -> list[Datablock | BadDatablock]:
    return list(datablocks(io.BytesIO(data), EDITIONS))


def times(found) -> list[int]:
    return [one.tod_128 for each in found if isinstance(each, Datablock) for one in each.reports]


def bad(found) -> list[BadDatablock]:
    return [each for each in found if isinstance(each, BadDatablock)]


def test_a_whole_file_comes_out_whole_across_the_windows_edges():
    count = 106_000  # 1.06 MB: more than one read
    found = read(b"".join(block(number) for number in range(count)))
    assert times(found) == list(range(count))


def test_an_empty_file_holds_nothing():
    assert read(b"") == []


def test_a_bad_content_costs_one_datablock():
    found = read(block(1) + block(2, b"\xff") + block(3) + block(4))
    assert times(found) == [1, 3, 4]
    assert [each.code for each in bad(found)] == ["asterix.truncated"]


def test_foreign_categories_are_one_bad_datablock_each():
    foreign = bytes((8, 0, 5, 1, 2))
    found = read(block(1) + foreign + foreign + block(2) + foreign)
    assert times(found) == [1, 2]
    assert [each.code for each in bad(found)] == ["asterix.category_unsupported"] * 3


def test_a_broken_length_is_passed_over_to_the_next_good_datablock():
    broken = bytearray(block(2))
    broken[1:3] = (200).to_bytes(2, "big")
    found = read(block(1) + bytes(broken) + b"".join(block(n) for n in range(3, 60)))
    assert times(found) == [1, *range(3, 60)]
    (lost,) = bad(found)
    assert (lost.code, lost.length, lost.sample) == ("asterix.framing_lost", 10, bytes(broken))


def test_noise_and_a_torn_end_are_each_one_bad_datablock():
    noise = bytes(range(11, 200)) * 10
    found = read(noise + block(1) + noise + block(2) + block(3)[:-2])
    assert times(found) == [1, 2]
    assert [each.length for each in bad(found)] == [len(noise), len(noise), len(block(3)) - 2]


def test_megabytes_of_noise_are_one_bad_datablock_with_a_bounded_sample():
    noise = bytes(range(11, 251)) * 15_000
    found = read(block(1) + noise + block(2))
    assert times(found) == [1, 2]
    (lost,) = bad(found)
    assert (lost.length, len(lost.sample)) == (len(noise), 512)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage_never_raises_and_costs_little(data):
    count = 60
    octets = bytearray(b"".join(block(number) for number in range(count)))
    hits = data.draw(st.lists(st.integers(0, len(octets) - 1), min_size=1, max_size=3))
    for at in hits:
        octets[at] ^= 1 << data.draw(st.integers(0, 7))
    found = read(bytes(octets))
    seen = times(found)
    # A flipped bit may change a time or hide its datablock, at worst with its neighbour.
    assert len(seen) >= count - 2 * len(hits)
    assert len(set(seen) & set(range(count))) >= count - 2 * len(hits)
    assert sum(each.length for each in bad(found)) <= 20 * len(hits)
