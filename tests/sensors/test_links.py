"""Bad links between a whole edge and its hub: slow, silent, turned away."""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from fault_proxy import FaultProxy
from sensors.fake_hub import FakeHub
from sensors.parts import decoded, edge_config, public_key, sightings, until
from sensors.recorded import recorded
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Detection, Lane
from watchline_sensors.edge import Edge, open_edge
from watchline_sensors.spool import Spool

SHAPES = recorded()


class Timed(FakeHub):
    """A FakeHub that notes how old each live sighting is when it comes (s)."""

    def _take(self, envelope):
        if envelope.lane is Lane.LIVE:
            now = now_us()
            items = [decoded(bytes(raw)) for raw in envelope.items]
            self.ages += [(now - i.at_us) / 1e6 for i in items if isinstance(i, Detection)]
        return super()._take(envelope)


@pytest.fixture
async def hub() -> AsyncIterator[Timed]:
    hub = Timed()
    hub.ages = []
    await hub.start()
    yield hub
    await hub.die()


@pytest.fixture
async def link(hub: Timed) -> AsyncIterator[FaultProxy]:
    link = await FaultProxy(hub.port).start()
    yield link
    await link.stop()


async def _backlog(config: Config, rows: int) -> None:
    """What an earlier process could not send."""
    spool = Spool(config.edge.spool_path, max_bytes=50_000_000)
    await spool.open()
    await spool.put([config.sensors[0].info(now_us())])
    items = itertools.islice(itertools.cycle(SHAPES), rows)
    await spool.put([msgspec.structs.replace(item, at_us=now_us()) for item in items])
    await spool.close()


@asynccontextmanager
async def _edge(hub: Timed, link: FaultProxy, folder: Path, rows: int) -> AsyncIterator[Edge]:
    """An edge behind the link, with this backlog, that sees ten sightings a second."""
    config = edge_config(folder, link.url)
    hub.public_key = public_key(config)
    await _backlog(config, rows)

    async def see(edge: Edge) -> None:
        for item in itertools.cycle(SHAPES):
            await edge.spool.put([msgspec.structs.replace(item, at_us=now_us())])
            await asyncio.sleep(0.1)

    async with open_edge(config, []) as edge:
        seeing = asyncio.create_task(see(edge))
        try:
            yield edge
        finally:
            seeing.cancel()
            await asyncio.wait([seeing])


def _archived(hub: Timed) -> int:
    return sum(len(e.seqs) for e in hub.envelopes if e.lane is Lane.ARCHIVE)


async def test_on_256_kbit_live_stays_live_while_the_backlog_drains(
    hub: Timed, link: FaultProxy, tmp_path: Path
) -> None:
    link.bits_per_s, link.buffer_s = 256_000, 6.0  # a modem that takes in far too much
    link.refuse = True
    async with _edge(hub, link, tmp_path, 20_000) as edge:
        await asyncio.sleep(3.0)
        link.refuse = False
        up_at, failures = time.monotonic(), edge.uplink.stats.failures
        await until(lambda: hub.ages, 10.0)
        first_s = time.monotonic() - up_at
        hub.ages.clear()
        await asyncio.sleep(10.0)
        p95_s = statistics.quantiles(hub.ages, n=20)[-1]
        print(f"first {first_s:.2f} s, p95 {p95_s:.2f} s, archived {_archived(hub)}")
        assert first_s <= 4.0
        assert len(hub.ages) > 40
        assert p95_s <= 3.5, "5 s are promised; envelopes of any size would need more than 4"
        assert _archived(hub) > 200, "the backlog drains meanwhile"
        assert edge.uplink.stats.failures - failures <= 2


async def test_a_silent_link_is_noticed_and_both_lanes_come_back(
    hub: Timed, link: FaultProxy, tmp_path: Path
) -> None:
    link.bits_per_s = 1_000_000
    async with _edge(hub, link, tmp_path, 6_000) as edge:
        await until(lambda: _archived(hub) > 500 and hub.ages)
        link.silent = True
        silent_at = time.monotonic()
        await until(lambda: edge.uplink.stats.last_error == "uplink.timeout", 15.0)
        noticed_s = time.monotonic() - silent_at
        await asyncio.sleep(3.0)  # by now both lanes have had to open connections in the silence
        link.silent = False
        archived, seen, back_at = _archived(hub), len(hub.ages), time.monotonic()
        await until(lambda: len(hub.ages) > seen, 15.0)
        await until(lambda: _archived(hub) > archived, 15.0)
        print(f"noticed after {noticed_s:.1f} s, back after {time.monotonic() - back_at:.1f} s")
        assert noticed_s <= 15.0
        link.bits_per_s = None
        await until(lambda: edge.spool.stats.rows < 20, 30.0)
        assert hub.stored_twice == 0


async def test_a_busy_hub_is_left_alone_by_the_lane_that_it_asks(
    hub: Timed, link: FaultProxy, tmp_path: Path
) -> None:
    hub.busy = {Lane.ARCHIVE}
    async with _edge(hub, link, tmp_path, 3000) as edge:
        await until(lambda: hub.turned_away)
        seen = len(hub.ages)
        await asyncio.sleep(2.5)
        assert 2 <= len(hub.turned_away) <= 4, "once a second, as it was asked"
        assert len(hub.ages) > seen + 5, "the live lane goes on"
        hub.busy, hub.turned_away = {Lane.LIVE, Lane.ARCHIVE}, []
        await asyncio.sleep(2.5)
        for lane in Lane:
            gaps = itertools.pairwise(at for at, of in hub.turned_away if of is lane)
            assert all(b - a >= 0.95 for a, b in gaps), lane
        hub.busy = set()
        await until(lambda: edge.spool.stats.rows < 20, 15.0)
        assert hub.stored_twice == 0 and hub.bad_signatures == 0


async def test_a_receipt_that_settles_what_was_never_sent_frees_nothing(
    hub: Timed, tmp_path: Path
) -> None:
    config = edge_config(tmp_path, hub.url)
    hub.public_key = public_key(config)
    hub.claim = [(1, 2**61)]
    async with open_edge(config, []) as edge:
        await edge.spool.put(sightings(10))
        await until(lambda: edge.uplink.stats.last_error == "receipt.settles_unsent")
        await edge.spool.put(sightings(10))
        await asyncio.sleep(0.5)
        assert edge.spool.stats.rows == 20, "the hub has some, but who knows which"
        hub.claim = []
        await until(lambda: edge.spool.stats.rows == 0)
        assert len(hub.bodies(edge.spool.boot)) == 20 and hub.stored_twice == 0
