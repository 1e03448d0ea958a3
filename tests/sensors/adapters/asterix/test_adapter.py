"""Radars over a real socket of this machine."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest

from watchline_sensors.adapters.asterix import udp
from watchline_sensors.adapters.asterix.adapter import build, check
from watchline_sensors.adapters.asterix.inbox import Inbox, PortUnavailable
from watchline_sensors.adapters.asterix.time_of_day import DAY_US
from watchline_sensors.adapters.asterix.udp import UdpAdapter
from watchline_sensors.adapters.registry import family
from watchline_sensors.clock import now_us
from watchline_sensors.contract import HealthState
from watchline_sensors.errors import ConfigError, SpoolFull


def tod_now() -> str:
    return f"{now_us() % DAY_US * 128 // 1_000_000:06x}"


def block(*records: str) -> bytes:
    body = b"".join(bytes.fromhex(record.replace(" ", "")) for record in records)
    return b"\x0a" + (len(body) + 3).to_bytes(2, "big") + body


def plot(sic: int = 7, rho_m: int = 1000, track: int = 12) -> str:
    return f"f520 00{sic:02x} 01 60 {tod_now()} {rho_m:04x} 0000 {track:04x}"


@asynccontextmanager
async def listening(adapter: UdpAdapter, feed):
    task = asyncio.create_task(adapter.run(feed))
    for _ in range(500):
        if adapter.address[1] or task.done():
            break
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def send(adapter: UdpAdapter, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, adapter.address)


async def test_plots_arrive_placed_and_stamped(radar_config, feed):
    (adapter,) = build([radar_config()])
    async with listening(adapter, feed):
        send(adapter, block(plot()) + block(plot(track=13), f"d0 0007 02 {tod_now()}"))
        await feed.wait_for(2)
    assert [one.sensor_track for one in feed.detections] == ["12", "13"]
    for one in feed.detections:
        assert one.defect() is None
        assert abs(now_us() - one.at_us) < 5_000_000
        assert one.position.lat_deg == pytest.approx(41.3062, abs=1e-4)
    (health,) = adapter.health(now_us())
    assert (health.state, health.code) == (HealthState.OK, "health.ok")
    assert health.counters == {
        "datablocks_in": 2,
        "decoded": 2,
        "bad": 0,
        "records": 3,
        "target_reports": 2,
        "start_of_cycle": 1,
        "status": 0,
        "other": 0,
        "unknown_source": 0,
        "dropped_datagrams": 0,
    }


async def test_radars_of_one_port_are_told_apart_and_keep_their_own_books(radar_config, feed):
    one, two = radar_config("one"), radar_config("two", sic=8, lat_deg=45.0)
    (adapter,) = build([one, two])
    async with listening(adapter, feed):
        send(adapter, block(plot(7)), block(plot(8)), block(plot(9)), block(plot(8), plot(7)))
        await feed.wait_for(4)
    assert [each.sensor for each in feed.detections] == ["one", "two", "two", "one"]
    first, second = adapter.health(now_us())
    assert (first.counters["datablocks_in"], first.counters["decoded"]) == (2, 1)
    assert first.counters["bad"] == first.counters["unknown_source"] == 1
    assert first.counters["bad.source_unknown"] == 1
    assert (second.counters["datablocks_in"], second.counters["decoded"]) == (2, 2)
    assert first.counters["records"] == second.counters["records"] == 2


async def test_bad_octets_are_counted_and_sampled_and_the_feed_goes_on(
    radar_config, feed, tmp_path
):
    (adapter,) = build([radar_config(quarantine=str(tmp_path / "bad.jsonl"))])
    wrong = [b"", b"\x0a", b"noise", block("f0 0007 01 60 ffffff"), block(plot())[:-3]]
    async with listening(adapter, feed):
        send(adapter, *wrong, block(plot()))
        await feed.wait_for(1)
    (health,) = adapter.health(now_us())
    assert (health.counters["datablocks_in"], health.counters["decoded"]) == (6, 1)
    assert health.counters["bad"] == 5
    assert (health.state, health.code) == (HealthState.DEGRADED, "asterix.bad_input")
    assert [sample.code for sample in adapter.bad_samples()] == [
        "asterix.header_truncated",
        "asterix.header_truncated",
        "asterix.length_invalid",
        "asterix.time_of_day_invalid",
        "asterix.length_invalid",
    ]
    lines = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [bytes.fromhex(line["sample"]) for line in lines] == wrong


async def test_a_burst_of_thousands_is_taken_in_bounded_parcels(radar_config, feed):
    (adapter,) = build([radar_config()])
    async with listening(adapter, feed):
        for _ in range(10):
            send(adapter, *[block(*[plot()] * 20) for _ in range(10)])
            await asyncio.sleep(0.01)
        await feed.wait_for(2000, timeout_s=20.0)
    assert feed.largest_put <= 500
    (health,) = adapter.health(now_us())
    assert health.counters["target_reports"] == 2000


async def test_a_full_inbox_drops_and_counts():
    inbox = Inbox(max_datagrams=3, max_octets=10)
    for size in (2, 2, 2, 2):
        inbox.datagram_received(bytes(size), None)
    assert (inbox.dropped, len(await inbox.take(10))) == (1, 3)
    inbox.datagram_received(bytes(11), None)
    assert inbox.dropped == 2
    inbox.datagram_received(bytes(10), None)
    assert inbox.dropped == 2
    assert [len(data) for data, _ in await inbox.take(10)] == [10]


async def test_drops_show_in_health_across_restarts(radar_config, feed, monkeypatch):
    monkeypatch.setattr(udp, "kernel_drops", lambda sock: 5)
    (adapter,) = build([radar_config()])
    for expected in (5, 10):
        async with listening(adapter, feed):
            await asyncio.sleep(0.05)
            (health,) = adapter.health(now_us())
            assert health.counters["dropped_datagrams"] == expected
    (health,) = adapter.health(now_us())
    assert health.counters["dropped_datagrams"] == 10


async def test_a_full_spool_is_counted_and_listening_goes_on(radar_config, feed):
    (adapter,) = build([radar_config()])
    put, refusals = feed.put, 1

    async def refuse_once(items):
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise SpoolFull
        await put(items)

    feed.put = refuse_once
    async with listening(adapter, feed):
        send(adapter, block(plot()))
        async with asyncio.timeout(5):
            while refusals:
                await asyncio.sleep(0.01)
        send(adapter, block(plot(track=77)))
        await feed.wait_for(1)
    (health,) = adapter.health(now_us())
    assert health.counters["refused_by_spool"] == 1
    assert [one.sensor_track for one in feed.detections] == ["77"]


async def test_health_tells_silence_status_and_a_clock_that_is_off(radar_config, feed):
    (adapter,) = build([radar_config(silent_s=2.0)])

    def code(ahead_us: int = 0) -> str:
        (health,) = adapter.health(now_us() + ahead_us)
        return health.code

    assert code() == "asterix.not_heard"
    async with listening(adapter, feed):
        for system, wanted in (
            ("00", "health.ok"),
            ("40", "asterix.degraded"),
            ("80", "asterix.nogo"),
            ("20", "asterix.overloaded"),
            ("10", "asterix.time_source_invalid"),
        ):
            send(adapter, block(f"d10104 0007 03 {tod_now()} {system}"), block(plot()))
            feed.items.clear()
            await feed.wait_for(1)
            assert code() == wanted
        assert code(ahead_us=3_000_000) == "asterix.silent"
        feed.items.clear()
        an_hour_ago = (now_us() - 3_600_000_000) % DAY_US * 128 // 1_000_000
        send(
            adapter,
            block(f"d10104 0007 03 {tod_now()} 00"),
            block(f"f0 0007 01 60 {an_hour_ago:06x}"),
        )
        await feed.wait_for(1)
        assert code() == "asterix.clock_off"


async def test_a_port_in_use_is_said_so(radar_config, feed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        (adapter,) = build([radar_config(listen=f"127.0.0.1:{holder.getsockname()[1]}")])
        with pytest.raises(PortUnavailable) as refused:
            await adapter.run(feed)
    assert refused.value.code == "adapter.port_unavailable"


def test_check_tells_in_plain_words_what_is_wrong(radar_config):
    assert check([radar_config()]) == []
    wrong = {
        "listen: use an address and a port": radar_config(listen="8600"),
        "category 9, 99 is not read": radar_config(editions={"99": "1.1", "9": "1.1"}),
        "48 with 34": radar_config(editions={"10": "1.1", "48": "1.32"}),
        "edition 0.9": radar_config(editions={"10": "0.9"}),
        "rho_sigma_m": radar_config(rho_sigma_m=-1.0),
        "unknown field `colour`": radar_config(colour="red"),
        "numbers from 0 to 63": radar_config(classes={"64": "person"}),
        "classes": radar_config(classes={"6": "dragon"}),
        "needs the IPv4 address of the interface": radar_config(listen="239.192.86.0:8600"),
        "203.0.113.9": radar_config(listen="203.0.113.9:8600"),
    }
    for words, config in wrong.items():
        (problem,) = check([config])
        assert words in problem
    with pytest.raises(ConfigError):
        build([radar_config(listen=None)])
    (problem,) = check([radar_config("a"), radar_config("b")])
    assert "sensor b" in problem and "already sensor a" in problem


def test_addresses_make_adapters(radar_config):
    made = build(
        [
            radar_config("a", listen="127.0.0.1:8600"),
            radar_config("b", listen="127.0.0.1:8601"),
            radar_config("c", listen="127.0.0.1:8600", sic=8),
        ]
    )
    assert [adapter.address for adapter in made] == [("127.0.0.1", 8600), ("127.0.0.1", 8601)]


def test_the_registry_finds_it():
    assert family("asterix").build is build
