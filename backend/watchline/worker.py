"""The process that owns sectors: a pipeline thread for each, the uplink, and the hubs' feed."""

import asyncio
import base64
import binascii
import contextlib
import hmac
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import psycopg
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from watchline import maintenance
from watchline.db.engine import connect_sync
from watchline.db.sql import load
from watchline.detections.accept import signature_holds
from watchline.detections.inbox import Busy
from watchline.detections.ledger import SeqsRefused
from watchline.detections.parcel import decode_parcel
from watchline.detections.refusals import Refusals
from watchline.live.broadcast import Broadcaster
from watchline.live.model import Frame
from watchline.pipeline import NotOwner, SectorPipeline
from watchline.rerun import Interrupted, rerun_due
from watchline.rules import jobs
from watchline.sectors import writer
from watchline.sectors.model import WRITER_ALIVE_S
from watchline.settings import DatabaseRole, Settings
from watchline.warm import warm_up
from watchline.web.listen import listen
from watchline_sensors.contract import (
    MAX_ENVELOPE_BYTES,
    EnvelopeError,
    encode_receipt,
)

log = structlog.get_logger()
_sql = load("watchline", "worker.sql")

#: Python's own 5 ms would be added to each of a COPY's many waits for the socket.
SWITCH_S = 0.0005
#: New sectors, edges and owners are found this often.
_DISCOVER_S = 1.0
_RERUN_S = 1.0
#: Sorting days of detections for a rerun may take its time.
_LONGEST_READ_MS = 600_000


