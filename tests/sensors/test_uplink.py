"""The uplink against a hub that keeps the protocol and breaks everything else."""

import asyncio
import itertools
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sensors.fake_hub import FakeHub
from sensors.parts import decoded, edge_config, public_key, sighting, sightings, until
from watchline_sensors import hub_client, lanes, uplink
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Detection, Health, Item, Lane, SensorInfo
from watchline_sensors.edge import Edge, open_edge
from watchline_sensors.errors import ConfigError, SpoolFull
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool import Spool


class Still:
    """An adapter that sees nothing."""

    async def run(self, feed: object) -> None:
        await asyncio.Event().wait()

    def health(self, now_us: int) -> Sequence[Health]:
        return []


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    hub = await FakeHub().start()
    yield hub
    await hub.die()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (uplink.LIVE_WAIT_S, uplink.ARCHIVE_WAIT_S) == (1.0, 5.0)
    monkeypatch.setattr(uplink, "LIVE_WAIT_S", 0.4)
    monkeypatch.setattr(uplink, "ARCHIVE_WAIT_S", 0.4)


@asynccontextmanager
async def _running(hub: FakeHub, folder: Path, **more: Any) -> AsyncIterator[Edge]:
    config = edge_config(folder, hub.url, **more)
    hub.public_key = public_key(config)
    async with open_edge(config, [Still()]) as edge:
        yield edge


async def _put(edge: Edge, count: int) -> list[Detection]:
    items = sightings(count)
    await edge.spool.put(items)
    return items


async def _settled(edge: Edge, hub: FakeHub, timeout_s: float = 8.0) -> None:
    await until(lambda: edge.spool.stats.rows == 0, timeout_s)
    _nothing_lost_or_doubled(edge, hub)


def _nothing_lost_or_doubled(edge: Edge, hub: FakeHub) -> None:
    boot = edge.spool.boot
    assert hub.stored_twice == 0
    assert hub.bad_signatures == 0
    assert hub.settled[boot].covers(1, edge.spool.decided_seq + 1)
    stored = RangeSet.of(sorted(hub.bodies(boot)))
    assert stored.holes(1, edge.spool.decided_seq + 1) == hub.lost[boot].ranges()


async def test_items_arrive_signed_in_order_and_as_they_were_put(
    hub: FakeHub, tmp_path: Path
) -> None:
    async with _running(hub, tmp_path) as edge:
        put: list[Item] = []
        for _ in range(20):
            put += await _put(edge, 7)
        await _settled(edge, hub)
        bodies = hub.bodies(edge.spool.boot)
        items = [decoded(bodies[seq]) for seq in sorted(bodies)]
        assert isinstance(items[0], SensorInfo), "the description comes first"
        assert items[1:] == put
        assert all(envelope.edge == "edge-1" for envelope in hub.envelopes)
        stats = edge.uplink.stats
        assert (stats.settled, stats.failures, stats.resends) == (141, 0, 0)
        assert stats.connected and stats.last_error is None


async def test_a_watermark_comes_at_least_each_100_ms(hub: FakeHub, tmp_path: Path) -> None:
    async with _running(hub, tmp_path) as edge:
        await until(lambda: edge.uplink.stats.connected)
        hub.arrivals.clear()
        hub.envelopes.clear()
        await asyncio.sleep(1.2)
        live = [at for at, lane in hub.arrivals if lane is Lane.LIVE]
        assert len(live) >= 8
        assert max(b - a for a, b in itertools.pairwise(live)) < 0.3
        marks = [envelope.watermark_us for envelope in hub.envelopes]
        assert marks == sorted(marks)
        assert 0 < now_us() - marks[-1] < 500_000


async def test_no_live_sighting_is_older_than_an_earlier_promise(
    hub: FakeHub, tmp_path: Path
) -> None:
    async with _running(hub, tmp_path) as edge:
        wild = random.Random(1)
        for _ in range(80):
            await edge.spool.put([sighting(now_us() - wild.randrange(400_000))])
            await asyncio.sleep(0.005)
        await _settled(edge, hub)
        promised = 0
        for envelope in hub.envelopes:
            if envelope.lane is Lane.LIVE:
                items = [decoded(bytes(raw)) for raw in envelope.items]
                ats = [item.at_us for item in items if isinstance(item, Detection)]
                assert all(at > promised for at in ats)
                promised = max(promised, envelope.watermark_us)


