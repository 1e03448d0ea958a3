"""A UDP socket's datagrams in a bounded queue; what does not fit is counted, never waited for."""

import asyncio
import os
import socket
from collections import deque
from pathlib import Path

from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.clock import now_us
from watchline_sensors.errors import AdapterError

_RECEIVE_BUFFER = 4 << 20
_IP_MULTICAST_ALL = 49  # Linux; the socket module gives it no name


class PortUnavailable(AdapterError):
    """The address to listen on cannot be used."""

    code = "adapter.port_unavailable"


def bound_socket(where: Endpoint) -> socket.socket:
    """A UDP socket there with a large kernel buffer; raises PortUnavailable."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        # The kernel grants what its limit allows; the rest shows as drops.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        sock.setblocking(False)
        sock.bind((where.host, where.port))
        if where.interface:
            _join(sock, where)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        raise PortUnavailable(f"{where}: {reason}") from error
    return sock


def _join(sock: socket.socket, where: Endpoint) -> None:
    """Hear the group on this interface only, whatever others on this machine have joined."""
    membership = socket.inet_aton(where.host) + socket.inet_aton(where.interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)


class Inbox(asyncio.DatagramProtocol):
    """Datagrams with their arrival (µs), oldest first."""

    def __init__(self, *, max_datagrams: int = 8192, max_octets: int = 16 << 20) -> None:
        self.max_datagrams = max_datagrams
        self.max_octets = max_octets
        self.dropped = 0
        self.errors = 0
        self._queue: deque[tuple[bytes, int]] = deque()
        self._octets = 0
        self._arrived = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Queue it, or drop and count it when the reader is too far behind."""
        full = len(self._queue) >= self.max_datagrams
        if full or self._octets + len(data) > self.max_octets:
            self.dropped += 1
            return
        self._queue.append((data, now_us()))
        self._octets += len(data)
        self._arrived.set()

    def error_received(self, exc: Exception) -> None:
        """Count what the network reports; a receiving socket goes on."""
        self.errors += 1

    async def take(self, limit: int) -> list[tuple[bytes, int]]:
        """Wait for a datagram, then give at most `limit` of those that are there."""
        while not self._queue:
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        self._octets -= sum(len(data) for data, _ in taken)
        return taken


def kernel_drops(sock: socket.socket) -> int:
    """Datagrams the kernel threw away because this socket's buffer was full (Linux; else 0)."""
    inode = str(os.fstat(sock.fileno()).st_ino)
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()
        except OSError:  # another system, or a locked-down container
            continue
        for line in lines[1:]:
            columns = line.split()
            if columns[9] == inode:
                return int(columns[12])
    return 0
