"""The cap on request bodies, with an answer in our own words."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchline.errors import RequestTooLarge
from watchline.web.problem import answer


class BodyLimit:
    """Refuses a body that says it is too long, and one that turns out to be.

    `larger` are the limits of paths that end so.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        most_bytes = next(
            (most for end, most in self._larger.items() if path.endswith(end)), self._most_bytes
        )
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most_bytes:
            await answer(RequestTooLarge(), {"Connection": "close"})(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
