"""ASTERIX over TCP: the edge calls the source's server and reads until the line is cut.

The edge's supervisor calls again, after 1, 2, 4 ... 30 s, and tells the reason as health.
"""

import asyncio
import logging
import os
from collections.abc import Sequence

from watchline_sensors.adapters import Feed
from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.adapters.asterix.receiver import Receiver
from watchline_sensors.adapters.asterix.stream import Stream
from watchline_sensors.clock import now_us
from watchline_sensors.config import SensorConfig
from watchline_sensors.errors import AdapterError

_LOG = logging.getLogger(__name__)
_CONNECT_S = 10.0
_READ_OCTETS = 1 << 16


class PeerUnreachable(AdapterError):
    """The source's server takes no connection."""

    code = "asterix.unreachable"


class ConnectionCut(AdapterError):
    """The source's server has closed the connection."""

    code = "asterix.connection_cut"


class ConnectionSilent(AdapterError):
    """The connection stands, but nothing has come of it for too long."""

    code = "asterix.connection_silent"


class FramingLost(AdapterError):
    """What comes over the connection is not ASTERIX, or no longer."""

    code = "asterix.framing_lost"


class TcpAdapter(Receiver):
    """The sources behind one TCP server."""

    def __init__(self, where: Endpoint, sensors: Sequence[SensorConfig]) -> None:
        """Raises ConfigError, EditionUnknown."""
        super().__init__(sensors)
        self.where = where
        self._silent_s = max(b.device.options.silent_s for b in self.intake.books.values())

    async def run(self, feed: Feed) -> None:
        """One connection, until it fails.

        Raises PeerUnreachable, ConnectionCut, ConnectionSilent (no whole datablock within
        `silent_s`, as when the peer lost its power), FramingLost.
        """
        reader, writer = await self._connect()
        self.intake.first.add("connections")
        _LOG.info("asterix.connected", extra={"address": str(self.where)})
        stream = Stream(self.intake.editions)
        try:
            await self._read(reader, stream, feed)
        finally:
            self.take(stream.end(), now_us())
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(self.where.host, self.where.port)
        except OSError as error:  # a timeout is one too
            raise PeerUnreachable(f"{self.where}: {_reason(error)}") from error

    async def _read(self, reader: asyncio.StreamReader, stream: Stream, feed: Feed) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._silent_s
        while not stream.lost:
            try:
                async with asyncio.timeout_at(deadline):
                    octets = await reader.read(_READ_OCTETS)
            except TimeoutError as error:
                raise ConnectionSilent(str(self.where)) from error
            except OSError as error:
                raise ConnectionCut(f"{self.where}: {_reason(error)}") from error
            if not octets:
                raise ConnectionCut(str(self.where))
            found = stream.take(octets)
            await self.put(feed, self.take(found, now_us()))
            if found:
                deadline = loop.time() + self._silent_s
        raise FramingLost(str(self.where))


def _reason(error: OSError) -> str:
    """The system's words; a name that is not found has a number below 0 and words of its own."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or "no answer"
