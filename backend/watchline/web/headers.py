"""The security headers of every answer, as a thin ASGI layer that leaves streams alone."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def content_security_policy(style_nonce: str | None = None) -> str:
    """Everything comes from here. `style_nonce` lets the page's own widgets add style elements.

    MapLibre draws images it makes itself (data:, blob:); its worker is a file of ours.
    """
    style = "'self'" if style_nonce is None else f"'self' 'nonce-{style_nonce}'"
    return (
        "default-src 'self'; img-src 'self' data: blob:; "
        f"style-src {style}; script-src 'self'; worker-src 'self'; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def new_nonce() -> str:
    """A fresh nonce for one page."""
    return secrets.token_urlsafe(16)


class SecurityHeaders:
    """Adds the headers that an answer has not set itself; API answers are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        secure = scope["scheme"] == "https"
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if not started and message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _FIXED.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", content_security_policy())
                if path.startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
                if secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, with_headers)