async def test_rows_are_freed_when_settled_and_not_when_accepted(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.settle_after_s = None
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 10)
        await until(lambda: len(hub.accepted) == 11)
        await asyncio.sleep(0.4)
        assert edge.spool.stats.rows == 11
        hub.settle_after_s = 0.3
        await _settled(edge, hub)


async def test_lost_replies_neither_lose_nor_double(hub: FakeHub, tmp_path: Path) -> None:
    async with _running(hub, tmp_path) as edge:
        for _ in range(3):
            hub.drop_replies = 2
            await _put(edge, 20)
            await until(lambda: hub.drop_replies == 0)
        await _settled(edge, hub)
        assert hub.duplicates > 0, "the test has dropped nothing"


async def test_a_new_writer_is_sent_what_the_old_one_had_not_settled(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.settle_after_s = None
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 30)
        await until(lambda: len(hub.accepted) == 31)
        hub.forget()
        hub.settle_after_s = 0.05
        await _settled(edge, hub, 3.0)
        assert edge.uplink.stats.resends == 1


async def test_what_stays_unsettled_is_sent_again(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lanes.RESEND_US == 5_000_000
    monkeypatch.setattr(lanes, "RESEND_US", 600_000)
    hub.settle_after_s = None
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 30)
        await until(lambda: len(hub.accepted) == 31)
        hub.accepted.clear()  # lost, though the writer is the same
        hub.settle_after_s = 0.05
        await _settled(edge, hub, 3.0)
        assert edge.uplink.stats.resends >= 1


async def test_a_misdirected_edge_goes_to_the_owner_and_back(hub: FakeHub, tmp_path: Path) -> None:
    owner = await FakeHub().start()
    hub.misdirect_to = owner.url
    async with _running(hub, tmp_path) as edge:
        owner.public_key = hub.public_key
        await _put(edge, 5)
        await _settled(edge, owner)
        assert hub.posts <= 2 and not hub.envelopes, "the owner is remembered"
        await owner.die()
        heir = await FakeHub(
            public_key=hub.public_key, epoch=9, settled=owner.settled, stored=owner.stored
        ).start()
        heir.lost = owner.lost
        hub.misdirect_to = heir.url
        await _put(edge, 5)
        await _settled(edge, heir, 6.0)
        await heir.die()


async def test_owners_in_a_circle_are_waited_out(hub: FakeHub, tmp_path: Path) -> None:
    hub.misdirect_to = hub.url
    async with _running(hub, tmp_path) as edge:
        await until(lambda: edge.uplink.stats.last_error == "uplink.misdirected")
        await asyncio.sleep(1.0)
        assert hub.posts < 12, "it does not spin"
        hub.misdirect_to = None
        await _settled(edge, hub)


@pytest.mark.parametrize("status", [429, 503])
async def test_back_pressure_is_respected(hub: FakeHub, tmp_path: Path, status: int) -> None:
    hub.answer_with = (status, {"Retry-After": "1"}, b"")
    async with _running(hub, tmp_path) as edge:
        await until(lambda: hub.posts == 1)
        await _put(edge, 5)
        await asyncio.sleep(0.8)
        assert hub.posts == 1
        hub.answer_with = None
        await _settled(edge, hub)
        assert edge.uplink.stats.failures == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((401, {}, b'{"code": "uplink.edge_unknown"}'), "uplink.edge_unknown"),
        ((422, {}, b"<html>"), "uplink.http_422"),
        ((500, {}, b""), "uplink.http_500"),
        ((200, {}, b"junk"), "receipt.malformed"),
        ((200, {}, b"\x00" * 2_000_000), "uplink.answer_too_large"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "uplink.http_302"),
    ],
)
async def test_a_refusal_keeps_every_row(
    hub: FakeHub, tmp_path: Path, answer: Any, code: str
) -> None:
    hub.answer_with = answer
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 5)
        await until(lambda: edge.uplink.stats.last_error == code)
        assert edge.spool.stats.rows == 6 and not edge.uplink.stats.connected
        hub.answer_with = None
        await _settled(edge, hub)


