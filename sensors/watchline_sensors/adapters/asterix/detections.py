"""A radar's reports to detections: one for each target report, whatever it holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watchline_sensors.adapters.asterix.options import RadarOptions
from watchline_sensors.adapters.asterix.reports import Report, TargetReport
from watchline_sensors.contract import Bearing, Detection, ObjectClass, Position, Velocity
from watchline_sensors.contract.detection import MAX_EXTRAS, MAX_MPS, MAX_TEXT
from watchline_sensors.place import (
    MIN_SIGMA_M,
    Pose,
    place_cartesian,
    place_polar,
    place_seen,
    turn_covariance,
    turn_to_true,
)

#: A report without any place says "this radar, at this instant, in a direction not told".
NO_DIRECTION = Bearing(bearing_deg=0.0, sigma_deg=180.0)

#: No device knows a velocity better than this.
MIN_SIGMA_MPS = 0.1

_GROUND_VEHICLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Radar:
    """One configured radar: its name, pose and error model."""

    sensor: str
    pose: Pose
    options: RadarOptions


def detection(report: TargetReport, radar: Radar, at_us: int, speed_up: float = 1.0) -> Detection:
    """The detection a target report means, stamped `at_us`.

    The first of these that the report holds is its place: polar (what the radar measured, and
    what the configured errors are about), Cartesian, WGS 84 (which hangs on a pose typed into
    the radar). A report with none, as radars send to end a track, gets `NO_DIRECTION`.
    `speed_up` scales the velocity where a replay makes time run faster.
    """
    position = _position(report, radar)
    return Detection(
        sensor=radar.sensor,
        at_us=at_us,
        position=position,
        bearing=NO_DIRECTION if position is None else None,
        velocity=_velocity(report, radar, speed_up),
        classes=_classes(report, radar.options),
        sensor_track=None if report.track is None else str(report.track),
        extras=_extras(report),
    )


def _position(report: TargetReport, radar: Radar) -> Position | None:
    pose, options = radar.pose, radar.options
    if report.target_height_m is not None:
        pose = replace(pose, ground_height_m=report.target_height_m)
    if report.rho_m is not None and report.theta_deg is not None:
        position = place_polar(
            pose,
            slant_m=report.rho_m,
            azimuth_deg=report.theta_deg,
            sigma_slant_m=options.rho_sigma_m,
            sigma_azimuth_deg=options.theta_sigma_deg,
        )
    elif report.x_m is not None and report.y_m is not None:
        position = place_cartesian(
            pose,
            x_m=report.x_m,
            y_m=report.y_m,
            sigma_slant_m=options.rho_sigma_m,
            sigma_azimuth_deg=options.theta_sigma_deg,
            sensor_plane=report.sensor_plane,
        )
    elif report.lon_deg is not None and report.lat_deg is not None:
        position = place_seen(
            pose,
            lon_deg=report.lon_deg,
            lat_deg=report.lat_deg,
            sigma_slant_m=options.rho_sigma_m,
            sigma_azimuth_deg=options.theta_sigma_deg,
        )
    else:
        return None
    if report.sigma_x_m is None or report.sigma_y_m is None:
        return position
    # Zero means "not known" rather than "exact"; then the configured error stands.
    if min(report.sigma_x_m, report.sigma_y_m) < MIN_SIGMA_M:
        return position
    east, cov, north = turn_covariance(
        pose, report.sigma_x_m**2, report.covariance or 0.0, report.sigma_y_m**2
    )
    return Position(
        lon_deg=position.lon_deg,
        lat_deg=position.lat_deg,
        var_east_m2=east,
        cov_east_north_m2=cov,
        var_north_m2=north,
    )


def _velocity(report: TargetReport, radar: Radar, speed_up: float) -> Velocity | None:
    """Polar, else Cartesian: it is the finer, and no two readings of its unit exist."""
    if report.speed_mps is not None and report.heading_deg is not None:
        heading = math.radians(report.heading_deg)
        x_mps = report.speed_mps * math.sin(heading)
        y_mps = report.speed_mps * math.cos(heading)
    elif report.vx_mps is not None and report.vy_mps is not None:
        x_mps, y_mps = report.vx_mps, report.vy_mps
    else:
        return None
    sigma_mps = radar.options.speed_sigma_mps
    if report.sigma_speed_mps is not None:
        sigma_mps = max(report.sigma_speed_mps, MIN_SIGMA_MPS)
    return true_velocity(radar.pose, x_mps, y_mps, sigma_mps, speed_up)


def true_velocity(
    pose: Pose, x_mps: float, y_mps: float, sigma_mps: float, speed_up: float
) -> Velocity | None:
    """A velocity in the device's frame, turned to true and sped up.

    None when it is then faster than the contract believes, as an aircraft in a fast replay is.
    """
    east_mps, north_mps = turn_to_true(pose, x_mps * speed_up, y_mps * speed_up)
    if max(abs(east_mps), abs(north_mps)) >= MAX_MPS:
        return None
    return Velocity(east_mps=east_mps, north_mps=north_mps, sigma_mps=sigma_mps * speed_up)


def _classes(report: TargetReport, options: RadarOptions) -> dict[ObjectClass, float] | None:
    """The vendor's class where the operator says what its bits mean, else the standard's."""
    seen = None
    if options.classes and report.spare_bits is not None:
        seen = options.classes.get(str(report.spare_bits))
    if seen is None and report.type_of_target == _GROUND_VEHICLE:
        seen = ObjectClass.VEHICLE
    return None if seen is None else {seen: options.class_p}


def _extras(report: TargetReport) -> dict[str, int | float | str]:
    """What has no field of its own, the most telling first; beyond the contract's bound it
    is dropped from the end."""
    extras: dict[str, int | float | str] = {"descriptor": report.descriptor.hex()}
    if report.spare_bits is not None:
        extras["spare_bits"] = report.spare_bits
    if report.track_status is not None:
        extras["track_status"] = report.track_status.hex()
        if report.ends_track:
            extras["ends_track"] = 1
        if report.extrapolated:
            extras["extrapolated"] = report.extrapolated
    if report.test:
        extras["test"] = 1
    if report.simulated:
        extras["simulated"] = 1
    return with_kept(extras, report, _KEPT)


def with_kept(
    extras: dict[str, int | float | str], report: Report, names: Sequence[str]
) -> dict[str, int | float | str]:
    """The report's fields of these names added, as far as the contract has room."""
    for name in names:
        value = getattr(report, name)
        if value is not None:
            extras[name] = value.hex()[:MAX_TEXT] if isinstance(value, bytes) else value
    while len(extras) > MAX_EXTRAS:
        extras.popitem()
    return extras


_KEPT = (
    "rho_m",
    "theta_deg",
    "length_m",
    "orientation_deg",
    "width_m",
    "amplitude",
    "height_m",
    "address",
    "mode_3a",
    "fleet",
    "message",
    "identification",
    "flight_level",
    "special",
    "expansion",
)
