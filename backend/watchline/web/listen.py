"""The listening socket of hub and worker: a peer that vanished is noticed within 15 s.

A reset that the network loses leaves our half of a connection open, and no read of ours would ever
end. The kernel asks a silent peer after 5 s and then each 3 s; after three questions without an
answer, or at the first "what connection?", the connection is over.
"""

import socket


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at host and port; its options pass to every connection it accepts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.bind((host, port))
    made.listen(1024)
    made.setblocking(False)
    return made
