"""A hub on loopback that speaks the real uplink protocol and misbehaves when told to."""

import asyncio
import base64
import json
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from watchline_sensors.contract import (
    Envelope,
    EnvelopeError,
    Lane,
    Receipt,
    Rejection,
    decode_envelope,
    encode_receipt,
    signing_input,
)
from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.ranges import RangeSet


@dataclass
class FakeHub:
    """Keeps what is settled for ever, what is only accepted until `forget` (a new writer).

    `settle_after_s`: how long items wait for their commit (None: for ever). The other fields
    are faults, each named after what it does to the next answers: `busy` lanes are asked to wait
    a second, `claim` are ranges that receipts call settled, whatever the hub has.
    """

    public_key: bytes = b""
    epoch: int = 1
    settle_after_s: float | None = 0.0
    drop_replies: int = 0
    hang: bool = False
    answer_with: tuple[int, dict[str, str], bytes] | None = None
    misdirect_to: str | None = None
    busy: set[Lane] = field(default_factory=set)
    claim: list[SeqRange] = field(default_factory=list)
    reject: dict[bytes, str] = field(default_factory=dict)

    stored: dict[tuple[int, int], bytes] = field(default_factory=dict)
    settled: dict[int, RangeSet] = field(default_factory=dict)
    lost: dict[int, RangeSet] = field(default_factory=dict)
    highest: dict[int, int] = field(default_factory=dict)
    accepted: dict[tuple[int, int], tuple[float, bytes]] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    arrivals: list[tuple[float, Lane]] = field(default_factory=list)
    turned_away: list[tuple[float, Lane]] = field(default_factory=list)
    posts: int = 0
    bad_signatures: int = 0
    duplicates: int = 0
    stored_twice: int = 0

    async def start(self, port: int = 0) -> "FakeHub":
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._dead = False
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def die(self) -> None:
        """Gone with every connection, as after kill -9; `start(hub.port)` brings it back."""
        self._dead = True
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()
        if self._serving:
            await asyncio.wait(self._serving, timeout=1.0)

    def forget(self) -> None:
        """A new writer: what was accepted and not settled is lost with the old one."""
        self.epoch += 1
        self.accepted.clear()

    def bodies(self, boot: int) -> dict[int, bytes]:
        return {seq: body for (of, seq), body in self.stored.items() if of == boot}

    # ── HTTP/1.1, as little as it takes ──────────────────────────────────────────────────────

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:  # taken from the queue of connections in the very moment of its death
            writer.transport.abort()
            return
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                cased = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                self.posts += 1
                while self.hang:
                    await asyncio.sleep(0.05)
                signature = next(
                    (v for k, v in cased.items() if k.lower() == "watchline-signature"), ""
                )
                status, headers, answer = self._answer(body, signature)
                if self.drop_replies > 0:
                    self.drop_replies -= 1
                    writer.transport.abort()
                    return
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(answer)}"]
                lines += [f"{key}: {value}" for key, value in headers.items()]
                writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
        if self.answer_with is not None:
            return self.answer_with
        if self.misdirect_to is not None:
            problem = {"code": "uplink.misdirected", "params": {"owner": self.misdirect_to}}
            return 421, {}, json.dumps(problem).encode()
        if not self._signature_holds(signature, body):
            self.bad_signatures += 1
            return 401, {}, b'{"code": "uplink.signature_wrong"}'
        try:
            envelope = decode_envelope(body)
        except EnvelopeError as error:
            return 422, {}, json.dumps({"code": error.code}).encode()
        if envelope.lane in self.busy:
            self.turned_away.append((asyncio.get_running_loop().time(), envelope.lane))
            return 429, {"Retry-After": "1"}, b'{"code": "uplink.busy"}'
        return 200, {"Content-Type": "application/msgpack"}, encode_receipt(self._take(envelope))

    def _signature_holds(self, signature: str, body: bytes) -> bool:
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(base64.b64decode(signature), signing_input(body))
        except (InvalidSignature, ValueError):
            return False
        return True

    # ── the ledger ───────────────────────────────────────────────────────────────────────────

    def _take(self, envelope: Envelope) -> Receipt:
        now = asyncio.get_running_loop().time()
        boot = envelope.boot
        self.envelopes.append(envelope)
        self.arrivals.append((now, envelope.lane))
        self.highest[boot] = max(self.highest.get(boot, 0), envelope.highest_seq)
        settled = self.settled.setdefault(boot, RangeSet())
        accepted = duplicate = 0
        rejected = []
        for seq, raw in zip(envelope.seqs, envelope.items, strict=True):
            body = bytes(raw)
            if seq in settled or (boot, seq) in self.accepted:
                duplicate += 1
                continue
            code = next((code for part, code in self.reject.items() if part in body), None)
            if code is not None:
                rejected.append(Rejection(seq=seq, code=code))
                settled.add(seq, seq + 1)
                continue
            self.accepted[boot, seq] = now, body
            accepted += 1
        self.duplicates += duplicate
        if self.settle_after_s is not None:
            lost = self.lost.setdefault(boot, RangeSet())
            for low, high in envelope.lost:
                lost.update(settled.holes(low, high))
                settled.add(low, high)
            self._settle(now - self.settle_after_s)
        return Receipt(
            epoch=self.epoch,
            accepted=accepted,
            duplicate=duplicate,
            rejected=rejected,
            settled=RangeSet([*settled, *self.claim]).ranges(),
        )

    def _settle(self, until: float) -> None:
        for (boot, seq), (at, body) in list(self.accepted.items()):
            if at <= until:
                del self.accepted[boot, seq]
                self.stored_twice += (boot, seq) in self.stored
                self.stored[boot, seq] = body
                self.settled.setdefault(boot, RangeSet()).add(seq, seq + 1)
