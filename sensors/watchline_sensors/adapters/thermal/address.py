"""Where a camera is called: parts that are checked one by one, never a text handed on.

A reader of FFmpeg's kind takes files, devices and programs for addresses too, so nothing a user
wrote reaches it but through these parts. The host is resolved once, the answer is checked and
the answer is dialled: what a name resolves to a moment later does not matter.
"""

import re
import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from watchline_sensors.errors import AdapterError

_Ip = IPv4Address | IPv6Address

#: The ports that IANA gives these schemes.
_PORTS = {"rtsp": 554, "rtsps": 322, "https": 443}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_PATH = re.compile(r"/[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*")
_LONGEST_PATH = 1024
_LONGEST_SECRET = 256
#: Where clouds answer questions about a machine; the usual 169.254.169.254 is link-local.
_METADATA = frozenset(
    map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
#: IPv6 addresses that stand for an IPv4 one in their last octets (RFC 6052, RFC 8215, RFC 4291).
_CARRIERS = [ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0/96")]
_6TO4 = ip_network("2002::/16")  # RFC 3056: in octets 2 to 5
_THIS_NETWORK = ip_network("0.0.0.0/8")


class Transport(StrEnum):
    """What carries the pictures of an RTSP camera."""

    TCP = "tcp"
    UDP = "udp"


class AddressRefused(AdapterError):
    """The camera's address is none that an edge may call."""

    code = "thermal.address_refused"


class AddressUnknown(AdapterError):
    """The camera's name is not known to the name service."""

    code = "thermal.address_unknown"


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera's stream; `path` may carry a query. As text it shows neither user nor password."""

    scheme: Literal["rtsp", "rtsps", "https"] = "rtsp"
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    path: str = "/"
    user: str = ""
    password: str = ""

    def url(self) -> str:
        """For the reader alone: it holds user and password, percent-encoded."""
        return self._text(f"{quote(self.user, '')}:{quote(self.password, '')}@" * bool(self.user))

    def _text(self, login: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{login}{host}:{self.port or _PORTS[self.scheme]}{self.path}"

    def __str__(self) -> str:
        return self._text("").partition("?")[0]  # some cameras take the password in the query

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __rich_repr__(self) -> Any:
        yield str(self)


def problems(address: Address) -> list[str]:
    """What is wrong with an address as it is written, in plain words; none of it is a secret."""
    found = []
    if not address.host:
        found.append("host: needs the camera's name or IP address")
    elif not _ip(address.host) and not _NAME.fullmatch(address.host):
        found.append("host: only a name or an IP address, without user, port, path or spaces")
    if not _PATH.fullmatch(address.path) or len(address.path) > _LONGEST_PATH:
        found.append('path: begins with "/" and has no spaces, control characters or "#"')
    for field in ("user", "password"):
        value = getattr(address, field)
        if len(value) > _LONGEST_SECRET or not value.isprintable():
            found.append(f"{field}: at most {_LONGEST_SECRET} characters, no control characters")
    if address.password and not address.user:
        found.append("user: a password needs one")
    return found


def resolve(address: Address, *, allow_loopback: bool = False) -> Address:
    """The same stream at the literal IP address that its host now stands for; asks the network.

    `allow_loopback` is for simulated cameras. Raises AddressRefused (badly written, or not an
    address of a camera: see `forbidden`), AddressUnknown.
    """
    wrong = problems(address)
    if wrong:
        raise AddressRefused("; ".join(wrong))
    try:
        answers = socket.getaddrinfo(address.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a name with an empty label fails as the latter
        raise AddressUnknown(address.host) from None
    ip = _plain(ip_address(str(answers[0][4][0]).partition("%")[0]))
    reason = forbidden(ip, allow_loopback=allow_loopback)
    if reason:
        raise AddressRefused(f"{address.host}: {reason}")
    return msgspec.structs.replace(address, host=str(ip))


def forbidden(ip: _Ip, *, allow_loopback: bool = False) -> str | None:
    """Why no camera can be at `ip`, or None; an IPv4 address within an IPv6 one is looked at."""
    ip = _plain(ip)
    if ip.is_loopback:
        return None if allow_loopback else "this machine itself, allowed for simulated cameras only"
    if ip in _METADATA:
        return "a cloud's metadata service"
    if ip.is_link_local:
        return "a link-local address"
    if ip.is_multicast:
        return "a multicast group"
    if ip.is_unspecified or ip in _THIS_NETWORK:
        return "no address of any machine"
    if ip.is_reserved:  # 255.255.255.255 is one
        return "a reserved address"
    return None


def _plain(ip: _Ip) -> _Ip:
    if isinstance(ip, IPv6Address) and ip not in (ip_address("::"), ip_address("::1")):
        if any(ip in carrier for carrier in _CARRIERS):
            return IPv4Address(ip.packed[-4:])
        if ip in _6TO4:
            return IPv4Address(ip.packed[2:6])
    return ip


def _ip(text: str) -> bool:
    if "%" in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