async def test_a_wrong_key_settles_nothing(hub: FakeHub, tmp_path: Path) -> None:
    async with _running(hub, tmp_path) as edge:
        right, hub.public_key = hub.public_key, bytes(32)
        await _put(edge, 5)
        await until(lambda: edge.uplink.stats.last_error == "uplink.signature_wrong")
        assert edge.spool.stats.rows == 6 and hub.stored == {}
        hub.public_key, hub.bad_signatures = right, 0
        await _settled(edge, hub)


async def test_a_half_open_connection_is_noticed(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = hub_client._TIMEOUT
    assert (limits.connect or 99) + (limits.read or 99) + hub_client._POST_LIMIT_S < 20
    assert hub_client._POST_LIMIT_S <= 10
    monkeypatch.setattr(hub_client, "_TIMEOUT", httpx2.Timeout(0.5))
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 5)
        await _settled(edge, hub)
        hub.hang = True
        await _put(edge, 5)
        await until(lambda: edge.uplink.stats.last_error == "uplink.timeout", 3.0)
        hub.hang = False
        await _settled(edge, hub)


async def test_a_hub_that_dies_and_comes_back(hub: FakeHub, tmp_path: Path) -> None:
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 20)
        for _ in range(3):
            await hub.die()
            await _put(edge, 20)
            await until(
                lambda: edge.uplink.stats.last_error in ("uplink.unreachable", "uplink.timeout")
            )
            hub.forget()
            await hub.start(hub.port)
            await until(lambda: edge.uplink.stats.connected)
        await _settled(edge, hub)


async def test_after_an_outage_live_jumps_and_the_archive_takes_the_rest(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "WINDOW_US", 500_000)
    hub.answer_with = (500, {}, b"")
    async with _running(hub, tmp_path) as edge:
        for _ in range(30):
            await _put(edge, 10)
            await asyncio.sleep(0.05)
        hub.answer_with = None
        while not edge.uplink.stats.connected:
            await _put(edge, 10)
            await asyncio.sleep(0.02)
        await _settled(edge, hub)
        lanes_of = {seq: envelope.lane for envelope in hub.envelopes for seq in envelope.seqs}
        assert lanes_of[1] is Lane.LIVE, "the description is needed at once"
        archived = [seq for seq, lane in lanes_of.items() if lane is Lane.ARCHIVE]
        live = [seq for seq, lane in lanes_of.items() if lane is Lane.LIVE and seq > 1]
        assert len(archived) > 50 and len(live) > 50
        assert max(archived) < min(live)
        sent = [s for e in hub.envelopes if e.lane is Lane.ARCHIVE for s in e.seqs]
        assert sent == sorted(sent), "nothing goes in descending order"


async def test_rows_with_old_stamps_go_by_the_archive(hub: FakeHub, tmp_path: Path) -> None:
    async with _running(hub, tmp_path) as edge:
        for start in range(0, 6000, 500):
            await edge.spool.put([sighting(1_500_000_000_000_000 + start + i) for i in range(500)])
            await edge.spool.put([sighting(now_us())])
        await _settled(edge, hub)
        sent = {e.lane: RangeSet() for e in hub.envelopes}
        for envelope in hub.envelopes:
            sent[envelope.lane].update(RangeSet.of(envelope.seqs))
            assert envelope.watermark_us == 0 or now_us() - envelope.watermark_us < 60_000_000
        assert len(sent[Lane.LIVE]) == 13 and len(sent[Lane.ARCHIVE]) == 6000
        assert hub.duplicates <= 30, "only the description rides along more than once"


