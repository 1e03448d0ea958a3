"""From detections to tracks: a pure step without clock, database or network.

Slots of 50 ms are worked off in order; in a slot the sensors as they first come, whatever their
numbers; of a sensor its looks in time. A look's plots are given to the predicted tracks by the
assignment of greatest likelihood; what is left over starts tentative tracks, which M-of-N and
their likelihood confirm or drop.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.detections.model import Batch
from watchline.tracks import association, grid
from watchline.tracks.config import CANDIDATES, SLOT_US, TrackerConfig, limits
from watchline.tracks.errors import BatchDisordered
from watchline.tracks.evidence import table
from watchline.tracks.feed import INPUT
from watchline.tracks.model import TrackStatus, TrackUpdates
from watchline.tracks.report import UPDATE, Work, columns
from watchline.tracks.scan import Pairs, scan
from watchline.tracks.state import NEVER_US, TrackerState

#: The columns of INPUT that come from the batch.
_GIVEN = tuple(name for name in INPUT.fields or () if name not in ("index", "track"))

__all__ = ["SLOT_US", "TrackerConfig", "TrackerState", "picture", "step"]


def step(
    state: TrackerState, batch: Batch, tick_us: int | None, config: TrackerConfig
) -> tuple[TrackerState, TrackUpdates, NDArray[np.uint8]]:
    """Take a batch in; returns the new state, the updates, and the track id of each detection.

    The given state is not changed. The batch is sorted by (at, edge, boot, seq), is not older
    than `state.clock_us` and ends where a slot ends: then the results do not depend on how
    a stream is cut into batches. With `tick_us` time passes at least up to the last slot's
    end before it, so everything older must have been given before. Ids are (n, 16) bytes,
    zeros for detections that fed no track: no place, no valid covariance, or too uncertain.
    A detection has the id of its track from the first plot on, even if the track
    is never confirmed. Raises BatchDisordered when time goes backwards.
    """
    n = len(batch)
    at_us = batch.at_us
    if n and (int(at_us[0]) < state.clock_us or bool(np.any(at_us[1:] < at_us[:-1]))):
        raise BatchDisordered(first_us=int(at_us[0]), clock_us=state.clock_us)
    old, kept = len(state.tracks), len(state.plots)
    space = max(old, min(config.max_tracks, old + n))
    tracks = _copy(state.tracks, space)
    plots = _copy(state.plots, kept + n)
    # Each detection is told at most once, and makes room for one coasting and one end.
    updates = np.empty(3 * n + 2 * old + kept, UPDATE)
    book = np.array([old, kept, 0, state.clock_us, state.next_no, state.refused, 0], np.int64)
    work = Work(
        tracks,
        plots,
        updates,
        book,
        np.empty(14),
        np.empty(14),
        np.empty((4, 5)),
        np.empty(2 * space, np.int64),
        np.empty(2 * space, np.int32),
        np.empty(kept + n, np.int32),
    )
    rows = _input(batch)
    scan(
        work,
        grid.grid(max(space, 1)),
        limits(config),
        rows,
        _pairs(n, space),
        association.desk(n, min(space, n * CANDIDATES)),
        NEVER_US if tick_us is None else tick_us // SLOT_US * SLOT_US,
    )
    ids = np.empty((n, 16), np.uint8)
    ids[rows["index"]] = rows["track"]
    n_tracks, n_plots, n_updates, clock_us, next_no, refused, _ = book.tolist()
    after = TrackerState(
        clock_us=clock_us,
        next_no=next_no,
        refused=refused,
        tracks=tracks[:n_tracks],
        plots=_copy(plots[:n_plots], n_plots),
    )
    return after, columns(updates[:n_updates]), ids


def picture(state: TrackerState) -> TrackUpdates:
    """The confirmed and coasting tracks of a state, each as of its last plot."""
    tracks = state.tracks[state.tracks["status"] != TrackStatus.TENTATIVE]
    rows = np.zeros(len(tracks), UPDATE)
    for name in ("id", "no", "at_us", "first_us", "x_m", "y_m", "vx_mps", "vy_mps"):
        rows[name] = tracks[name]
    for name in ("status", "hits", "sensors"):
        rows[name] = tracks[name]
    rows["var_x_m2"], rows["cov_xy_m2"], rows["var_y_m2"] = tracks["p"][:, :3].T
    rows["classes"] = table(tracks["evidence"])
    rows["detection"] = -1
    return columns(rows)


def _copy(rows: NDArray[Any], size: int) -> NDArray[Any]:
    """The rows and zeros behind them; as bytes, for numpy copies records field by field."""
    copy = np.empty(size, rows.dtype)
    copy[: len(rows)].view(np.uint8)[:] = rows.view(np.uint8)
    copy[len(rows) :].view(np.uint8)[:] = 0
    return copy


def _input(batch: Batch) -> NDArray[Any]:
    """The batch as rows, by slot and sensor, and by time within these: the sort is stable.

    A sensor stands where its first row of the slot does: its number depends on which edge a
    database heard first, and the same input shall give the same tracks everywhere.
    """
    groups = (batch.at_us // SLOT_US << 32) + batch.sensor
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(first[group], kind="stable")
    rows = np.empty(len(batch), INPUT)
    for name in _GIVEN:
        rows[name] = getattr(batch, name)[order]
    rows["index"] = order
    rows["track"] = 0
    return rows


def _pairs(n: int, space: int) -> Pairs:
    return Pairs(
        starts=np.empty(n + 1, np.int32),
        column=np.empty(n * CANDIDATES, np.int32),
        cost=np.empty(n * CANDIDATES),
        column_of=np.empty(n, np.int32),
        track_of=np.empty(min(space, n * CANDIDATES), np.int32),
        column_for=np.full(space, -1, np.int32),
        found=np.empty(max(space, 1), np.int32),
    )
