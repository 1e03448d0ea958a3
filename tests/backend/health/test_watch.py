"""The hub's look at a real database: what it finds there, and what it says while that is away."""

import asyncio
import time

import pytest

from watchline.health.watch import HealthWatch


async def until(probe, seconds: float = 20.0):
    """The first true answer of `probe`."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.05)
    return answer


@pytest.fixture
def sector(hub) -> None:
    """A sector that is written and one edge that was heard, just now."""
    hub.execute("UPDATE sector SET owner_seen_at = now() + '1 h', owner_since = now()")
    hub.execute(
        """INSERT INTO edge (id, sector_id, public_key, last_seen_at)
           VALUES ('e', 'test', decode(repeat('00', 32), 'hex'), now() + '1 h')"""
    )


def codes(hub) -> list[str]:
    return [alarm.code for alarm in hub.app.state.health.alarms]


async def test_all_is_well_until_it_is_not(hub, admin, sector):
    await until(lambda: hub.app.state.health.facts and not codes(hub))
    assert (await admin.get("/api/health")).json() == []
    hub.execute("UPDATE sector SET owner_seen_at = now() - interval '9 s'")
    await until(lambda: codes(hub) == ["worker.stopped"])
    (told,) = (await admin.get("/api/health")).json()
    assert (told["code"], told["sector"], told["severity"]) == (
        "worker.stopped",
        "test",
        "critical",
    )
    picture = hub.app.state.live._followers["test"].picture
    await until(lambda: [alarm.code for alarm in picture.alarms] == ["worker.stopped"])
    hub.execute("UPDATE sector SET owner_seen_at = now() + '1 h'")
    await until(lambda: not codes(hub) and not picture.alarms)


async def test_an_idle_transaction_of_anybody_is_seen(hub, sector, database):
    begun = time.monotonic()
    with database.connect("owner", autocommit=False) as idle:
        idle.execute("SELECT 1")
        await until(lambda: codes(hub) == ["database.idle_transaction"])
        assert 9 < time.monotonic() - begun < 15
        (alarm,) = hub.app.state.health.alarms
        assert alarm.params["user"] == "watchline_owner" and alarm.sector is None
        assert alarm.params["pid"] == idle.info.backend_pid
    await until(lambda: not codes(hub))


async def test_a_database_that_is_away_is_the_one_alarm():
    from watchline.db.engine import async_engine

    told = []
    engine = async_engine("postgresql://watchline_app@/nowhere?host=/nonexistent")
    watch = HealthWatch(engine, told.append)
    task = asyncio.create_task(watch.run())
    await until(lambda: len(told) > 2)
    task.cancel()
    assert [(a.code, a.severity) for a in told[-1]] == [("database.away", "critical")]
    assert told[-1] == told[0] and told[0][0].since is not None
    assert watch.failed_reads >= 3
    await engine.dispose()
