"""A tracker's reports to detections: one for each system track update."""

from dataclasses import dataclass

from watchline_sensors.adapters.asterix.cat062 import SystemTrack
from watchline_sensors.adapters.asterix.detections import (
    MIN_SIGMA_MPS,
    NO_DIRECTION,
    true_velocity,
    with_kept,
)
from watchline_sensors.adapters.asterix.options import TrackerOptions
from watchline_sensors.contract import Detection, Position, Velocity
from watchline_sensors.place import (
    MIN_SIGMA_M,
    Pose,
    degrees_to_metres,
    place_cartesian,
    place_wgs84,
    plane_at,
    turn_covariance,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """One configured tracker: its name, its reference point and its error model."""

    sensor: str
    pose: Pose
    options: TrackerOptions


def track_detection(
    report: SystemTrack, tracker: Tracker, at_us: int, speed_up: float = 1.0
) -> Detection:
    """The detection a system track means, stamped `at_us`.

    Its place is WGS 84 (I062/105), else Cartesian about the tracker's own place (I062/100);
    without either it gets `NO_DIRECTION`. `speed_up` scales the velocity of a fast replay.
    """
    place = _place(report, tracker)
    plane = tracker.pose
    if place is not None:
        plane = plane_at(tracker.pose, place.lon_deg, place.lat_deg)
    return Detection(
        sensor=tracker.sensor,
        at_us=at_us,
        position=None if place is None else _with_error(place, plane, report),
        bearing=NO_DIRECTION if place is None else None,
        velocity=_velocity(report, tracker, plane, speed_up),
        sensor_track=str(report.track),
        extras=_extras(report),
    )


def _place(report: SystemTrack, tracker: Tracker) -> Position | None:
    """Where it is, with the configured error."""
    sigma_m = tracker.options.position_sigma_m
    lon_deg, lat_deg = report.lon_deg, report.lat_deg
    if lon_deg is None or lat_deg is None:
        if report.x_m is None or report.y_m is None:
            return None
        flat = place_cartesian(
            tracker.pose,
            x_m=report.x_m,
            y_m=report.y_m,
            sigma_slant_m=sigma_m,
            sigma_azimuth_deg=0.0,
        )
        lon_deg, lat_deg = flat.lon_deg, flat.lat_deg
    return place_wgs84(lon_deg, lat_deg, sigma_m=sigma_m, height_m=report.height_m)


def _with_error(place: Position, plane: Pose, report: SystemTrack) -> Position:
    """The track's own error (I062/500): east and north if it is told so, else the plane's.

    Zero means "not known" rather than "exact"; then the configured error stands.
    """
    if report.sigma_lat_deg and report.sigma_lon_deg:
        east_m, north_m = degrees_to_metres(
            place.lat_deg, report.sigma_lon_deg, report.sigma_lat_deg
        )
        errors = (max(east_m, MIN_SIGMA_M) ** 2, 0.0, max(north_m, MIN_SIGMA_M) ** 2)
    elif report.sigma_x_m and report.sigma_y_m:
        errors = turn_covariance(
            plane, report.sigma_x_m**2, report.covariance_m2 or 0.0, report.sigma_y_m**2
        )
    else:
        return place
    return Position(
        lon_deg=place.lon_deg,
        lat_deg=place.lat_deg,
        var_east_m2=errors[0],
        cov_east_north_m2=errors[1],
        var_north_m2=errors[2],
        height_m=place.height_m,
    )


def _velocity(
    report: SystemTrack, tracker: Tracker, plane: Pose, speed_up: float
) -> Velocity | None:
    if report.vx_mps is None or report.vy_mps is None:
        return None
    sigma_mps = tracker.options.speed_sigma_mps
    if report.sigma_vx_mps is not None and report.sigma_vy_mps is not None:
        sigma_mps = max(report.sigma_vx_mps, report.sigma_vy_mps, MIN_SIGMA_MPS)
    return true_velocity(plane, report.vx_mps, report.vy_mps, sigma_mps, speed_up)


def _extras(report: SystemTrack) -> dict[str, int | float | str]:
    extras: dict[str, int | float | str] = {"track_status": report.track_status.hex()}
    if report.ends_track:
        extras["ends_track"] = 1
    if report.extrapolated:
        extras["extrapolated"] = report.extrapolated
    if report.simulated:
        extras["simulated"] = 1
    return with_kept(extras, report, _KEPT)


_KEPT = (
    "address",
    "mode_3a",
    "fleet",
    "identification",
    "flight_level",
    "special",
    "expansion",
)
