"""Final-frame files: whole frames come out, damage costs what is damaged."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from asterix_wire import block
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.replay.final_frame import datablocks

EDITIONS = {(10, 0, 7): edition(10, "1.1")}
MARK = b"\xa5\xa5\xa5\xa5"


def frame(number: int, more: bytes = b"") -> bytes:
    payload = block(f"d0 0007 02 {number:06x}") + more
    return (12 + len(payload)).to_bytes(2, "big") + bytes(6) + payload + MARK


def read(data: bytes) -> list[Datablock | BadDatablock]:
    return list(datablocks(io.BytesIO(data), EDITIONS))


def times(found) -> list[int]:
    return [one.tod_128 for each in found if isinstance(each, Datablock) for one in each.reports]


def bad(found) -> list[tuple[str, int]]:
    return [(each.code, each.length) for each in found if isinstance(each, BadDatablock)]


def test_a_whole_file_comes_out_whole_across_the_windows_edges():
    count = 60_000  # 1.3 MB: more than one read
    assert times(read(b"".join(map(frame, range(count))))) == list(range(count))
    assert read(b"") == []


def test_a_frame_may_hold_the_mark_and_several_datablocks():
    found = read(frame(1, block("d0 0007 02 000002")) + frame(3, MARK) + frame(4))
    assert times(found) == [1, 2, 3, 4]
    assert bad(found) == [("asterix.length_invalid", 4)]


def test_a_broken_length_costs_its_frame():
    broken = b"\xff" + frame(2)[1:]
    found = read(frame(1) + broken + frame(3))
    assert times(found) == [1, 3]
    assert bad(found) == [("final_frame.damaged", len(broken))]


def test_noise_and_a_torn_end_are_each_one_bad_datablock():
    noise = bytes(range(160)) * 9 + MARK
    found = read(noise + frame(1) + noise + frame(2) + frame(3)[:-1])
    assert times(found) == [1, 2]
    assert [length for _, length in bad(found)] == [len(noise), len(noise), len(frame(3)) - 1]


def test_megabytes_of_noise_are_one_bad_datablock_with_a_bounded_sample():
    noise = b"\x00" * 3_000_000
    found = read(frame(1) + noise + MARK + frame(2))
    assert times(found) == [1, 2]
    assert bad(found) == [("final_frame.damaged", len(noise) + 4)]
    assert len(found[1].sample) == 512


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage_never_raises_and_costs_little(data):
    count = 40
    octets = bytearray(b"".join(map(frame, range(count))))
    hits = data.draw(st.lists(st.integers(0, len(octets) - 1), min_size=1, max_size=3))
    for at in hits:
        octets[at] ^= 1 << data.draw(st.integers(0, 7))
    found = read(bytes(octets))
    assert len(times(found)) >= count - 2 * len(hits)
    assert sum(length for _, length in bad(found)) <= 2 * len(frame(0)) * len(hits)
