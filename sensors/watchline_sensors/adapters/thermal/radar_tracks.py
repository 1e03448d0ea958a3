"""What radars saw while a camera looked, from the file that `watchline plots export` writes."""

import csv
import math
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.calibrate import CalibrationFailed

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

COLUMNS = ("at", "track", "lon_deg", "lat_deg", "sigma_m")
#: Between plots further apart nobody knows where a target was. Radars turn in 1 to 4 s.
MAX_GAP_US = 5_000_000


class RadarTrack(NamedTuple):
    """One target's plots: µs since 1970 UTC (n,), ascending, and lon_deg, lat_deg, sigma_m (n, 3).

    `sigma_m` is the longer axis of a plot's covariance (1 σ).
    """

    name: str
    at_us: Times
    plots: Floats

    def at(self, at_us: Times) -> Floats:
        """(m, 3) where it was at these times, on the line between the plots before and after.

        NaN where these are more than MAX_GAP_US apart, and before the first and after the last.
        """
        after = np.searchsorted(self.at_us, at_us)
        exact = self.at_us[np.minimum(after, len(self.at_us) - 1)] == at_us
        inside = (after > 0) & (after < len(self.at_us))
        low = np.where(inside, after - 1, 0)
        high = np.where(inside, after, 0)
        gap_us = self.at_us[high] - self.at_us[low]
        share = (at_us - self.at_us[low]) / np.maximum(gap_us, 1)
        found: Floats = self.plots[low] + share[:, None] * (self.plots[high] - self.plots[low])
        found[~inside | (gap_us > MAX_GAP_US)] = np.nan
        found[exact] = self.plots[after[exact]]
        return found


def read_tracks(path: Path) -> list[RadarTrack]:
    """The tracks of a CSV file with the columns of COLUMNS, in the order of their first plots.

    Of plots of one track at one time the first counts. Raises CalibrationFailed with the line.
    """
    found: defaultdict[str, list[tuple[int, float, float, float]]] = defaultdict(list)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise CalibrationFailed(f"{path}: no column {', '.join(missing)}")
            for row in rows:
                name, plot = _plot(f"{path}, line {rows.line_num}", row)
                found[name].append(plot)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationFailed(f"{path}: {error}") from error
    if not found:
        raise CalibrationFailed(f"{path}: no plots")
    tracks = [_track(name, plots) for name, plots in found.items()]
    return sorted(tracks, key=lambda track: int(track.at_us[0]))


def _track(name: str, plots: list[tuple[int, float, float, float]]) -> RadarTrack:
    at_us, first = np.unique([plot[0] for plot in plots], return_index=True)
    return RadarTrack(name, at_us, np.array([plot[1:] for plot in plots])[first])


def _plot(place: str, row: dict[str, str]) -> tuple[str, tuple[int, float, float, float]]:
    try:
        at = datetime.fromisoformat(row["at"])
        lon, lat, sigma = (float(row[name]) for name in COLUMNS[2:])
    except (TypeError, ValueError) as error:
        raise CalibrationFailed(f"{place}: {error}") from error
    if at.tzinfo is None:
        raise CalibrationFailed(f"{place}: a time without its offset from UTC")
    if not row["track"]:
        raise CalibrationFailed(f"{place}: no track")
    if not math.isfinite(lon + lat) or abs(lon) > 180 or abs(lat) > 90:
        raise CalibrationFailed(f"{place}: are longitude and latitude swapped?")
    if not 0.0 < sigma < math.inf:
        raise CalibrationFailed(f"{place}: sigma_m is not above 0")
    return row["track"], (round(at.timestamp() * 1e6), lon, lat, sigma)
