"""CAT062, 063 and 065 of a real tracker: all accounted for, true to other decoders and physics."""

import math
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from pyproj import Geod

from asterix_wire import DATA, datablocks, frames, items, packets, records
from watchline_sensors.adapters.asterix.cat062 import SystemTrack
from watchline_sensors.adapters.asterix.cat063 import SensorStatus
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock, decode_datagram
from watchline_sensors.adapters.asterix.devices import detection_of, device
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reader import Refused
from watchline_sensors.adapters.asterix.reports import Report
from watchline_sensors.adapters.replay.adapter import RecordingEmpty, build_replay
from watchline_sensors.clock import now_us
from watchline_sensors.contract import HealthState

GEOD = Geod(ellps="WGS84")
PINNED = {"62": "1.18", "63": "1.6", "65": "1.4"}
SOURCE = (33, 18)
#: Where its x and y are 0, found by a fit of I062/100 to I062/105.
CENTRE = {"lon_deg": 12.23919, "lat_deg": 41.80017, "height_m": 0.0}


@pytest.fixture(scope="module")
def path():
    found = DATA / "cat062-063-065.ff"
    if not found.exists():
        pytest.skip("the tracker recording (../shared/data) is not beside this clone")
    return found


@pytest.fixture(scope="module")
def reports(path) -> list[Report]:
    editions = {(int(one), *SOURCE): edition(int(one), text) for one, text in PINNED.items()}
    found = [one for payload in frames(path) for one in decode_datagram(payload, editions)]
    assert all(isinstance(one, Datablock) for one in found)
    return [report for one in found for report in one.reports]


@pytest.fixture(scope="module")
def tracks(reports) -> list[SystemTrack]:
    return [one for one in reports if isinstance(one, SystemTrack)]


@pytest.fixture
def tracker(tracker_config):
    return tracker_config(sac=SOURCE[0], sic=SOURCE[1], editions=PINNED, **CENTRE)


async def test_every_unit_of_the_recording_is_accounted_for(path, tracker, feed):
    replay = build_replay(path, [tracker])
    await replay.run(feed)
    (health,) = replay.health(now_us())
    counted = health.counters
    assert counted["datablocks_in"] == counted["decoded"] + counted["bad"] == 18_163
    assert counted["bad"] == 0
    assert counted["target_reports"] == len(feed.detections) == 22_396
    assert counted["sensor_status"] == 5_772
    assert counted["end_of_batch"] + counted["status"] == 5_701 + 356 == 6_057
    assert counted["records"] == 22_396 + 5_772 + 6_057
    assert (health.state, health.code) == (HealthState.OK, "health.ok")
    assert [one.defect() for one in feed.detections if one.defect()] == []
    assert all(one.position is not None and one.velocity is not None for one in feed.detections)
    print(counted)


def test_aviconv_reads_every_system_track_alike(path, tracks, aviconv):
    layout = edition(62, "1.18")
    blocks = [one for payload in frames(path) for one in datablocks(payload) if one[0] == 62]
    theirs = aviconv(b"".join(blocks))
    wire = (values for one in blocks for values in records(one[3:], layout))
    compared = 0
    for ours, values, other in zip(tracks, wire, theirs, strict=True):
        raw = {f"I062/{name}": octets.hex() for name, octets in items(values, layout).items()}
        assert raw == other.raw_items
        assert ours.time_of_day_s == other.time_of_track_s
        assert (ours.lat_deg, ours.lon_deg) == (other.lat, other.lon)
        assert (ours.vx_mps, ours.vy_mps) == (other.vx_ms, other.vy_ms)
        assert (ours.flight_level is None) == (other.measured_flight_level is None)
        if ours.flight_level is not None:
            assert ours.flight_level / 4 == other.measured_flight_level
        address = other.target_address
        assert (None if ours.address is None else f"{ours.address:06X}") == address
        compared += len(raw)
    assert len(tracks) == 22_396
    print(f"22,396 records, {compared} items")


def test_the_trackers_sensors_are_told_apart(reports):
    seen = Counter(one.sensor for one in reports if isinstance(one, SensorStatus))
    assert len(seen) == 18 and sum(seen.values()) == 5_772
    assert all(one.condition == 0 for one in reports if isinstance(one, SensorStatus))


