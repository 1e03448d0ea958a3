"""One storable detection for each target report, from what the radar measured."""

import math

import pytest
from aviconv_asterix import iter_records
from pyproj import Geod

from watchline_sensors.adapters.asterix.decode import decode_datagram
from watchline_sensors.adapters.asterix.detections import NO_DIRECTION, detection
from watchline_sensors.adapters.asterix.devices import device as radar
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reports import TargetReport
from watchline_sensors.contract import ObjectClass, Velocity
from watchline_sensors.contract.detection import MAX_EXTRAS

GEOD = Geod(ellps="WGS84")


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
