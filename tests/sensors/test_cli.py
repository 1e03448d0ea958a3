"""`watchline-edge` as an operator uses it: real processes, real sockets."""

import asyncio
import base64
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sensors.fake_hub import FakeHub
from sensors.parts import decoded, until
from watchline_sensors.check import check, check_recording
from watchline_sensors.clock import now_us
from watchline_sensors.config import load_config
from watchline_sensors.contract import Detection, SensorInfo
from watchline_sensors.keys import load_or_create_key

ROOT = Path(__file__).parents[2]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _plot(tod_s: float, rho_m: int = 500, theta: int = 8192) -> bytes:
    """One CAT010 data block with one target report, by hand: I010/010, 000, 020, 140, 040."""
    tod = round(tod_s * 128) % (24 * 3600 * 128)
    record = bytes([0xF4, 7, 9, 1, 0x60])
    record += tod.to_bytes(3, "big") + rho_m.to_bytes(2, "big") + theta.to_bytes(2, "big")
    return bytes([10]) + (3 + len(record)).to_bytes(2, "big") + record


def _tod_now() -> float:
    return now_us() / 1e6 % 86400


#: A device family from another package: each datagram is a sighting.
_LAMP = """
import asyncio, time
from watchline_sensors.contract import Detection, Health, HealthState, Position

class Inbox(asyncio.DatagramProtocol):
    def __init__(self):
        self.queue = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.queue.put_nowait(data)

class Lamp:
    def __init__(self, sensor):
        self.sensor, self.heard = sensor, 0

    async def run(self, feed):
        inbox = Inbox()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: inbox, local_addr=("127.0.0.1", self.sensor.options["port"]))
        try:
            while True:
                await inbox.queue.get()
                self.heard += 1
                place = Position(lon_deg=2.0, lat_deg=41.0, var_east_m2=1.0, var_north_m2=1.0)
                await feed.put([Detection(
                    sensor=self.sensor.id, at_us=time.time_ns() // 1000, position=place)])
        finally:
            transport.close()

    def health(self, now_us):
        counters = {"heard": self.heard}
        return [Health(
            sensor=self.sensor.id, at_us=now_us, state=HealthState.OK, counters=counters)]

def build(sensors):
    return [Lamp(sensor) for sensor in sensors]

def check(sensors):
    return [f"sensor {s.id}: port is missing" for s in sensors if "port" not in s.options]
"""


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    hub = await FakeHub().start()
    yield hub
    await hub.die()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator["Site"]:
    site = Site(tmp_path)
    yield site
    await site.end()


class Site:
    """A folder with an edge.toml, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.toml = folder / "edge.toml"
        self.processes: list[asyncio.subprocess.Process] = []

    def write(self, hub_url: str, more: str = "", adapter: str = "lamp") -> None:
        package = self.folder / "lamp-1.0.dist-info"
        package.mkdir(exist_ok=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: lamp\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text("[watchline.adapters]\nlamp = lamp\n")
        (self.folder / "lamp.py").write_text(_LAMP)
        options = {
            "lamp": f"port = {self.port}",
            "asterix": f'listen = "127.0.0.1:{self.port}"\nsac = 7\nsic = 9\n'
            "rho_sigma_m = 5.0\ntheta_sigma_deg = 0.2",
        }
        self.toml.write_text(f"""
[edge]
id = "edge-1"
hub = "{hub_url}"
{more}
[[sensor]]
id = "radar-1"
adapter = "{adapter}"
name = "Radar"
kind = "radar"
lon_deg = 2.0
lat_deg = 41.3
height_m = 10
[sensor.{adapter}]
{options.get(adapter, "")}
""")

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "watchline_sensors.cli",
            *words,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'sensors'}:{self.folder}", "COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    async def end(self) -> None:
        """No process outlives its test."""
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def call(self, *words: str) -> tuple[int, str, str]:
        process = await self.start(*words)
        out, err = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, out.decode(), err.decode()

    async def enrol(self, hub: FakeHub) -> None:
        code, out, _ = await self.call("key", "-c", "edge.toml")
        assert code == 0
        hub.public_key = base64.b64decode(out)

    async def feed(self, until_done: asyncio.Task[object]) -> int:
        """Plots to the sensor's port until a task is done; how many."""
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as radar:
            while not until_done.done():
                radar.sendto(_plot(_tod_now(), 500 + sent), ("127.0.0.1", self.port))
                sent += 1
                await asyncio.sleep(0.02)
        return sent


async def test_the_key_is_made_once_and_is_nobody_elses(site: Site) -> None:
    site.write("http://127.0.0.1:1")
    first, second = (
        await site.call("key", "-c", "edge.toml"),
        await site.call("key", "-c", "edge.toml"),
    )
    assert first == second
    assert len(base64.b64decode(first[1])) == 32
    path = site.folder / "state" / "edge.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    code, _, err = await site.call("key", "-c", "edge.toml")
    assert code == 1 and "chmod 600" in err and "Traceback" not in err


async def test_a_bad_config_is_told_in_plain_words(site: Site) -> None:
    site.write("hub.example", "spool_max_mbb = 3")
    code, _, err = await site.call("run", "-c", "edge.toml")
    assert code == 1
    assert "did you mean 'spool_max_mb'" in err and "use an address like" in err
    assert "Traceback" not in err
    code, _, err = await site.call("check", "-c", "none.toml")
    assert code == 1 and "none.toml cannot be read" in err


