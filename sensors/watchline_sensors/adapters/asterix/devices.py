"""What stands behind a configured source, and the detection each of its reports means."""

from watchline_sensors.adapters.asterix.cat062 import SystemTrack
from watchline_sensors.adapters.asterix.detections import Radar, detection
from watchline_sensors.adapters.asterix.options import RadarOptions, options_of
from watchline_sensors.adapters.asterix.reports import Report, TargetReport
from watchline_sensors.adapters.asterix.tracks import Tracker, track_detection
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection
from watchline_sensors.place import Pose

Device = Radar | Tracker


def device(config: SensorConfig) -> Device:
    """The radar or tracker a sensor's configuration describes; raises ConfigError."""
    options = options_of(config)
    pose = Pose(
        lon_deg=config.lon_deg,
        lat_deg=config.lat_deg,
        height_m=config.height_m,
        north_offset_deg=config.north_offset_deg,
        ground_height_m=options.ground_height_m if isinstance(options, RadarOptions) else None,
    )
    if isinstance(options, RadarOptions):
        return Radar(sensor=config.id, pose=pose, options=options)
    return Tracker(sensor=config.id, pose=pose, options=options)


def is_target(report: Report) -> bool:
    """Whether this report is of something seen, so that a detection comes of it."""
    return isinstance(report, TargetReport | SystemTrack)


def detection_of(report: Report, device: Device, at_us: int, speed_up: float) -> Detection:
    """The detection a target means; `options` keep radars' and trackers' reports apart."""
    match report, device:
        case TargetReport(), Radar():
            return detection(report, device, at_us, speed_up)
        case SystemTrack(), Tracker():
            return track_detection(report, device, at_us, speed_up)
    raise TypeError(f"{type(report).__name__} is no target of a {type(device).__name__}")
