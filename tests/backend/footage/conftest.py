"""An edge with cameras, and another edge whose business they are not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from footage_edge import REASON, Edge, add_sensor


@pytest.fixture
async def machine(hub: Any):
    """A client that is no browser."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(hub.app, raise_app_exceptions=False),
        base_url="http://localhost:8610",
    ) as client:
        yield client


@pytest.fixture
def edge(hub: Any, machine: Any) -> Edge:
    """The edge of a thermal camera, another camera and a radar."""
    made = Edge("mast", machine)
    made.enrol(hub)
    for id, kind in (("thermal", "thermal"), ("lens", "camera"), ("radar", "radar")):
        add_sensor(hub, id, "mast", kind)
    return made


@pytest.fixture
def stranger(hub: Any, machine: Any, edge: Edge) -> Edge:
    """Another edge of the sector with a camera of its own."""
    made = Edge("hill", machine)
    made.enrol(hub)
    add_sensor(hub, "other", "hill", "thermal")
    return made


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def ask(admin: Any, now: datetime):
    """Asks for a snapshot (or a clip of some seconds) of the thermal camera, a minute ago."""

    async def asking(kind: str = "snapshot", seconds: float = 0, **changes: Any) -> Any:
        begin = now - timedelta(minutes=1)
        body = {
            "sensor": "thermal",
            "kind": kind,
            "from": begin.isoformat(),
            "until": (begin + timedelta(seconds=seconds)).isoformat(),
            "reason": REASON,
        }
        return await admin.post("/api/footage", json=body | changes)

    return asking
