"""The production hub application over a fresh database, with a logged-in administrator."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from plain_sector import SECTOR
from raised import TRACKS, finding_of, raise_in
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
    """Raises incidents as the worker does, one finding per track; gives their ids."""

    def make(
        no: int = 1,
        *,
        status: str = "new",
        opened_at: str = "2026-01-01",
        tracks: Sequence[str] = TRACKS[:1],
        **changes: Any,
    ) -> str:
        at_us = round(datetime.fromisoformat(f"{opened_at}T00:00:00Z").timestamp() * 1e6)
        findings = [
            finding_of(UUID(track).bytes, at_us + no + k * 1_000_000, **changes)
            for k, track in enumerate(tracks)
        ]
        id = raise_in(hub.database, no, findings)
        if status != "new":
            hub.execute("UPDATE incident SET status = %s WHERE id = %s", status, id)
        return id

    return make


def _sector_bytes() -> bytes:
    return json.dumps(SECTOR).encode()
