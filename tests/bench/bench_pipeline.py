"""Signed envelopes to committed rows, beside a bare COPY of the same rows: `make bench-pipeline`.

A real worker takes envelopes of 1,000 detections over HTTP: 2,000 walking targets, each seen
once a scan with σ 10 m, among 1,000 geofences that all have a rule; signatures, ledger, tracker,
rules, incidents, state, projection and feed are on, and so is synchronous_commit. Scans follow
each other as quickly as the worker settles them. `bare_copy_per_s` is what the same PostgreSQL
takes of the stored rows, packed before, into the same partitioned table with the same indexes,
in commits of as many rows as the worker's, the best of three turns. Rounds of both alternate,
each on a fresh sector; medians count. `us_per_detection` is where the worker's time went, by stage.
Last line: one JSON object.
"""

import argparse
import asyncio
import base64
import http.client
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import numpy as np
import psycopg
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench_fences import EXTENT_M, areas, lines

from plain_sector import ORIGIN, ring
from system import EdgeDouble, System, wait_for
from watchline.db.cluster import Cluster
from watchline.detections.copy import COLUMNS
from watchline.live.feed_client import frames
from watchline.sectors.plane import SectorPlane
from watchline_sensors.contract import (
    Detection,
    Envelope,
    Position,
    Receipt,
    SensorInfo,
    Velocity,
    decode_receipt,
    encode_envelope,
    signing_input,
)

TARGETS = 2000
ITEMS = 1000
#: Between two scans as the targets walk; how quickly they really follow is what is measured.
SCAN_S = 0.06
WINDOW = 60_000
#: How often the sender asks while it must wait; an edge does each 100 ms.
ASK_S = 0.005
#: How much faster than the last RECENT envelopes were settled. A commit settles a dozen at once:
#: with fewer of them, or hardly faster, it is the sender's pace that is measured.
FASTER = 2.0
RECENT = 100
LEAST_RATE = 30_000.0
_STAMP = 0x7EADBEEF12345678
SIGMA_M = 10.0
#: Every kind of rule that tracks concern, in turns.
AREA_KINDS: list[tuple[str, dict[str, Any]]] = [
    ("enter", {}),
    ("exit", {"min_hits": 5}),
    ("dwell", {"seconds": 60}),
    ("dwell", {"seconds": 60, "radius_m": 20}),
    ("speed", {"least_mps": 8}),
    ("proximity", {"to": "track", "metres": 30}),
    ("proximity", {"to": "asset", "metres": 30}),
    ("count", {"tracks": 3, "within_s": 60}),
    ("motionless_in_cold", {}),
    ("sensor_offline", {}),
    ("sequence", {"within_s": 60}),
]
LINE_KINDS: list[tuple[str, dict[str, Any]]] = [
    ("cross", {}),
    ("approach", {"within_s": 30}),
    ("sequence", {"within_s": 60}),
    ("count", {"tracks": 3, "within_s": 60}),
]
SENSORS = 50
GEOFENCES = 1000
#: Given and settled before the clock runs: tracks are confirmed, first alarms raised.
WARM_SCANS = 40
BARE_TURNS = 3


