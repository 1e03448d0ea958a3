"""Detections in a sector's plane: from the rows that are stored to the batch that is tracked."""

import zlib

import numpy as np

from watchline.detections.model import Batch
from watchline.detections.rows import Rows
from watchline.sectors.plane import SectorPlane, turn_covariance, turn_vector


def edge_number(edge: str) -> int:
    """A small integer for an edge, the same in every process: part of the sort and of track ids."""
    return zlib.crc32(edge.encode()) & 0x7FFFFFFF


def to_batch(rows: Rows, plane: SectorPlane) -> Batch:
    """Rows in the sector's plane; a bearing without a place stays NaN and is not tracked."""
    lon, lat = rows["lon_deg"], rows["lat_deg"]
    x, y = plane.to_plane(lon, lat)
    turn = plane.convergence_rad(lon, lat)
    var_x, cov, var_y = turn_covariance(
        turn, rows["var_east_m2"], rows["cov_m2"], rows["var_north_m2"]
    )
    vx, vy = turn_vector(turn, rows["east_mps"], rows["north_mps"])
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
        vx_mps=vx,
        vy_mps=vy,
        v_sigma_mps=rows["speed_sigma_mps"],
        classes=rows["classes"],
    )


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
        vx_mps=floats,
        vy_mps=floats,
        v_sigma_mps=floats,
        classes=np.zeros((0, 5), np.float32),
    )


EMPTY_BATCH = _empty_batch()
