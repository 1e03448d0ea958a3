"""Octets to reports: every datablock ends as decoded or bad, whatever the octets."""

import math
from collections import Counter

import pytest
from aviconv_asterix import iter_records
from hypothesis import given, settings
from hypothesis import strategies as st

from asterix_wire import datablocks, items, records
from watchline_sensors.adapters.asterix.decode import (
    BadDatablock,
    Datablock,
    decode_datagram,
)
from watchline_sensors.adapters.asterix.edition import Edition, edition
from watchline_sensors.adapters.asterix.reports import (
    DAY_TICKS,
    ServiceMessage,
    TargetReport,
)

V11 = edition(10, "1.1")
EDITIONS = {(10, 0, 7): V11}


def block(*records: str, category: int = 10) -> bytes:
    body = b"".join(bytes.fromhex(record.replace(" ", "")) for record in records)
    return bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body


#: SAC 0, SIC 7, target report, primary radar, 08:00:00.
PLOT = "f0 0007 01 60 384000"
CYCLE = "d0 0007 02 384000"


def only(data: bytes) -> Datablock | BadDatablock:
    (found,) = decode_datagram(data, EDITIONS)
    return found


def report(record: str) -> TargetReport:
    found = only(block(record))
    assert isinstance(found, Datablock)
    (one,) = found.reports
    assert isinstance(one, TargetReport)
    return one


def test_the_airport_is_read_whole_and_as_aviconv_reads_it(airport):
    """Every item's octets, and every value that both have."""
    found = decode_datagram(airport, EDITIONS)
    assert len(found) == 52_659
    reports = [one for each in found if isinstance(each, Datablock) for one in each.reports]
    kinds = Counter(getattr(one, "kind", "") for one in reports if isinstance(one, ServiceMessage))
    assert kinds == {"start_of_cycle": 7_175, "status": 7_175}
    wire = (values for one in datablocks(airport) for values in records(one[3:], V11))
    tracks, compared, both, worst_m = set(), 0, 0, 0.0
    for ours, values, theirs in zip(reports, wire, iter_records(airport), strict=True):
        octets = {f"I010/{name}": octets.hex() for name, octets in items(values, V11).items()}
        assert octets == theirs.raw_items
        compared += len(octets)
        assert ours.source == (theirs.sac, theirs.sic)
        assert ours.time_of_day_s == theirs.time_of_day_s
        if not isinstance(ours, TargetReport):
            assert _KINDS[theirs.message_type] == ours.kind
            continue
        assert theirs.message_type == "target_report"
        assert _TYPES[ours.kind] == theirs.target_report_type
        assert (ours.rho_m, ours.x_m, ours.y_m) == (theirs.rho_m, theirs.x_m, theirs.y_m)
        assert (ours.theta_deg, ours.heading_deg) == (theirs.theta_deg, theirs.track_angle_deg)
        assert (ours.lat_deg, ours.lon_deg) == (theirs.lat, theirs.lon)
        knots = None if ours.speed_mps is None else ours.speed_mps * 3600 / 1852
        assert knots == pytest.approx(theirs.ground_speed_kt)
        assert ours.track == theirs.track_number
        # Items this radar never sends: both must see that they are not there.
        assert (ours.mode_3a, ours.address) == (theirs.mode3a, theirs.target_address)
        assert (ours.identification, ours.fleet) == (theirs.callsign, theirs.vehicle_fleet)
        tracks.add(ours.track)
        if ours.rho_m is not None and ours.x_m is not None:
            both += 1
            theta = math.radians(ours.theta_deg)
            x, y = ours.rho_m * math.sin(theta), ours.rho_m * math.cos(theta)
            worst_m = max(worst_m, math.hypot(x - ours.x_m, y - ours.y_m))
    assert len(tracks) == 745
    assert both == 37_570
    assert worst_m <= 1.6
    print(f"52,659 records, {compared} items")


#: aviconv's words for I010/000 and I010/020 TYP.
_KINDS = {"start_of_update_cycle": "start_of_cycle", "periodic_status": "status"}
_TYPES = (
    "ssr_multilateration",
    "mode_s_multilateration",
    "ads_b",
    "psr",
    "magnetic_loop_system",
    "hf_multilateration",
    "not_defined",
    "other",
)


