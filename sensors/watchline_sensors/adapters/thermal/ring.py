"""What one camera has shown while somebody was there: a ring of shots on disk, a few in memory.

Nobody there: nothing is recorded. A stretch begins 10 s before a tracklet is told and ends 20 s
after the last one. Older than `hours`, or beyond `max_mb`: deleted, the oldest first.
"""

import errno
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from watchline_sensors.adapters.thermal.segment import Place, Shot, places, read, record
from watchline_sensors.clock import now_us, steady_us

log = logging.getLogger("watchline.footage")

BEFORE_US, AFTER_US = 10_000_000, 20_000_000
#: A snapshot may be so far from the time it was asked for.
NEAR_US = 5_000_000
SEGMENT_US = 60_000_000
#: What a camera shows that has been silent for so long is nothing to be looked at.
_STALE_US = 30_000_000
#: A disk that has refused is not asked again for this long.
_REFUSED_US = 5_000_000
#: No segment is more than this part of the ring, so that what goes is little.
_PARTS = 10
_SUFFIX, _GONE = ".shots", "gone"


class Ring:
    """The shots of one camera. One thread takes, any may read.

    A disk that is full, or gone, never raises: what it does not take is counted as lost.
    """

    def __init__(
        self, folder: Path, hours: float, max_mb: int, *, clock: Callable[[], int] = now_us
    ) -> None:
        self._folder, self._clock = folder, clock
        self._hours_us, self._max_octets = int(hours * 3.6e9), max_mb * 1_000_000
        self._recent: deque[Shot] = deque()
        self._saved: set[int] = set()  # the times of those in memory that are on disk, too
        self._until_us: int | None = None
        self._segment: _Segment | None = None
        self._refused_us: int | None = None
        #: Guards what is in memory; held for no I/O.
        self._lock = threading.Lock()
        #: Guards the files: who writes, deletes or takes back.
        self._files = threading.Lock()
        self.kept = self.lost = 0
        self.octets = 0
        self.tidy()

    # ── taking ───────────────────────────────────────────────────────────────────────────────

    def take(self, shot: Shot, *, told: bool) -> None:
        """Keep a masked frame in mind, and on disk if a tracklet was `told` or just was."""
        at_us = shot.at_us
        with self._lock:
            self._recent.append(shot)
        if told:
            self._until_us = at_us + AFTER_US
        elif self._until_us is not None:
            # A clock that is set back must not make a stretch longer.
            self._until_us = min(self._until_us, at_us + AFTER_US)
        if self._until_us is not None and at_us <= self._until_us:
            with self._lock:
                fresh = [one for one in self._recent if one.at_us not in self._saved]
            self._save([one for one in fresh if one.at_us >= at_us - BEFORE_US])
        else:
            self._end_segment()
        with self._lock:
            while self._recent and abs(self._recent[0].at_us - at_us) > BEFORE_US:
                self._saved.discard(self._recent.popleft().at_us)

    def retract(self, since_us: int) -> None:
        """Take back every shot from this time on: it should not have been seen."""
        with self._lock:
            self._recent.clear()
            self._saved.clear()
        self._until_us = None
        self._end_segment()
        with self._files:
            for path in self._around(since_us, self._clock() + self._hours_us):
                try:
                    cut = next((at.offset for at in places(path) if at.at_us >= since_us), None)
                    if cut == 0:
                        path.unlink()
                    elif cut is not None:
                        os.truncate(path, cut)
                except OSError as error:
                    log.error("footage.not_retracted: %s: %s", path.name, error.strerror)

    def _save(self, shots: list[Shot]) -> None:
        with self._files:
            for shot in shots:
                with self._lock:
                    self._saved.add(shot.at_us)  # kept or lost: not tried again
                if self._refused_us is not None and steady_us() - self._refused_us < _REFUSED_US:
                    self.lost += 1
                    continue
                try:
                    self._write(shot)
                except (OSError, ValueError) as error:
                    if self._refused_us is None:
                        log.error("footage.lost: %s", getattr(error, "strerror", None) or error)
                    self._refused_us = steady_us()
                    self._drop_segment()
                    self.lost += 1
                else:
                    self._refused_us = None
                    self.kept += 1

    def _write(self, shot: Shot) -> None:
        octets = record(shot)
        segment = self._segment
        if segment is not None and not (
            segment.last_us < shot.at_us < segment.first_us + SEGMENT_US
            and segment.size + len(octets) <= self._max_octets // _PARTS
        ):
            self._drop_segment()
        if self._segment is None:
            self._make_room(len(octets))
            self._segment = _Segment(self._folder, shot.at_us)
        self._segment.append(octets, shot.at_us)
        self.octets += len(octets)
        if self.octets > self._max_octets:
            self._make_room(0)

    def _end_segment(self) -> None:
        if self._segment is not None:
            with self._files:
                self._drop_segment()

    def _drop_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    # ── forgetting ───────────────────────────────────────────────────────────────────────────

    def tidy(self) -> None:
        """Delete what is too old, and the oldest of what is too much. To be called by the minute:
        what nobody takes must go as well."""
        now = self._clock()
        with self._lock:
            while self._recent and abs(now - self._recent[0].at_us) > _STALE_US:
                self._saved.discard(self._recent.popleft().at_us)
        with self._files:
            try:
                self._make_room(0)
            except OSError as error:
                log.error("footage.untidy: %s", error.strerror)

    def _make_room(self, wanted: int) -> None:
        now = self._clock()
        sizes = {path: path.stat().st_size for path in self._segments()}
        self.octets = sum(sizes.values())
        for path, size in sizes.items():
            # Far ahead lies what a clock that ran wrong has left.
            old = abs(now - _first_us(path)) - SEGMENT_US > self._hours_us
            much = self.octets + wanted > self._max_octets
            own = self._segment is not None and path == self._segment.path
            if not old and (own or not much):
                continue
            if own:  # the camera has been silent ever since
                self._drop_segment()
            if not old:
                self._note_gone(_first_us(path) + SEGMENT_US)
            path.unlink(missing_ok=True)
            self.octets -= size

    def _note_gone(self, until_us: int) -> None:
        """Remember that shots until this time had to give way."""
        half = self._folder / f"{_GONE}.new"
        half.write_text(str(max(until_us, self._gone_us())))
        half.chmod(0o600)
        half.replace(self._folder / _GONE)

    def _gone_us(self) -> int:
        try:
            return int((self._folder / _GONE).read_text())
        except (OSError, ValueError):
            return 0

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def shots(self, from_us: int, until_us: int) -> Iterator[Shot]:
        """Those taken from one time until another, both included, in their order; read as they
        are asked for. What is deleted meanwhile is left out."""
        for found in self._found(from_us, until_us):
            shot = found if isinstance(found, Shot) else _read(found)
            if shot is not None:
                yield shot

    def between(self, from_us: int, until_us: int) -> list[Shot]:
        """The same, all at once."""
        return list(self.shots(from_us, until_us))

    def nearest(self, at_us: int, within_us: int = NEAR_US) -> Shot | None:
        """The shot next to a time, if there is one so near."""
        found = self._found(at_us - within_us, at_us + within_us)
        for one in sorted(found, key=lambda one: abs(one.at_us - at_us)):
            shot = one if isinstance(one, Shot) else _read(one)
            if shot is not None:
                return shot
        return None

    def latest(self) -> Shot | None:
        """The newest, unless the camera has been silent for long."""
        now = self._clock()
        with self._lock:
            shot = self._recent[-1] if self._recent else None
        return shot if shot is not None and abs(now - shot.at_us) <= BEFORE_US else None

    def expired(self, until_us: int) -> bool:
        """Whether what was kept until this time is gone: too old, or it had to give way."""
        return until_us < self._clock() - self._hours_us or until_us <= self._gone_us()

    def _found(self, from_us: int, until_us: int) -> list[Shot | Place]:
        from_us = max(from_us, self._clock() - self._hours_us)
        with self._lock:  # before the disk: what leaves the memory now is written already
            recent = list(self._recent)
        found: dict[int, Shot | Place] = {}
        for path in self._around(from_us, until_us):
            try:
                found |= {at.at_us: at for at in places(path) if from_us <= at.at_us <= until_us}
            except FileNotFoundError:
                continue  # its time had come
            except OSError as error:
                log.error("footage.unreadable: %s: %s", path.name, error.strerror)
        found |= {shot.at_us: shot for shot in recent if from_us <= shot.at_us <= until_us}
        return [found[at_us] for at_us in sorted(found)]

    def _around(self, from_us: int, until_us: int) -> list[Path]:
        """The segments that may hold shots of a time."""
        try:
            paths = self._segments()
        except OSError as error:
            log.error("footage.unreadable: %s", error.strerror)
            return []
        return [path for path in paths if from_us - SEGMENT_US <= _first_us(path) <= until_us]

    def _segments(self) -> list[Path]:
        """Oldest first."""
        return _segments(self._folder)


