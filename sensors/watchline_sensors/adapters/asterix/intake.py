"""From datablocks to detections, with the books kept: the part UDP and replay share.

The books of one intake add up over its radars: whatever cannot be laid at one radar's door
(no readable source, a source nobody configured, a dropped datagram) is counted at the first.
For each radar `datablocks_in = decoded + bad`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.detections import Radar, detection, radar
from watchline_sensors.adapters.asterix.edition import Edition
from watchline_sensors.adapters.asterix.options import edition_of
from watchline_sensors.adapters.asterix.quarantine import BadSample, Quarantine
from watchline_sensors.adapters.asterix.reports import (
    Report,
    Source,
    StartOfUpdateCycle,
    Status,
    TargetReport,
)
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection

_SAMPLES_PER_CODE = 8


@dataclass(slots=True, kw_only=True)
class Books:
    """What one radar sent since the process started."""

    radar: Radar
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            (
                "datablocks_in",
                "decoded",
                "bad",
                "records",
                "target_reports",
                "start_of_cycle",
                "status",
                "other",
                "unknown_source",
                "dropped_datagrams",
            ),
            0,
        )
    )
    heard_us: int | None = None
    bad_us: int | None = None
    status: Status | None = None
    skew_us: int = 0

    def add(self, name: str, more: int = 1) -> None:
        """Count."""
        self.counts[name] = self.counts.get(name, 0) + more


class Intake:
    """The radars of one port or one file."""

    def __init__(self, sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown."""
        radars = [radar(sensor) for sensor in sensors]
        self.books: dict[Source, Books] = {r.options.source: Books(radar=r) for r in radars}
        self.editions: dict[Source, Edition] = {
            r.options.source: edition_of(r.options) for r in radars
        }
        self.first = next(iter(self.books.values()))
        self._samples: dict[str, deque[BadSample]] = {}
        paths = [r.options.quarantine for r in radars if r.options.quarantine is not None]
        self.quarantine = Quarantine(path=Path(paths[0])) if paths else None

    def take(
        self,
        found: Iterable[Datablock | BadDatablock],
        stamp: Callable[[Report], int],
        now_us: int,
        speed_up: float = 1.0,
    ) -> list[Detection]:
        """The detections in these datablocks, one for each target report of a known radar.

        `stamp` gives the instant (µs) of a report; `now_us` is when the octets arrived.
        """
        detections: list[Detection] = []
        for block in found:
            if isinstance(block, BadDatablock):
                self._refuse(block, now_us)
                continue
            books = self.books.get(block.source, self.first)
            books.add("datablocks_in")
            books.add("decoded")
            for report in block.reports:
                own = self.books.get(report.source)
                if own is None:
                    books.add("records")
                    books.add("unknown_source")
                    continue
                own.heard_us = now_us
                if (made := _count(own, report, stamp, now_us, speed_up)) is not None:
                    detections.append(made)
        return detections

    def bad_samples(self) -> list[BadSample]:
        """The newest refused datablocks, a few of each code, oldest first."""
        kept = [sample for ring in self._samples.values() for sample in ring]
        return sorted(kept, key=lambda sample: sample.at_us)

    def _refuse(self, block: BadDatablock, now_us: int) -> None:
        books = self.first if block.source is None else self.books.get(block.source, self.first)
        books.add("datablocks_in")
        books.add("bad")
        books.add(f"bad.{block.code.removeprefix('asterix.')}")
        if block.code == "asterix.source_unknown":
            books.add("unknown_source")
        books.bad_us = now_us
        sample = BadSample(
            at_us=now_us,
            code=block.code,
            source=block.source,
            length=block.length,
            sample=block.sample,
        )
        self._samples.setdefault(block.code, deque(maxlen=_SAMPLES_PER_CODE)).append(sample)
        if self.quarantine is not None:
            self.quarantine.write(sample)


def _count(
    books: Books, report: Report, stamp: Callable[[Report], int], now_us: int, speed_up: float
) -> Detection | None:
    books.add("records")
    if isinstance(report, TargetReport):
        books.add("target_reports")
        at_us = stamp(report)
        books.skew_us = now_us - at_us
        return detection(report, books.radar, at_us, speed_up)
    if isinstance(report, StartOfUpdateCycle):
        books.add("start_of_cycle")
    elif isinstance(report, Status):
        books.add("other" if report.event else "status")
        books.status = report
    return None
