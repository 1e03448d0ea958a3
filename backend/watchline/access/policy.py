"""The policy dependency that every route of the hub carries; a test walks the routes for it.

@router.get("/api/sectors")
async def sectors(user: Annotated[User, requires(Action.SEE)]) -> …
"""

import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from watchline.access import sessions, store
from watchline.access.model import Action, User, allows
from watchline.errors import (
    ActionForbidden,
    PasswordMustChange,
    RequestForeign,
    RequestNotJson,
    SessionMissing,
)
from watchline.settings import Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Policy:
    """What stands before a route. Only its subclasses are used."""


class Requires(Policy):
    """A session whose role may do `action`; gives the User."""

    def __init__(self, action: Action, body: str = "application/json") -> None:
        self.action = action
        self.body = body

    async def __call__(self, request: Request) -> User:
        check_origin(request, self.body)
        user = await current_user(request)
        if user is None:
            raise SessionMissing
        if user.must_change and self.action is not Action.ACCOUNT:
            raise PasswordMustChange
        if not allows(user.role, self.action):
            raise ActionForbidden(action=self.action.value)
        return user


class RequiresOrToken(Requires):
    """The same, or the token of the settings as a bearer: for a collector, which has no session."""

    async def __call__(self, request: Request) -> User | None:  # type: ignore[override]
        token = settings_of(request).metrics.token
        told = request.headers.get("authorization", "")
        if token is not None and told.startswith("Bearer "):
            mine = token.get_secret_value().encode()
            if hmac.compare_digest(told.removeprefix("Bearer ").encode(), mine):
                return None
        return await super().__call__(request)


class Open(Policy):
    """No login: for the login itself, the files of its page, and the sign of life."""

    async def __call__(self, request: Request) -> None:
        check_origin(request)


class EdgeSignature(Policy):
    """No session: a machine's route, where the envelope's own signature is what counts."""

    async def __call__(self, request: Request) -> None:
        return None


def requires(action: Action, body: str = "application/json") -> Any:
    """The dependency of a route that needs a login, and takes a `body` of this type.

    Never one that a form can send: text/plain, multipart/form-data or URL-encoded.
    """
    return Depends(Requires(action, body))


def requires_or_token(action: Action) -> Any:
    """The dependency of the metrics route."""
    return Depends(RequiresOrToken(action))


def open_to_all() -> Any:
    """The dependency of a route that needs none; each use is named in a test."""
    return Depends(Open())


def edge_signature() -> Any:
    """The dependency of the uplink."""
    return Depends(EdgeSignature())


def engine_of(request: Request) -> AsyncEngine:
    """The hub's engine."""
    engine: AsyncEngine = request.app.state.engine
    return engine


def settings_of(request: Request) -> Settings:
    """The hub's settings."""
    settings: Settings = request.app.state.settings
    return settings


def address_of(request: Request) -> tuple[str, str]:
    """Scheme and host (with port) under which the browser knows us."""
    public = settings_of(request).hub.public_url
    if public is not None:
        parts = urlsplit(public)
        return parts.scheme, parts.netloc
    return request.url.scheme, request.headers.get("host", "")


def check_origin(request: Request, body: str = "application/json") -> None:
    """Refuse a change that a foreign page could have sent (CSRF).

    Errors: RequestForeign; RequestNotJson, because a form of another page can send no JSON.
    """
    if request.method in _SAFE_METHODS:
        return
    scheme, host = address_of(request)
    if not sessions.same_origin(request.headers, f"{scheme}://{host}"):
        raise RequestForeign
    has_body = "transfer-encoding" in request.headers or (
        request.headers.get("content-length", "0") != "0"
    )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != body:
        raise RequestNotJson


def session_token(request: Request) -> str | None:
    """The token in the cookie that fits this address, if any."""
    name = sessions.cookie_name(*address_of(request))
    return None if name is None else request.cookies.get(name)


async def current_user(request: Request) -> User | None:
    """The person behind the request's cookie, if it holds."""
    token = session_token(request)
    if token is None:
        return None
    idle = timedelta(minutes=settings_of(request).session.idle_minutes)
    async with engine_of(request).begin() as connection:
        return await store.session_user(connection, sessions.token_hash(token), idle)
