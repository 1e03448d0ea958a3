"""What every transport does with the datablocks it heard: books, health, detections to the feed."""

from collections.abc import Sequence
from functools import partial

from watchline_sensors.adapters import Feed
from watchline_sensors.adapters.asterix.decode import BadDatablock, Datablock
from watchline_sensors.adapters.asterix.health import health
from watchline_sensors.adapters.asterix.intake import Intake
from watchline_sensors.adapters.asterix.quarantine import BadSample
from watchline_sensors.adapters.asterix.reports import Report
from watchline_sensors.adapters.asterix.time_of_day import nearest_instant_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health
from watchline_sensors.errors import SpoolFull

BATCH = 500


class Receiver:
    """The sources heard at one place."""

    def __init__(self, sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown."""
        self.intake = Intake(sensors)

    def health(self, now_us: int) -> Sequence[Health]:
        """A heartbeat for each source; what the place itself has lost stands at the first."""
        return [health(books, now_us, live=True) for books in self.intake.books.values()]

    def bad_samples(self) -> list[BadSample]:
        """The newest refused datablocks, a few of each code."""
        return self.intake.bad_samples()

    def take(self, found: Sequence[Datablock | BadDatablock], arrived_us: int) -> list[Detection]:
        """Keep the books of what arrived at one instant; the detections in it."""
        return self.intake.take(found, partial(_instant, arrived_us), arrived_us)

    async def put(self, feed: Feed, detections: Sequence[Detection]) -> None:
        """Put them in parcels."""
        for start in range(0, len(detections), BATCH):
            batch = detections[start : start + BATCH]
            try:
                await feed.put(batch)
            except SpoolFull:
                # The spool reports these as lost; listening on is all that can still be saved.
                self.intake.first.add("refused_by_spool", len(batch))


def _instant(arrived_us: int, report: Report) -> int:
    return nearest_instant_us(report.tod_128, arrived_us)