async def test_rejected_items_are_kept_aside_and_never_sent_again(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.reject = {b"evil": "detection.extras_too_large"}
    async with _running(hub, tmp_path) as edge:
        await edge.spool.put([sighting(now_us()), sighting(now_us(), sensor_track="evil")])
        await until(lambda: edge.spool.stats.rows == 0)
        assert await edge.spool.dead_letters() == [
            (edge.spool.boot, 3, "detection.extras_too_large")
        ]
        assert (edge.uplink.stats.rejected, edge.spool.stats.rejected) == (1, 1)
        assert len(hub.stored) == 2
        assert sum(3 in envelope.seqs for envelope in hub.envelopes) == 1


async def test_what_a_full_spool_refused_is_told_and_settled(hub: FakeHub, tmp_path: Path) -> None:
    hub.answer_with = (500, {}, b"")
    async with _running(hub, tmp_path, spool_max_mb=1) as edge:
        refused = 0
        for _ in range(200):
            try:
                await _put(edge, 50)
            except SpoolFull:
                refused += 50
        assert refused > 0
        hub.answer_with = None
        await _settled(edge, hub)
        boot = edge.spool.boot
        await until(lambda: not edge.spool.lost(boot))
        assert len(hub.lost[boot]) == refused == edge.spool.stats.refused
        assert hub.highest[boot] == 10_001
        await _put(edge, 5)
        await _settled(edge, hub)


async def test_a_batch_too_large_for_the_way_is_halved(hub: FakeHub, tmp_path: Path) -> None:
    hub.answer_with = (413, {}, b"")
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 900)
        await until(lambda: edge.uplink.stats.failures >= 2)
        hub.answer_with = None
        await _settled(edge, hub)
        assert max(len(envelope.seqs) for envelope in hub.envelopes) <= 251


# ── earlier boots ────────────────────────────────────────────────────────────────────────────


async def _leave_behind(config: Config, count: int) -> int:
    """A boot whose process ended before anything was sent."""
    spool = Spool(config.edge.spool_path, max_bytes=50_000_000)
    await spool.open()
    await spool.put([config.sensors[0].info(now_us())])
    for start in range(0, count, 2000):
        await spool.put(sightings(min(2000, count - start)))
    await spool.close()
    return spool.boot


async def test_earlier_boots_are_sent_oldest_first_and_forgotten(
    hub: FakeHub, tmp_path: Path
) -> None:
    config = edge_config(tmp_path, hub.url)
    boots = [await _leave_behind(config, count) for count in (2500, 0, 1200)]
    async with _running(hub, tmp_path) as edge:
        await _put(edge, 10)
        await _settled(edge, hub)
        for boot, count in zip(boots, (2501, 1, 1201), strict=True):
            assert sorted(hub.bodies(boot)) == list(range(1, count + 1))
            assert hub.highest[boot] == count
        await _until_forgotten(edge)
        order = [e.boot for e in hub.envelopes if e.lane is Lane.ARCHIVE]
        assert order == sorted(order, key=boots.index)
        assert hub.stored_twice == 0 and hub.duplicates < 20


async def _until_forgotten(edge: Edge) -> None:
    for _ in range(500):
        if not await edge.spool.old_boots():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("an old boot is not forgotten")