class Refused(Exception):
    """An envelope refused as a whole: HTTP status, a stable code and its parameters."""

    def __init__(
        self, status: int, code: str, retry_after_s: int | None = None, **params: str
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.params = params


class Worker:
    """All sectors this process may write, each in its own thread, and the routes to them."""

    def __init__(self, settings: Settings, sectors: Sequence[str] | None = None) -> None:
        self._url = settings.database_url(DatabaseRole.INGEST)
        self._keep = settings.retention
        self._owner_url = settings.worker_url()
        self._only = None if sectors is None else frozenset(sectors)
        self._token = secrets.token_urlsafe(32)
        self._pipelines: dict[str, SectorPipeline] = {}
        self._broadcasters: dict[str, Broadcaster] = {}
        self._threads: list[threading.Thread] = []
        self._sector_of_edge: dict[str, str] = {}
        self._owner_of: dict[str, str | None] = {}
        self._stopping = threading.Event()
        self._refusals = Refusals(self._url)

    # ── threads ──────────────────────────────────────────────────────────────────────────────
    async def run(self) -> None:
        """Look for sectors until stopped; each found one gets its pipeline."""
        self._start_thread("maintenance", maintenance.run, self._url, self._keep, self._stopping)
        self._start_thread("backtests", jobs.run, self._url, self._stopping)
        self._start_thread("refusals", self._refusals.run, self._stopping)
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            try:
                found = await asyncio.to_thread(self._discover)
            except psycopg.Error as error:
                log.warning("worker.database", error=type(error).__name__)
            else:
                for sector in found:
                    if sector not in self._pipelines:
                        self._start(sector, loop)
            await asyncio.to_thread(self._stopping.wait, _DISCOVER_S)

    def _discover(self) -> list[str]:
        with connect_sync(self._url, autocommit=True) as connection:
            self._sector_of_edge = dict(connection.execute(_sql["edges"]).fetchall())
            found = connection.execute(_sql["sectors"], {"alive_s": WRITER_ALIVE_S}).fetchall()
        self._owner_of = dict(found)
        return [id for id in self._owner_of if self._only is None or id in self._only]

    def _start(self, sector: str, loop: asyncio.AbstractEventLoop) -> None:
        broadcaster = self._broadcasters[sector] = Broadcaster(sector)

        def publish(frame: Frame) -> None:
            # After the loop has closed there is nobody left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(broadcaster.publish, frame)

        pipeline = self._pipelines[sector] = SectorPipeline(
            sector,
            database_url=self._url,
            owner_url=self._owner_url,
            token=self._token,
            publish=publish,
        )
        for target, name in ((pipeline.run, "pipeline"), (self._reruns(pipeline), "rerun")):
            self._start_thread(f"{name} {sector}", target)

    def _start_thread(self, name: str, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, name=name, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _reruns(self, pipeline: SectorPipeline) -> Any:
        def work() -> None:
            while not self._stopping.wait(_RERUN_S):
                hold = pipeline.hold
                if hold is None:
                    continue

                def holds(held: writer.Hold = hold) -> bool:
                    return pipeline.hold is held and not self._stopping.is_set()

                try:
                    with connect_sync(
                        self._url,
                        autocommit=True,
                        statement_ms=_LONGEST_READ_MS,
                    ) as connection:
                        writer.helps(connection, pipeline.sector)
                        while holds() and not self._stopping.wait(_RERUN_S):
                            rerun_due(connection, hold, go_on=holds)
                except (writer.Fenced, Interrupted):
                    continue
                except psycopg.Error as error:
                    log.warning(
                        "rerun.database", sector=pipeline.sector, error=type(error).__name__
                    )

        return work

    def stop(self) -> None:
        """End the pipelines after their present commit, and every feed."""
        self._stopping.set()
        for pipeline in self._pipelines.values():
            pipeline.stop()
        for broadcaster in self._broadcasters.values():
            broadcaster.close()
        for thread in self._threads:
            thread.join(timeout=5)

    # ── routes ───────────────────────────────────────────────────────────────────────────────
    def app(self) -> Starlette:
        """POST /api/uplink, GET /internal/feed/{sector}, GET /healthz."""

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            task = asyncio.create_task(self.run())
            try:
                yield
            finally:
                await asyncio.to_thread(self.stop)
                await task

        return Starlette(
            routes=[
                Route("/api/uplink", self._uplink, methods=["POST"]),
                Route("/internal/feed/{sector}", self._feed),
                Route("/healthz", self._healthz),
            ],
            lifespan=lifespan,
        )

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _uplink(self, request: Request) -> Response:
        edge = request.headers.get("watchline-edge", "")
        try:
            body = await _bounded_body(request)
        except Refused as refused:
            return self._refuse(edge, refused, b"")
        try:
            return self._take(request, edge, body)
        except Refused as refused:
            return self._refuse(edge, refused, body)

    def _take(self, request: Request, edge: str, body: bytes) -> Response:
        as_json = request.headers.get("content-type", "").startswith("application/json")
        sector = self._sector_of_edge.get(edge)
        pipeline = None if sector is None else self._pipelines.get(sector)
        if sector is None:
            # Before the first look at the database nobody is known, and nobody a stranger.
            if not self._sector_of_edge:
                raise Refused(503, "uplink.no_writer", 1)
            raise Refused(403, "edge.unknown")
        try:
            if pipeline is None:
                raise NotOwner
            key = pipeline.public_key(edge)
            if key is None:
                raise Refused(403, "edge.unknown")
            with pipeline.stopwatch.beside("receive"):
                if not signature_holds(key, _signature(request), body):
                    raise Refused(401, "envelope.signature_wrong")
                parcel = decode_parcel(body, json=as_json)
                if parcel.header.edge != edge:
                    raise Refused(403, "envelope.edge_mismatch")
                receipt = pipeline.receive(parcel)
        except EnvelopeError as error:
            status = 413 if error.code == "envelope.too_large" else 400
            raise Refused(status, error.code) from error
        except SeqsRefused as error:
            raise Refused(409, error.args[0]) from error
        except Busy as error:
            raise Refused(429, "uplink.busy", 1) from error
        except NotOwner as error:
            raise self._elsewhere(sector) from error
        return Response(
            encode_receipt(receipt, json=as_json),
            media_type="application/json" if as_json else "application/msgpack",
        )

    def _elsewhere(self, sector: str) -> Refused:
        """Where the sector is written, if somebody else is known to live and write it."""
        owner = self._owner_of.get(sector)
        if owner is None or owner == self._owner_url:
            return Refused(503, "uplink.no_writer", 1)
        return Refused(421, "uplink.misdirected", owner=owner)

    def _refuse(self, edge: str, refused: Refused, body: bytes) -> Response:
        """Count it and say why."""
        known = edge if edge in self._sector_of_edge else ""
        self._refusals.note(known, refused.code, body)
        return JSONResponse(
            {"status": refused.status, "code": refused.code, "params": refused.params},
            refused.status,
            {} if refused.retry_after_s is None else {"Retry-After": str(refused.retry_after_s)},
            media_type="application/problem+json",
        )

    async def _feed(self, request: Request) -> Response:
        told = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(told.encode(), self._token.encode()):
            return Response(status_code=401)
        broadcaster = self._broadcasters.get(request.path_params["sector"])
        if broadcaster is None:
            return Response(status_code=404)
        return StreamingResponse(broadcaster.follow(), media_type="application/octet-stream")


async def _bounded_body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_ENVELOPE_BYTES:
            raise Refused(413, "envelope.too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _signature(request: Request) -> bytes:
    try:
        return base64.b64decode(request.headers.get("watchline-signature", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def main(settings: Settings, sectors: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    warm_up()
    # A thread that comes back from the database waits this long at most for one that computes.
    sys.setswitchinterval(SWITCH_S)
    worker = Worker(settings, sectors)
    config = uvicorn.Config(
        worker.app(),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listen(settings.worker.host, settings.worker.port)])
