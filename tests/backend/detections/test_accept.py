"""What happens to each item of a verified envelope."""

import math

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from columns import parcel, taken
from watchline.detections.accept import accept, signature_holds
from watchline.detections.ledger import SeqSet
from watchline.detections.wire import Names
from watchline_sensors.contract import (
    Bearing,
    Detection,
    Health,
    Position,
    SensorInfo,
    signing_input,
)

PLACE = Position(lon_deg=24.0, lat_deg=50.5, var_east_m2=9.0, var_north_m2=9.0)
GOOD = Detection(sensor="radar-a", at_us=1_000_000, position=PLACE)


def test_a_new_detection_is_taken_and_a_known_one_dropped():
    found = taken(GOOD, GOOD, seqs=[4, 5], known=SeqSet([(1, 5)]))
    assert (found.rows["seq"].tolist(), found.duplicates) == ([5], 1)
    assert found.rows["at_us"].tolist() == [1_000_000]


def bent(**changes):
    return msgspec.structs.replace(GOOD, **changes)


def moved(**changes):
    return bent(position=msgspec.structs.replace(PLACE, **changes))


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (b"\xc0", "item.malformed"),
        (b"\x80", "item.malformed"),
        (msgspec.msgpack.encode(GOOD).replace(b"radar-a", b"radar-\xff"), "item.malformed"),
        (msgspec.msgpack.encode({"type": "detection", "sensor": 3}), "item.malformed"),
        (bent(sensor="nobody"), "item.sensor_unknown"),
        (bent(sensor="radar-of-b"), "item.sensor_of_another_edge"),
        (bent(position=None), "detection.no_place"),
        (moved(lat_deg=math.nan), "detection.position_out_of_range"),
        (moved(lon_deg=50.5, lat_deg=124.0), "detection.position_out_of_range"),
        (moved(var_east_m2=math.inf), "detection.covariance_invalid"),
        (moved(cov_east_north_m2=9.5), "detection.covariance_invalid"),
        (bent(at_us=-1), "detection.time_out_of_range"),
        (bent(bearing=Bearing(bearing_deg=math.nan, sigma_deg=1)), "detection.bearing_invalid"),
        (bent(sensor_track="a\x00b"), "detection.name_invalid"),
        (bent(extras={"k": "x" * 65}), "detection.extras_too_large"),
        (bent(score=math.nan), "detection.score_invalid"),
        (
            SensorInfo(
                sensor="s", at_us=1, kind="radar", name="n", lon_deg=500, lat_deg=0, height_m=0
            ),
            "sensor.position_out_of_range",
        ),
        (
            Health(sensor="radar-a", at_us=1, state="ok", counters={f"c{i}": i for i in range(65)}),
            "health.counters_too_large",
        ),
    ],
)
def test_a_bad_item_is_quarantined_with_its_code_and_harms_no_other(item, code):
    found = taken(GOOD, item, GOOD)
    assert [(q.seq, q.code) for q in found.quarantined] == [(2, code)]
    assert found.rows["seq"].tolist() == [1, 3]


def test_a_description_in_the_same_envelope_makes_its_sensor_known():
    info = SensorInfo(
        sensor="radar-a", at_us=1, kind="radar", name="n", lon_deg=24, lat_deg=50, height_m=200
    )
    found = accept(parcel(info, GOOD), SeqSet(), Names([]), {})
    assert (list(found.other_seqs), found.rows["seq"].tolist()) == ([1], [2])
    assert [found.names[k] for k in found.rows["sensor"]] == ["radar-a"]


def test_lost_ranges_count_only_what_was_not_known():
    found = taken(lost=[(1, 10)], known=SeqSet([(3, 5)]))
    assert list(found.lost) == [(1, 3), (5, 10)]


def test_items_as_json_end_as_those_in_msgpack_do():
    full = bent(sensor_track="7", extras={"n": 1}, classes={"person": 0.5})
    packed, told = taken(full, bent(sensor="x")), taken(full, bent(sensor="x"), json=True)
    assert told.rows.table.tobytes() == packed.rows.table.tobytes()
    assert told.rows.heap.tobytes() == packed.rows.heap.tobytes()
    assert [q.code for q in told.quarantined] == ["item.sensor_unknown"]


objects = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)
    | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(objects, min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_every_item_is_accounted_for_whatever_it_is(things):
    found = taken(*(msgspec.msgpack.encode(thing) for thing in things))
    assert len(found.rows) + len(found.others) + len(found.quarantined) == len(things)


def test_signature_is_the_edges_own_over_this_very_body():
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    signature = key.sign(signing_input(b"body"))
    assert signature_holds(public, signature, b"body")
    assert not signature_holds(public, signature, b"bodY")
    assert not signature_holds(public, key.sign(b"body"), b"body")  # not under our prefix
    assert not signature_holds(public, b"", b"body")
    other = Ed25519PrivateKey.generate().sign(signing_input(b"body"))
    assert not signature_holds(public, other, b"body")
