"""Machine code and msgspec give one answer, whatever an edge sends."""

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from columns import parcel
from watchline.detections.parcel import decode_parcel
from watchline.detections.rows import blank, fill
from watchline.detections.wire import TAKEN, UNREAD, Names, read_items
from watchline_sensors.contract import (
    UNREADABLE,
    Bearing,
    Detection,
    Envelope,
    EnvelopeError,
    Item,
    Lane,
    ObjectClass,
    Position,
    Velocity,
    decode_envelope,
    encode_envelope,
)

NAMES = Names(["radar", "camera", "Ж"])
decoder = msgspec.msgpack.Decoder(Item)

number = st.floats(-1e7, 1e7)
texts = st.text(max_size=70) | st.sampled_from(["1", "radar", "a" * 64])
places = st.builds(
    Position,
    lon_deg=st.floats(-180, 180),
    lat_deg=st.floats(-90, 90),
    var_east_m2=st.floats(0, 1e4),
    cov_east_north_m2=st.just(0.0) | number,
    var_north_m2=st.floats(0.1, 1e4),
    height_m=st.none() | number,
)
bearings = st.builds(
    Bearing,
    bearing_deg=st.floats(-1, 361),
    sigma_deg=st.floats(0, 181),
    range_m=st.none() | number,
    range_sigma_m=st.none() | number,
)
velocities = st.builds(
    Velocity, east_mps=number, north_mps=st.floats(-99, 99), sigma_mps=st.floats(0, 10)
)
detections = st.builds(
    Detection,
    sensor=st.sampled_from((*NAMES.names, "unknown", "")),
    at_us=st.integers(-5, 2**53),
    position=st.none() | places,
    bearing=st.none() | bearings,
    velocity=st.none() | velocities,
    classes=st.none()
    | st.dictionaries(st.sampled_from(list(ObjectClass)), st.floats(0, 1), max_size=5),
    score=st.none() | st.floats(-0.1, 1.1) | st.just(0.5),
    sensor_track=st.none() | texts,
    extras=st.none() | st.dictionaries(texts, st.integers(-9, 9) | number | texts, max_size=17),
)


def read(octets: bytes):
    """(what became of the item, its record, heap, its extras as octets)."""
    packed = np.frombuffer(b"\x91" + octets, np.uint8)
    table, heap, fate, starts, extras = read_items(packed, np.zeros(1, np.bool_), NAMES)
    assert starts.tolist() == [1, len(packed)]
    return int(fate[0]), table, heap, packed[extras[0, 0] : extras[0, 1]].tobytes()


def holds_to_msgspec(octets: bytes) -> bool:
    """Whatever is taken is what msgspec reads and the contract allows; says whether it was."""
    fate, table, heap, extras = read(octets)
    if fate != TAKEN:
        return False
    try:
        msgspec.msgpack.decode(extras or b"\x80", type=dict[str, int | float | str])
    except UNREADABLE:
        return False  # `accept` leaves these to msgspec too
    item = decoder.decode(octets)
    assert isinstance(item, Detection)
    bare = msgspec.structs.replace(item, extras=None)  # `accept` judges extras itself
    assert bare.defect() is None
    expected = blank(1)
    fill(expected[0], item)
    expected["sensor"] = NAMES.names.index(item.sensor)
    for name in ("track_from", "track_size", "extras_from", "extras_size"):
        expected[name] = table[name]
    assert expected.tobytes() == table.tobytes()
    text = None if table["track_size"][0] < 0 else heap.tobytes().decode()
    assert text == item.sensor_track
    assert msgspec.msgpack.decode(extras or b"\xc0") == (item.extras if extras else None)
    return True


@given(detections)
@settings(max_examples=500, deadline=None)
def test_what_an_edge_may_send_is_read_as_msgspec_reads_it(detection):
    taken = holds_to_msgspec(msgspec.msgpack.encode(detection))
    plain = msgspec.structs.replace(detection, extras=None)
    if plain.defect() is None and detection.sensor in NAMES.names:
        # What is common is not left to the slow way.
        assert taken or not (detection.sensor_track or "").isascii()


