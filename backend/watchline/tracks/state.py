"""All that the tracker remembers between two batches."""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.tracks.errors import StateUnreadable

#: One track. Little-endian and without gaps, so that its bytes are its value.
TRACK = np.dtype(
    [
        ("at_us", "<i8"),  # of the last plot; the state holds for this time
        ("first_us", "<i8"),
        ("no", "<i8"),  # 0 while tentative
        ("twin_no", "<i8"),  # the older track that this one looks like
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
        ("p", "<f8", (10,)),  # covariance, in the order of kalman.py
        ("evidence", "<f4", (5,)),
        ("revisit_s", "<f4"),  # the longest recent pause between plots, fading
        ("score", "<f4"),  # log likelihood ratio against clutter, summed while tentative
        ("hits", "<i4"),
        ("sensors", "<i4", (8,)),  # the last eight contributing ones, 0 = none
        ("last_sensor", "<i4"),
        ("plots", "<i4"),  # newest kept plot of a tentative track, −1 for none
        ("id", "u1", (16,)),
        ("status", "u1"),
        ("twin_score", "i1"),
        ("spare", "u1", (6,)),
    ]
)

#: One plot of a tentative track: its filtered state then, told when the track is confirmed.
PLOT = np.dtype(
    [
        ("at_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
        ("var_x_m2", "<f8"),
        ("cov_xy_m2", "<f8"),
        ("var_y_m2", "<f8"),
        ("before", "<i4"),  # the track's plot before this one, −1 for none
        ("detection", "<i4"),  # index into the present batch, −1 between batches
    ]
)

_HEADER = struct.Struct("<4sIqqqIII")
_MAGIC = b"WLTS"
_VERSION = 1
#: A clock before every time that can occur.
NEVER_US = -(1 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerState:
    """A value: `step` makes a new one and leaves this one as it is.

    `clock_us` is the time up to which everything has been processed: input must be newer.
    `next_no` is the number of the next confirmed track. `refused` counts the plots that
    could not start a track because `max_tracks` was reached.
    """

    clock_us: int
    next_no: int
    refused: int
    tracks: NDArray[Any]  # of TRACK
    plots: NDArray[Any]  # of PLOT

    @staticmethod
    def empty() -> "TrackerState":
        """The state before the first batch."""
        return TrackerState(
            clock_us=NEVER_US,
            next_no=1,
            refused=0,
            tracks=np.zeros(0, TRACK),
            plots=np.zeros(0, PLOT),
        )

    def copy(self) -> "TrackerState":
        """The same state on memory of its own."""
        return TrackerState(
            clock_us=self.clock_us,
            next_no=self.next_no,
            refused=self.refused,
            tracks=self.tracks.copy(),
            plots=self.plots.copy(),
        )

    def live_ids(self) -> set[bytes]:
        """The ids of all tracks that have not ended."""
        return {id.tobytes() for id in self.tracks["id"]}

    def pack(self) -> bytes:
        """The state as bytes (240 a track, 72 a tentative plot); equal states, equal bytes."""
        tracks = self.tracks.tobytes()
        plots = self.plots.tobytes()
        head = (
            _MAGIC,
            _VERSION,
            self.clock_us,
            self.next_no,
            self.refused,
            len(self.tracks),
            len(self.plots),
        )
        check = zlib.crc32(plots, zlib.crc32(tracks, zlib.crc32(_HEADER.pack(*head, 0))))
        return b"".join((_HEADER.pack(*head, check), tracks, plots))

    @staticmethod
    def unpack(data: bytes) -> "TrackerState":
        """The state that `pack` wrote. Raises StateUnreadable for anything else."""
        if len(data) < _HEADER.size:
            raise StateUnreadable(size=len(data))
        magic, version, clock_us, next_no, refused, n, m, check = _HEADER.unpack_from(data)
        if magic != _MAGIC or version != _VERSION:
            raise StateUnreadable(version=version)
        split = _HEADER.size + n * TRACK.itemsize
        if len(data) != split + m * PLOT.itemsize:
            raise StateUnreadable(size=len(data))
        head = _HEADER.pack(magic, version, clock_us, next_no, refused, n, m, 0)
        if check != zlib.crc32(memoryview(data)[_HEADER.size :], zlib.crc32(head)):
            raise StateUnreadable(checksum=check)
        return TrackerState(
            clock_us=clock_us,
            next_no=next_no,
            refused=refused,
            tracks=np.frombuffer(data, TRACK, n, _HEADER.size).copy(),
            plots=np.frombuffer(data, PLOT, m, split).copy(),
        )
