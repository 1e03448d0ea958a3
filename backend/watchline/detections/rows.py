"""Detections as columns: from the contract's structs to the tracker and to binary COPY."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.contract import CLASS_ORDER, Detection

_NAN = float("nan")
_NO_CLASSES = (_NAN,) * len(CLASS_ORDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """n detections with their natural keys, column by column; NaN or None: not told.

    Angles in degrees, lengths in metres, the frame of lon/lat is WGS 84 and that of the
    covariance its local east and north. `sensor` and `edge` are the database's numbers.
    """

    at_us: NDArray[np.int64]
    arrived_us: NDArray[np.int64]
    edge: NDArray[np.int32]
    boot: NDArray[np.int64]
    seq: NDArray[np.int64]
    sensor: NDArray[np.int32]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    var_east_m2: NDArray[np.float64]
    cov_m2: NDArray[np.float64]
    var_north_m2: NDArray[np.float64]
    bearing_deg: NDArray[np.float64]
    bearing_sigma_deg: NDArray[np.float64]
    range_m: NDArray[np.float64]
    range_sigma_m: NDArray[np.float64]
    east_mps: NDArray[np.float64]
    north_mps: NDArray[np.float64]
    speed_sigma_mps: NDArray[np.float64]
    score: NDArray[np.float64]
    classes: NDArray[np.float32]  # (n, 5)
    sensor_track: NDArray[np.object_]
    extras: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.at_us)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        """The rows at `index` (positions or a mask), in that order."""
        return Rows(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def in_time_order(self) -> "Rows":
        """Sorted by (at, edge, boot, seq): the one order in which a sector lives."""
        return self.take(np.lexsort((self.seq, self.boot, self.edge, self.at_us)))


def concatenate(parts: Sequence[Rows]) -> Rows:
    """All rows of `parts`, one after the other; `parts` must not be empty."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows)}
    )


def to_rows(
    seqs: Sequence[int],
    detections: Sequence[Detection],
    *,
    edge: int,
    boot: int,
    arrived_us: int,
    sensor_numbers: dict[str, int],
) -> Rows:
    """Columns of one envelope's detections; each sensor must be in `sensor_numbers`."""
    n = len(detections)
    numbers = np.full((n, 12), _NAN)
    classes = np.full((n, len(CLASS_ORDER)), _NAN, np.float32)
    tracks = np.empty(n, object)
    extras = np.empty(n, object)
    for i, d in enumerate(detections):
        p, b, v = d.position, d.bearing, d.velocity
        if p is not None:
            numbers[i, :5] = (
                p.lon_deg,
                p.lat_deg,
                p.var_east_m2,
                p.cov_east_north_m2,
                p.var_north_m2,
            )
        if b is not None:
            numbers[i, 5:7] = (b.bearing_deg, b.sigma_deg)
            if b.range_m is not None:
                numbers[i, 7] = b.range_m
            if b.range_sigma_m is not None:
                numbers[i, 8] = b.range_sigma_m
        if v is not None:
            numbers[i, 9:12] = (v.east_mps, v.north_mps, v.sigma_mps)
        if d.classes is not None:
            classes[i] = [d.classes.get(name, 0.0) for name in CLASS_ORDER]
        tracks[i] = d.sensor_track
        extras[i] = d.extras
    columns = numbers.T.copy()
    return Rows(
        at_us=np.fromiter((d.at_us for d in detections), np.int64, n),
        arrived_us=np.full(n, arrived_us, np.int64),
        edge=np.full(n, edge, np.int32),
        boot=np.full(n, boot, np.int64),
        seq=np.array(seqs, np.int64),
        sensor=np.fromiter((sensor_numbers[d.sensor] for d in detections), np.int32, n),
        lon_deg=columns[0],
        lat_deg=columns[1],
        var_east_m2=columns[2],
        cov_m2=columns[3],
        var_north_m2=columns[4],
        bearing_deg=columns[5],
        bearing_sigma_deg=columns[6],
        range_m=columns[7],
        range_sigma_m=columns[8],
        east_mps=columns[9],
        north_mps=columns[10],
        speed_sigma_mps=columns[11],
        score=np.fromiter((_NAN if d.score is None else d.score for d in detections), float, n),
        classes=classes,
        sensor_track=tracks,
        extras=extras,
    )
