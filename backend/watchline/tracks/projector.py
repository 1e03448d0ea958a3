"""Which `track` rows are written when; how is in projection.py."""

import threading
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from watchline.sectors.plane import SectorPlane
from watchline.tracks import projection
from watchline.tracks.local import localise
from watchline.tracks.model import TrackStatus, TrackUpdates
from watchline.tracks.projection import Connection

#: A row is brought up to date this often while its track gets plots.
PERIOD_US = 1_000_000
#: Rows brought up to date at once, the longest waiting first: all at once would be a hiccup of
#: the live picture each second. Enough for 4,000 tracks at 10 commits a second.
MOST_ROWS = 400

_URGENT = (TrackStatus.COASTING, TrackStatus.ENDED)


class Projector:
    """One sector's rows; a track has one from the commit that confirms it to its end.

    What a reader must not miss (a new track, one that coasts or has ended) is written in the
    commit itself. Where the others are is refreshed after the commit has been told, for no alarm
    shall wait for that; by another thread and connection even, beside the next commit.
    """

    def __init__(self, sector: str, plane: SectorPlane, live_ids: Iterable[bytes]) -> None:
        self._sector = sector
        self._plane = plane
        self._written_us = dict.fromkeys(live_ids, 0)
        self._lock = threading.Lock()

    def commit(
        self,
        connection: Connection,
        epoch: int,
        updates: TrackUpdates,
        sensor_ids: Mapping[int, str],
        now_us: int,
    ) -> None:
        """Write new tracks and changes of status; `updates` has the last of each track alone."""
        ids = _ids(updates)
        known = np.array([id in self._written_us for id in ids], bool)
        urgent = np.isin(updates.status, _URGENT)
        new, changed = np.flatnonzero(~known), np.flatnonzero(known & urgent)
        if len(new):
            rows = updates.take(new)
            local = localise(rows, self._plane)
            projection.insert(connection, self._sector, now_us, rows, local, sensor_ids)
        if len(changed):
            self._update(connection, epoch, updates.take(changed), sensor_ids, beside=False)
        with self._lock:
            for i in (*new.tolist(), *changed.tolist()):
                if updates.status[i] == TrackStatus.ENDED:
                    self._written_us.pop(ids[i], None)
                else:
                    self._written_us[ids[i]] = now_us

    def refresh(
        self,
        connection: Connection,
        epoch: int,
        updates: TrackUpdates,
        sensor_ids: Mapping[int, str],
        now_us: int,
    ) -> None:
        """Write those of the committed `updates` whose rows have waited; a transaction of its own.

        It need not survive a power cut: a row that is lost is written again within a second.
        """
        ids = _ids(updates)
        # One that has ended is not known any more, and counts as just written.
        written_us = np.array([self._written_us.get(id, now_us) for id in ids], np.int64)
        waiting = np.flatnonzero(written_us <= now_us - PERIOD_US)
        due = waiting[np.argsort(written_us[waiting], kind="stable")[:MOST_ROWS]]
        if not len(due):
            return
        with connection.transaction():
            projection.without_flush(connection)
            self._update(connection, epoch, updates.take(due), sensor_ids, beside=True)
        with self._lock:
            for i in due.tolist():
                if ids[i] in self._written_us:
                    self._written_us[ids[i]] = now_us

    def _update(
        self,
        connection: Connection,
        epoch: int,
        rows: TrackUpdates,
        sensor_ids: Mapping[int, str],
        *,
        beside: bool,
    ) -> None:
        local = localise(rows, self._plane)
        projection.update(connection, self._sector, epoch, rows, local, sensor_ids, beside=beside)


def _ids(updates: TrackUpdates) -> list[bytes]:
    data = updates.id.tobytes()
    return [data[i : i + 16] for i in range(0, len(data), 16)]


def last_of_each(updates: TrackUpdates) -> NDArray[np.intp]:
    """The index of the last update of each track, ascending."""
    _, first_from_behind = np.unique(updates.no[::-1], return_index=True)
    return np.sort(len(updates) - 1 - first_from_behind)
