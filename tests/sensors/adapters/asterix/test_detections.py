"""One storable detection for each target report, from what the radar measured."""

import math

import pytest
from aviconv_asterix import iter_records
from pyproj import Geod, Transformer

from watchline_sensors.adapters.asterix.cat048 import MonoradarReport
from watchline_sensors.adapters.asterix.decode import decode_datagram
from watchline_sensors.adapters.asterix.detections import NO_DIRECTION, detection
from watchline_sensors.adapters.asterix.devices import device as radar
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reports import TargetReport
from watchline_sensors.contract import ObjectClass, Velocity
from watchline_sensors.contract.detection import MAX_EXTRAS

GEOD = Geod(ellps="WGS84")
TO_SPACE = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def plot(**items) -> TargetReport:
    given = {"source": (0, 7), "tod_128": 0, "descriptor": b"\x60", **items}
    return TargetReport(**given)


def apart_m(a, b) -> float:
    return GEOD.inv(a.lon_deg, a.lat_deg, b.lon_deg, b.lat_deg)[2]


def test_every_target_report_of_the_airport_becomes_one_storable_detection(airport, radar_config):
    config = radar(radar_config())
    made = []
    for block in decode_datagram(airport, {(10, 0, 7): edition(10, "1.1")}):
        for report in block.reports:
            if isinstance(report, TargetReport):
                made.append(detection(report, config, 1))
    assert len(made) == 38_309
    assert [one.defect() for one in made if one.defect()] == []
    placeless = [one for one in made if one.position is None]
    assert len(placeless) == 739
    for one in placeless:  # the radar ends a track; it says no more than that
        assert one.bearing == NO_DIRECTION
        assert one.extras["ends_track"] == 1
        assert one.sensor_track is not None


def test_polar_and_cartesian_of_the_airport_are_placed_alike(airport, radar_config):
    """A check nobody here can fool: the radar computed x and y itself."""
    config = radar(radar_config())
    worst_m = 0.0
    for number, theirs in enumerate(iter_records(airport)):
        if theirs.rho_m is None or number % 10:
            continue
        by_range = plot(rho_m=int(theirs.rho_m), theta_deg=theirs.theta_deg)
        by_plane = plot(x_m=int(theirs.x_m), y_m=int(theirs.y_m))
        worst_m = max(
            worst_m,
            apart_m(
                detection(by_range, config, 0).position, detection(by_plane, config, 0).position
            ),
        )
    assert worst_m <= 1.6


def test_polar_comes_before_cartesian_before_wgs84(radar_config):
    config = radar(radar_config())
    polar = {"rho_m": 1000, "theta_deg": 90.0}
    plane = {"x_m": 0, "y_m": 2000}
    globe = {"lat_deg": 41.5, "lon_deg": 2.5}
    by_polar = detection(plot(**polar, **plane, **globe), config, 0).position
    by_plane = detection(plot(**plane, **globe), config, 0).position
    by_globe = detection(plot(**globe), config, 0).position
    assert by_polar == detection(plot(**polar), config, 0).position
    assert by_plane == detection(plot(**plane), config, 0).position
    assert (by_globe.lon_deg, by_globe.lat_deg) == (2.5, 41.5)


def test_the_radars_own_deviations_replace_the_configured_ones(radar_config):
    turned = radar(radar_config(north_offset_deg=90.0))
    report = plot(rho_m=1000, theta_deg=0.0, sigma_x_m=2.0, sigma_y_m=7.0, covariance=0.0)
    position = detection(report, turned, 0).position
    assert (position.var_east_m2, position.var_north_m2) == pytest.approx((49.0, 4.0))
    unknown = plot(rho_m=1000, theta_deg=0.0, sigma_x_m=0.0, sigma_y_m=7.0)
    assert detection(unknown, turned, 0).position.var_east_m2 == pytest.approx(25.0, rel=1e-3)
    impossible = plot(rho_m=1000, theta_deg=0.0, sigma_x_m=1.0, sigma_y_m=1.0, covariance=90.0)
    assert detection(impossible, turned, 0).defect() is None


def test_velocity_turns_with_the_north_and_follows_the_speed_up(radar_config):
    turned = radar(radar_config(north_offset_deg=90.0, speed_sigma_mps=1.5))
    both = plot(rho_m=10, theta_deg=0.0, speed_mps=10.0, heading_deg=0.0, vx_mps=3.0, vy_mps=3.0)
    east = detection(both, turned, 0).velocity
    assert (east.east_mps, east.north_mps) == (pytest.approx(10.0), pytest.approx(0.0, abs=1e-9))
    plane = plot(rho_m=10, theta_deg=0.0, vx_mps=0.0, vy_mps=4.0)
    fast = detection(plane, turned, 0, speed_up=10.0).velocity
    assert fast == Velocity(
        east_mps=pytest.approx(40.0), north_mps=pytest.approx(0.0, abs=1e-9), sigma_mps=15.0
    )
    assert detection(plot(rho_m=10, theta_deg=0.0), turned, 0).velocity is None


def test_slant_range_is_shortened_by_the_mast(radar_config):
    high = radar(radar_config(height_m=254.0, ground_height_m=54.0))
    level = radar(radar_config())
    near = plot(rho_m=500, theta_deg=0.0)
    shift_m = apart_m(detection(near, high, 0).position, detection(near, level, 0).position)
    assert shift_m == pytest.approx(500 - math.sqrt(500**2 - 200**2), abs=0.1)


