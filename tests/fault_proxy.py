"""A TCP proxy on loopback that is a bad link when told to: slow, distant, cut or silent."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

_CHUNK = 1460  # as the packets of a real link: small enough that connections take turns


@dataclass
class _Way:
    """One direction; all connections share its bandwidth."""

    free_at: float = 0.0  # when the bottleneck has passed on all that came so far

    def passes(self, size: int, bits_per_s: float | None) -> float:
        """When a packet that comes now has passed the bottleneck."""
        now = asyncio.get_running_loop().time()
        took = 0.0 if bits_per_s is None else size * 8 / bits_per_s
        self.free_at = max(now, self.free_at) + took
        return self.free_at


@dataclass
class FaultProxy:
    """Carries connections to `target_port`; the faults may be changed at any time.

    `bits_per_s`: bandwidth of each direction, shared by all connections; `buffer_s`: how much of
    it may wait before the bottleneck, first in, first out, as in a modem. `delay_s`: added one
    way. `silent`: everything is swallowed, nobody is told; a connection that was open then
    stays half-open for ever, one opened then gets no answer. `refuse`: new connections are
    reset at once.
    """

    target_port: int
    bits_per_s: float | None = None
    buffer_s: float = 0.4
    delay_s: float = 0.0
    refuse: bool = False
    carried_bytes: int = 0
    connections: int = 0
    port: int = 0
    _silent: bool = False
    _ways: tuple[_Way, _Way] = field(default_factory=lambda: (_Way(), _Way()))
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _deaf: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> "FaultProxy":
        """Listen; the port is the same after `stop` and another start."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Gone, with every connection."""
        self._server.close()
        self.reset()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where a client finds the target through this proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def silent(self) -> bool:
        """Whether the link swallows everything now."""
        return self._silent

    @silent.setter
    def silent(self, silent: bool) -> None:
        self._silent = silent
        self._deaf |= self._open

    def reset(self) -> None:
        """Break every connection, both ends told at once."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            writer.transport.abort()
            return
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            ends.append(far_writer)
            self._open.update(ends)
            if self._silent:
                self._deaf.update(ends)
            await asyncio.gather(
                self._carry(reader, far_writer, self._ways[0]),
                self._carry(far_reader, writer, self._ways[1]),
            )
        except OSError:
            pass
        finally:
            for end in ends:
                end.transport.abort()
            self._open.difference_update(ends)
            self._deaf.difference_update(ends)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way
    ) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                at, data = await under_way.get()
                await asyncio.sleep(at - loop.time())
                if writer in self._deaf:
                    continue
                if not data:
                    writer.write_eof()
                    return
                self.carried_bytes += len(data)
                writer.write(data)
                await writer.drain()

        delivery = asyncio.create_task(deliver())
        try:
            while data := await reader.read(_CHUNK):
                passed_at = way.passes(len(data), self.bits_per_s)
                under_way.put_nowait((passed_at + self.delay_s, data))
                await asyncio.sleep(passed_at - loop.time() - self.buffer_s)
            under_way.put_nowait((way.passes(0, self.bits_per_s) + self.delay_s, b""))
            if writer in self._deaf:
                return
            await delivery
        finally:
            delivery.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await delivery
