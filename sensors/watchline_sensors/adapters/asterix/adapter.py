"""ASTERIX CAT010 over UDP unicast: one socket for each address, any number of radars behind it."""

import asyncio
import errno
import logging
import socket
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from watchline_sensors.adapters import Adapter, Feed
from watchline_sensors.adapters.asterix.decode import decode_datagram
from watchline_sensors.adapters.asterix.health import health
from watchline_sensors.adapters.asterix.inbox import (
    Inbox,
    PortUnavailable,
    bound_socket,
    kernel_drops,
)
from watchline_sensors.adapters.asterix.intake import Intake
from watchline_sensors.adapters.asterix.options import options_of, problems
from watchline_sensors.adapters.asterix.quarantine import BadSample
from watchline_sensors.adapters.asterix.reports import Report
from watchline_sensors.adapters.asterix.time_of_day import nearest_instant_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health
from watchline_sensors.errors import ConfigError, SpoolFull

_LOG = logging.getLogger(__name__)
_BATCH = 500


class AsterixAdapter:
    """The radars that send to one address."""

    def __init__(self, address: tuple[str, int], sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown. Port 0 takes a free one, see `address`."""
        self.address = address
        self.intake = Intake(sensors)
        self._inbox: Inbox | None = None
        self._socket: socket.socket | None = None
        self._drops_before = 0

    async def run(self, feed: Feed) -> None:
        """Listen until cancelled; raises PortUnavailable."""
        sock = bound_socket(*self.address)
        self.address = sock.getsockname()[:2]
        inbox = Inbox()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: inbox, sock=sock
        )
        self._inbox, self._socket = inbox, sock
        _LOG.info("asterix.listening", extra={"address": f"{self.address[0]}:{self.address[1]}"})
        try:
            while True:
                await self._feed(feed, await inbox.take(_BATCH))
        finally:
            self._drops_before = self._dropped()
            self._inbox = self._socket = None
            transport.close()

    def health(self, now_us: int) -> Sequence[Health]:
        """A heartbeat for each radar; the port's own losses stand at the first."""
        self.intake.first.counts["dropped_datagrams"] = self._dropped()
        return [health(books, now_us, live=True) for books in self.intake.books.values()]

    def bad_samples(self) -> list[BadSample]:
        """The newest refused datablocks, a few of each code."""
        return self.intake.bad_samples()

    async def _feed(self, feed: Feed, datagrams: list[tuple[bytes, int]]) -> None:
        detections: list[Detection] = []
        for data, arrived_us in datagrams:
            found = decode_datagram(data, self.intake.editions)
            detections += self.intake.take(found, partial(_instant, arrived_us), arrived_us)
        for start in range(0, len(detections), _BATCH):
            batch = detections[start : start + _BATCH]
            try:
                await feed.put(batch)
            except SpoolFull:
                # The spool reports these as lost; listening on is all that can still be saved.
                self.intake.first.add("refused_by_spool", len(batch))

    def _dropped(self) -> int:
        dropped = self._drops_before
        if self._inbox is not None and self._socket is not None:
            dropped += self._inbox.dropped + kernel_drops(self._socket)
        return dropped


def _instant(arrived_us: int, report: Report) -> int:
    return nearest_instant_us(report.tod_128, arrived_us)


def build(sensors: Sequence[SensorConfig]) -> list[Adapter]:
    """One adapter for each address; raises ConfigError."""
    if found := problems(sensors, listening=True):
        raise ConfigError(found)
    ports: dict[tuple[str, int], list[SensorConfig]] = defaultdict(list)
    for sensor in sensors:
        address = options_of(sensor).address
        if address is not None:
            ports[address].append(sensor)
    return [AsterixAdapter(address, members) for address, members in ports.items()]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is."""
    found = problems(sensors, listening=True)
    if found:
        return found
    for host, port in sorted({options_of(sensor).address or ("", 0) for sensor in sensors}):
        try:
            bound_socket(host, port).close()
        except PortUnavailable as error:
            # An address in use is most likely used by the edge that is already running.
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                found.append(str(error))
    return found
