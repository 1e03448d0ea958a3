"""CAT034, 048, 062, 063 and 065 by hand: every item in its unit, every bit, every refusal."""

import math
from collections import Counter

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from asterix_wire import block, record
from watchline_sensors.adapters.asterix.cat048 import MonoradarReport
from watchline_sensors.adapters.asterix.cat062 import SystemTrack
from watchline_sensors.adapters.asterix.cat063 import SensorStatus
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock, decode_datagram
from watchline_sensors.adapters.asterix.edition import Shape, edition
from watchline_sensors.adapters.asterix.intake import Intake
from watchline_sensors.adapters.asterix.reports import Report, ServiceMessage, SystemState
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import SensorKind

PINNED = {10: "1.1", 34: "1.29", 48: "1.32", 62: "1.18", 63: "1.6", 65: "1.6"}
#: The sources by category: SAC 0 and this SIC.
SICS = {10: 6, 34: 7, 48: 7, 62: 8, 63: 8, 65: 8}
EDITIONS = {(one, 0, SICS[one]): edition(one, text) for one, text in PINNED.items()}
TOD = "384000"  # 08:00:00

#: What every record of a category has.
LEAST = {
    10: {"010": "0006", "000": "01", "020": "60", "140": TOD},
    34: {"010": "0007", "000": "01", "030": TOD},
    48: {"010": "0007", "140": TOD, "020": "a0"},
    62: {"010": "0008", "070": TOD, "040": "0123", "080": "00"},
    63: {"010": "0008", "030": TOD, "050": "0009"},
    65: {"010": "0008", "000": "01", "030": TOD},
}


def made(category: int, *without: str, **items: str) -> str:
    """A record of what is least, changed: an item is given as `_040`, in hex digits."""
    contents = LEAST[category] | {name[1:]: digits for name, digits in items.items()}
    for name in without:
        del contents[name]
    return record(edition(category, PINNED[category]), contents)


def only(category: int, record: str) -> Datablock | BadDatablock:
    (found,) = decode_datagram(block(record, category=category), EDITIONS)
    return found


def report(category: int, record: str) -> Report:
    found = only(category, record)
    assert isinstance(found, Datablock), found
    (one,) = found.reports
    assert one.source == (0, SICS[category])
    assert one.time_of_day_s == 28_800.0
    return one


@pytest.mark.parametrize("category", PINNED)
def test_a_record_of_the_least_is_read(category):
    report(category, made(category))


def test_every_item_of_a_cat048_report_that_is_used_is_scaled():
    one = report(
        48,
        made(
            48,
            _020="d380",  # Mode S and primary, simulated, field monitor, test
            _040="0100 4000",
            _070="8fff",
            _090="c528",  # FL 330, not validated, garbled
            _130="08 f6",  # amplitude of the primary plot: -10 dBm
            _220="a1b2c3",
            _250="01 0102030405060740",
            _161="f123",
            _042="0080 ff80",
            _200="4000 8000",
            _170="4190",  # TRE, TCC
            _210="80 40 02 08",
            _110="3ffc",
            _SP="03abcd",
        ),
    )
    assert isinstance(one, MonoradarReport)
    assert (one.kind, one.simulated, one.test, one.extrapolated) == (6, True, True, 0)
    assert (one.rho_m, one.theta_deg) == (1852.0, 90.0)
    assert (one.x_m, one.y_m) == (1852.0, -1852.0)
    assert (one.speed_mps, one.heading_deg) == (1852.0, 180.0)
    assert (one.track, one.address, one.mode_3a) == (0x123, 0xA1B2C3, 0x8FFF)
    assert one.ends_track and not one.sensor_plane
    assert one.height_m == one.target_height_m == pytest.approx(-30.48)
    assert (one.flight_level, one.amplitude) == (0xC528, -10)
    assert one.mode_s == bytes.fromhex("0102030405060740")
    assert one.special == bytes.fromhex("abcd")
    # The position's deviations are the track's, and here is a plot.
    assert (one.sigma_x_m, one.sigma_y_m) == (None, None)
    assert one.sigma_speed_mps == pytest.approx(1852 * math.radians(0.703125))


def test_a_cat048_track_without_a_plot_has_the_tracks_deviations():
    moving = {"_042": "0080 0080", "_200": "0100 0000", "_170": "40", "_210": "80 40 02 08"}
    one = report(48, made(48, _020="00", **moving))
    assert (one.sigma_x_m, one.sigma_y_m) == (1852.0, 926.0)
    assert one.sigma_speed_mps == pytest.approx(28.9375 * math.radians(0.703125))
    assert one.extrapolated == 1 and one.rho_m is None
    assert one.sensor_plane and not one.ends_track  # no extension: all its bits are 0


