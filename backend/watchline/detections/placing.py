"""Detections in a sector's plane: from the rows that are stored to the batch that is tracked."""

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from watchline.detections.model import Batch
from watchline.detections.rows import Rows
from watchline.sectors.plane import SectorPlane, turn_covariance, turn_vector


def edge_number(edge: str) -> int:
    """A small integer for an edge, the same in every process: part of the sort and of track ids."""
    return zlib.crc32(edge.encode()) & 0x7FFFFFFF


def to_batch(rows: Rows, plane: SectorPlane, sensors: Mapping[int, tuple[float, float]]) -> Batch:
    """Rows in the sector's plane.

    `sensors` are where the numbered sensors stand (lon, lat in degrees), the origins of bearings.
    A bearing with a range becomes a place, one without stays a bearing; one whose sensor is not
    among them is NaN and is not tracked.
    """
    lon, lat = rows["lon_deg"], rows["lat_deg"]
    x, y = plane.to_plane(lon, lat)
    turn = plane.convergence_rad(lon, lat)
    var_x, cov, var_y = turn_covariance(
        turn, rows["var_east_m2"], rows["cov_m2"], rows["var_north_m2"]
    )
    vx, vy = turn_vector(turn, rows["east_mps"], rows["north_mps"])
    bearing, bearing_sigma = np.full((2, len(rows)), np.nan)
    only = np.isnan(x) & np.isfinite(rows["bearing_deg"])
    if only.any():
        seen = rows.take(only)
        x[only], y[only], bearing[only] = _seen_from(seen, plane, sensors)
        bearing_sigma[only] = np.radians(seen["bearing_sigma_deg"])
        ranged = only & np.isfinite(rows["range_m"] + rows["range_sigma_m"])
        away, away_sigma = rows["range_m"][ranged], rows["range_sigma_m"][ranged]
        x[ranged] += away * np.sin(bearing[ranged])
        y[ranged] += away * np.cos(bearing[ranged])
        # The axes along the bearing and across it, turned from the y axis to the right.
        var_x[ranged], cov[ranged], var_y[ranged] = turn_covariance(
            -bearing[ranged], (away * bearing_sigma[ranged]) ** 2, 0.0, away_sigma**2
        )
        bearing[ranged] = bearing_sigma[ranged] = np.nan
    return Batch(
        at_us=rows["at_us"],
        sensor=rows["sensor"],
        edge=rows["edge"],
        boot=rows["boot"],
        seq=rows["seq"],
        x_m=x,
        y_m=y,
        var_x_m2=var_x,
        cov_xy_m2=cov,
        var_y_m2=var_y,
        bearing_rad=bearing,
        bearing_sigma_rad=bearing_sigma,
        vx_mps=vx,
        vy_mps=vy,
        v_sigma_mps=rows["speed_sigma_mps"],
        classes=rows["classes"],
    )


def _seen_from(
    rows: Rows, plane: SectorPlane, sensors: Mapping[int, tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The sensors' places (x_m, y_m), NaN where not known, and the bearings in the plane."""
    nowhere = (np.nan, np.nan)
    lon, lat = np.array([sensors.get(no, nowhere) for no in rows["sensor"].tolist()]).T
    x, y = plane.to_plane(lon, lat)
    way = np.radians(rows["bearing_deg"])
    return x, y, way - plane.convergence_rad(lon, lat)


def _empty_batch() -> Batch:
    floats = np.zeros(0)
    longs = np.zeros(0, np.int64)
    ints = np.zeros(0, np.int32)
    return Batch(
        at_us=longs,
        sensor=ints,
        edge=ints,
        boot=longs,
        seq=longs,
        x_m=floats,
        y_m=floats,
        var_x_m2=floats,
        cov_xy_m2=floats,
        var_y_m2=floats,
        bearing_rad=floats,
        bearing_sigma_rad=floats,
        vx_mps=floats,
        vy_mps=floats,
        v_sigma_mps=floats,
        classes=np.zeros((0, 5), np.float32),
    )


EMPTY_BATCH = _empty_batch()
