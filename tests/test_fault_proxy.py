"""The bad link is as bad as it says."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from fault_proxy import FaultProxy


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """In front of a server that sends back what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = await FaultProxy(server.sockets[0].getsockname()[1]).start()
    yield proxy
    await proxy.stop()
    server.close()
    await server.wait_closed()


async def _echoed(proxy: FaultProxy, data: bytes) -> float:
    """Seconds until all of it is back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    started = time.monotonic()
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    writer.close()
    return time.monotonic() - started


async def test_a_good_link_is_quick_and_true(proxy: FaultProxy) -> None:
    assert await _echoed(proxy, bytes(range(256)) * 400) < 1.0


async def test_delay_is_paid_each_way(proxy: FaultProxy) -> None:
    proxy.delay_s = 0.2
    assert 0.4 <= await _echoed(proxy, b"x") < 1.0


async def test_bandwidth_is_shared_by_all_connections(proxy: FaultProxy) -> None:
    proxy.bits_per_s = 400_000
    took = await asyncio.gather(*(_echoed(proxy, bytes(25_000)) for _ in range(2)))
    assert 1.0 <= max(took) < 2.0


async def test_in_silence_nothing_comes_and_nobody_is_told(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"x")
    assert await reader.readexactly(1) == b"x"
    proxy.silent = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await _echoed(proxy, b"x")
    writer.write(b"x")
    proxy.silent = False
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)  # it stays half-open
    assert await _echoed(proxy, b"x") < 1.0
    writer.close()


async def test_a_reset_is_told(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"x")
    await reader.readexactly(1)
    proxy.reset()
    with pytest.raises(ConnectionError):
        if not await reader.read(1):
            raise ConnectionResetError
    proxy.refuse = True
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _echoed(proxy, b"x")