@pytest.mark.parametrize(
    ("level", "height_ft"),
    [("0528", 33_000), ("3ffc", -100), ("8528", None), ("4528", None)],
)
def test_a_flight_level_is_a_height_when_it_is_valid(level, height_ft):
    one = report(48, made(48, _090=level))
    if height_ft is None:
        assert one.target_height_m is None
    else:
        assert one.target_height_m == pytest.approx(height_ft * 0.3048)


def test_every_item_of_a_cat062_track_that_is_used_is_scaled():
    one = report(
        62,
        made(
            62,
            _105="01000000 fe000000",
            _100="0007d0 fff830",
            _185="0190 fe70",
            _060="8fff",
            _245="80041042041042",
            _380="80 a1b2c3",
            _040="1234",
            _080="01c10180",  # SIM, TSE, CST
            _136="0528",
            _130="0640",
            _300="08",
            _500="e0 00080004 ff9c 00400020",
            _RE="03aabb",
            _SP="03ccdd",
        ),
    )
    assert isinstance(one, SystemTrack)
    assert (one.lat_deg, one.lon_deg) == (90.0, -180.0)
    assert (one.x_m, one.y_m, one.vx_mps, one.vy_mps) == (1000.0, -1000.0, 100.0, -100.0)
    assert (one.mode_3a, one.address, one.track) == (0x8FFF, 0xA1B2C3, 0x1234)
    assert one.simulated and one.ends_track and one.extrapolated == 1
    assert (one.flight_level, one.fleet) == (0x528, 8)
    assert one.height_m == pytest.approx(3048.0)
    assert (one.sigma_x_m, one.sigma_y_m) == (4.0, 2.0)
    assert one.covariance_m2 == -2500.0  # -50 m is the root of it, with its sign
    assert one.sigma_lat_deg == pytest.approx(64 * 180 / 2**25)
    assert one.sigma_lon_deg == pytest.approx(32 * 180 / 2**25)
    assert (one.expansion, one.special) == (b"\xaa\xbb", b"\xcc\xdd")
    assert one.identification == bytes.fromhex("80041042041042")


@pytest.mark.parametrize(
    ("common", "state"),
    [
        ("00", SystemState()),
        ("80", SystemState(nogo=2)),
        ("10", SystemState(overloaded=True)),
        ("08", SystemState(overloaded=True)),
        ("02", SystemState(time_invalid=True)),
        ("65", SystemState()),
    ],
)
def test_a_radars_own_status(common, state):
    one = report(34, made(34, _050=f"80 {common}"))
    assert isinstance(one, ServiceMessage) and one.state == state


def test_the_kinds_of_service_messages():
    kinds = [report(34, made(34, _000=f"0{number}")).kind for number in range(1, 8)]
    assert kinds == ["start_of_cycle", "sector_crossing", *["other"] * 5]
    kinds = [report(65, made(65, _000=f"0{number}")).kind for number in range(1, 4)]
    assert kinds == ["status", "end_of_batch", "service_status"]
    assert report(65, made(65, _040="b0")).state == SystemState(
        nogo=2, overloaded=True, time_invalid=True
    )


def test_a_trackers_view_of_its_sensors():
    one = report(63, made(63, _050="0109", _060="c0"))
    assert isinstance(one, SensorStatus)
    assert (one.sensor, one.condition) == ((1, 9), 3)
    assert report(63, made(63)).condition is None


