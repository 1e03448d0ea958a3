"""Run the hub: sockets, uvicorn with uvloop, and an end that says goodbye to every screen."""

import socket

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from watchline import logging
from watchline.app import create_app
from watchline.live.stream import RAW_SEND
from watchline.settings import Settings
from watchline.web.listen import listen

_log = logging.get("hub")
#: What one screen can leave unread in the kernel before frames are bundled for it.
_SEND_BUFFER_BYTES = 256 * 1024


def listening(settings: Settings) -> socket.socket:
    """The hub's listening socket; its options pass to every connection it accepts.

    TCP_USER_TIMEOUT lets the kernel drop a peer that takes nothing for twice the time after
    which we stop feeding it: otherwise a dead or malicious reader would hold its socket for ever.
    """
    made = listen(settings.hub.host, settings.hub.port)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    limit_ms = round(2000 * settings.live.slow_client_s)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit_ms)
    return made


def with_raw_send(app: ASGIApp) -> ASGIApp:
    """The app, with the server's own `send` in each request's scope for the live streams."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope[RAW_SEND] = send
        await app(scope, receive, send)

    return call


class HubServer(uvicorn.Server):
    """uvicorn waits for open answers before it ends; live streams never end unasked."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        trusted = settings.hub.trusted_proxies
        super().__init__(
            uvicorn.Config(
                with_raw_send(app),
                loop="uvloop",
                http="httptools",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(trusted),
                forwarded_allow_ips=trusted,
                timeout_graceful_shutdown=5,
                backlog=1024,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say goodbye to the screens, then end as usual."""
        self._app.state.live.stop()
        self._app.state.footage_live.stop()
        await super().shutdown(sockets)


def main(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    made = listening(settings)
    _log.info("hub.listening", url=settings.hub_url())
    HubServer(create_app(settings), settings).run(sockets=[made])
