"""The updates of one step, as the compiled code writes them and as the rest reads them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel
from watchline.tracks.evidence import probabilities
from watchline.tracks.model import TrackUpdates

#: One row of TrackUpdates.
UPDATE = np.dtype(
    [
        ("no", "<i8"),
        ("at_us", "<i8"),
        ("first_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
        ("var_x_m2", "<f8"),
        ("cov_xy_m2", "<f8"),
        ("var_y_m2", "<f8"),
        ("classes", "<f4", (5,)),
        ("hits", "<i4"),
        ("sensors", "<i4", (8,)),
        ("detection", "<i4"),
        ("status", "u1"),
        ("plot", "u1"),
        ("spare", "u1", (2,)),
        ("id", "u1", (16,)),
    ]
)

# Indices into Work.book
TRACKS, PLOTS, UPDATES, CLOCK, NEXT_NO, REFUSED, DUE = range(7)

# TrackStatus, as the compiled code knows it
TENTATIVE, CONFIRMED, COASTING, ENDED = range(4)


class Work(NamedTuple):
    """What one step works on: the new state's arrays, its updates and scratch."""

    tracks: NDArray[Any]  # of state.TRACK
    plots: NDArray[Any]  # of state.PLOT
    updates: NDArray[Any]  # of UPDATE
    book: NDArray[np.int64]  # rows in use of the three, clock, next no, refused, next deadline
    a: NDArray[np.float64]  # two states (see kalman) and a 4×5 matrix
    b: NDArray[np.float64]
    s: NDArray[np.float64]
    when: NDArray[np.int64]  # twice as long as tracks
    what: NDArray[np.int32]  # likewise
    place: NDArray[np.int32]  # as long as plots


@kernel
def _common(work: Work, track: Any) -> Any:
    """Start the next update with what does not depend on the plot."""
    row = work.updates[work.book[UPDATES]]
    work.book[UPDATES] += 1
    row.no = track.no
    row.first_us = track.first_us
    probabilities(track.evidence, row.classes)
    for k in range(8):
        row.sensors[k] = track.sensors[k]
    for k in range(16):
        row.id[k] = track.id[k]
    return row


@kernel
def tell(work: Work, track: Any, at_us: int, detection: int) -> None:
    """Report the state `work.a` of a track for a time; a detection of −1 is no plot at all."""
    row = _common(work, track)
    w = work.a
    row.at_us = at_us
    row.x_m = w[0]
    row.y_m = w[1]
    row.vx_mps = w[2]
    row.vy_mps = w[3]
    row.var_x_m2 = w[4]
    row.cov_xy_m2 = w[5]
    row.var_y_m2 = w[6]
    row.hits = track.hits
    row.status = track.status
    row.detection = detection
    row.plot = 1 if detection >= 0 else 0


@kernel
def tell_start(work: Work, track: Any) -> None:
    """Report the plots that a track was made of before it was confirmed, oldest first."""
    count = track.hits - 1
    first = work.book[UPDATES]
    for _ in range(count):
        _common(work, track)
    k = track.plots
    for place in range(count - 1, -1, -1):
        plot = work.plots[k]
        row = work.updates[first + place]
        row.at_us = plot.at_us
        row.x_m = plot.x_m
        row.y_m = plot.y_m
        row.vx_mps = plot.vx_mps
        row.vy_mps = plot.vy_mps
        row.var_x_m2 = plot.var_x_m2
        row.cov_xy_m2 = plot.cov_xy_m2
        row.var_y_m2 = plot.var_y_m2
        row.hits = place + 1
        row.status = TENTATIVE
        row.detection = plot.detection
        row.plot = 1
        k = plot.before
    track.plots = -1


def columns(rows: NDArray[Any]) -> TrackUpdates:
    """The rows as TrackUpdates, each column on memory of its own."""
    return TrackUpdates(
        id=np.ascontiguousarray(rows["id"]),
        no=np.ascontiguousarray(rows["no"]),
        at_us=np.ascontiguousarray(rows["at_us"]),
        x_m=np.ascontiguousarray(rows["x_m"]),
        y_m=np.ascontiguousarray(rows["y_m"]),
        vx_mps=np.ascontiguousarray(rows["vx_mps"]),
        vy_mps=np.ascontiguousarray(rows["vy_mps"]),
        var_x_m2=np.ascontiguousarray(rows["var_x_m2"]),
        cov_xy_m2=np.ascontiguousarray(rows["cov_xy_m2"]),
        var_y_m2=np.ascontiguousarray(rows["var_y_m2"]),
        status=np.ascontiguousarray(rows["status"]),
        classes=np.ascontiguousarray(rows["classes"]),
        hits=np.ascontiguousarray(rows["hits"]),
        first_us=np.ascontiguousarray(rows["first_us"]),
        sensors=np.ascontiguousarray(rows["sensors"]),
        detection=np.ascontiguousarray(rows["detection"]),
        plot=rows["plot"] != 0,
    )
