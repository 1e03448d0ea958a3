"""Track updates on the earth: what people, tiles and screens see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchline.sectors.plane import SectorPlane, turn_covariance, turn_vector
from watchline.tracks.model import TrackUpdates

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStates:
    """Row by row for m updates: WGS 84 degrees, and local east and north for all else."""

    lon_deg: Floats
    lat_deg: Floats
    var_east_m2: Floats
    cov_m2: Floats
    var_north_m2: Floats
    east_mps: Floats
    north_mps: Floats


def localise(updates: TrackUpdates, plane: SectorPlane) -> LocalStates:
    """The updates' states turned from the sector's plane into each place's own frame."""
    lon, lat = plane.to_lon_lat(updates.x_m, updates.y_m)
    turn = -plane.convergence_rad(lon, lat)
    var_east, cov, var_north = turn_covariance(
        turn, updates.var_x_m2, updates.cov_xy_m2, updates.var_y_m2
    )
    east, north = turn_vector(turn, updates.vx_mps, updates.vy_mps)
    return LocalStates(
        lon_deg=lon,
        lat_deg=lat,
        var_east_m2=var_east,
        cov_m2=cov,
        var_north_m2=var_north,
        east_mps=east,
        north_mps=north,
    )
