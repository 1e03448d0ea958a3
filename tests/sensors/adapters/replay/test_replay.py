"""Recordings through the code that hears radars: all of it, in time, once."""

import asyncio
from datetime import date

import pytest

from watchline_sensors.adapters.replay import adapter as replay_module
from watchline_sensors.adapters.replay.adapter import (
    RecordingEmpty,
    RecordingUnreadable,
    build_replay,
)
from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.contract import HealthState
from watchline_sensors.errors import ConfigError, SpoolFull

SECOND_US = 1_000_000
DAY = date(2026, 1, 14)


@pytest.fixture
def walkers(radar_config):
    return radar_config("walkers", sic=21, lon_deg=23.6, lat_deg=52.1)


def books(replay) -> dict[str, int]:
    (health,) = replay.health(now_us())
    return health.counters


async def test_the_airport_is_accounted_for_to_the_last_record(airport_path, radar_config, feed):
    replay = build_replay(airport_path, [radar_config()], None, True)
    before_us = now_us()
    await replay.run(feed)
    assert replay.finished
    counted = books(replay)
    assert (counted["datablocks_in"], counted["decoded"], counted["bad"]) == (52_659, 52_659, 0)
    assert counted["records"] == 52_659
    assert (counted["target_reports"], counted["start_of_cycle"]) == (38_309, 7_175)
    assert counted["status"] == 7_175
    assert len(feed.detections) == 38_309
    assert feed.largest_put <= 500
    # Its last record is now, its two hours keep their length.
    latest_us = max(one.at_us for one in feed.detections)
    assert -SECOND_US < latest_us - before_us < 60 * SECOND_US
    assert latest_us - feed.detections[0].at_us == pytest.approx(7260 * SECOND_US, abs=3e6)


async def test_original_time_runs_over_midnight(walkers_path, walkers, feed):
    replay = build_replay(walkers_path, [walkers], day=DAY)
    await replay.run(feed)
    stamps = [one.at_us for one in feed.detections]
    midnight_us = 1_768_435_200 * SECOND_US  # 2026-01-15T00:00:00Z
    assert min(stamps) == midnight_us - 6 * SECOND_US + SECOND_US // 4
    assert max(stamps) == midnight_us + 5 * SECOND_US + 5 * SECOND_US // 8


async def test_without_a_day_all_of_it_is_past(walkers_path, walkers, feed):
    replay = build_replay(walkers_path, [walkers])
    await replay.run(feed)
    assert now_us() - 2 * 86_400 * SECOND_US < max(one.at_us for one in feed.detections) < now_us()


@pytest.mark.parametrize("retime", [False, True])
async def test_speed_paces_and_retime_stamps_the_moment_of_playing(
    walkers_path, walkers, feed, retime
):
    emitted: list[tuple[int, int]] = []
    put = feed.put

    async def timed(items):
        emitted.extend((now_us(), item.at_us) for item in items)
        await put(items)

    feed.put = timed
    replay = build_replay(walkers_path, [walkers], 20.0, retime, DAY)
    started_us = steady_us()
    await replay.run(feed)
    took_us = steady_us() - started_us
    # 11.9 s at twenty times the pace, on a busy machine.
    assert 0.55 * SECOND_US < took_us < 10 * SECOND_US
    assert len(feed.detections) == 36
    first, last = feed.detections[0], feed.detections[-1]
    span_us = last.at_us - first.at_us
    if retime:
        assert span_us == pytest.approx(11.375 / 20 * SECOND_US, abs=10)
        assert all(-5_000 <= wall - at < 5_000_000 for wall, at in emitted)
        # What moves twenty times as fast is said to.
        assert first.velocity.east_mps == pytest.approx(20 * 1.3358, abs=0.01)
    else:
        assert span_us == 11_375_000
        assert first.velocity.east_mps == pytest.approx(1.3358, abs=0.001)


