"""Where a source is heard: a UDP address, a multicast group on one interface, a TCP server."""

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from watchline_sensors.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """`interface` is the local address that hears a multicast group; `tcp` is called, not heard."""

    host: str
    port: int
    interface: str = ""
    tcp: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def endpoint(listen: str | None, interface: str | None, connect: str | None) -> Endpoint:
    """From the options of these names; raises ConfigError in plain words."""
    if connect is not None:
        if listen is not None or interface is not None:
            raise ConfigError(["connect: a source that is called needs no listen or interface"])
        host, port = _host_and_port("connect", connect)
        return Endpoint(host, port, tcp=True)
    host, port = _host_and_port("listen", listen or "")
    if not _is_multicast(host):
        if interface is not None:
            raise ConfigError([f"interface: {listen} is no multicast group"])
        return Endpoint(host, port)
    if ":" in host:
        raise ConfigError([f"listen: {listen}: multicast is heard over IPv4 only"])
    if not _is_interface(interface or ""):
        raise ConfigError(
            [f"interface: multicast {listen} needs the IPv4 address of the interface to hear it"]
        )
    return Endpoint(host, port, interface or "")


def _host_and_port(option: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError([f'{option}: use an address and a port, like "127.0.0.1:8600"'])
    return host.strip("[]"), int(port)


def _is_multicast(host: str) -> bool:
    try:
        return ip_address(host).is_multicast
    except ValueError:  # a host name
        return False


def _is_interface(text: str) -> bool:
    """0.0.0.0 would leave the choice to the system, which takes the default route."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return (
        isinstance(address, IPv4Address) and not address.is_unspecified and not address.is_multicast
    )