def test_both_positions_are_placed_alike(tracks, tracker):
    """x and y about the tracker's own point are the place its latitude and longitude give.

    But for a thousandth of the distance: its map is of a sphere as wide as the equator.
    """
    config, worst = device(tracker), 0.0
    for one in tracks[::40]:
        flat = SystemTrack(source=one.source, tod_128=one.tod_128, track=one.track,
                           track_status=one.track_status, x_m=one.x_m, y_m=one.y_m)  # fmt: skip
        here = detection_of(one, config, 0, 1.0).position
        there = detection_of(flat, config, 0, 1.0).position
        apart_m = GEOD.inv(here.lon_deg, here.lat_deg, there.lon_deg, there.lat_deg)[2]
        worst = max(worst, apart_m)
        assert apart_m < 60 + 0.0015 * math.hypot(one.x_m, one.y_m)
    print(f"{worst:.0f} m at most")


def test_velocities_are_those_of_the_movement_and_turn_with_the_meridians(tracks, tracker):
    """Nobody can fool this: where an aircraft is 5 s later shows which north its velocity has."""
    config = device(tracker)
    of_track: dict[int, list[SystemTrack]] = defaultdict(list)
    for one in tracks:
        of_track[one.track].append(one)
    slope = [0.0, 0.0]
    errors: list[float] = []
    for history in of_track.values():
        for one, other in pairwise(history):
            seconds = other.time_of_day_s - one.time_of_day_s
            told = [detection_of(each, config, 0, 1.0).velocity for each in (one, other)]
            if not 3 < seconds < 10 or math.hypot(told[0].east_mps, told[0].north_mps) < 100:
                continue
            azimuth, _, metres = GEOD.inv(one.lon_deg, one.lat_deg, other.lon_deg, other.lat_deg)
            east = sum(each.east_mps for each in told) / 2
            north = sum(each.north_mps for each in told) / 2
            errors.append(abs(metres / seconds - math.hypot(east, north)))
            moved = math.radians(azimuth)
            for number, (x, y) in enumerate(
                [(one.vx_mps + other.vx_mps, one.vy_mps + other.vy_mps), (east, north)]
            ):
                off = (moved - math.atan2(x, y) + math.pi) % math.tau - math.pi
                slope[number] += max(-0.05, min(0.05, off)) * (one.lon_deg - CENTRE["lon_deg"])
    errors.sort()
    assert len(errors) > 15_000
    assert errors[len(errors) // 2] < 4.0  # m/s, of some 220
    # Unturned, headings err with the longitude; turned, nothing of that is left.
    assert abs(slope[1]) < 0.15 * abs(slope[0])
    print(f"{len(errors)} steps, median {errors[len(errors) // 2]:.2f} m/s, slopes {slope}")


@pytest.mark.parametrize("text", ["1.16", "1.17", "1.18", "1.19", "1.20", "1.21"])
async def test_the_2008_edition_is_refused_whole(tracker_config, feed, text):
    path = DATA / "cat062-edition-2008.pcap"
    if not path.exists():
        pytest.skip("the CAT062 capture (../shared/data) is not beside this clone")
    replay = build_replay(path, [tracker_config(sac=25, sic=100, editions={"62": text})])
    with pytest.raises(RecordingEmpty):
        await replay.run(feed)
    (health,) = replay.health(now_us())
    counted = health.counters
    assert (counted["datablocks_in"], counted["decoded"], counted["bad"]) == (100, 0, 100)
    assert sum(count for name, count in counted.items() if name.startswith("bad.")) == 100
    assert feed.items == []
    assert (health.state, health.code) == (HealthState.DEGRADED, "asterix.bad_input")
    print({name: count for name, count in counted.items() if count})


def test_what_is_well_formed_nonsense_is_refused_for_its_values():
    """28 datablocks of the 2008 edition are sound structure to edition 1.18."""
    path = DATA / "cat062-edition-2008.pcap"
    if not path.exists():
        pytest.skip("the CAT062 capture (../shared/data) is not beside this clone")
    layout = edition(62, "1.18")
    codes: Counter[str] = Counter()
    for payload in packets(path):
        first = next(datablocks(payload))
        try:
            values = records(first[3:], layout)[0]
        except Refused:
            continue
        assert abs(values["105.LAT"]) > 1 << 24  # 90 degrees: no luck with the time lets it in
        (found,) = decode_datagram(first, {(62, 25, 100): layout})
        assert isinstance(found, BadDatablock)
        codes[found.code] += 1
    assert sum(codes.values()) == 28
    assert set(codes) <= {"asterix.time_of_day_invalid", "asterix.latitude_invalid"}
