"""Tracks as screens are told of them."""

from watchline.live.model import TrackRow
from watchline.sectors.plane import SectorPlane
from watchline.tracks.local import localise
from watchline.tracks.model import TrackUpdates


def track_rows(updates: TrackUpdates, plane: SectorPlane) -> list[TrackRow]:
    """One row for each update: places to 0.1 m, covariances to 0.1 m², speeds to 1 cm/s."""
    if not len(updates):
        return []
    local = localise(updates, plane)
    return list(
        zip(
            updates.no.tolist(),
            local.lon_deg.round(6).tolist(),
            local.lat_deg.round(6).tolist(),
            local.var_east_m2.round(1).tolist(),
            local.cov_m2.round(1).tolist(),
            local.var_north_m2.round(1).tolist(),
            local.east_mps.round(2).tolist(),
            local.north_mps.round(2).tolist(),
            updates.status.tolist(),
            updates.classes.argmax(axis=1).tolist(),
            (100 * updates.classes.max(axis=1)).astype(int).tolist(),
            (updates.at_us // 1000).tolist(),
            strict=True,
        )
    )