def draw(system: System, name: str) -> None:
    """A sector with 1,000 geofences over 50 x 50 km: nine of ten areas, all kinds of rules."""
    system.import_sector(
        {
            "sector": {
                "id": name,
                "name": name,
                "time_zone": "Europe/Warsaw",
                "synthetic": True,
                "origin": list(ORIGIN),
                "geom": {"type": "Polygon", "coordinates": [ring(0, 0, 2 * EXTENT_M)]},
            },
            "sites": [],
            "edges": [],
            "geofences": [],
            "rules": [],
        }
    )
    rng = np.random.default_rng(1)
    plane = SectorPlane(*ORIGIN)
    made = [*areas(GEOFENCES * 9 // 10, rng), *lines(GEOFENCES // 10, rng)]
    with system.connect() as connection, connection.cursor() as cursor:
        for k, geofence in enumerate(made):
            lon_lat = np.column_stack(plane.to_lon_lat(*geofence.rings[0].T))
            area = geofence.kind == "area"
            shape = shapely.Polygon(lon_lat) if area else shapely.LineString(lon_lat)
            id = f"{name}-{geofence.id}"
            cursor.execute(
                """INSERT INTO geofence (id, version, sector_id, name, kind, geom, directions,
                       valid_from, rev)
                   VALUES (%s, 1, %s, %s, %s, ST_GeomFromWKB(%s, 4326), %s, now(), 0)""",
                [id, name, id, geofence.kind.value, shapely.to_wkb(shape),
                 None if area else ["both"] * (len(lon_lat) - 1)],
            )  # fmt: skip
            kinds = AREA_KINDS if area else LINE_KINDS
            kind, params = kinds[k % len(kinds)]
            if kind == "sequence":
                params = params | {"first": f"{name}-a0"}
            cursor.execute(
                """INSERT INTO rule (id, version, sector_id, name, kind, geofence_id, severity,
                       params, valid_from, rev)
                   VALUES (%s, 1, %s, %s, %s, %s, 'low', %s, now(), 0)""",
                [id, name, id, kind, id, json.dumps(params)],
            )
        connection.commit()


def envelopes(edge: EdgeDouble, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """`count` encoded envelopes, and where in each the stamps stand that are set when it is sent.

    The places of stamps: sent_at_us, watermark_us, then each item's at_us, eight octets each.
    """
    rng = np.random.default_rng(2)
    plane = SectorPlane(*ORIGIN)
    places = rng.uniform(-EXTENT_M / 2, EXTENT_M / 2, (TARGETS, 2))
    speeds = rng.normal(0, 1.5, (TARGETS, 2))
    encoder = msgspec.msgpack.Encoder()
    name = edge.edge.removesuffix("-edge")
    made = []
    for part in range(count):
        scan, half = divmod(part, TARGETS // ITEMS)
        seen = places + speeds * scan * SCAN_S + rng.normal(0, SIGMA_M, (TARGETS, 2))
        lon, lat = plane.to_lon_lat(seen[:, 0], seen[:, 1])
        items = [
            msgspec.Raw(
                encoder.encode(
                    Detection(
                        sensor=f"{name}-radar-{k * SENSORS // TARGETS}",
                        at_us=_STAMP,
                        position=Position(
                            lon_deg=float(lon[k]),
                            lat_deg=float(lat[k]),
                            var_east_m2=SIGMA_M**2,
                            cov_east_north_m2=1.0,
                            var_north_m2=SIGMA_M**2,
                        ),
                        velocity=Velocity(
                            east_mps=float(speeds[k, 0]),
                            north_mps=float(speeds[k, 1]),
                            sigma_mps=0.5,
                        ),
                        sensor_track=str(k),
                        score=0.9,
                    )
                )
            )
            for k in range(half * ITEMS, (half + 1) * ITEMS)
        ]
        first = edge.seq + 1
        edge.seq += ITEMS
        body = encode_envelope(
            Envelope(
                edge=edge.edge,
                boot=edge.boot,
                lane="live",
                sent_at_us=_STAMP,
                watermark_us=_STAMP,
                highest_seq=edge.seq,
                seqs=list(range(first, edge.seq + 1)),
                items=items,
            )
        )
        stamp = encoder.encode(_STAMP)
        at = [found.start() + 1 for found in re.finditer(re.escape(stamp), body)]
        assert len(at) == ITEMS + 2
        made.append((np.frombuffer(bytearray(body), np.uint8), np.array(at)))
    return made


def play(edge: EdgeDouble, made: list[tuple[np.ndarray, np.ndarray]], settled: int) -> int:
    """Send as quickly as the hub settles; each detection is stamped when it is sent.

    At most WINDOW detections are on their way, and envelopes leave at FASTER times the pace at
    which those before were settled, not in bursts: a radar turns evenly. Gives the number settled.
    """
    wire = http.client.HTTPConnection(urlsplit(edge.address).netloc)
    before_us = time.time_ns() // 1000
    due = time.perf_counter()
    sent = settled
    recent: deque[tuple[float, int]] = deque([(due, settled)], maxlen=RECENT)
    for body, at in made:
        while sent - settled > WINDOW or time.perf_counter() < due:
            time.sleep(0.001)
            if sent - settled > WINDOW:
                time.sleep(ASK_S)
                settled = count_settled(edge.send(watermark_us=before_us))
        now = time.perf_counter()
        rate = max(LEAST_RATE, (settled - recent[0][1]) / (now - recent[0][0] + 1e-9))
        recent.append((now, settled))
        due = now + ITEMS / rate / FASTER
        now_us = time.time_ns() // 1000
        first_us = max(before_us + 1, now_us - 50_000)
        stamps = np.concatenate(
            [[now_us, now_us], np.linspace(first_us, now_us, ITEMS).astype(np.int64)]
        )
        before_us = now_us
        octets = stamps.astype(">u8").view(np.uint8).reshape(-1, 8)
        body[at[:, None] + np.arange(8)] = octets
        settled = count_settled(post(wire, edge, body.tobytes()))
        sent += ITEMS
    while settled < sent:
        time.sleep(0.005)
        settled = count_settled(edge.send())  # nothing older will come: nothing need wait
    return settled


def post(wire: http.client.HTTPConnection, edge: EdgeDouble, body: bytes) -> Receipt:
    """As `EdgeDouble.post`, with less ado: the sender shares the processors."""
    signature = base64.b64encode(edge.key.sign(signing_input(body))).decode()
    headers = {
        "content-type": "application/msgpack",
        "watchline-edge": edge.edge,
        "watchline-signature": signature,
    }
    wire.request("POST", urlsplit(edge.address).path, body, headers)
    answer = wire.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return decode_receipt(told)


def count_settled(receipt: Receipt) -> int:
    """How many seqs of the boot are safe."""
    return sum(high - low for low, high in receipt.settled)


def sender(edge: EdgeDouble, count: int, inbox: Any, outbox: Any) -> None:
    """In a process of its own: prepare, warm up, say so, then play all when told to."""
    described = edge.seq
    made = envelopes(edge, count // ITEMS)
    last, edge.seq = edge.seq, described
    warm = WARM_SCANS * TARGETS // ITEMS
    edge.seq = last  # empty envelopes name the boot's highest seq
    settled = play(edge, made[:warm], described)
    outbox.put(settled)
    inbox.get()
    begun = time.perf_counter()
    settled = play(edge, made[warm:], settled)
    outbox.put((settled, time.perf_counter() - begun))


def main() -> None:
    """Run it; arguments make it shorter for tests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--detections", type=int, default=400_000, help="in a round")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="watchline-bench-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "pg", tcp=False)
    system = System(cluster=cluster, database="bench", folder=folder)
    try:
        cluster.start(die_with_parent=True)
        cluster.prepare("bench")
        rounds = [measure(system, f"s{k}", options.detections) for k in range(options.rounds)]
        print(json.dumps(summary(rounds)))
    finally:
        system.stop()
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def measure(system: System, name: str, count: int) -> dict[str, Any]:
    """One round on a fresh sector with a worker of its own, then the bare COPY of its rows."""
    draw(system, name)
    edge = EdgeDouble(system, f"{name}-edge")
    system.enroll(edge.edge, name, edge.public_key)
    system.start("worker", "watchline", "worker", "--sector", name)
    system.until_healthy("worker", system.worker)
    wait_for("the writer", lambda: edge.post(b"").status_code == 400, 60)
    edge.send(
        *(
            SensorInfo(
                sensor=f"{name}-radar-{k}",
                at_us=time.time_ns() // 1000,
                kind="radar",
                name=f"Radar {k}",
                lon_deg=ORIGIN[0],
                lat_deg=ORIGIN[1],
                height_m=200.0,
            )
            for k in range(SENSORS)
        ),
        watermark_us=0,
    )
    edge.until_settled()
    context = get_context("fork")
    inbox, outbox = context.Queue(), context.Queue()
    process = context.Process(target=sender, args=(edge, count, inbox, outbox), daemon=True)
    process.start()
    warm = outbox.get(timeout=120)
    before = spent(system, name)
    inbox.put("go")
    sent, elapsed = outbox.get(timeout=300)
    after = spent(system, name)
    process.join(timeout=20)
    system.kill("worker")
    n = sent - warm
    found = system.query(
        "SELECT count(*), count(DISTINCT known_at), count(track_id) FROM detection"
        " WHERE sector_id = %s AND timing = 'l' AND seq > %s",
        name,
        warm,
    )[0]
    assert found[0] == n, f"{n} were sent, {found[0]} are stored as live"
    incidents = system.query("SELECT count(*) FROM incident WHERE sector_id = %s", name)[0][0]
    tracks = system.query("SELECT count(*) FROM track WHERE sector_id = %s", name)[0][0]
    bare = copy_bare(system, name, warm, n)
    made = {
        "pipeline_per_s": n / elapsed,
        "bare_copy_per_s": bare,
        "stages": {stage: 1e6 * s / n for stage, s in after.items() for s in [s - before[stage]]},
        "commits": found[1],
        "tracked": found[2] / n,
        "incidents": incidents,
    }
    print(
        f"{name}: {n} detections in {elapsed:.2f} s and {found[1]} commits, "
        f"{found[2] / n:.1%} tracked in {tracks} tracks, {incidents} incidents; "
        f"{n / elapsed:,.0f}/s, bare {bare:,.0f}/s",
        flush=True,
    )
    return made


def spent(system: System, name: str) -> Counter[str]:
    """Seconds of each stage so far, as the writer's next pulse tells them."""

    async def pulse() -> Counter[str]:
        owner, token = system.query(
            "SELECT owner_url, owner_token FROM sector WHERE id = %s", name
        )[0]
        async with httpx2.AsyncClient() as client:
            async for frame in frames(client, owner, name, token):
                if frame.pulse is not None:
                    return Counter(frame.pulse.spent_s)
        raise AssertionError("no pulse")

    return asyncio.run(pulse())


def copy_bare(system: System, name: str, warm: int, n: int) -> float:
    """Rows per second of COPY alone, from streams packed by PostgreSQL itself; the best turn."""
    columns = ", ".join(COLUMNS)
    with system.connect("ingest") as connection:
        streams = []
        commits = connection.execute(
            "SELECT known_at FROM detection WHERE sector_id = %s AND timing = 'l' AND seq > %s"
            " GROUP BY 1 ORDER BY 1",
            [name, warm],
        ).fetchall()
        for (known_at,) in commits:
            with connection.cursor().copy(
                psycopg.sql.SQL(
                    f"COPY (SELECT {columns} FROM detection WHERE sector_id = {{}} AND timing = 'l'"
                    f" AND seq > {warm} AND known_at = {{}} ORDER BY at) TO STDOUT (FORMAT BINARY)"
                ).format(name, known_at)
            ) as copy:
                streams.append(b"".join(copy))
        connection.commit()
        best = 0.0
        for _ in range(BARE_TURNS):
            begun = time.perf_counter()
            for stream in streams:
                with connection.cursor().copy(
                    f"COPY detection ({columns}) FROM STDIN (FORMAT BINARY)"
                ) as copy:
                    copy.write(stream)
                connection.commit()
            best = max(best, n / (time.perf_counter() - begun))
        return best


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds."""

    def median(name: str) -> float:
        return statistics.median(one[name] for one in rounds)

    return {
        "bench": "pipeline",
        "bare_copy_per_s": round(median("bare_copy_per_s")),
        "pipeline_per_s": round(median("pipeline_per_s")),
        "ratio": round(
            statistics.median(one["pipeline_per_s"] / one["bare_copy_per_s"] for one in rounds), 3
        ),
        "us_per_detection": {
            stage: round(statistics.median(one["stages"].get(stage, 0.0) for one in rounds), 2)
            for stage in rounds[0]["stages"]
        },
    }


if __name__ == "__main__":
    main()