async def test_a_restored_spool_ends_as_duplicates_and_is_freed(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.settle_after_s = None
    folder, copy = tmp_path / "a", tmp_path / "b"
    async with _running(hub, folder) as edge:
        boot = edge.spool.boot
        await _put(edge, 700)
        await until(lambda: len(hub.accepted) == 701)
        copy.mkdir()
        (copy / "state").mkdir()
        for name in ("spool.db", "spool.db-wal", "edge.key"):
            shutil.copy2(folder / "state" / name, copy / "state" / name)
        hub.settle_after_s = 0.0
        await _put(edge, 300)
        await _settled(edge, hub)
    stored = dict(hub.stored)
    async with _running(hub, copy) as edge:
        assert edge.spool.stats.rows >= 701
        await until(lambda: edge.spool.stats.rows == 0)
        await _until_forgotten(edge)
    assert {key: body for key, body in hub.stored.items() if key[0] == boot} == stored
    assert hub.stored_twice == 0
    assert hub.duplicates > 50, "one envelope of them, whose receipt frees the rest"


async def test_a_hole_in_an_earlier_boot_is_declared_lost(hub: FakeHub, tmp_path: Path) -> None:
    config = edge_config(tmp_path, hub.url)
    boot = await _leave_behind(config, 50)
    spool = Spool(config.edge.spool_path, max_bytes=50_000_000)
    await spool.open()
    await spool.free(boot, [(20, 31)])  # gone, and nobody has it
    await spool.close()
    async with _running(hub, tmp_path) as edge:
        await until(lambda: edge.spool.stats.rows == 0)
        await _until_forgotten(edge)
    assert hub.lost[boot] == RangeSet([(20, 31)])
    assert hub.settled[boot] == RangeSet([(1, 52)])


async def test_an_archive_description_is_never_parted_from_what_follows(
    hub: FakeHub, tmp_path: Path
) -> None:
    """A writer that forgets a description must not be shown its sightings alone."""
    config = edge_config(tmp_path, hub.url)
    boot = await _leave_behind(config, 3000)
    hub.settle_after_s = None
    async with _running(hub, tmp_path) as edge:
        await until(lambda: (boot, 1) in hub.accepted)
        await asyncio.sleep(0.5)
        assert max(seq for of, seq in hub.accepted if of == boot) <= 1000
        hub.forget()
        hub.settle_after_s = 0.0
        await until(lambda: edge.spool.stats.rows == 0)
    assert len(hub.bodies(boot)) == 3001


# ── all at once ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [1, 2])
async def test_in_any_weather_every_row_is_stored_once(
    hub: FakeHub, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "RESEND_US", 400_000)
    monkeypatch.setattr(lanes, "WINDOW_US", 700_000)
    monkeypatch.setattr(hub_client, "_TIMEOUT", httpx2.Timeout(0.4))
    wild = random.Random(seed)
    hub.settle_after_s = 0.05
    boots: dict[int, list[Item]] = {}
    for _ in range(2):  # the edge is restarted once on the way
        async with _running(hub, tmp_path) as edge:
            put = boots.setdefault(edge.spool.boot, [])
            for _ in range(12):
                match wild.randrange(8):
                    case 0:
                        hub.drop_replies = wild.randrange(4)
                    case 1:
                        hub.forget()
                    case 2:
                        await hub.die()
                        await asyncio.sleep(wild.random() * 0.2)
                        hub.forget()
                        await hub.start(hub.port)
                    case 3:
                        hub.answer_with = (503, {"Retry-After": "0"}, b"")
                    case 4:
                        hub.settle_after_s = wild.choice([None, 0.0, 0.2])
                    case 5:
                        hub.hang = True
                    case _:
                        hub.answer_with, hub.hang = None, False
                for _ in range(wild.randrange(1, 4)):
                    items = [
                        sighting(
                            now_us() - wild.choice([0, 10_000, 5_000_000]), score=wild.random()
                        )
                        for _ in range(wild.randrange(1, 60))
                    ]
                    await edge.spool.put(items)
                    put += items
                await asyncio.sleep(wild.random() * 0.1)
    hub.answer_with, hub.hang, hub.drop_replies, hub.settle_after_s = None, False, 0, 0.0
    async with _running(hub, tmp_path) as edge:
        await until(lambda: edge.spool.stats.rows == 0, 15.0)
        await _until_forgotten(edge)
        await _put(edge, 1)  # one fresh event passes
        await _settled(edge, hub)
    assert hub.stored_twice == 0 and hub.bad_signatures == 0
    for boot, put in boots.items():
        bodies = hub.bodies(boot)
        items = [decoded(bodies[seq]) for seq in sorted(bodies)]
        assert [item for item in items if isinstance(item, Detection)] == put
        assert hub.lost.get(boot, RangeSet()) == RangeSet()


def test_an_unusable_ca_file_is_told_at_once(tmp_path: Path) -> None:
    config = edge_config(tmp_path, "https://127.0.0.1:1", ca_file=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="ca_file"):
        Edge(config, [])
