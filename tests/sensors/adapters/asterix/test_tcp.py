"""A source behind a TCP server of this machine: heard, cut, silent, strange, called again."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from asterix_wire import block
from watchline_sensors.adapters.asterix import tcp
from watchline_sensors.adapters.asterix.adapter import build
from watchline_sensors.adapters.asterix.tcp import (
    ConnectionCut,
    ConnectionSilent,
    FramingLost,
    PeerUnreachable,
    TcpAdapter,
)
from watchline_sensors.adapters.asterix.time_of_day import DAY_US
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config, EdgeConfig
from watchline_sensors.edge import open_edge
from watchline_sensors.errors import SpoolFull


def plot(track: int) -> bytes:
    tod = now_us() % DAY_US * 128 // 1_000_000
    return block(f"f520 0007 01 60 {tod:06x} 03e8 0000 {track:04x}")


class Server:
    """Serves one script after the other, a connection each; then the last again."""

    def __init__(self, *scripts) -> None:
        self.scripts = list(scripts)
        self.connections = 0
        self.port = 0

    async def serve(self, _reader, writer) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        try:
            await script(writer)
        finally:
            writer.close()


@asynccontextmanager
async def serving(*scripts):
    server = Server(*scripts)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def says(*pieces: bytes, then_s: float = 0.0):
    async def script(writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        await asyncio.sleep(then_s)

    return script


def adapter_of(radar_config, port: int, **changes) -> TcpAdapter:
    (adapter,) = build([radar_config(connect=f"127.0.0.1:{port}", listen=None, **changes)])
    assert isinstance(adapter, TcpAdapter)
    return adapter


def counters(adapter) -> dict[str, int]:
    (health,) = adapter.health(now_us())
    assert health.counters["datablocks_in"] == health.counters["decoded"] + health.counters["bad"]
    return health.counters


async def test_plots_come_however_the_octets_are_parcelled(radar_config, feed):
    octets = b"".join(map(plot, range(50)))
    pieces = [octets[at : at + 7] for at in range(0, len(octets), 7)]
    async with serving(says(*pieces)) as server:
        adapter = adapter_of(radar_config, server.port)
        with pytest.raises(ConnectionCut) as cut:
            await adapter.run(feed)
    assert cut.value.code == "asterix.connection_cut"
    assert [one.sensor_track for one in feed.detections] == [str(n) for n in range(50)]
    assert all(abs(now_us() - one.at_us) < 60_000_000 for one in feed.detections)
    assert counters(adapter)["decoded"] == 50


async def test_a_cut_inside_a_datablock_costs_that_datablock(radar_config, feed):
    async with serving(says(plot(1) + plot(2)[:-3]), says(plot(3))) as server:
        adapter = adapter_of(radar_config, server.port)
        for _ in range(2):
            with pytest.raises(ConnectionCut):
                await adapter.run(feed)
    assert [one.sensor_track for one in feed.detections] == ["1", "3"]
    counted = counters(adapter)
    assert (counted["decoded"], counted["bad"], counted["connections"]) == (2, 1, 2)
    assert counted["bad.length_invalid"] == 1


async def test_what_is_no_asterix_ends_the_connection(radar_config, feed):
    async with serving(says(plot(1) + b"HTTP/1.1 400 Bad Request", then_s=20)) as server:
        adapter = adapter_of(radar_config, server.port)
        with pytest.raises(FramingLost):
            async with asyncio.timeout(10):
                await adapter.run(feed)
    assert [one.sensor_track for one in feed.detections] == ["1"]
    assert counters(adapter)["bad.framing_lost"] == 1


@pytest.mark.parametrize("piece", [b"", plot(2)[:-1]], ids=["silent", "cut"])
async def test_a_half_open_connection_is_noticed(radar_config, feed, piece):
    """The peer's machine is gone: no end comes, no octet either."""
    async with serving(says(plot(1), piece, then_s=60)) as server:
        adapter = adapter_of(radar_config, server.port, silent_s=0.5)
        with pytest.raises(ConnectionSilent):
            async with asyncio.timeout(10):
                await adapter.run(feed)
    assert [one.sensor_track for one in feed.detections] == ["1"]
    assert counters(adapter)["bad"] == (piece != b"")


async def test_a_trickle_that_never_completes_a_datablock_is_noticed(radar_config, feed):
    octets = b"\x0a\xff\xff" + bytes(3000)
    pieces = [octets[at : at + 1] for at in range(len(octets))]
    async with serving(says(*pieces)) as server:
        adapter = adapter_of(radar_config, server.port, silent_s=0.5)
        with pytest.raises(ConnectionSilent):
            async with asyncio.timeout(10):
                await adapter.run(feed)


async def test_nobody_there_is_said_so(radar_config, feed, monkeypatch):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but it does not listen
        adapter = adapter_of(radar_config, held.getsockname()[1])
        with pytest.raises(PeerUnreachable, match="refused") as refused:
            await adapter.run(feed)
    assert refused.value.code == "asterix.unreachable"


async def test_a_name_nobody_has_is_said_so(radar_config, feed, monkeypatch):
    async def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio, "open_connection", unknown)
    with pytest.raises(PeerUnreachable, match=r"127\.0\.0\.1:9: Name or service not known"):
        await adapter_of(radar_config, 9).run(feed)


async def test_a_peer_that_does_not_answer_is_given_up(radar_config, feed, monkeypatch):
    async def never(*_):
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "open_connection", never)
    monkeypatch.setattr(tcp, "_CONNECT_S", 0.1)
    with pytest.raises(PeerUnreachable, match="no answer"):
        await adapter_of(radar_config, 9).run(feed)


async def test_a_full_spool_is_counted_and_reading_goes_on(radar_config, feed):
    put, refusals = feed.put, 1

    async def refuse_once(items):
        nonlocal refusals
        if refusals and items:
            refusals -= 1
            raise SpoolFull
        await put(items)

    feed.put = refuse_once
    async with serving(says(plot(1), plot(2))) as server:
        adapter = adapter_of(radar_config, server.port)
        with pytest.raises(ConnectionCut):
            await adapter.run(feed)
    refused = counters(adapter)["refused_by_spool"]
    assert refused + len(feed.detections) == 2 and refused >= 1


async def test_the_edge_calls_again_after_a_cut(radar_config, feed, tmp_path):
    """The supervisor's own back-off: 1 s after the first cut."""
    sensor = radar_config(connect="127.0.0.1:1", listen=None)
    edge_config = EdgeConfig(id="edge", hub="http://127.0.0.1:9", state=tmp_path)
    async with serving(says(plot(1)), says(plot(2), then_s=60)) as server:
        adapter = adapter_of(radar_config, server.port)
        async with open_edge(Config(edge=edge_config, sensors=[sensor]), [adapter]) as edge:
            task = asyncio.create_task(edge.supervise(edge.adapters[0], feed))
            await feed.wait_for(2, timeout_s=20)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert [one.sensor_track for one in feed.detections] == ["1", "2"]
    assert counters(adapter)["connections"] == 2
    assert edge.adapters[0].restarts == 1


def test_sources_behind_one_server_share_a_connection(radar_config):
    where = {"connect": "127.0.0.1:8600", "listen": None}
    one, two = radar_config("one", **where), radar_config("two", sic=8, **where)
    assert len(build([one, two])) == 1
