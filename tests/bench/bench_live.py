"""Envelope received → the last of 500 screens: `make bench-live`.

A real worker and hub on a private cluster, one sender with signed envelopes, 500 SSE screens in
a process of their own. An envelope has reached a screen when a frame holds a plot at least as
new as the envelope's. Last line: one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plain_sector import ORIGIN, SECTOR
from system import EdgeDouble, System, wait_for
from watchline.db.cluster import Cluster
from watchline_sensors.contract import Detection, Position, SensorInfo

TARGETS = 1000
_EVENT = re.compile(rb"event: ?(\w+)")
_TIMES = re.compile(rb",(\d{13})\]")


def screens(port: int, cookie: str, clients: int, seconds: float, out) -> None:
    """Open the screens, note when each newest plot time first reached each of them."""

    async def screen(frames: dict[bytes, int], seen: list[tuple[float, int]]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        writer.write(
            f"GET /api/sectors/test/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Accept: text/event-stream\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        while True:
            event = await reader.readuntil(b"\n\n")
            if b"event: tracks" not in event[:80] and b"event:tracks" not in event[:80]:
                continue
            # All screens get the same bytes: read each frame once.
            key = event[:80]
            newest = frames.get(key)
            if newest is None:
                newest = max(map(int, _TIMES.findall(event)), default=0)
                frames[key] = newest
            seen.append((time.time(), newest))

    async def main() -> list[list[tuple[float, int]]]:
        frames: dict[bytes, int] = {}
        logs: list[list[tuple[float, int]]] = [[] for _ in range(clients)]
        tasks = []
        for log in logs:
            tasks.append(asyncio.create_task(screen(frames, log)))
            await asyncio.sleep(0.004)
        out.put("open")
        await asyncio.sleep(seconds)
        dead = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not dead, dead[:3]
        return logs

    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    out.put(asyncio.run(main()))


def positions(rng: np.random.Generator) -> np.ndarray:
    """Targets on a grid 100 m apart, so that nothing is ambiguous."""
    side = int(np.ceil(np.sqrt(TARGETS)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:TARGETS]
    return grid * 100.0 + rng.normal(0, 5, (TARGETS, 2)) - side * 50.0


def main() -> None:
    """Run it; arguments make it shorter for tests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--rate", type=int, default=5000, help="detections per second")
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="watchline-bench-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "pg", tcp=False)
    system = System(cluster=cluster, database="bench", folder=folder)
    try:
        cluster.start(die_with_parent=True)
        cluster.prepare("bench")
        print(json.dumps(measure(system, options)))
    finally:
        system.stop()
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def measure(system: System, options: argparse.Namespace) -> dict[str, object]:
    """Send at the rate for the time; the latencies over all envelopes after a warm-up."""
    system.import_sector(SECTOR)
    edge = EdgeDouble(system, "edge-a")
    system.enroll("edge-a", "test", edge.public_key)
    system.serve()
    wait_for("the writer", lambda: edge.post(b"").status_code == 400)
    edge.send(
        SensorInfo(
            sensor="radar",
            at_us=time.time_ns() // 1000,
            kind="radar",
            name="Radar",
            lon_deg=ORIGIN[0],
            lat_deg=ORIGIN[1],
            height_m=200.0,
        )
    )
    edge.until_settled()
    client = system.login()
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    context = get_context("spawn")
    queue = context.Queue()
    warm_s = 4.0
    process = context.Process(
        target=screens,
        args=(system.hub_port, cookie, options.clients, warm_s + options.seconds + 2, queue),
        daemon=True,
    )
    process.start()
    queue.get(timeout=60)
    sent = send(edge, options.rate, warm_s + options.seconds)
    logs = queue.get(timeout=120)
    process.join(timeout=20)
    begin = sent[0][0] + warm_s
    latencies, deliveries = [], 0
    newest = [np.array([at_ms for _, at_ms in log]) for log in logs]
    moments = [np.array([when for when, _ in log]) for log in logs]
    # A screen's newest plot never goes back: the first frame at or past the envelope's time.
    running = [np.maximum.accumulate(times) if len(times) else times for times in newest]
    for received, at_ms in sent:
        if received < begin:
            continue
        last = 0.0
        for when, times in zip(moments, running, strict=True):
            i = int(np.searchsorted(times, at_ms))
            if i == len(times):
                last = float("inf")
                break
            last = max(last, float(when[i]))
            deliveries += 1
        latencies.append((last - received) * 1000)
    found = np.array(latencies[: -int(len(latencies) * 0.05) or None])
    assert np.isfinite(found).all(), f"{(~np.isfinite(found)).sum()} envelopes never arrived"
    return {
        "bench": "live",
        "clients": options.clients,
        "detections_per_s": options.rate,
        "targets": TARGETS,
        "p50_ms": round(float(np.percentile(found, 50)), 1),
        "p99_ms": round(float(np.percentile(found, 99)), 1),
        "envelopes": len(found),
    }


def send(edge: EdgeDouble, rate: int, seconds: float) -> list[tuple[float, int]]:
    """Ten envelopes a second; (moment of sending, plot time in ms) of each."""
    rng = np.random.default_rng(1)
    places = positions(rng)
    each = rate // 10
    turn = 0
    log = []
    start = time.time()
    for k in range(int(seconds * 10)):
        time.sleep(max(0.0, start + k * 0.1 - time.time()))
        at_us = time.time_ns() // 1000
        items = []
        for i in range(each):
            east, north = (places[(turn + i) % TARGETS] + rng.normal(0, 3, 2)).tolist()
            items.append(
                Detection(
                    sensor="radar",
                    at_us=at_us,
                    position=Position(
                        lon_deg=ORIGIN[0] + east / 70_945.0,
                        lat_deg=ORIGIN[1] + north / 111_247.0,
                        var_east_m2=9.0,
                        var_north_m2=9.0,
                    ),
                )
            )
        turn = (turn + each) % TARGETS
        # The moment before the request leaves: what the wire takes is counted against us.
        log.append((time.time(), at_us // 1000))
        # The watermark passes the end of the plots' slot: the radar has nothing older to say.
        edge.send(*items, watermark_us=at_us + 50_000)
    return log


if __name__ == "__main__":
    main()
