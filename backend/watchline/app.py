"""The hub's HTTP application: every router, the policy, the live pictures, the security headers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import text

import watchline.access.routes
import watchline.footage.routes
import watchline.health.routes
import watchline.history.routes
import watchline.incidents.routes
import watchline.live.routes
import watchline.maps.routes
import watchline.rules.routes
import watchline.sectors.routes
import watchline.tracks.routes
import watchline.units.routes
from watchline import frontend
from watchline.access.model import Action
from watchline.access.policy import engine_of, open_to_all, requires
from watchline.db.engine import async_engine
from watchline.footage.ask import Asker
from watchline.footage.live import Relay
from watchline.footage.looks import Looks
from watchline.geofences.files import MAX_BYTES as MAX_GEODATA_BYTES
from watchline.health.watch import HealthWatch
from watchline.live.manager import LiveManager
from watchline.settings import Settings
from watchline.web import problem
from watchline.web.headers import SecurityHeaders
from watchline.web.limits import BodyLimit
from watchline.web.types import Problem
from watchline_sensors.contract import MAX_ENVELOPE_BYTES, MAX_FOOTAGE_BYTES, MAX_LIVE_BYTES

#: Larger than the largest geofence. An envelope sent here is not read, only redirected.
MAX_BODY_BYTES = 256 * 1024
#: What an edge says beside the octets of footage.
_FOOTAGE_SLACK_BYTES = 64 * 1024

_core = APIRouter(tags=["hub"])


@_core.get("/healthz", dependencies=[open_to_all()])
async def healthz(request: Request) -> dict[str, str]:
    """Whether the hub and its database answer."""
    async with engine_of(request).connect() as connection:
        await connection.execute(text("SELECT 1"))
    return {"status": "ok"}


@_core.get("/api/openapi.json", dependencies=[requires(Action.SEE_API)], include_in_schema=False)
async def openapi(request: Request) -> dict[str, Any]:
    """This interface, for tools and for the frontend's types."""
    app: FastAPI = request.app
    return app.openapi()


def create_app(settings: Settings) -> FastAPI:
    """The production application; tests use no other."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = async_engine(settings.database_url())
        live = LiveManager(engine, settings.database_url(), settings.live)
        health = HealthWatch(engine, live.tell_alarms)
        relay = Relay(engine, settings.live.session_check_s)
        asker = Asker(engine, timedelta(days=settings.retention.incident_footage_days))
        app.state.engine = engine
        app.state.live = live
        app.state.health = health
        app.state.footage_live = relay
        app.state.footage_looks = Looks()
        tasks = [asyncio.create_task(each.run()) for each in (live, health, relay, asker)]
        try:
            yield
        finally:
            live.stop()
            relay.stop()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await engine.dispose()

    app = FastAPI(
        title="Watchline",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": {"model": Problem, "description": "A problem, with its code"}},
    )
    app.state.settings = settings
    for module in (
        watchline.access.routes,
        watchline.sectors.routes,
        watchline.units.routes,
        watchline.tracks.routes,
        watchline.rules.routes,
        watchline.incidents.routes,
        watchline.live.routes,
        watchline.footage.routes,
        watchline.history.routes,
        watchline.health.routes,
        watchline.maps.routes,
    ):
        app.include_router(module.router)
    app.include_router(_core)
    app.include_router(frontend.router)  # last: it answers for every name at the top
    app.add_middleware(
        BodyLimit,
        most_bytes=MAX_BODY_BYTES,
        larger={
            "/api/uplink": MAX_ENVELOPE_BYTES,
            "/geofences/import": MAX_GEODATA_BYTES,
            "/api/footage/answer": MAX_FOOTAGE_BYTES + _FOOTAGE_SLACK_BYTES,
            "/api/footage/live": MAX_LIVE_BYTES + _FOOTAGE_SLACK_BYTES,
        },
    )
    app.add_middleware(problem.LastResort)
    app.add_middleware(SecurityHeaders)  # the outermost: it adds to every answer
    problem.install(app)
    return app
