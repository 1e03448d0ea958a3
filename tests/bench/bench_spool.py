"""72 h of an outage in the spool, then the hub is back: `make bench-spool`.

Fills a spool with 2,592,000 sightings of a real radar's shape (72 h at 10 a second). Then a whole
edge drains it into a hub on loopback, another process that keeps the uplink's protocol and
settles at once, while ten live sightings a second go in. `bytes_per_row` counts every file of the
spool; `put_per_s` are groups of 64 rows, each on disk before the next; `put_64_ms` and the like
are medians with the whole backlog in the file; `drain_per_s` are rows freed. Live latency is from
a sighting's stamp to the hub having it; `first_live_s` from the hub's coming up to its first live
sighting. Last line: one JSON object.
"""

import asyncio
import itertools
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sensors.fake_hub import FakeHub
from sensors.parts import edge_config, public_key
from sensors.recorded import bodies, recorded
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Envelope, Lane, Receipt
from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.edge import open_edge
from watchline_sensors.spool_file import SpoolFile
from watchline_sensors.spool_model import KIND_DETECTION, Row

ROWS_72H = 72 * 3600 * 10
OLD_BOOT = 72
LIVE_PER_S = 10
DOWN_S = 1.0
DRAIN_S = 8.0


class LiveHub(FakeHub):
    """A FakeHub that notes when live sightings come (s, latency in s) and keeps no bodies."""

    def __init__(self, key: bytes) -> None:
        super().__init__(public_key=key)
        self.live: list[tuple[float, float]] = []

    def _take(self, envelope: Envelope) -> Receipt:
        at_us = now_us()
        if envelope.lane is Lane.LIVE:
            items = [msgspec.msgpack.decode(raw) for raw in envelope.items]
            self.live += [
                (at_us / 1e6, (at_us - item["at_us"]) / 1e6)
                for item in items
                if item["type"] == "detection"
            ]
        receipt = super()._take(envelope)
        self.stored.clear()
        self.envelopes.clear()
        return receipt


def hub(key: bytes, port: int, told: Connection) -> None:
    """The hub's process: up until something is told, then it answers with what it noted."""

    async def main() -> None:
        hub = await LiveHub(key).start(port)
        up_at = time.time()
        while not told.poll():
            await asyncio.sleep(0.05)
        told.send((up_at, hub.live))
        await hub.die()

    asyncio.run(main())


def fill(path: Path, rows: int) -> dict[str, float]:
    """A spool with this many rows of one old boot; how quick and how large that was."""
    file = SpoolFile(path, max_bytes=1_500_000_000)
    file.begin_boot(OLD_BOOT)
    made = itertools.cycle(itertools.islice(bodies(now_us() - rows * 100_000, 100_000), 10_000))
    seqs = itertools.count(1)

    def put(count: int) -> None:
        group = [
            Row(seq=seq, at_us=at_us, kind=KIND_DETECTION, body=body)
            for seq, (at_us, body) in zip(itertools.islice(seqs, count), made, strict=False)
        ]
        (answer,) = file.put(OLD_BOOT, [group], group[-1].seq)
        assert answer is None, answer

    started = time.perf_counter()
    for _ in range(300):
        put(64)
    put_per_s = 300 * 64 / (time.perf_counter() - started)
    while file.rows < rows:
        put(min(5000, rows - file.rows))
    bytes_per_row = sum(one.stat().st_size for one in path.parent.iterdir()) / rows
    with_backlog = {
        "put_64_ms": _median_ms(lambda: put(64)),
        "read_1000_ms": _median_ms(lambda: file.rows_after(OLD_BOOT, rows // 2, 1000, 1 << 20)),
        "free_1000_ms": _median_ms(lambda: file.free(OLD_BOOT, [_lowest_thousand(file)], {})),
    }
    file.close()
    return {"put_per_s": put_per_s, "bytes_per_row": bytes_per_row} | with_backlog


async def drain(config: Config, key: bytes) -> dict[str, float]:
    """Let a whole edge loose on it; the hub comes up a little later."""
    async with open_edge(config, []) as edge:
        port = int(config.edge.hub.rsplit(":", 1)[1])
        live = itertools.cycle(recorded())

        async def see() -> None:
            while True:
                await edge.spool.put([msgspec.structs.replace(next(live), at_us=now_us())])
                await asyncio.sleep(1 / LIVE_PER_S)

        seeing = asyncio.create_task(see())
        await asyncio.sleep(DOWN_S)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=hub, args=(key, port, theirs))
        process.start()
        while not edge.uplink.stats.connected:
            await asyncio.sleep(0.01)
        started, before, cpu = time.perf_counter(), edge.spool.stats.freed, time.process_time()
        await asyncio.sleep(DRAIN_S)
        seconds = time.perf_counter() - started
        drained = edge.spool.stats.freed - before
        cpu = time.process_time() - cpu
        seeing.cancel()
        ours.send("enough")
        up_at, noted = await asyncio.to_thread(ours.recv)
        process.join()
    # What the outage held up is not the drain's latency; what came after is.
    latencies = [latency for at, latency in noted if at - latency > up_at + 0.5]
    assert len(latencies) >= 20, "the live lane was not live"
    return {
        "drain_per_s": drained / seconds,
        "edge_cpu": cpu / seconds,
        "live_p50_ms": statistics.median(latencies) * 1e3,
        "live_p95_ms": statistics.quantiles(latencies, n=20)[-1] * 1e3,
        "first_live_s": min(at for at, _ in noted) - up_at,
    }


def main() -> None:
    """Fill, drain, print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS_72H
    with tempfile.TemporaryDirectory(prefix="watchline-bench-") as folder:
        config = edge_config(Path(folder), f"http://127.0.0.1:{_free_port()}", spool_max_mb=1500)
        key = public_key(config)
        figures = fill(config.edge.spool_path, rows)
        figures["gb_for_72h"] = figures["bytes_per_row"] * ROWS_72H / 1e9
        figures |= asyncio.run(drain(config, key))
    print(f"{rows:,} rows of {len(recorded())} shapes")
    print(json.dumps({"bench": "spool"} | {name: _rounded(figures[name]) for name in figures}))


def _lowest_thousand(file: SpoolFile) -> SeqRange:
    (first, *_), _ = file.rows_after(OLD_BOOT, 0, 1, 1)
    return first.seq, first.seq + 1000


def _median_ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(15):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e3


def _rounded(value: float) -> float:
    return round(value) if value >= 100 else float(f"{value:.3g}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
