"""Edges played from one process: real wire bytes, signed, each sighting stamped as it leaves."""

import base64
import http.client
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plain_sector import ORIGIN
from watchline_sensors.contract import (
    Detection,
    Envelope,
    Item,
    Lane,
    Position,
    SensorInfo,
    decode_receipt,
    encode_envelope,
    signing_input,
)

SIGMA_M = 3.0
#: (stamp, begun to send, answered; s since 1970; items) of an envelope.
Sent = tuple[float, float, float, int]
_METRES_PER_DEG = np.array([70_945.0, 111_247.0])


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What moves: places at the start (n, 2) in metres from the origin, and velocities."""

    start_m: np.ndarray
    velocity_mps: np.ndarray

    def seen(self, index: np.ndarray, after_s: float, rng: np.random.Generator) -> np.ndarray:
        """Longitudes and latitudes of one sighting of each, errors included."""
        at = self.start_m[index] + after_s * self.velocity_mps[index]
        at = at + rng.normal(0, SIGMA_M, at.shape)
        return np.array(ORIGIN) + at / _METRES_PER_DEG


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one edge sends: turn after turn, from the beginning again, its sensors' sightings."""

    edge: str
    key: bytes = field(default_factory=lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    #: (sensor, indices of the targets) of each turn.
    turns: list[list[tuple[str, np.ndarray]]]
    period_s: float
    phase_s: float = 0.0
    #: Each turn is late by up to so much, so that no clock runs in step with another.
    jitter_s: float
    #: How old a sighting is as it leaves.
    age_ms: int = 0
    #: How far the promise "nothing older comes" is behind the clock.
    watermark_delay_ms: int

    @property
    def public_key(self) -> str:
        """Base64, as a sector file wants it."""
        key = Ed25519PrivateKey.from_private_bytes(self.key)
        return base64.b64encode(key.public_key().public_bytes_raw()).decode()


class Edges:
    """Starts them at once, sensors described; `sent` waits for their end."""

    def __init__(self, port: int, parts: list[Part], targets: Targets, seconds: float) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=_play, args=(there, port, parts, targets, seconds), daemon=True
        )
        self._process.start()
        there.close()

    def ready(self) -> None:
        """Until every sensor is described and settled."""
        assert self._pipe.poll(60) and self._pipe.recv() == "ready"

    def go(self) -> None:
        """Begin the load."""
        self._pipe.send("go")

    def sent(self) -> np.ndarray:
        """An (n, 4) array of Sent, by stamp."""
        log = self._pipe.recv()
        self._process.join(timeout=20)
        return np.array(sorted(log))


class _Edge:
    """One edge's side of the uplink over one kept connection."""

    def __init__(self, port: int, part: Part) -> None:
        self.part = part
        self._key = Ed25519PrivateKey.from_private_bytes(part.key)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._seq = 0
        self.settled = 0

    def send(self, items: list[Item], watermark_us: int) -> None:
        seqs = list(range(self._seq + 1, self._seq + 1 + len(items)))
        self._seq += len(items)
        body = encode_envelope(
            Envelope(
                edge=self.part.edge,
                boot=1,
                lane=Lane.LIVE,
                sent_at_us=time.time_ns() // 1000,
                watermark_us=watermark_us,
                highest_seq=self._seq,
                seqs=seqs,
                items=[msgspec.Raw(msgspec.msgpack.encode(item)) for item in items],
            )
        )
        signature = base64.b64encode(self._key.sign(signing_input(body))).decode()
        self._connection.request(
            "POST",
            "/api/uplink",
            body,
            {
                "Content-Type": "application/msgpack",
                "Watchline-Edge": self.part.edge,
                "Watchline-Signature": signature,
            },
        )
        answer = self._connection.getresponse()
        told = answer.read()
        assert answer.status == 200, told
        self.settled = sum(high - low for low, high in decode_receipt(told).settled)

    def until_settled(self) -> None:
        """Send empty envelopes until all that was sent is."""
        deadline = time.monotonic() + 20
        while self.settled < self._seq:
            assert time.monotonic() < deadline, "not settled in 20 s"
            time.sleep(0.05)
            self.send([], time.time_ns() // 1000)

    def describe(self) -> None:
        names = sorted({sensor for turn in self.part.turns for sensor, _ in turn})
        at_us = time.time_ns() // 1000
        self.send(
            [
                SensorInfo(
                    sensor=name,
                    at_us=at_us,
                    kind="radar",
                    name=name,
                    lon_deg=ORIGIN[0],
                    lat_deg=ORIGIN[1],
                    height_m=200.0,
                )
                for name in names
            ],
            at_us,
        )
        self.until_settled()
        self._connection.close()  # it would be idle for longer than the worker keeps it

    def play(
        self,
        targets: Targets,
        start: float,
        seconds: float,
        log: list[Sent],
    ) -> None:
        part = self.part
        rng = np.random.default_rng(zlib.crc32(part.edge.encode()))
        for k in range(int(seconds / part.period_s)):
            due = start + part.phase_s + k * part.period_s + rng.uniform(0, part.jitter_s)
            turn = part.turns[k % len(part.turns)]
            seen = [(sensor, targets.seen(index, due - start, rng)) for sensor, index in turn]
            time.sleep(max(0.0, due - time.time()))
            leaves_us = time.time_ns() // 1000
            at_us = leaves_us - part.age_ms * 1000
            items: list[Item] = [
                Detection(
                    sensor=sensor,
                    at_us=at_us,
                    position=Position(
                        lon_deg=lon,
                        lat_deg=lat,
                        var_east_m2=SIGMA_M**2,
                        var_north_m2=SIGMA_M**2,
                    ),
                )
                for sensor, places in seen
                for lon, lat in places.tolist()
            ]
            begun = time.time()
            self.send(items, leaves_us - part.watermark_delay_ms * 1000)
            log.append((at_us / 1e6, begun, time.time(), len(items)))


def _play(pipe: Connection, port: int, parts: list[Part], targets: Targets, seconds: float) -> None:
    edges = [_Edge(port, part) for part in parts]
    for edge in edges:
        edge.describe()
    pipe.send("ready")
    pipe.recv()
    start = time.time() + 0.2
    log: list[Sent] = []
    with ThreadPoolExecutor(len(edges)) as pool:
        list(pool.map(lambda edge: edge.play(targets, start, seconds, log), edges))
    for edge in edges:
        edge.until_settled()
    pipe.send(log)