def test_vendor_bits_become_a_class_where_the_operator_says_what_they_mean(radar_config):
    speaking = radar(radar_config(classes={"5": "person", "9": "vehicle"}, class_p=0.8))
    walker = plot(rho_m=10, theta_deg=0.0, descriptor=bytes((0x61, 0x01, 5 << 1)))
    made = detection(walker, speaking, 0)
    assert made.classes == {ObjectClass.PERSON: 0.8}
    assert made.extras["spare_bits"] == 5
    assert made.extras["descriptor"] == "61010a"
    silent = radar(radar_config())
    assert detection(walker, silent, 0).classes is None
    other = plot(rho_m=10, theta_deg=0.0, descriptor=bytes((0x61, 0x01, 7 << 1)))
    assert detection(other, speaking, 0).classes is None


def test_the_standards_ground_vehicle_is_a_vehicle(radar_config):
    config = radar(radar_config(class_p=0.6))
    vehicle = plot(rho_m=10, theta_deg=0.0, descriptor=bytes((0x61, 2 << 1)))
    assert detection(vehicle, config, 0).classes == {ObjectClass.VEHICLE: 0.6}
    for other in (0, 1, 3):
        unsaid = plot(rho_m=10, theta_deg=0.0, descriptor=bytes((0x61, other << 1)))
        assert detection(unsaid, config, 0).classes is None


def test_extras_stay_within_the_contract(radar_config):
    full = plot(
        descriptor=b"\x61\xc1\x7e",
        track_status=b"\x70",
        rho_m=1,
        theta_deg=1.0,
        length_m=1,
        orientation_deg=1.0,
        width_m=1,
        amplitude=1,
        height_m=1.0,
        address=1,
        mode_3a=1,
        fleet=1,
        message=1,
        identification=b"\x00" * 7,
        flight_level=1,
        special=b"\x00" * 200,
        expansion=b"\x00" * 200,
    )
    made = detection(full, radar(radar_config()), 0)
    assert len(made.extras) == MAX_EXTRAS
    assert made.defect() is None
    assert {"descriptor", "spare_bits", "track_status", "test", "simulated"} <= set(made.extras)
    long = detection(plot(special=b"\x01" * 200), radar(radar_config()), 0)
    assert long.defect() is None


def monoradar(**items) -> MonoradarReport:
    given = {"source": (0, 7), "tod_128": 0, "descriptor": b"\xa0", **items}
    return MonoradarReport(**given)


def in_space_m(lon_deg: float, lat_deg: float, height_m: float, other) -> float:
    """The distance in space from a place on the ellipsoid."""
    here = TO_SPACE.transform(lon_deg, lat_deg, height_m)
    return math.dist(here, TO_SPACE.transform(*other))


def test_a_slant_range_reaches_as_far_as_the_targets_height_leaves_it(radar_config):
    """The point that comes out lies, at that height, as far from the antenna as was measured."""
    config = radar(radar_config(height_m=500.0))
    antenna = (2.0833, 41.2972, 500.0)
    for rho_m, level in ((20_000.0, 1320), (365_000.0, 1440), (9_000.0, 800)):
        high = monoradar(rho_m=rho_m, theta_deg=30.0, flight_level=level)
        place = detection(high, config, 0).position
        height_m = level * 25 * 0.3048
        found_m = in_space_m(place.lon_deg, place.lat_deg, height_m, antenna)
        assert found_m == pytest.approx(rho_m, abs=rho_m * 1e-4)
        measured = monoradar(rho_m=rho_m, theta_deg=30.0, flight_level=4, height_m=height_m)
        assert detection(measured, config, 0).position == place
        low = detection(monoradar(rho_m=rho_m, theta_deg=30.0), config, 0).position
        assert apart_m(low, place) > 50.0


def test_a_cat048_velocity_has_the_radars_own_deviation(radar_config):
    config = radar(radar_config(speed_sigma_mps=9.0))
    moving = {"rho_m": 1e4, "theta_deg": 0.0, "speed_mps": 200.0, "heading_deg": 90.0}
    assert detection(monoradar(**moving), config, 0).velocity.sigma_mps == 9.0
    told = detection(monoradar(**moving, sigma_speed_mps=3.0), config, 0, speed_up=2.0).velocity
    assert (told.east_mps, told.sigma_mps) == (pytest.approx(400.0), 6.0)


def test_what_a_fast_replay_makes_faster_than_can_be_is_left_out(radar_config):
    config = radar(radar_config())
    flying = monoradar(rho_m=1e4, theta_deg=0.0, speed_mps=250.0, heading_deg=10.0)
    made = detection(flying, config, 0, speed_up=100.0)
    assert made.velocity is None and made.defect() is None
    assert detection(flying, config, 0, speed_up=20.0).velocity is not None


def test_a_cat048_reports_bits_reach_the_extras(radar_config):
    config = radar(radar_config())
    told = {"descriptor": b"\x13\x80", "track": 5, "track_status": b"\x41\x80", "x_m": 1e4}
    made = detection(monoradar(**told, y_m=0.0, amplitude=-60), config, 0)
    assert made.sensor_track == "5" and made.classes is None
    assert made.extras == {
        "descriptor": "1380",
        "track_status": "4180",
        "ends_track": 1,
        "extrapolated": 1,
        "test": 1,
        "simulated": 1,
        "amplitude": -60,
    }
