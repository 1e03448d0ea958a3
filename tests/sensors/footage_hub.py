"""The hub's half of footage on loopback: it wants what tests set, and keeps what it is sent."""

import asyncio
import base64
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from watchline_sensors.contract import (
    FootageAnswer,
    FootageCall,
    FootageWanted,
    LivePicture,
    LiveReceipt,
    WantedFootage,
    WantedLive,
    signing_input,
)


@dataclass
class FootageHub:
    """Speaks the hub's half of the contract on loopback; faults are what tests set."""

    key: bytes = b""
    wanted: FootageWanted = field(default_factory=FootageWanted)
    looks: bool = True
    refuse: dict[str, int] = field(default_factory=dict)
    slow_s: float = 0.0

    calls: list[FootageCall] = field(default_factory=list)
    answers: list[FootageAnswer] = field(default_factory=list)
    live: list[tuple[float, LivePicture]] = field(default_factory=list)
    bad_signatures: int = 0
    other_posts: int = 0

    async def start(self, port: int = 0) -> "FootageHub":
        self.writers: set[asyncio.StreamWriter] = set()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=2**24)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def die(self) -> None:
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await self.server.wait_closed()

    def want(self, *pieces: WantedFootage, live: Sequence[WantedLive] = ()) -> None:
        self.wanted = FootageWanted(footage=list(pieces), live=list(live))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                path = head[0].split(" ")[1]
                names = {
                    name.lower(): value
                    for name, _, value in (line.partition(": ") for line in head[1:])
                }
                body = await reader.readexactly(int(names["content-length"]))
                status, answer = await self._answer(path, body, names)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
                )
                writer.write(answer)
                await writer.drain()
        self.writers.discard(writer)
        writer.close()

    async def _answer(self, path: str, body: bytes, names: dict[str, str]) -> tuple[int, bytes]:
        if not path.startswith("/api/footage/"):
            self.other_posts += 1
            return 503, b""
        try:
            signature = base64.b64decode(names["watchline-signature"])
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, signing_input(body))
            assert names["watchline-edge"] == "edge-1"
        except (InvalidSignature, KeyError, AssertionError):
            self.bad_signatures += 1
            return 401, b""
        what = path.removeprefix("/api/footage/")
        if what in self.refuse:
            return self.refuse[what], b""
        if what == "wanted":
            self.calls.append(msgspec.msgpack.decode(body, type=FootageCall))
            return 200, msgspec.msgpack.encode(self.wanted)
        if what == "answer":
            answer = msgspec.msgpack.decode(body, type=FootageAnswer)
            await asyncio.sleep(self.slow_s)
            self.answers.append(answer)
            left = [one for one in self.wanted.footage if one.id != answer.id]
            self.wanted = msgspec.structs.replace(self.wanted, footage=left)
            return 204, b""
        picture = msgspec.msgpack.decode(body, type=LivePicture)
        self.live.append((time.monotonic(), picture))
        return 200, msgspec.msgpack.encode(LiveReceipt(wanted=self.looks))