async def test_a_full_spool_makes_the_file_wait_and_loses_nothing(
    walkers_path, walkers, feed, monkeypatch
):
    monkeypatch.setattr(replay_module, "_SPOOL_WAIT_S", 0.01)
    put, refusals = feed.put, 3

    async def refuse(items):
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise SpoolFull
        await put(items)

    feed.put = refuse
    replay = build_replay(walkers_path, [walkers], day=DAY)
    await replay.run(feed)
    assert len(feed.detections) == 36
    assert books(replay)["waits_for_spool"] == 3


@pytest.mark.parametrize("speed", [None, 100.0])
async def test_run_again_after_a_fault_it_goes_on_where_it_stopped(
    walkers_path, walkers, feed, monkeypatch, speed
):
    monkeypatch.setattr(replay_module, "_BATCH", 4)
    put, calls = feed.put, 0

    async def fail_at_times(items):
        nonlocal calls
        calls += 1
        if calls in (3, 7):
            raise OSError("the disk went away")
        await put(items)

    feed.put = fail_at_times
    replay = build_replay(walkers_path, [walkers], speed, False, DAY)
    for _ in range(2):
        with pytest.raises(OSError, match="went away"):
            await replay.run(feed)
    await replay.run(feed)
    seen = [(one.at_us, one.sensor_track) for one in feed.detections]
    assert len(seen) == len(set(seen)) == 36


async def test_a_slow_feed_holds_the_file_back(airport_path, radar_config, feed):
    """Memory is bounded by what one put takes, not by the file."""
    release = asyncio.Event()
    put = feed.put

    async def slow(items):
        await release.wait()
        await put(items)

    feed.put = slow
    replay = build_replay(airport_path, [radar_config()])
    task = asyncio.create_task(replay.run(feed))
    async with asyncio.timeout(120):  # it is read once to be measured, by a busy machine
        while books(replay)["target_reports"] < 500:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    assert books(replay)["target_reports"] < 600
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_damage_is_counted_sampled_and_survived(walkers_path, walkers, feed, tmp_path):
    octets = bytearray(walkers_path.read_bytes())
    octets[11] = 0xFF  # inside the second datablock's length
    damaged = tmp_path / "damaged.ast"
    damaged.write_bytes(bytes(octets) + b"torn")
    replay = build_replay(damaged, [walkers], day=DAY)
    await replay.run(feed)
    counted = books(replay)
    assert counted["datablocks_in"] == counted["decoded"] + counted["bad"]
    assert (counted["bad"], len(feed.detections)) == (2, 35)
    assert {sample.code for sample in replay.bad_samples()} == {"asterix.framing_lost"}
    (health,) = replay.health(now_us())
    assert (health.state, health.code) == (HealthState.DEGRADED, "asterix.bad_input")


async def test_a_recording_of_another_radar_is_said_to_be_empty_and_why(
    walkers_path, radar_config, feed
):
    replay = build_replay(walkers_path, [radar_config(sic=99)])
    with pytest.raises(RecordingEmpty) as refused:
        await replay.run(feed)
    assert refused.value.code == "replay.empty"
    assert books(replay)["bad.source_unknown"] == 50


async def test_a_file_that_is_not_there_is_said_so(radar_config, feed, tmp_path):
    with pytest.raises(RecordingUnreadable, match="No such file"):
        await build_replay(tmp_path / "absent.ast", [radar_config()]).run(feed)


@pytest.mark.parametrize("speed", [0.0, 0.5, 1001.0, -1.0, float("nan")])
def test_speeds_outside_one_to_a_thousand_are_refused(walkers_path, walkers, speed):
    with pytest.raises(ConfigError, match="from 1 to 1000"):
        build_replay(walkers_path, [walkers], speed)


def test_a_radar_is_needed_but_no_address(walkers_path, radar_config):
    with pytest.raises(ConfigError, match="asterix"):
        build_replay(walkers_path, [])
    build_replay(walkers_path, [radar_config(listen=None)])
