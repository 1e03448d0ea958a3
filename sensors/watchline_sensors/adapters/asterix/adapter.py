"""ASTERIX sources by UDP, UDP multicast and TCP: an adapter for each address."""

import errno
from collections import defaultdict
from collections.abc import Sequence

from watchline_sensors.adapters import Adapter
from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.adapters.asterix.inbox import PortUnavailable, bound_socket
from watchline_sensors.adapters.asterix.options import endpoint_of, options_of, problems
from watchline_sensors.adapters.asterix.tcp import TcpAdapter
from watchline_sensors.adapters.asterix.udp import UdpAdapter
from watchline_sensors.config import SensorConfig
from watchline_sensors.errors import ConfigError


def build(sensors: Sequence[SensorConfig]) -> list[Adapter]:
    """One adapter for each address; raises ConfigError."""
    if found := problems(sensors, listening=True):
        raise ConfigError(found)
    return [
        TcpAdapter(where, members) if where.tcp else UdpAdapter(where, members)
        for where, members in _by_endpoint(sensors).items()
    ]


def check(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is."""
    found = problems(sensors, listening=True)
    if found:
        return found
    for where in sorted(_by_endpoint(sensors)):
        if where.tcp:
            continue  # whether somebody answers there is shown by listening to it
        try:
            bound_socket(where).close()
        except PortUnavailable as error:
            # An address in use is most likely used by the edge that is already running.
            if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
                found.append(str(error))
    return found


def _by_endpoint(sensors: Sequence[SensorConfig]) -> dict[Endpoint, list[SensorConfig]]:
    groups: dict[Endpoint, list[SensorConfig]] = defaultdict(list)
    for sensor in sensors:
        groups[endpoint_of(options_of(sensor))].append(sensor)
    return groups
