"""From datablocks to detections, with the books kept: the part all transports share.

The books of one intake add up over its sources: whatever cannot be laid at one source's door
(no readable source, a source nobody configured, a dropped datagram) is counted at the first.
For each source `datablocks_in = decoded + bad`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchline_sensors.adapters.asterix.cat063 import SensorStatus
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock, Editions
from watchline_sensors.adapters.asterix.devices import Device, detection_of, device, is_target
from watchline_sensors.adapters.asterix.options import editions_of
from watchline_sensors.adapters.asterix.quarantine import BadSample, Quarantine
from watchline_sensors.adapters.asterix.reports import Report, ServiceMessage, Source, SystemState
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection

_SAMPLES_PER_CODE = 8


@dataclass(slots=True, kw_only=True)
class Books:
    """What one source sent since the process started.

    `conditions`: of each sensor a tracker told of (CAT063), the newest.
    """

    device: Device
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
    state: SystemState | None = None
    conditions: dict[Source, int] = field(default_factory=dict)
    skew_us: int = 0

    def add(self, name: str, more: int = 1) -> None:
        """Count."""
        self.counts[name] = self.counts.get(name, 0) + more


class Intake:
    """The sources of one address or one file."""

    def __init__(self, sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown."""
        devices = [device(sensor) for sensor in sensors]
        self.books = {one.options.source: Books(device=one) for one in devices}
        self.editions: Editions = {
            key: edition for one in devices for key, edition in editions_of(one.options).items()
        }
        self.first = next(iter(self.books.values()))
        self._samples: dict[str, deque[BadSample]] = {}
        paths = [path for one in devices if (path := one.options.quarantine) is not None]
        self.quarantine = Quarantine(path=Path(paths[0])) if paths else None

    def take(
        self,
        found: Iterable[Datablock | BadDatablock],
        stamp: Callable[[Report], int],
        now_us: int,
        speed_up: float = 1.0,
    ) -> list[Detection]:
        """The detections in these datablocks, one for each target of a known source.

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
    if is_target(report):
        books.add("target_reports")
        at_us = stamp(report)
        books.skew_us = now_us - at_us
        return detection_of(report, books.device, at_us, speed_up)
    if isinstance(report, ServiceMessage):
        books.add(report.kind)
        if report.state is not None:
            books.state = report.state
    elif isinstance(report, SensorStatus):
        books.add("sensor_status")
        if report.condition is not None:
            books.conditions[report.sensor] = report.condition
    return None
