"""The production hub application over a fresh database, with a logged-in administrator."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plain_sector import SECTOR
from watchline import sector_file
from watchline.access import passwords, sessions, store
from watchline.app import create_app
from watchline.settings import DatabaseSettings, HubSettings, LiveSettings, Settings

HOST = "http://localhost:8610"
PASSWORD = "a-password-of-the-tests"


@dataclass(kw_only=True)
class Hub:
    """The application and how tests reach it."""

    app: FastAPI
    settings: Settings
    database: Any

    def browser(self, origin: str = HOST, **options: Any) -> httpx2.AsyncClient:
        """A client that behaves as a browser on the hub's own pages."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=origin,
            headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
            **options,
        )

    def query(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement, as the owner."""
        with self.database.connect("owner") as connection:
            return connection.execute(statement, arguments).fetchall()

    def execute(self, statement: str, *arguments: Any) -> None:
        """Run one statement, as the owner."""
        with self.database.connect("owner") as connection:
            connection.execute(statement, arguments)


@pytest.fixture
def settings(database: Any, tmp_path: Path) -> Settings:
    """Settings that point at the test database and at folders of this test."""
    for name in ("dist", "basemap", "maps"):
        (tmp_path / name).mkdir()
    status = database.cluster.status()
    return Settings(
        database=DatabaseSettings(host=str(status.sockets), port=status.port, name=database.name),
        hub=HubSettings(
            frontend_dist=tmp_path / "dist", basemap=tmp_path / "basemap", maps=tmp_path / "maps"
        ),
        live=LiveSettings(poll_s=0.2, session_check_s=0.2),
    )


@pytest.fixture
async def hub(database: Any, settings: Settings) -> AsyncIterator[Hub]:
    """The running application with the test sector and no users."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        made = Hub(app=app, settings=settings, database=database)
        await sector_file.put(app.state.engine, _sector_bytes())
        yield made


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of PASSWORD: Argon2id takes its time, once is enough."""
    return asyncio.run(passwords.hash_password(PASSWORD))


@pytest.fixture
async def admin(hub: Hub, password_hash: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser where the administrator is logged in."""
    async with hub.browser() as client:
        await log_in(hub, client, password_hash)
        yield client


async def log_in(hub: Hub, client: httpx2.AsyncClient, password_hash: str) -> None:
    """Make the administrator and a session, as a login would."""
    token = sessions.new_token()
    async with hub.app.state.engine.begin() as connection:
        user = await store.add_account(
            connection, "administrator", password_hash, must_change=False
        )
        await store.add_session(
            connection,
            user,
            sessions.token_hash(token),
            holds=timedelta(hours=12),
            idle=timedelta(minutes=30),
        )
    client.cookies.set("watchline", token, domain="localhost.local")


@pytest.fixture
def make_incident(hub: Hub) -> Callable[..., str]:
    """Puts incidents into the database as the worker would; gives their ids."""

    def make(no: int = 1, **changes: Any) -> str:
        id = f"01900000-0000-7000-8000-{no:012d}"
        rev = hub.query("UPDATE sector SET rev = rev + 1 WHERE id = 'test' RETURNING rev")[0][0]
        values = {
            "severity": "high",
            "status": "new",
            "life_at_risk": False,
            "opened_at": "2026-01-01Z",
            **changes,
        }
        hub.execute(
            """INSERT INTO incident (id, sector_id, no, rev, opened_at, known_at, last_at, status,
                   condition, severity, life_at_risk, rule_id, rule_version, geofence_id,
                   geofence_version, geom, track_ids, findings)
               VALUES (%s, 'test', %s, %s, %s, now(), now(), %s, 'active', %s, %s, 'meadow-enter',
                   1, 'meadow', 1, ST_SetSRID(ST_MakePoint(24, 50.5), 4326),
                   ARRAY['01900000-0000-7000-8000-00000000aaaa']::uuid[], 1)""",
            id,
            no,
            rev,
            values["opened_at"],
            values["status"],
            values["severity"],
            values["life_at_risk"],
        )
        hub.execute(
            """INSERT INTO incident_event (incident_id, no, at, known_at, kind, actor, detail)
               VALUES (%s, 1, now(), now(), 'opened', 'machine', '{}')""",
            id,
        )
        return id

    return make


def _sector_bytes() -> bytes:
    return json.dumps(SECTOR).encode()
