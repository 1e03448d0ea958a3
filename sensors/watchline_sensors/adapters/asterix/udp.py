"""ASTERIX over UDP, to an address of its own or to a multicast group: one socket for each."""

import asyncio
import logging
import socket
from collections.abc import Sequence

from watchline_sensors.adapters import Feed
from watchline_sensors.adapters.asterix.decode import decode_datagram
from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.adapters.asterix.inbox import Inbox, bound_socket, kernel_drops
from watchline_sensors.adapters.asterix.receiver import BATCH, Receiver
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import Detection, Health

_LOG = logging.getLogger(__name__)


class UdpAdapter(Receiver):
    """The sources that send to one address, any number of them."""

    def __init__(self, where: Endpoint, sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown. Port 0 takes a free one, see `address`."""
        super().__init__(sensors)
        self.where = where
        self.address = (where.host, where.port)
        self._inbox: Inbox | None = None
        self._socket: socket.socket | None = None
        self._drops_before = 0

    async def run(self, feed: Feed) -> None:
        """Listen until cancelled; raises PortUnavailable."""
        sock = bound_socket(self.where)
        self.address = sock.getsockname()[:2]
        inbox = Inbox()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: inbox, sock=sock
        )
        self._inbox, self._socket = inbox, sock
        _LOG.info("asterix.listening", extra={"address": str(self.where)})
        try:
            while True:
                detections: list[Detection] = []
                for data, arrived_us in await inbox.take(BATCH):
                    found = decode_datagram(data, self.intake.editions)
                    detections += self.take(found, arrived_us)
                await self.put(feed, detections)
        finally:
            self._drops_before = self._dropped()
            self._inbox = self._socket = None
            transport.close()

    def health(self, now_us: int) -> Sequence[Health]:
        """A heartbeat for each source; the port's own losses stand at the first."""
        self.intake.first.counts["dropped_datagrams"] = self._dropped()
        return super().health(now_us)

    def _dropped(self) -> int:
        dropped = self._drops_before
        if self._inbox is not None and self._socket is not None:
            dropped += self._inbox.dropped + kernel_drops(self._socket)
        return dropped