def test_octets_changed_at_random_are_never_read_as_something_else():
    dice = random.Random(1)
    good = msgspec.msgpack.encode(
        Detection(
            sensor="radar",
            at_us=1_790_000_000_000_000,
            position=Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=9.0, var_north_m2=4.0),
            velocity=Velocity(east_mps=1.0, north_mps=1.0, sigma_mps=1.0),
            classes={ObjectClass.PERSON: 0.5},
            score=0.5,
            sensor_track="77",
            extras={"a": 1},
        )
    )
    assert holds_to_msgspec(good)
    counts = {True: 0, False: 0}
    for _ in range(10_000):
        bad = bytearray(good)
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        try:  # an envelope with this in it is refused as a whole
            msgspec.msgpack.decode(bytes(bad), type=msgspec.Raw)
        except UNREADABLE:
            continue
        counts[holds_to_msgspec(bytes(bad))] += 1
    assert min(counts.values()) > 1000, counts


def test_a_field_that_comes_twice_and_one_that_is_unknown_are_left_to_msgspec():
    at = msgspec.msgpack.encode("at_us") + b"\x01"
    good = msgspec.msgpack.encode(
        Detection(sensor="radar", at_us=1, bearing=Bearing(bearing_deg=1.0, sigma_deg=1.0))
    )
    assert good[0] & 0xF0 == 0x80
    assert read(good)[0] == TAKEN
    assert read(bytes([good[0] + 1]) + good[1:] + at)[0] == UNREAD
    strange = msgspec.msgpack.encode("new_field") + b"\x01"
    assert read(bytes([good[0] + 1]) + good[1:] + strange)[0] == UNREAD


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_an_envelope_is_refused_for_the_reasons_the_contract_names(data):
    seqs = data.draw(st.lists(st.integers(-1, 300), max_size=6))
    if data.draw(st.booleans()):
        seqs = sorted(set(seqs))
    envelope = Envelope(
        version=data.draw(st.sampled_from([1, 1, 1, 2])),
        edge=data.draw(st.sampled_from(["e", "e", "", "e" * 65])),
        boot=data.draw(st.sampled_from([1, -1, 2**63 - 1])),
        lane=Lane.LIVE,
        sent_at_us=1,
        watermark_us=data.draw(st.sampled_from([1, 2**61])),
        highest_seq=data.draw(st.sampled_from([300, 5, 2**62])),
        lost=data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2)),
        seqs=seqs,
        items=[msgspec.Raw(b"\x80")] * data.draw(st.sampled_from([len(seqs), len(seqs), 0, 3])),
    )
    body = bytearray(encode_envelope(envelope))
    if data.draw(st.integers(0, 3)) == 0:
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        expected = decode_envelope(bytes(body))
    except EnvelopeError as error:
        with pytest.raises(EnvelopeError) as found:
            decode_parcel(bytes(body))
        assert found.value.code == error.code
        return
    parcel_read = decode_parcel(bytes(body))
    assert parcel_read.seqs.tolist() == expected.seqs
    assert parcel_read.header.highest_seq == expected.highest_seq


def test_a_whole_envelope_of_two_thousand_is_read():
    good = Detection(sensor="radar-a", at_us=5, bearing=Bearing(bearing_deg=1.0, sigma_deg=1.0))
    big = parcel(*[good] * 2000, seqs=range(1, 2001), highest_seq=2000)
    table, _, fate, _, _ = read_items(big.items, np.zeros(2000, np.bool_), Names(["radar-a"]))
    assert (fate == TAKEN).all()
    assert (table["at_us"] == 5).all()
    assert read_items(big.items, np.zeros(1999, np.bool_), Names([])) is None
