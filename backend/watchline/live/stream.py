"""One screen's stream as an ASGI response: prebuilt bytes, no layer between them and the socket."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from watchline import logging
from watchline.live import events, packing
from watchline.live.audience import Audience
from watchline.live.packing import Part
from watchline.live.screen import Screen

_log = logging.get("live")
_RETRY = b"retry: 1000\n\n"
#: How a stream begins, plain and packed.
_OPENING = (_RETRY, packing.HEAD + packing.pack(_RETRY))
_HEARTBEAT = Part(events.HEARTBEAT)
#: Where hub.py leaves the server's `send` in the scope.
RAW_SEND = "watchline.raw_send"


class LiveStream(Response):
    """Sends what the audience has for the screen until either side ends it."""

    def __init__(
        self,
        audience: Audience,
        screen: Screen,
        last_event_id: str | None,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(
            media_type="text/event-stream",
            headers={
                "Cache-Control": "no-store",
                "Vary": "Accept-Encoding",
                "X-Accel-Buffering": "no",
            },
        )
        del self.headers["content-length"]
        if screen.packed:
            self.headers["Content-Encoding"] = "gzip"
        self._audience = audience
        self._screen = screen
        self._last_event_id = last_event_id
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one screen."""
        screen, audience = self._screen, self._audience
        screen.task = asyncio.current_task()
        screen.sent_at = self._clock()
        audience.screens.add(screen)
        watcher = asyncio.create_task(_until_gone(receive, screen))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            # Once begun, the layers around the server's own `send` have nothing to add.
            screen.send = scope.get(RAW_SEND, send)
            opening = _OPENING[screen.packed]
            await screen.send({"type": "http.response.body", "body": opening, "more_body": True})
            part: Part | None = audience.first_for(self._last_event_id)
            screen.cursor = audience.published
            while screen.bye is None:
                if part is None:
                    await screen.wait()
                elif part.plain:
                    screen.sending_since = self._clock()
                    await screen.send(part.message(packed=screen.packed))
                    screen.sending_since = None
                    screen.sent_at = self._clock()
                part = audience.next_for(screen.cursor)
                if part is not None:
                    screen.cursor = audience.published
                elif screen.heartbeat:
                    part = _HEARTBEAT
                screen.heartbeat = False
        except asyncio.CancelledError:
            if not screen.dropped or screen.task is None:
                raise
            # Cancelled by our own housekeeping: nothing of the pending frame was written.
            screen.task.uncancel()
            screen.bye = events.bye("live.too_slow")
            audience.dropped += 1
            _log.warning("live.slow_screen_dropped", sector=audience.picture.sector)
        finally:
            audience.screens.discard(screen)
            watcher.cancel()
        # To a screen that does not read this may wait; the socket's own time limit ends that.
        last = packing.pack(screen.bye) + packing.END if screen.packed else screen.bye
        await send({"type": "http.response.body", "body": last, "more_body": False})


async def _until_gone(receive: Receive, screen: Screen) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            screen.close(b"")
            return
