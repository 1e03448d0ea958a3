"""Play a recording through the very code that hears the devices: ASTERIX from a file."""

import asyncio
import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from watchline_sensors.adapters import Feed
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.health import health
from watchline_sensors.adapters.asterix.intake import Intake
from watchline_sensors.adapters.asterix.options import problems
from watchline_sensors.adapters.asterix.quarantine import BadSample
from watchline_sensors.adapters.asterix.reports import Report
from watchline_sensors.adapters.asterix.time_of_day import nearest_instant_us
from watchline_sensors.adapters.replay.recording import Recording, recording
from watchline_sensors.adapters.replay.timeline import (
    Extent,
    Timeline,
    Unroller,
    extent,
    first_instant_us,
)
from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health
from watchline_sensors.errors import AdapterError, ConfigError, SpoolFull

_LOG = logging.getLogger(__name__)
_BATCH = 500
_PATIENCE_US = 2_000  # a wait shorter than this costs more than it orders
_SPOOL_WAIT_S = 1.0


class RecordingUnreadable(AdapterError):
    """The recording cannot be read."""

    code = "replay.unreadable"


class RecordingEmpty(AdapterError):
    """The recording holds no record of a configured sensor."""

    code = "replay.empty"


class ReplayAdapter:
    """One file, once, from its beginning to its end.

    A run that was broken off goes on where it stopped when it is run again; nothing is
    played twice.
    """

    def __init__(
        self,
        path: Path,
        sensors: Sequence[SensorConfig],
        *,
        speed: float | None,
        retime: bool,
        day: date | None,
    ) -> None:
        self.path = path
        self.intake = Intake(sensors)
        self.finished = False
        self._speed, self._retime, self._day = speed, retime, day
        self._play: _Play | None = None
        self._unsent: list[Detection] = []
        self._later: list[Detection] = []

    async def run(self, feed: Feed) -> None:
        """Play to the end; raises RecordingUnreadable, RecordingUnsupported, RecordingEmpty."""
        if self._play is None:
            self._play = await self._open()
        play = self._play
        for count in itertools.count(1):
            self._unsent += self._later
            self._later = []
            if len(self._unsent) >= _BATCH:
                await self._flush(feed)
            block = next(play.blocks, None)
            if block is None:
                break
            self._later, due_us = self._take(play, block)
            wait_us = due_us - (steady_us() - play.started_steady_us)
            if wait_us > _PATIENCE_US:
                await self._flush(feed)
                await asyncio.sleep(wait_us / 1e6)
            elif count % _BATCH == 0:
                await asyncio.sleep(0)
        await self._flush(feed)
        play.file.close()
        self.finished = True

    def health(self, now_us: int) -> Sequence[Health]:
        """A heartbeat for each source of the recording."""
        return [health(books, now_us, live=False) for books in self.intake.books.values()]

    def bad_samples(self) -> list[BadSample]:
        """The newest refused datablocks, a few of each code."""
        return self.intake.bad_samples()

    async def _open(self) -> "_Play":
        try:
            kind = recording(self.path)
            measured = await asyncio.to_thread(self._measure, kind)
            file = self.path.open("rb")
        except OSError as error:
            raise RecordingUnreadable(f"{self.path}: {error.strerror}") from error
        blocks = kind.read(file, self.intake.editions)
        if measured is None:
            self.intake.take(blocks, _never, now_us())  # so that what is wrong with it is counted
            file.close()
            raise RecordingEmpty(str(self.path))
        started_us = now_us()
        first_us = first_instant_us(measured, self._day, started_us, kind.captured_us)
        timeline = Timeline(
            extent=measured,
            first_us=first_us,
            started_us=started_us,
            speed=self._speed,
            retime=self._retime,
        )
        return _Play(
            file=file,
            blocks=blocks,
            timeline=timeline,
            unroller=Unroller(first_us),
            started_steady_us=steady_us(),
        )

    def _measure(self, kind: Recording) -> Extent | None:
        with self.path.open("rb") as file:
            return extent(kind.read(file, self.intake.editions))

    def _take(self, play: "_Play", block: Datablock | BadDatablock) -> tuple[list[Detection], int]:
        """The block's detections and when they are due: with its latest record (µs after the
        start)."""
        timeline, unroller = play.timeline, play.unroller
        latest_us = unroller.reference_us
        if isinstance(block, Datablock):
            latest_us = max(unroller.instant_us(report) for report in block.reports)

        def stamp(report: Report) -> int:
            return timeline.stamp_us(nearest_instant_us(report.tod_128, unroller.reference_us))

        made = self.intake.take([block], stamp, now_us(), timeline.speed_up)
        return made, timeline.due_us(latest_us)

    async def _flush(self, feed: Feed) -> None:
        while self._unsent:
            batch = self._unsent[:_BATCH]
            try:
                await feed.put(batch)
            except SpoolFull:
                # A file can wait: the same detections are tried again under new numbers.
                _LOG.warning("replay.waits_for_spool", extra={"path": str(self.path)})
                self.intake.first.add("waits_for_spool")
                await asyncio.sleep(_SPOOL_WAIT_S)
            else:
                del self._unsent[:_BATCH]


@dataclass(slots=True, kw_only=True)
class _Play:
    """A recording while it is played."""

    file: BinaryIO
    blocks: Iterator[Datablock | BadDatablock]
    timeline: Timeline
    unroller: Unroller
    started_steady_us: int


def _never(_: Report) -> int:
    raise AssertionError("a recording without records has no report to stamp")


def build_replay(
    path: Path,
    sensors: Sequence[SensorConfig],
    speed: float | None = None,
    retime: bool = False,
    day: date | None = None,
) -> ReplayAdapter:
    """An adapter that plays a recording as the configured ASTERIX sensors.

    `speed`: 1 is the recording's own pace, up to 1000; None as fast as the spool takes it.
    Without `retime` the records keep their time of day on `day` (UTC; by default the day a
    capture tells, else the newest on which all of them are past); with it they are stamped for
    now, see `Timeline`.
    Raises ConfigError.
    """
    radars = [sensor for sensor in sensors if sensor.adapter == "asterix"]
    found = problems(radars, listening=False)
    if not radars:
        found.append('a replay needs at least one sensor with adapter = "asterix"')
    if speed is not None and not 1.0 <= speed <= 1000.0:
        found.append(f"speed {speed:g}: use a number from 1 to 1000, or max")
    if found:
        raise ConfigError(found)
    return ReplayAdapter(Path(path), radars, speed=speed, retime=retime, day=day)
