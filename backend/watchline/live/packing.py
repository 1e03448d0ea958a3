"""The stream compressed once for all screens that are sent the same.

A gzip stream belongs to one connection, but its blocks need not: each part here is raw deflate
(RFC 1951) that refers to nothing before it and ends on a byte, so that any parts in any order
behind one gzip header (RFC 1952 §2.3) are a valid stream. What is missing at its end is the
checksum, for it would differ from screen to screen; browsers do without, as after any stream
that breaks off.
"""

import re
import zlib

from starlette.types import Message

#: A gzip header without name or time.
HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
#: The last block, empty.
END = b"\x03\x00"
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?P<q>[01](?:\.\d{0,3})?)\s*)?(?:,|$)")
#: The rows of tracks shrink to a third; the next levels cost twice the time for a tenth.
_LEVEL = 1


def accepts(accept_encoding: str) -> bool:
    """Whether a request's Accept-Encoding allows gzip.

    >>> accepts("gzip, deflate, br"), accepts("br, gzip;q=0.5"), accepts("gzip;q=0"), accepts("")
    (True, True, False, False)
    """
    match = _GZIP.search(accept_encoding.lower())
    return match is not None and float(match["q"] or "1") > 0


class Part:
    """A piece of the stream in both forms, each made once, when it is first asked for."""

    __slots__ = ("_messages", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._messages: dict[bool, Message] = {}

    def message(self, *, packed: bool) -> Message:
        """What an ASGI server is told to send; all screens share it."""
        made = self._messages.get(packed)
        if made is None:
            body = pack(self.plain) if packed else self.plain
            made = {"type": "http.response.body", "body": body, "more_body": True}
            self._messages[packed] = made
        return made


def pack(data: bytes) -> bytes:
    """Deflated so that it stands alone."""
    deflate = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
