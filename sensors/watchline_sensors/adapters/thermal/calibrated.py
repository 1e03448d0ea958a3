"""The work of `watchline-edge calibrate`: a configured camera and a file in, lines to print out.

The lines are TOML for edge.toml, what is left of each landmark in comments before it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from watchline_sensors.adapters.thermal.calibrate import (
    Calibration,
    CalibrationFailed,
    Landmark,
    calibrate,
    read_landmarks,
)
from watchline_sensors.adapters.thermal.calibrate_tracks import calibrate_by_tracks
from watchline_sensors.adapters.thermal.feet import feet
from watchline_sensors.adapters.thermal.options import options_of, view_of
from watchline_sensors.adapters.thermal.radar_tracks import read_tracks
from watchline_sensors.adapters.thermal.ring import kept
from watchline_sensors.config import SensorConfig

#: Of kept pictures one in this time is read: who walks is seen often enough.
_APART_US = 500_000


def by_landmarks(sensor: SensorConfig, file: Path, *, focal: bool) -> list[str]:
    """From landmarks that somebody clicked; raises CalibrationFailed, ConfigError,
    TerrainUnreadable."""
    seen = read_landmarks(file)
    done = calibrate(view_of(sensor, options_of(sensor)), seen, focal=focal)
    return _lines(done, seen, focal=focal)


def by_tracks(sensor: SensorConfig, file: Path, *, within_deg: float, focal: bool) -> list[str]:
    """From radar tracks and the footage that the camera kept meanwhile; raises the same."""
    options = options_of(sensor)
    if options.footage.folder is None:
        raise CalibrationFailed(
            f"{sensor.id} keeps no footage: give [sensor.thermal.footage] a folder and run the edge"
        )
    tracks = read_tracks(file)
    from_us = min(int(track.at_us[0]) for track in tracks)
    until_us = max(int(track.at_us[-1]) for track in tracks)
    folder = Path(options.footage.folder) / sensor.id
    try:
        seen = feet(kept(folder, from_us, until_us, _APART_US), options.lens)
    except OSError as error:
        raise CalibrationFailed(f"{folder}: {error.strerror}") from error
    done = calibrate_by_tracks(
        view_of(sensor, options), seen, tracks, within_deg=within_deg, focal=focal
    )
    tracklets = len({one.name for one in done.pairs})
    used = f"# {done.tracks} tracks, {tracklets} tracklets, {len(done.pairs)} pairs"
    return [used, *_lines(done.calibration, done.pairs, focal=focal)]


def _lines(done: Calibration, seen: Sequence[Landmark], *, focal: bool) -> list[str]:
    """What is left of each name, by its mean where there is more of it, and the tables."""
    left: defaultdict[str, list[list[float]]] = defaultdict(list)
    for one, rest in zip(seen, done.residuals_px.tolist(), strict=True):
        left[one.name].append(rest)
    doubtful = Counter(done.doubtful)
    lines = []
    for name, rests in left.items():
        right, down = np.mean(rests, axis=0)
        mark = "  doubtful: is it the same place?" if 2 * doubtful[name] > len(rests) else ""
        lines.append(f"# {name:<24} {right:+7.2f} px right {down:+7.2f} px down{mark}")
    lines.append(f"# root mean square {done.rms_px:.2f} px")
    if focal:
        lines += ["[sensor.thermal.lens]", f"focal_x_px = {done.focal_x_px:.2f}"]
    return [
        *lines,
        "[sensor.thermal.aim]",
        f"azimuth_deg = {done.aim.azimuth_deg:.4f}",
        f"elevation_deg = {done.aim.elevation_deg:.4f}",
        f"roll_deg = {done.aim.roll_deg:.4f}",
        "[sensor.thermal.doubt]",
        f"azimuth_deg = {done.azimuth_sigma_deg:.4f}",
        f"elevation_deg = {done.elevation_sigma_deg:.4f}",
        f"roll_deg = {done.roll_sigma_deg:.4f}",
    ]
