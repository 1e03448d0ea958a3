"""The console's own files: open, for the login page is among them and nothing in them is secret."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from watchline.access.policy import open_to_all, settings_of
from watchline.errors import RouteUnknown
from watchline.web.files import IMMUTABLE, REVALIDATE, inside, send_file
from watchline.web.headers import content_security_policy, new_nonce

router = APIRouter(include_in_schema=False)

_HEAD = re.compile(rb"<head[^>]*>", re.IGNORECASE)


@router.get("/", dependencies=[open_to_all()])
async def index(request: Request) -> Response:
    """The console's page."""
    return await _page(_dist(request), "index.html")


@router.get("/assets/{path:path}", dependencies=[open_to_all()])
async def assets(request: Request, path: str) -> Response:
    """Scripts, styles, fonts: their names change with their content."""
    return await send_file(request, _dist(request) / "assets", path, IMMUTABLE)


@router.get("/{name}", dependencies=[open_to_all()])
async def top_level(request: Request, name: str) -> Response:
    """The few files beside the page: icon, manifest, service worker, other pages."""
    if name.endswith(".html"):
        return await _page(_dist(request), name)
    return await send_file(request, _dist(request), name, REVALIDATE)


def _dist(request: Request) -> Path:
    return settings_of(request).hub.frontend_dist


async def _page(dist: Path, name: str) -> Response:
    """A page with a nonce of its own, so that its widgets may add style elements under the CSP."""
    file = await run_in_threadpool(inside, dist, name)
    if file is None:
        raise RouteUnknown
    nonce = new_nonce()
    meta = f'<meta property="csp-nonce" nonce="{nonce}">'.encode()
    page = await run_in_threadpool(file.read_bytes)
    return HTMLResponse(
        _HEAD.sub(lambda head: head.group(0) + meta, page, count=1),
        headers={
            "Content-Security-Policy": content_security_policy(nonce),
            "Cache-Control": "no-store",
        },
    )
