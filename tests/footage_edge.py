"""An edge as the hub hears it when it asks what footage is wanted, and answers."""

import base64
from dataclasses import dataclass, field
from typing import Any

import httpx2
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from watchline_sensors.contract import (
    FootageAnswer,
    FootageCall,
    FootageWanted,
    LivePicture,
    LiveReceipt,
    signing_input,
)

JPEG = b"\xff\xd8\xff\xe0" + b"a snapshot" * 100
WEBM = b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 4
REASON = "somebody is said to lie in the ditch"


@dataclass
class Edge:
    """What an edge says to the hub, signed with its own key."""

    id: str
    http: httpx2.AsyncClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    async def post(self, path: str, body: bytes, **headers: str) -> httpx2.Response:
        signature = base64.b64encode(self.key.sign(signing_input(body))).decode()
        said = {"Watchline-Edge": self.id, "Watchline-Signature": signature}
        return await self.http.post(
            path, content=body, headers={"content-type": "application/msgpack", **said, **headers}
        )

    async def wanted(self) -> FootageWanted:
        call = FootageCall(edge=self.id, at_us=1, cameras=["thermal", "lens", "other"])
        told = await self.post("/api/footage/wanted", msgspec.msgpack.encode(call))
        assert told.status_code == 200, told.text
        return msgspec.msgpack.decode(told.content, type=FootageWanted)

    async def answer(self, wanted: Any, octets: bytes = b"", **changes: Any) -> httpx2.Response:
        media = {"snapshot": "image/jpeg", "clip": "video/webm"}[wanted.kind]
        values = {
            "media_type": media,
            "from_us": wanted.from_us,
            "until_us": wanted.until_us,
            "frames": 1,
        }
        told = FootageAnswer(edge=self.id, id=wanted.id, octets=octets, **values | changes)
        return await self.post("/api/footage/answer", msgspec.msgpack.encode(told))

    async def show(self, sensor: str, octets: bytes = JPEG) -> bool:
        told = LivePicture(edge=self.id, sensor=sensor, at_us=1, octets=octets)
        answer = await self.post("/api/footage/live", msgspec.msgpack.encode(told))
        assert answer.status_code == 200, answer.text
        return msgspec.msgpack.decode(answer.content, type=LiveReceipt).wanted

    def enrol(self, hub: Any, sector: str = "test") -> None:
        hub.execute(
            "INSERT INTO edge (id, sector_id, public_key) VALUES (%s, %s, %s)",
            self.id,
            sector,
            self.key.public_key().public_bytes_raw(),
        )


def add_sensor(hub: Any, id: str, edge: str, kind: str, sector: str = "test") -> None:
    hub.execute(
        """INSERT INTO sensor (id, edge_id, sector_id, name, kind, geom, info, info_at)
           VALUES (%s, %s, %s, 'A sensor', %s, ST_SetSRID(ST_MakePoint(24, 50.5, 210), 4326), '{}',
                   now())""",
        id,
        edge,
        sector,
        kind,
    )