def test_both_velocities_of_the_airport_are_one(airport):
    """I010/202 counts quarters of a metre per second; read as sixteenths it would be a lie."""
    worst_mps = 0.0
    for found in decode_datagram(airport, EDITIONS):
        for one in found.reports:
            if isinstance(one, TargetReport) and one.vx_mps is not None:
                heading = math.radians(one.heading_deg)
                east = one.speed_mps * math.sin(heading) - one.vx_mps
                north = one.speed_mps * math.cos(heading) - one.vy_mps
                worst_mps = max(worst_mps, math.hypot(east, north))
    assert worst_mps < 0.25 * math.sqrt(2) + 0.06  # both roundings


def test_every_item_of_a_target_report_is_scaled():
    one = report(
        "ff ff ff f4"  # all 25 items and the special purpose field
        "0007 01 6143fe 384000"  # 010 000 020 140
        "40000000 c0000000"  # 041: 90 N, 90 W
        "03e8 4000 ff9c 0064"  # 040: 1000 m, 90 deg; 042: -100, 100 m
        "4000 8000 fffc 0008"  # 200: 1 NM/s, 180 deg; 202: -1, 2 m/s
        "f123 7bfc 8fff a1b2c3"  # 161 170 060 220
        "40 041042041042"  # 245
        "01 0102030405060748"  # 250: one message
        "08 0004 0010 050902"  # 300 090 091 270
        "50 82 080cfff0"  # 550 310 500: 2 m, 3 m, -4
        "0201020304 2a fc08"  # 280 131 210: -1, 2 m/s²
        "03abcd"
    )
    assert one.descriptor == bytes.fromhex("6143fe")
    assert (one.kind, one.simulated, one.test, one.spare_bits) == (3, False, True, 0x3F)
    assert (one.lat_deg, one.lon_deg) == (90.0, -90.0)
    assert (one.rho_m, one.theta_deg, one.x_m, one.y_m) == (1000, 90.0, -100, 100)
    assert (one.speed_mps, one.heading_deg) == (1852.0, 180.0)
    assert (one.vx_mps, one.vy_mps) == (-1.0, 2.0)
    assert (one.track, one.address, one.mode_3a) == (0x123, 0xA1B2C3, 0x8FFF)
    assert one.ends_track and one.extrapolated == 3 and one.sensor_plane
    assert (one.length_m, one.orientation_deg, one.width_m) == (2, 11.25, 1)
    assert (one.sigma_x_m, one.sigma_y_m, one.covariance) == (2.0, 3.0, -4.0)
    assert (one.ax_mps2, one.ay_mps2, one.amplitude) == (-1.0, 2.0, 0x2A)
    assert one.height_m == pytest.approx(100 * 0.3048)
    assert one.presence == bytes.fromhex("01020304") and one.special == bytes.fromhex("abcd")
    assert one.mode_s == bytes.fromhex("0102030405060748")
    assert (one.fleet, one.flight_level, one.message) == (8, 4, 0x82)
    assert one.identification == bytes.fromhex("40041042041042")


@pytest.mark.parametrize("bits", range(64))
def test_vendor_bits_in_the_second_extent_are_kept(bits):
    one = report(f"f0 0007 01 6101{bits << 1:02x} 384000")
    assert one.spare_bits == bits


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "asterix.header_truncated"),
        (b"\x0a\x00", "asterix.header_truncated"),
        (b"\x0a\x00\x02", "asterix.length_invalid"),
        (block(PLOT)[:-1], "asterix.length_invalid"),
        (b"\x0a\x00\x03", "asterix.empty"),
        (block(PLOT, category=8), "asterix.category_unsupported"),
        (block(PLOT, category=62), "asterix.category_unsupported"),
        (block("f0 0008 01 60 384000"), "asterix.source_unknown"),
        (block("70 01 60 384000"), "asterix.source_missing"),
        (block("b0 0007 60 384000"), "asterix.message_type_invalid"),
        (block("f0 0007 05 60 384000"), "asterix.message_type_invalid"),
        (block("e0 0007 01 60"), "asterix.time_of_day_invalid"),
        (block(f"f0 0007 01 60 {DAY_TICKS:06x}"), "asterix.time_of_day_invalid"),
        (block("d0 0007 01 384000"), "asterix.descriptor_missing"),
        (block("f8 0007 01 60 384000 40000001 00000000"), "asterix.latitude_invalid"),
        (block("f180 0007 01 60 384000 8001 0000"), "asterix.speed_invalid"),
        (block("f0 0007 01 60 3840"), "asterix.truncated"),
        (block("f0 0007 01 61 010180 384000"), "asterix.item_invalid"),
        (block("f1010108 0007 01 60 384000"), "asterix.item_undefined"),
        (block("f101010180 0007 01 60 384000"), "asterix.fspec_invalid"),
        (block("f1"), "asterix.source_missing"),
        (block(PLOT, "f0 0007"), "asterix.truncated"),
    ],
)
def test_bad_octets_are_refused_with_a_reason(data, code):
    found = only(data)
    assert isinstance(found, BadDatablock)
    assert (found.code, found.sample, found.length) == (code, data, len(data))


