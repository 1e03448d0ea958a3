"""One storable detection for each system track update, with the tracker's own errors."""

import math

import pytest

from watchline_sensors.adapters.asterix.cat062 import SystemTrack
from watchline_sensors.adapters.asterix.cat063 import SensorStatus
from watchline_sensors.adapters.asterix.decode import Datablock
from watchline_sensors.adapters.asterix.detections import NO_DIRECTION
from watchline_sensors.adapters.asterix.devices import device
from watchline_sensors.adapters.asterix.health import health
from watchline_sensors.adapters.asterix.intake import Intake
from watchline_sensors.adapters.asterix.tracks import track_detection
from watchline_sensors.contract import HealthState
from watchline_sensors.place import degrees_to_metres

HERE = {"lat_deg": 41.5, "lon_deg": 2.5}


def track(**items) -> SystemTrack:
    return SystemTrack(source=(0, 7), tod_128=0, **{"track": 12, "track_status": b"\x00", **items})


@pytest.fixture
def tracker(tracker_config):
    return device(tracker_config(speed_sigma_mps=3.0))


def variances(position) -> list[float]:
    return [position.var_east_m2, position.cov_east_north_m2, position.var_north_m2]


def test_a_track_keeps_its_place_number_and_height(tracker):
    made = track_detection(track(**HERE, height_m=3048.0, x_m=1.0, y_m=1.0), tracker, 5)
    assert (made.position.lon_deg, made.position.lat_deg) == (2.5, 41.5)
    assert (made.position.height_m, made.sensor_track, made.at_us) == (3048.0, "12", 5)
    assert variances(made.position) == [6400.0, 0.0, 6400.0]
    assert made.velocity is None and made.defect() is None


def test_x_and_y_are_placed_about_the_trackers_own_point(tracker):
    made = track_detection(track(x_m=0.0, y_m=10_000.0), tracker, 0)
    assert made.position.lon_deg == pytest.approx(2.0833)
    assert made.position.lat_deg == pytest.approx(41.2972 + 10_000 / 111_070, abs=1e-4)
    assert variances(made.position) == [6400.0, 0.0, 6400.0]


def test_the_tracks_own_errors_replace_the_configured_one(tracker_config):
    turned = device(tracker_config(north_offset_deg=90.0, lon_deg=2.5, lat_deg=41.5))
    plane = {"sigma_x_m": 3.0, "sigma_y_m": 5.0, "covariance_m2": 6.0}
    globe = {"sigma_lat_deg": 1e-4, "sigma_lon_deg": 2e-4}
    made = track_detection(track(**HERE, **plane), turned, 0)
    # x is right of the plane's north: turned by 90 degrees, south.
    assert variances(made.position) == pytest.approx([25.0, -6.0, 9.0])
    east_m, north_m = degrees_to_metres(41.5, 2e-4, 1e-4)
    told = [east_m**2, 0.0, north_m**2]
    both = track_detection(track(**HERE, **plane, **globe), turned, 0)
    assert variances(both.position) == pytest.approx(told)
    unknown = track_detection(track(**HERE, sigma_x_m=0.0, sigma_y_m=5.0), turned, 0)
    assert variances(unknown.position) == [6400.0, 0.0, 6400.0]
    impossible = {**plane, "covariance_m2": -1e8}
    assert track_detection(track(**HERE, **impossible), turned, 0).defect() is None


def test_a_velocity_is_turned_by_the_meridians_between(tracker):
    near = track_detection(track(lat_deg=41.2972, lon_deg=2.0833, vx_mps=0.0, vy_mps=100.0),
                           tracker, 0)  # fmt: skip
    assert (near.velocity.east_mps, near.velocity.north_mps) == pytest.approx((0.0, 100.0))
    assert near.velocity.sigma_mps == 3.0
    far = track_detection(track(lat_deg=41.2972, lon_deg=6.0833, vx_mps=0.0, vy_mps=100.0),
                          tracker, 0, speed_up=2.0)  # fmt: skip
    turned = math.radians(4.0 * math.sin(math.radians(41.2972)))
    assert far.velocity.east_mps == pytest.approx(200.0 * math.sin(turned))
    assert far.velocity.sigma_mps == 6.0
    told = track(**HERE, vx_mps=1.0, vy_mps=1.0, sigma_vx_mps=0.25, sigma_vy_mps=0.75)
    assert track_detection(told, tracker, 0).velocity.sigma_mps == 0.75


def test_a_track_without_a_place_says_no_more_than_that(tracker):
    ended = track(track_status=b"\x01\x40")
    made = track_detection(ended, tracker, 0)
    assert (made.position, made.bearing) == (None, NO_DIRECTION)
    assert made.extras == {"track_status": "0140", "ends_track": 1}
    assert made.defect() is None


def test_bits_and_items_reach_the_extras(tracker):
    told = track(**HERE, track_status=b"\x01\x81\x01\x80", address=0xA1B2C3, flight_level=40,
                 identification=b"\x01" * 7, expansion=b"\x02" * 300)  # fmt: skip
    made = track_detection(told, tracker, 0)
    assert made.extras["simulated"] == made.extras["extrapolated"] == 1
    assert (made.extras["address"], made.extras["flight_level"]) == (0xA1B2C3, 40)
    assert len(made.extras["expansion"]) == 64
    assert made.defect() is None


def test_a_tracker_whose_sensor_is_down_is_degraded(tracker_config):
    intake = Intake([tracker_config()])

    def told(sic: int, condition: int | None) -> tuple[HealthState, str]:
        report = SensorStatus(source=(0, 7), tod_128=0, sensor=(0, sic), condition=condition)
        intake.take([Datablock((0, 7), (report,))], lambda one: 0, 1)
        found = health(intake.first, 2, live=True)
        return found.state, found.code

    assert told(1, 0) == told(2, None) == (HealthState.OK, "health.ok")
    assert told(2, 3) == (HealthState.DEGRADED, "asterix.sensor_down")
    assert told(1, 0) == (HealthState.DEGRADED, "asterix.sensor_down")
    assert told(2, 0) == (HealthState.OK, "health.ok")
    assert intake.first.counts["sensor_status"] == 5
