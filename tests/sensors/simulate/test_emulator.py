import asyncio
import socket
import time
from pathlib import Path

import pytest
from aviconv_asterix import iter_records

from watchline_sensors.adapters.asterix.decode import Datablock, decode_datagram
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reports import TargetReport
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.emulator import SLICE_S, Emulator, Pace, slices
from watchline_sensors.simulate.radar import Radar
from watchline_sensors.simulate.scenario import load_scenario
from watchline_sensors.simulate.world import World

START_US = 1_795_000_000_000_000


def _radar(scenarios: Path, area: Area, name: str = "night.toml", index: int = 0) -> Radar:
    scenario = load_scenario(scenarios / name)
    site, spec = scenario.radars[index]
    return Radar(scenario, site, spec, area, World(scenario, area))


def _records(datagrams: list[bytes]):  # type: ignore[no-untyped-def]
    return [record for datagram in datagrams for record in iter_records(datagram)]


def test_every_plot_of_a_turn_leaves_within_20_ms_of_its_sighting(
    scenarios: Path, area: Area
) -> None:
    radar = _radar(scenarios, area)
    for number in range(20):
        turn = radar.turn(number)
        parts = slices(turn, radar, START_US)
        plots = 0
        for part in parts:
            for record in _records(part.datagrams):
                if record.message_type != "target_report" or record.rho_m is None:
                    continue
                seen_s = record.time_of_day_s - (START_US // 1_000_000) % 86_400
                assert -1e-6 <= part.due_s - seen_s <= SLICE_S + 1 / 128 + 1e-6
                plots += 1
        assert plots == len(turn.plots)
        assert [p.due_s for p in parts] == sorted(p.due_s for p in parts)


def test_a_turn_opens_with_a_cycle_message_and_status_comes_every_other_second(
    scenarios: Path, area: Area
) -> None:
    radar = _radar(scenarios, area)
    kinds = []
    for number in range(4):
        first = slices(radar.turn(number), radar, START_US)[0]
        kinds.append([record.message_type for record in _records(first.datagrams)][:2])
    opening, status = "start_of_update_cycle", "periodic_status"
    assert [kind[0] for kind in kinds] == [opening] * 4
    assert [status in kind for kind in kinds] == [True, False, True, False]


def test_a_track_given_up_is_reported_without_a_position(scenarios: Path, area: Area) -> None:
    radar = _radar(scenarios, area, "crossing.toml", 1)
    ended = []
    for number in range(70):  # the scenario ends at 60 s: everything vanishes
        for part in slices(radar.turn(number), radar, START_US):
            for record in _records(part.datagrams):
                if record.raw_items.get("I010/170") == "40":
                    ended.append((number, record.track_number, record.rho_m))
    assert [number for number, _, _ in ended] == [64, 64, 64]
    assert {track for _, track, _ in ended} == {1, 2, 3}
    assert {rho for _, _, rho in ended} == {None}


def test_our_adapters_decoder_takes_every_datagram(scenarios: Path, area: Area) -> None:
    radar = _radar(scenarios, area)
    source = (radar.spec.sac, radar.spec.sic)
    plots = speeds = 0
    classes: set[int | None] = set()
    for number in range(30):
        turn = radar.turn(number)
        plots += len(turn.plots)
        for part in slices(turn, radar, START_US):
            for datagram in part.datagrams:
                (block,) = decode_datagram(datagram, {(10, *source): edition(10, "1.1")})
                assert isinstance(block, Datablock), block
                for report in block.reports:
                    if isinstance(report, TargetReport) and report.rho_m is not None:
                        plots -= 1
                        classes.add(report.spare_bits)
                        speeds += report.speed_mps is not None
    assert plots == 0
    assert speeds > 50
    assert classes == {None, 1, 2, 3, 4}


async def _heard(radar: Radar, pace: Pace, start_us: int, end_s: float) -> tuple[Emulator, bytes]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        port = ear.getsockname()[1]
        emulator = Emulator(radar, host="127.0.0.1", port=port, start_us=start_us)
        await emulator.run(pace, end_s)
        got = []
        while True:
            try:
                got.append(ear.recv(65_536))
            except BlockingIOError:
                return emulator, b"".join(got)


async def test_two_runs_with_one_start_send_the_same_bytes(scenarios: Path, area: Area) -> None:
    start_us = time.time_ns() // 1000
    runs = []
    for _ in range(2):
        pace = Pace(start_us, 50.0)
        runs.append(await _heard(_radar(scenarios, area), pace, start_us, 6.0))
    assert runs[0][1] == runs[1][1] != b""
    assert runs[0][0].refused == 0


async def test_time_runs_at_its_speed(scenarios: Path, area: Area) -> None:
    start_us = time.time_ns() // 1000
    before = time.monotonic()
    await _heard(_radar(scenarios, area), Pace(start_us, 10.0), start_us, 4.0)
    assert 0.38 <= time.monotonic() - before < 1.5


async def test_a_late_start_sends_nothing_old_and_the_same_from_then_on(
    scenarios: Path, area: Area
) -> None:
    start_us = time.time_ns() // 1000 - 30_000_000
    emulator, late = await _heard(_radar(scenarios, area), Pace(start_us, 1.0), start_us, 30.0)
    assert 25 <= emulator.skipped <= 28
    whole = _radar(scenarios, area)
    sent = b"".join(
        datagram
        for number in range(30)
        for part in slices(whole.turn(number), whole, start_us)
        for datagram in part.datagrams
    )
    assert sent.endswith(late)
    assert late


async def test_a_start_to_come_is_waited_for(scenarios: Path, area: Area) -> None:
    radar = _radar(scenarios, area)
    start_us = time.time_ns() // 1000 + 400_000
    _, heard = await _heard(radar, Pace(start_us, 10.0), start_us, 1.0)
    assert time.time_ns() // 1000 >= start_us
    assert heard


async def test_nobody_listening_is_no_fault(scenarios: Path, area: Area) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    start_us = time.time_ns() // 1000
    emulator = Emulator(_radar(scenarios, area), host="127.0.0.1", port=port, start_us=start_us)
    await asyncio.wait_for(emulator.run(Pace(start_us, 50.0), 4.0), 10)
    assert emulator.datagrams + emulator.refused > 10


async def test_an_address_that_cannot_be_sent_to_ends_nothing(scenarios: Path, area: Area) -> None:
    start_us = time.time_ns() // 1000
    emulator = Emulator(_radar(scenarios, area), host="127.0.0.1", port=0, start_us=start_us)
    await emulator.run(Pace(start_us, 50.0), 4.0)
    assert emulator.datagrams == 0
    assert emulator.refused > 10


def test_pace_of_a_start_in_the_past_is_that_far_on() -> None:
    pace = Pace(time.time_ns() // 1000 - 5_000_000, 2.0)
    assert pace.now_s() == pytest.approx(5.0, abs=0.2)
