"""Our encoder against two decoders it shares nothing with."""

import math
from datetime import UTC, datetime

import pytest
from aviconv_asterix import iter_records
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.simulate import cat010
from watchline_sensors.simulate.cat010 import TrackItems
from watchline_sensors.simulate.errors import RecordError

AT_US = int(datetime(2026, 11, 23, 22, 15, 3, 500_000, tzinfo=UTC).timestamp() * 1e6)
SOURCE = (25, 201)


def _libasterix(block: bytes):  # type: ignore[no-untyped-def]
    from asterix import base, generated

    category = generated.Cat_010_1_1
    raw = base.RawDatablock.parse(base.Bits.from_bytes(block))
    assert not isinstance(raw, ValueError)
    (datablock,) = raw if isinstance(raw, list) else [raw]
    records = category.cv_uap.parse(datablock.get_raw_records())
    assert not isinstance(records, ValueError), records
    return records


@given(
    rho_m=st.floats(0, 30_000),
    theta_deg=st.floats(0, 359.999),
    tod_us=st.integers(0, 86_399_999_999),
    track=st.none()
    | st.builds(
        TrackItems,
        number=st.integers(0, 4095),
        vx_mps=st.floats(-60, 60),
        vy_mps=st.floats(-60, 60),
    ),
    vehicle=st.booleans(),
    class_bits=st.none() | st.integers(0, 63),
    length_m=st.none() | st.integers(0, 127),
)
@settings(max_examples=120, deadline=None)
def test_aviconv_reads_back_what_was_measured(
    rho_m: float,
    theta_deg: float,
    tod_us: int,
    track: TrackItems | None,
    vehicle: bool,
    class_bits: int | None,
    length_m: int | None,
) -> None:
    record = cat010.target_report(
        SOURCE,
        tod_us,
        rho_m=rho_m,
        theta_deg=theta_deg,
        track=track,
        vehicle=vehicle,
        class_bits=class_bits,
        length_m=length_m,
    )
    (block,) = cat010.datablocks([record])
    (read,) = iter_records(block)
    assert (read.sac, read.sic, read.message_type) == (*SOURCE, "target_report")
    assert read.target_report_type == "psr"
    assert read.time_of_day_s == math.floor(tod_us * 128 / 1e6) / 128
    assert read.rho_m == pytest.approx(rho_m, abs=0.5)
    assert (read.theta_deg - theta_deg + 180) % 360 - 180 == pytest.approx(0, abs=0.0028)
    assert read.x_m == pytest.approx(rho_m * math.sin(math.radians(theta_deg)), abs=0.51)
    assert read.y_m == pytest.approx(rho_m * math.cos(math.radians(theta_deg)), abs=0.51)
    descriptor = bytes.fromhex(read.raw_items["I010/020"])
    assert descriptor[0] >> 1 == 0x30
    assert len(descriptor) == (3 if class_bits is not None else 2 if vehicle else 1)
    assert (len(descriptor) > 1 and descriptor[1] >> 1 == 2) == vehicle
    assert len(descriptor) < 3 or descriptor[2] >> 1 == class_bits
    assert ("I010/270" in read.raw_items) == (length_m is not None)
    if track is None:
        assert read.track_number is None
        assert "I010/202" not in read.raw_items
        return
    assert read.track_number == track.number
    speed = math.hypot(track.vx_mps, track.vy_mps)
    assert read.ground_speed_kt == pytest.approx(speed * 3600 / 1852, abs=0.12)
    vx = int.from_bytes(bytes.fromhex(read.raw_items["I010/202"])[:2], "big", signed=True)
    assert vx / 4 == pytest.approx(track.vx_mps, abs=0.126)


def test_libasterix_reads_the_same_from_one_block_of_all_messages() -> None:
    track = TrackItems(number=77, vx_mps=3.0, vy_mps=-4.0)
    records = [
        cat010.start_of_update_cycle(SOURCE, AT_US),
        cat010.periodic_status(SOURCE, AT_US, nogo=1),
        cat010.target_report(SOURCE, AT_US, rho_m=1234.0, theta_deg=90.0),
        cat010.target_report(
            SOURCE, AT_US, rho_m=500, theta_deg=180, track=track, vehicle=True, length_m=5
        ),
        cat010.end_of_track(SOURCE, AT_US, 77),
    ]
    (block,) = cat010.datablocks(records)
    read = _libasterix(block)
    assert [r.get_item("000").as_uint() for r in read] == [2, 3, 1, 1, 1]
    seconds = 22 * 3600 + 15 * 60 + 3.5
    assert all(r.get_item("140").variation.content.as_quantity("s") == seconds for r in read)
    assert read[1].get_item("550").as_uint() == 0x40
    plain, tracked, ended = read[2:]
    assert plain.get_item("161") is None
    assert plain.get_item("040").variation.get_item("RHO").as_uint() == 1234
    assert plain.get_item("040").variation.get_item("TH").as_uint() == 16384
    assert plain.get_item("042").as_uint() == (1234 << 16)
    assert tracked.get_item("161").as_uint() == 77
    assert tracked.get_item("202").as_uint() == (12 << 16) | (0x10000 - 16)
    assert tracked.get_item("200").as_uint() >> 16 == round(5.0 * 2**14 / 1852)
    assert tracked.get_item("270").variation.get_item("LENGTH").as_uint() == 5
    assert ended.get_item("042") is None
    assert ended.get_item("170").variation.get_item("TRE").as_uint() == 1


def test_many_records_are_split_below_the_mtu_and_none_is_lost() -> None:
    records = [
        cat010.target_report(SOURCE, AT_US, rho_m=100.0 + n, theta_deg=1.0) for n in range(300)
    ]
    blocks = cat010.datablocks(records)
    assert len(blocks) > 3
    assert max(map(len, blocks)) <= 1403
    assert [r.rho_m for block in blocks for r in iter_records(block)] == [
        100.0 + n for n in range(300)
    ]
    assert cat010.datablocks([]) == []


def test_time_of_day_rounds_down_and_turns_at_midnight() -> None:
    midnight = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1e6)
    assert cat010.tod_128(midnight) == 0
    assert cat010.tod_128(midnight - 1) == 86_400 * 128 - 1
    assert cat010.tod_128(midnight + 7_812) == 0
    assert cat010.tod_128(midnight + 7_813) == 1


def test_a_full_turn_is_north_again() -> None:
    record = cat010.target_report(SOURCE, AT_US, rho_m=10, theta_deg=359.9999)
    (read,) = iter_records(cat010.datablocks([record])[0])
    assert read.theta_deg == 0.0


@pytest.mark.parametrize(
    ("made", "item"),
    [
        (lambda: cat010.target_report(SOURCE, 0, rho_m=70_000, theta_deg=0), "I010/040 rho"),
        (lambda: cat010.target_report(SOURCE, 0, rho_m=40_000, theta_deg=90), "I010/042 x"),
        (lambda: cat010.end_of_track(SOURCE, 0, 4096), "I010/161"),
        (
            lambda: cat010.target_report(SOURCE, 0, rho_m=1, theta_deg=1, class_bits=64),
            "I010/020",
        ),
        (lambda: cat010.periodic_status(SOURCE, 0, nogo=4), "NOGO"),
    ],
)
def test_what_does_not_fit_is_refused_not_wrapped(made, item: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RecordError, match=item):
        made()
