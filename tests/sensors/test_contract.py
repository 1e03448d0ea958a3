"""The contract as an edge uses it: what is sent can be read, and what cannot is refused by code."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.parts import heartbeat, sensor_config, sighting
from watchline_sensors.contract import (
    MAX_ENVELOPE_BYTES,
    MAX_ITEMS,
    Bearing,
    Detection,
    Envelope,
    EnvelopeError,
    FieldOfView,
    Health,
    HealthState,
    Item,
    Lane,
    ObjectClass,
    Position,
    Receipt,
    SensorInfo,
    SensorKind,
    Velocity,
    decode_envelope,
    decode_receipt,
    encode_envelope,
    encode_receipt,
    signing_input,
)

FULL = Detection(
    sensor="radar-1",
    at_us=1,
    position=Position(
        lon_deg=2.0, lat_deg=41.0, var_east_m2=4.0, cov_east_north_m2=1.0, var_north_m2=9.0
    ),
    bearing=Bearing(bearing_deg=359.9, sigma_deg=0.1, range_m=100.0, range_sigma_m=3.0),
    velocity=Velocity(east_mps=1.0, north_mps=-1.0, sigma_mps=0.5),
    classes={ObjectClass.PERSON: 0.75, ObjectClass.GROUP: 0.25},
    score=0.5,
    sensor_track="4711",
    extras={"amplitude": 3, "snr_db": 2.5, "mode": "x"},
)


def _envelope(**more: Any) -> Envelope:
    items = more.pop("of", [sighting(1), heartbeat(2)])
    fields: dict[str, Any] = {
        "edge": "edge-1",
        "boot": 5,
        "lane": Lane.LIVE,
        "sent_at_us": 10,
        "watermark_us": 9,
        "highest_seq": 7,
        "seqs": list(range(1, 1 + len(items))),
        "items": [msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
    }
    return Envelope(**{**fields, **more})


@pytest.mark.parametrize("item", [FULL, sighting(3), heartbeat(1, bad=2), sensor_config().info(4)])
@pytest.mark.parametrize("codec", [msgspec.msgpack, msgspec.json])
def test_items_go_round(item: Item, codec: Any) -> None:
    assert item.defect() is None
    assert codec.decode(codec.encode(item), type=Item) == item


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"position": None, "bearing": None}, "detection.no_place"),
        ({"position.lon_deg": math.nan}, "detection.position_out_of_range"),
        ({"position.lat_deg": 91.0}, "detection.position_out_of_range"),
        ({"position.var_east_m2": 0.0}, "detection.covariance_invalid"),
        ({"position.cov_east_north_m2": 7.0}, "detection.covariance_invalid"),
        ({"bearing.bearing_deg": 360.0}, "detection.bearing_invalid"),
        ({"bearing.range_m": math.inf}, "detection.range_invalid"),
        ({"velocity.east_mps": math.nan}, "detection.velocity_invalid"),
        ({"classes": {ObjectClass.PERSON: 1.5}}, "detection.classes_invalid"),
        ({"score": -0.1}, "detection.score_invalid"),
        ({"extras": {str(i): i for i in range(17)}}, "detection.extras_too_large"),
        ({"extras": {"x": math.nan}}, "detection.extras_too_large"),
        ({"sensor": ""}, "detection.name_invalid"),
    ],
)
def test_a_defect_has_its_code(change: dict[str, Any], code: str) -> None:
    item = FULL
    for path, value in change.items():
        outer, _, inner = path.partition(".")
        if inner:
            value = msgspec.structs.replace(getattr(item, outer), **{inner: value})
        item = msgspec.structs.replace(item, **{outer: value})
    assert item.defect() == code


def test_defects_of_descriptions_and_heartbeats() -> None:
    info = SensorInfo(
        sensor="r", at_us=0, kind=SensorKind.RADAR, name="R", lon_deg=2, lat_deg=4, height_m=1
    )
    replace = msgspec.structs.replace
    bad_view = FieldOfView(azimuth_deg=0, width_deg=0, min_range_m=0, max_range_m=1)
    assert replace(info, lat_deg=200.0).defect() == "sensor.position_out_of_range"
    assert replace(info, height_m=math.nan).defect() == "sensor.pose_invalid"
    assert replace(info, name="").defect() == "sensor.name_invalid"
    assert replace(info, field_of_view=bad_view).defect() == "sensor.field_of_view_invalid"
    many = {str(i): i for i in range(65)}
    beat = Health(sensor="r", at_us=0, state=HealthState.OK, counters=many)
    assert beat.defect() == "health.counters_too_large"
    assert replace(beat, sensor="x" * 65).defect() == "health.name_invalid"


def test_an_envelope_goes_round_in_both_encodings() -> None:
    envelope = _envelope(lost=[(3, 5), (6, 7)])
    again = decode_envelope(encode_envelope(envelope))
    assert (again.seqs, again.lost, again.lane) == ([1, 2], [(3, 5), (6, 7)], Lane.LIVE)
    assert [msgspec.msgpack.decode(raw, type=Item) for raw in again.items] == [
        sighting(1),
        heartbeat(2),
    ]
    as_json = msgspec.json.encode(
        {**msgspec.to_builtins(_envelope(of=[])), "items": [FULL], "seqs": [1]}
    )
    (raw,) = decode_envelope(as_json, json=True).items
    assert msgspec.json.decode(raw, type=Item) == FULL


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "envelope.malformed"),
        (b"\xc1", "envelope.malformed"),
        (encode_envelope(_envelope())[:-1], "envelope.malformed"),
        (b"\x00" * (MAX_ENVELOPE_BYTES + 1), "envelope.too_large"),
        (encode_envelope(_envelope(version=2)), "envelope.version_unknown"),
        (msgspec.msgpack.encode({"version": 1}), "envelope.malformed"),
        (encode_envelope(_envelope(seqs=[2, 1])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(seqs=[1, 8])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(seqs=[0, 1])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(seqs=[1])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(lost=[(5, 5)])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(lost=[(5, 9)])), "envelope.frame_invalid"),
        (encode_envelope(_envelope(edge="")), "envelope.frame_invalid"),
        (encode_envelope(_envelope(boot=2**63)), "envelope.frame_invalid"),
        (
            encode_envelope(_envelope(of=[sighting(1)] * (MAX_ITEMS + 1), highest_seq=9999)),
            "envelope.frame_invalid",
        ),
    ],
)
def test_a_bad_envelope_is_refused_by_code(body: bytes, code: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        decode_envelope(body)
    assert caught.value.code == code


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 7))
def test_nothing_but_an_envelope_error_comes_out(junk: bytes, at: int, bit: int) -> None:
    flipped = bytearray(encode_envelope(_envelope()))
    flipped[at % len(flipped)] ^= 1 << bit
    for body in (junk, bytes(flipped)):
        for json in (False, True):
            try:
                decode_envelope(body, json=json)
            except EnvelopeError as error:
                assert error.code.startswith("envelope.")


def test_one_bad_item_harms_no_other() -> None:
    good = msgspec.msgpack.encode(sighting(1))
    bad = msgspec.msgpack.encode({"type": "detection", "at_us": "noon"})
    envelope = decode_envelope(
        encode_envelope(_envelope(seqs=[1, 2], items=[msgspec.Raw(bad), msgspec.Raw(good)]))
    )
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(envelope.items[0], type=Item)
    assert msgspec.msgpack.decode(envelope.items[1], type=Item) == sighting(1)


def test_receipts_and_signing() -> None:
    receipt = Receipt(epoch=1, accepted=2, duplicate=0, settled=[(1, 3)])
    assert decode_receipt(encode_receipt(receipt)) == receipt
    with pytest.raises(EnvelopeError, match=r"receipt\.malformed"):
        decode_receipt(b"\xff")
    assert signing_input(b"x") != b"x"
