"""Record the raw datagrams of one address: FILE holds them back to back, FILE.times their times.

FILE is what `replay` plays and any ASTERIX tool reads. FILE.times has one line for each
datagram: its arrival (µs since 1970 UTC), a blank, and its length in bytes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.adapters.asterix.inbox import Inbox, bound_socket
from watchline_sensors.adapters.asterix.options import endpoint_of, options_of
from watchline_sensors.config import SensorConfig
from watchline_sensors.errors import ConfigError, EdgeError

_FLUSH_S = 1.0
_BATCH = 500


class RecordingExists(EdgeError):
    """There is such a file already; recordings are never overwritten."""

    code = "record.exists"


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What is in the recording so far."""

    datagrams: int = 0
    bytes: int = 0
    dropped: int = 0


def endpoint_to_record(sensors: list[SensorConfig], wanted: str | None) -> Endpoint:
    """Where a sensor (or, when it is the only one, any) sends its datagrams; raises ConfigError."""
    radars = [one for one in sensors if one.adapter == "asterix" and wanted in (None, one.id)]
    endpoints = {endpoint_of(options_of(one)) for one in radars}
    heard = {where for where in endpoints if not where.tcp}
    if len(heard) == 1:
        return heard.pop()
    if heard:
        raise ConfigError(["the sensors use several addresses: say which with --sensor"])
    raise ConfigError(
        [f"there is no ASTERIX sensor {wanted or ''} that is heard by UDP".replace("  ", " ")]
    )


async def record(
    where: Endpoint,
    path: Path,
    stop: asyncio.Event,
    on_ready: Callable[[], None] | None = None,
) -> Recorded:
    """Write datagrams until `stop` is set; they are in the file a second later at most.

    Raises RecordingExists, and PortUnavailable (most often: the edge itself is running).
    """
    times_path = path.with_name(path.name + ".times")
    recorded = Recorded()
    inbox = Inbox()
    sock = bound_socket(where)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: inbox, sock=sock
    )
    try:
        with path.open("xb") as data, times_path.open("x", encoding="ascii") as times:
            if on_ready is not None:
                on_ready()
            while not stop.is_set():
                try:
                    async with asyncio.timeout(_FLUSH_S):
                        taken = await inbox.take(_BATCH)
                except TimeoutError:
                    data.flush()
                    times.flush()
                    continue
                for datagram, at_us in taken:
                    data.write(datagram)
                    times.write(f"{at_us} {len(datagram)}\n")
                    recorded.datagrams += 1
                    recorded.bytes += len(datagram)
    except FileExistsError as error:
        raise RecordingExists(str(error.filename)) from error
    finally:
        transport.close()
    recorded.dropped = inbox.dropped
    return recorded