def test_the_last_time_of_day_is_good():
    assert report(f"f0 0007 01 60 {DAY_TICKS - 1:06x}").tod_128 == DAY_TICKS - 1


def test_a_bad_datablock_does_not_cost_its_neighbours():
    data = block(CYCLE) + block("f0 0007 09 60 384000") + block(PLOT, PLOT) + b"\x0a\x00\x02\x00"
    found = decode_datagram(data, EDITIONS)
    assert [type(each) for each in found] == [Datablock, BadDatablock, Datablock, BadDatablock]
    assert len(found[2].reports) == 2


def test_samples_are_bounded():
    found = only(b"\x0a\xff\xff" + bytes(60_000))
    assert (len(found.sample), found.length) == (512, 60_003)


def test_strangers_in_a_known_radars_datablock_are_read_and_do_not_spoil_it():
    found = only(block("f0 0063 01 60 384000", PLOT))
    assert isinstance(found, Datablock)
    assert [one.source for one in found.reports] == [(0, 0x63), (0, 7)]


def test_a_datablock_is_of_one_edition():
    other = Edition(category=10, text="9.9", items=V11.items, max_fspec=4)
    editions = {(10, 0, 7): V11, (10, 0, 8): other}
    (found,) = decode_datagram(block(PLOT, "f0 0008 01 60 384000"), editions)
    assert isinstance(found, BadDatablock) and found.code == "asterix.edition_mixed"
    (found,) = decode_datagram(block("f0 0009 01 60 384000"), editions)
    assert isinstance(found, BadDatablock) and found.code == "asterix.source_unknown"


@given(st.binary(max_size=300), st.lists(st.integers(0, 200), max_size=4), st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_nothing_raises_and_nothing_is_lost(noise, flips, tail):
    data = bytearray(block(PLOT, CYCLE) + block(CYCLE) + bytes(noise) + tail)
    for at in flips:
        data[at % len(data)] ^= 1 << at % 8
    found = decode_datagram(bytes(data), EDITIONS)
    assert found
    if not any(isinstance(each, BadDatablock) for each in found):
        assert sum(len(each.reports) for each in found) >= len(found)
    bad = sum(each.length for each in found if isinstance(each, BadDatablock))
    assert bad <= len(data)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_walkers_never_raise(data, walkers_path):
    octets = bytearray(walkers_path.read_bytes()[:400])
    for _ in range(data.draw(st.integers(1, 5))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    for each in decode_datagram(bytes(octets[:cut]), {(10, 0, 21): V11}):
        assert isinstance(each, Datablock | BadDatablock)


def test_other_categories_of_a_real_feed_are_refused(airport_path):
    """CAT062 of an edition before the standard: nonsense to anyone who does not look."""
    capture = airport_path.with_name("cat062-edition-2008.pcap")
    if not capture.exists():
        pytest.skip("the CAT062 capture is not there")
    data, offset, seen = capture.read_bytes(), 24, 0
    while offset + 16 <= len(data):
        length = int.from_bytes(data[offset + 8 : offset + 12], "little")
        payload = data[offset + 16 + 42 : offset + 16 + length]
        offset += 16 + length
        for each in decode_datagram(payload, EDITIONS):
            assert isinstance(each, BadDatablock)
            seen += 1
    assert seen >= 100
