"""Errors as HTTP answers: application/problem+json for everything that can go wrong (RFC 9457)."""

import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchline import logging
from watchline.errors import (
    DatabaseAway,
    MethodWrong,
    RequestInvalid,
    RequestTooLarge,
    RouteUnknown,
    WatchlineError,
    problem,
)

_log = logging.get("http")
_MAX_FIELDS = 20
_RETRY_AFTER_S = 2


def answer(error: WatchlineError, headers: dict[str, str] | None = None) -> Response:
    """The error as its HTTP answer; `retry_after_s` among its params becomes a header too."""
    headers = dict(headers or {})
    if "retry_after_s" in error.params:
        headers["Retry-After"] = str(error.params["retry_after_s"])
    return JSONResponse(
        problem(error), error.status, headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Give the app its handlers."""
    app.add_exception_handler(WatchlineError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(TimeoutError, _database)


class LastResort:
    """Answers what no handler foresaw: a reference to the log for the client, the rest for us."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            response = _unforeseen(Request(scope), error)
            if started:
                raise  # half an answer is out: only closing the connection tells the client
            await response(scope, receive, send)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, WatchlineError)
    return answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Where and what kind, never the value: a password may stand there.
    fields = [
        {"field": ".".join(str(part) for part in item["loc"]), "problem": item["type"]}
        for item in error.errors()[:_MAX_FIELDS]
    ]
    return answer(RequestInvalid(fields=fields))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known: dict[int, WatchlineError] = {
        404: RouteUnknown(),
        405: MethodWrong(),
        413: RequestTooLarge(),
    }
    mine = known.get(error.status_code, RequestInvalid(fields=[]))
    return answer(mine, dict(error.headers or {}))


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and not _is_away(error):
        return _unforeseen(request, error)
    _log.warning("database.away", error=type(error).__name__)
    return answer(DatabaseAway(retry_after_s=_RETRY_AFTER_S))


def _is_away(error: DBAPIError) -> bool:
    # SQLSTATE 08 connection, 53 resources, 57 shutdown or time limit, 55P03 lock limit.
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:  # no server answered
        return isinstance(error, OperationalError | InterfaceError)
    return state[:2] in ("08", "53", "57") or state == "55P03"


def _unforeseen(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(8)
    _log.error(
        "internal.error",
        reference=reference,
        method=request.method,
        route=getattr(request.scope.get("route"), "path", None),
        error=type(error).__name__,
        exc_info=error,
    )
    return answer(WatchlineError(reference=reference))
