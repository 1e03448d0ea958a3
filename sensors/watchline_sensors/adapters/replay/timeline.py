"""When each record of a recording was, and when it is played: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.reports import Report
from watchline_sensors.adapters.asterix.time_of_day import DAY_US, nearest_instant_us


@dataclass(slots=True)
class Unroller:
    """Instants of records in file order: each lies within 12 h of the one before.

    So a recording may run over any number of midnights, and records a little out of order
    stay where they belong.
    """

    reference_us: int

    def instant_us(self, report: Report) -> int:
        """The instant of the next record of the file."""
        self.reference_us = nearest_instant_us(report.tod_128, self.reference_us)
        return self.reference_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A recording's time: its first record's, and how far the latest record lies after it (µs)."""

    first_tod_us: int
    length_us: int


def extent(blocks: Iterable[Datablock | BadDatablock]) -> Extent | None:
    """Measure a recording; None when it holds no record."""
    unroller: Unroller | None = None
    first_us = latest_us = 0
    for block in blocks:
        if isinstance(block, BadDatablock):
            continue
        for report in block.reports:
            if unroller is None:
                first_us = latest_us = report.tod_128 * 15_625 // 2
                unroller = Unroller(first_us)
            latest_us = max(latest_us, unroller.instant_us(report))
    return (
        None if unroller is None else Extent(first_tod_us=first_us, length_us=latest_us - first_us)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How a recording's time maps to stamps and to waiting.

    `first_us`: the first record's original instant; `started_us`: when playing began.
    `speed` None plays as fast as the spool takes it. `retime` stamps for now: at a speed the
    stamp is the moment of playing (everything moves `speed` times as fast), without one the
    recording keeps its own pace and is moved so that its latest record is at the start.
    """

    extent: Extent
    first_us: int
    started_us: int
    speed: float | None
    retime: bool

    def stamp_us(self, original_us: int) -> int:
        """What a record of this original instant is stamped with."""
        if not self.retime:
            return original_us
        since_us = original_us - self.first_us
        if self.speed is None:
            return self.started_us - self.extent.length_us + since_us
        return self.started_us + round(since_us / self.speed)

    def due_us(self, original_us: int) -> int:
        """How long after the start it is to be played (0 when not paced)."""
        return 0 if self.speed is None else round((original_us - self.first_us) / self.speed)

    @property
    def speed_up(self) -> float:
        """How many times as fast as it was everything moves in the stamps' time."""
        return self.speed if self.retime and self.speed is not None else 1.0


def first_instant_us(
    extent: Extent, day: date | None, now_us: int, captured_us: int | None = None
) -> int:
    """The first record's instant: on `day`, else within 12 h of when the capture began, else
    the newest day on which all of it is past."""
    if day is not None:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        since = midnight - datetime(1970, 1, 1, tzinfo=UTC)
        return since // timedelta(microseconds=1) + extent.first_tod_us
    if captured_us is not None:
        ahead_us = (extent.first_tod_us - captured_us + DAY_US // 2) % DAY_US - DAY_US // 2
        return captured_us + ahead_us
    today_us = now_us - now_us % DAY_US
    first_us = today_us + extent.first_tod_us
    while first_us + extent.length_us > now_us:
        first_us -= DAY_US
    return first_us