def kept(folder: Path, from_us: int, until_us: int, apart_us: int) -> Iterator[Shot]:
    """What lies on disk of a camera's ring, for who is not its owner; nothing is changed.

    The shots of a time, both ends included, each at least so long after the one before, in their
    order. Raises OSError.
    """
    next_us = from_us
    for path in _segments(folder):
        if not from_us - SEGMENT_US <= _first_us(path) <= until_us:
            continue
        try:
            for place in places(path):
                if next_us <= place.at_us <= until_us and (shot := read(place)) is not None:
                    next_us = place.at_us + apart_us
                    yield shot
        except FileNotFoundError:
            continue  # its time had come


class _Segment:
    """A file that is being written: new, and its owner's alone."""

    def __init__(self, folder: Path, first_us: int) -> None:
        """Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.first_us, self.last_us, self.size = first_us, first_us - 1, 0
        number = 0
        while True:
            # A clock that was set back gives a time twice.
            self.path = folder / f"{first_us:017d}-{number}{_SUFFIX}"
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
                self._handle = os.open(self.path, flags, 0o600)
                return
            except FileExistsError:
                number += 1

    def append(self, octets: bytes, at_us: int) -> None:
        """Write a record; after an OSError what there is of it is a torn end, the last."""
        if os.write(self._handle, octets) < len(octets):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += len(octets)
        self.last_us = at_us

    def close(self) -> None:
        """One without a whole record is deleted; raises nothing."""
        try:
            os.close(self._handle)
            if not self.size:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            log.error("footage.unclosed: %s: %s", self.path.name, error.strerror)


def _segments(folder: Path) -> list[Path]:
    """A ring's files, oldest first."""
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    named = [path for path in paths if path.stem.split("-")[0].isdecimal()]
    return sorted(named, key=lambda path: (_first_us(path), path.name))


def _first_us(path: Path) -> int:
    return int(path.stem.split("-")[0])


def _read(place: Place) -> Shot | None:
    try:
        return read(place)
    except FileNotFoundError:
        return None  # its time had come
    except OSError as error:
        log.error("footage.unreadable: %s: %s", place.path.name, error.strerror)
        return None