@pytest.mark.parametrize(
    ("category", "wrong", "code"),
    [
        (34, made(34, "000"), "asterix.message_type_invalid"),
        (34, made(34, _000="08"), "asterix.message_type_invalid"),
        (65, made(65, _000="00"), "asterix.message_type_invalid"),
        (65, made(65, _000="04"), "asterix.message_type_invalid"),
        (48, made(48, "020"), "asterix.descriptor_missing"),
        (48, made(48, _140="a8c000"), "asterix.time_of_day_invalid"),
        (62, made(62, "040"), "asterix.item_missing"),
        (62, made(62, "080"), "asterix.item_missing"),
        (62, made(62, "070"), "asterix.time_of_day_invalid"),
        (62, made(62, _105="01000001 00000000"), "asterix.latitude_invalid"),
        (62, made(62, _105="00000000 02000001"), "asterix.longitude_invalid"),
        (62, made(62, _185="7fff 0000"), "asterix.speed_invalid"),
        (62, "d118" + made(62)[4:], "asterix.item_undefined"),
        (62, made(62, _380="02 00"), "asterix.truncated"),
        (62, made(62, _380="0101010180 00"), "asterix.fspec_invalid"),
        (62, made(62, _510="000001 000001"), "asterix.truncated"),
        (63, made(63, "050"), "asterix.item_missing"),
        (62, made(62, "010"), "asterix.source_missing"),
        (48, made(48, _010="0009"), "asterix.source_unknown"),
        (21, "00", "asterix.category_unsupported"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(category, wrong, code):
    found = only(category, wrong)
    assert isinstance(found, BadDatablock)
    assert found.code == code


def test_a_source_is_read_in_its_pinned_categories_only():
    pinned = {(48, 0, 8): EDITIONS[48, 0, 7], (62, 0, 9): EDITIONS[62, 0, 8]}
    (found,) = decode_datagram(block(made(62), category=62), pinned)
    assert isinstance(found, BadDatablock) and found.code == "asterix.source_unknown"
    (found,) = decode_datagram(block(made(34), category=34), pinned)
    assert isinstance(found, BadDatablock) and found.code == "asterix.category_unsupported"


@given(
    st.lists(st.sampled_from(sorted(LEAST)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 7)), max_size=6),
    st.integers(0, 500),
    st.binary(max_size=60),
)
@settings(max_examples=300, deadline=None)
def test_mutants_never_raise_and_add_up(categories, flips, cut, tail):
    data = bytearray(b"".join(block(made(one), made(one), category=one) for one in categories))
    for at, bit in flips:
        data[at % len(data)] ^= 1 << bit
    octets = bytes(data)[: max(1, cut)] + tail
    intake = Intake(SENSORS)
    found = decode_datagram(octets, intake.editions)
    detections = intake.take(found, lambda report: 1_000_000, 1_000_000)
    counts = Counter()
    for books in intake.books.values():
        counts.update(books.counts)
    assert counts["datablocks_in"] == counts["decoded"] + counts["bad"] == len(found)
    assert counts["target_reports"] == len(detections)
    assert [one.defect() for one in detections if one.defect()] == []
    assert all(len(one.sample) <= 512 for one in intake.bad_samples())


@pytest.mark.parametrize("category", [48, 62])
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_is_taken_makes_a_storable_detection(category, data):
    """The least, and any choice of further items with any octets."""
    layout = edition(category, PINNED[category])
    fixed = {one.name: one.size for one in layout.items if one and one.shape is Shape.FIXED}
    contents = dict(LEAST[category])
    for name in data.draw(st.lists(st.sampled_from(sorted(fixed)), unique=True, max_size=8)):
        if name not in ("010", "140", "070", "040" if category == 62 else ""):
            octets = st.binary(min_size=fixed[name], max_size=fixed[name])
            contents[name] = data.draw(octets).hex()
    if category == 62 and data.draw(st.booleans()):
        contents["500"] = "e4" + data.draw(st.binary(min_size=12, max_size=12)).hex()
    intake = Intake(SENSORS)
    found = decode_datagram(block(record(layout, contents), category=category), intake.editions)
    event(found[0].code if isinstance(found[0], BadDatablock) else "taken")
    for speed_up in (1.0, 1000.0):
        for one in intake.take(found, lambda report: 1_000_000, 1_000_000, speed_up):
            assert one.defect() is None


def _sensor(sensor: str, sic: int, editions: dict[str, str], **errors: float) -> SensorConfig:
    return SensorConfig(
        id=sensor,
        adapter="asterix",
        name=sensor,
        kind=SensorKind.RADAR,
        lon_deg=23.6,
        lat_deg=52.1,
        height_m=171.0,
        options={"sac": 0, "sic": sic, "editions": editions, **errors},
    )


RADAR_ERRORS = {"rho_sigma_m": 30.0, "theta_sigma_deg": 0.1}
SENSORS = [
    _sensor("surface", 6, {"10": "1.1"}, **RADAR_ERRORS),
    _sensor("radar", 7, {"34": "1.29", "48": "1.32"}, **RADAR_ERRORS),
    _sensor("tracker", 8, {"62": "1.18", "63": "1.6", "65": "1.6"}, position_sigma_m=50.0),
]