async def test_check_is_content_with_what_works(site: Site, hub: FakeHub) -> None:
    site.write(hub.url)
    await site.enrol(hub)
    call = asyncio.create_task(site.call("check", "-c", "edge.toml", "--seconds", "1.5"))
    await site.feed(call)
    code, out, err = await call
    assert code == 0, out + err
    assert "the configuration of 1 sensors is sound" in out
    assert "knows edge edge-1" in out
    assert "sensor radar-1:" in out and "detections in 1.5 s" in out
    (envelope,) = hub.envelopes
    assert (envelope.boot, envelope.highest_seq, envelope.items) == (0, 0, [])


async def test_check_tells_what_does_not(site: Site, hub: FakeHub) -> None:
    site.write(hub.url)
    hub.answer_with = (401, {}, b'{"code": "uplink.edge_unknown"}')
    code, out, _ = await site.call("check", "-c", "edge.toml", "--seconds", "0.3")
    assert code == 1
    key = load_or_create_key(site.folder / "state" / "edge.key").public_key_base64()
    assert f"watchline edge enroll --id edge-1 --sector SECTOR --key {key}" in out
    assert "nothing was heard in 0.3 s" in out
    hub.answer_with = (503, {}, b'{"code": "sector.no_writer"}')
    assert "takes no envelopes now (sector.no_writer)" in await _wrong(site)
    hub.answer_with, hub.misdirect_to = None, "http://127.0.0.1:1"
    assert "names http://127.0.0.1:1 as the sector's owner" in await _wrong(site)
    await hub.die()
    assert "cannot be reached" in await _wrong(site)
    assert await _wrong(site, ask_hub=False) == ""
    site.write(hub.url, adapter="lanp")
    assert "no adapter is called 'lanp' (there is: asterix" in await _wrong(site, ask_hub=False)
    (site.folder / "state" / "edge.key").write_bytes(b"short")
    assert "does not hold 32 bytes" in await _wrong(site)


async def _wrong(site: Site, ask_hub: bool = True) -> str:
    """The same in this process, which knows no lamps."""
    findings = check(load_config(site.toml), seconds=0, ask_hub=ask_hub)
    texts = [finding.text async for finding in findings if finding.wrong]
    return "\n".join(text for text in texts if "'lamp'" not in text)


async def test_run_until_a_signal(site: Site, hub: FakeHub) -> None:
    site.write(hub.url)
    await site.enrol(hub)
    process = await site.start("run", "-c", "edge.toml")
    feeding = asyncio.create_task(until(lambda: len(hub.stored) >= 25, 20))
    await site.feed(feeding)
    await feeding
    second = await site.call("run", "-c", "edge.toml")
    assert second[0] == 1 and "Another watchline-edge process" in second[2]
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    items = [decoded(hub.stored[key]) for key in sorted(hub.stored)]
    assert isinstance(items[0], SensorInfo)
    plots = [item for item in items if isinstance(item, Detection)]
    assert len(plots) >= 20
    assert all(plot.defect() is None for plot in plots)
    assert "goodbye" in str(items[-1])


async def test_a_killed_edge_loses_nothing_it_has_spooled(site: Site, hub: FakeHub) -> None:
    site.write(hub.url)
    await site.enrol(hub)
    hub.settle_after_s = None
    process = await site.start("run", "-c", "edge.toml")
    feeding = asyncio.create_task(until(lambda: len(hub.accepted) >= 25, 20))
    await site.feed(feeding)
    await feeding
    process.kill()
    await process.communicate()
    seen = {key: body for key, (_, body) in hub.accepted.items()}
    hub.forget()
    hub.settle_after_s = 0.0
    process = await site.start("run", "-c", "edge.toml")
    await until(lambda: seen.items() <= hub.stored.items(), 15)
    process.terminate()
    await process.communicate()
    assert process.returncode == 0 and hub.stored_twice == 0


async def test_record_and_replay(site: Site, hub: FakeHub) -> None:
    site.write(hub.url, adapter="asterix")
    await site.enrol(hub)
    process = await site.start("record", "-c", "edge.toml", "-o", "night.ast")
    assert process.stderr is not None
    assert b"recording" in await asyncio.wait_for(process.stderr.readline(), 60)
    sent = await site.feed(asyncio.create_task(asyncio.sleep(0.6)))
    await asyncio.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(out) == {"datagrams": sent, "bytes": 15 * sent, "dropped": 0}
    assert (site.folder / "night.ast").stat().st_size == 15 * sent
    times = [line.split() for line in (site.folder / "night.ast.times").read_text().splitlines()]
    assert len(times) == sent
    assert all(length == "15" and abs(int(at) - now_us()) < 60e6 for at, length in times)

    again = await site.call("record", "-c", "edge.toml", "-o", "night.ast")
    assert again[0] == 1 and "never overwritten" in again[2]

    words = ("replay", "night.ast", "-c", "edge.toml", "--speed", "max", "--timeout", "10")
    code, out, err = await site.call(*words)
    assert code == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert figures["unsettled"] == 0 and figures["ended"]
    assert figures["spool"]["spooled"] == figures["uplink"]["settled"] == len(hub.stored)
    items = [decoded(body) for body in hub.stored.values()]
    assert sum(isinstance(item, Detection) for item in items) == sent

    code, out, _ = await site.call("check", "night.ast", "-c", "edge.toml")
    assert code == 0 and f"sensor radar-1: {sent} detections in night.ast" in out
    (site.folder / "night.pcapng").write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(40))
    found = check_recording(load_config(site.toml), site.folder / "night.pcapng")
    first, second = [finding async for finding in found if finding.wrong]
    assert "editcap" in first.text and "nothing was heard in" in second.text

    code, _, err = await site.call(*words[:5], "fast")
    assert code == 1 and "--speed fast" in err


async def test_simulate_is_handed_its_words() -> None:
    code, out, err = await Site(ROOT).call("simulate", "--help")
    assert code == 0, err
    assert "simulate" in out
