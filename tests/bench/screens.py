"""Open screens in a process of their own, and when each of them had what.

All screens are sent the same bytes, so each chunk is read once, by the screen that sees it first;
the others only count its bytes. A browser would be its own machine: what 500 of them would spend
on reading is not what is measured here.
"""

import asyncio
import re
import time
import zlib
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import uvloop

#: The time of a plot is the last number of a track's row.
_TIMES = re.compile(rb",(\d{13})\]")
#: So many bytes tell one chunk from another: they hold its rev and moment.
_HEAD_BYTES = 120


@dataclass(slots=True)
class _Chunk:
    """What the hub sent at once; `newest_ms` is its newest plot, 0 while it is being read."""

    newest_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one screen had: moments (s since 1970) and the newest plot (ms since 1970) by then."""

    moments: np.ndarray
    newest_ms: np.ndarray

    def first(self, at_ms: int) -> float:
        """The moment when it had a plot of this time or newer; infinity if never."""
        k = int(np.searchsorted(self.newest_ms, at_ms))
        return float(self.moments[k]) if k < len(self.moments) else float("inf")


@dataclass(slots=True, repr=False, eq=False)
class _Screen(asyncio.Protocol):
    """Reads one stream chunk by chunk (RFC 9112 §7.1)."""

    request: bytes
    chunks: dict[tuple[int, bytes], _Chunk]
    log: list[tuple[float, _Chunk]] = field(default_factory=list)
    error: str | None = None
    _rest: bytes = b""  # what is not read yet
    _left: int = 0  # bytes still to come of the chunk, its line end included
    _size: int = 0
    _chunk: _Chunk | None = None
    _body: list[bytes] | None = None  # kept by the screen that reads the chunk for all
    _begun: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = self.error or f"closed: {exc}"

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at = 0
        if not self._begun:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                self._begun, at = True, end + 4
                if b" 200 " not in data[:20]:
                    self.error = data[:200].decode()
        if self._begun:
            at = self._read(data, at)
        self._rest = data[at:]

    def _read(self, data: bytes, at: int) -> int:
        """Take all that can be told apart; up to where."""
        while at < len(data):
            if not self._left:
                end = data.find(b"\r\n", at)
                if end < 0:
                    return at
                self._size = int(data[at:end], 16)
                if len(data) - end - 2 < min(self._size, _HEAD_BYTES):
                    return at
                at = end + 2
                self._left = self._size + 2
                key = (self._size, data[at : at + min(self._size, _HEAD_BYTES)])
                self._chunk = self.chunks.get(key)
                if self._chunk is None:
                    self._chunk = self.chunks[key] = _Chunk()
                    self._body = []
            taken = data[at : at + self._left] if self._body is not None else None
            step = min(self._left, len(data) - at)
            at += step
            self._left -= step
            if self._body is not None and taken is not None:
                self._body.append(taken)
            if not self._left:
                self._done()
        return at

    def _done(self) -> None:
        chunk = self._chunk
        assert chunk is not None
        if self._body is not None:
            # The others may log it before; its time is looked up when all is over.
            body = b"".join(self._body)[: self._size]
            if not body.startswith(b"\x1f\x8b"):  # the header at the beginning of the stream
                body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(body)
            chunk.newest_ms = max(map(int, _TIMES.findall(body)), default=0)
            self._body = None
        self.log.append((time.time(), chunk))


class Screens:
    """`clients` screens of a sector; `close` gives what they had."""

    def __init__(self, port: int, sector: str, cookie: str, clients: int) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=_watch, args=(there, port, sector, cookie, clients), daemon=True
        )
        self._process.start()
        there.close()
        assert self._pipe.poll(60) and self._pipe.recv() == "open"

    def close(self) -> list[Seen]:
        """End them; fails when one had lost its stream."""
        self._pipe.send("close")
        logs = self._pipe.recv()
        self._process.join(timeout=20)
        return [Seen(moments=moments, newest_ms=newest) for moments, newest in logs]


def _watch(pipe: Connection, port: int, sector: str, cookie: str, clients: int) -> None:
    pipe.send(uvloop.run(_screens(pipe, port, sector, cookie, clients)))


async def _screens(
    pipe: Connection, port: int, sector: str, cookie: str, clients: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    loop = asyncio.get_running_loop()
    request = (
        f"GET /api/sectors/{sector}/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Accept: text/event-stream\r\nAccept-Encoding: gzip\r\nCookie: {cookie}\r\n\r\n"
    ).encode()
    chunks: dict[tuple[int, bytes], _Chunk] = {}
    screens = [_Screen(request, chunks) for _ in range(clients)]
    for screen in screens:
        await loop.create_connection(lambda screen=screen: screen, "127.0.0.1", port)
        await asyncio.sleep(0.004)
    while not all(screen.log or screen.error for screen in screens):
        await asyncio.sleep(0.05)
    pipe.send("open")
    await asyncio.to_thread(pipe.recv)
    broken = [screen.error for screen in screens if screen.error]
    assert not broken, broken[:3]
    return [
        (
            np.array([moment for moment, _ in screen.log]),
            # What a screen has never gets older.
            np.maximum.accumulate([chunk.newest_ms for _, chunk in screen.log]),
        )
        for screen in screens
    ]
