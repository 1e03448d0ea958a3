"""Files for browsers: only from inside a folder, with ranges, and with 304 for what they have."""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from watchline.errors import RouteUnknown

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
_TYPES = {
    ".pmtiles": "application/octet-stream",
    ".geojson": "application/geo+json",
    ".pbf": "application/x-protobuf",
    ".mjs": "text/javascript",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def inside(folder: Path, path: str) -> Path | None:
    """The file that `path` names below `folder`, or None; links out of it and dotfiles are none.

    `path` comes from a URL: it may hold anything.
    """
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\0" in part or "\\" in part for part in parts):
        return None
    root = folder.resolve()
    try:
        found = root.joinpath(*parts).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except OSError:  # a name too long for the file system
        return None


async def send_file(request: Request, folder: Path, path: str, cache: str) -> Response:
    """The file with ETag and ranges; errors: RouteUnknown."""
    file = await run_in_threadpool(inside, folder, path)
    if file is None:
        raise RouteUnknown
    stat = await run_in_threadpool(file.stat)
    response = FileResponse(
        file,
        stat_result=stat,
        media_type=_TYPES.get(file.suffix),
        headers={"Cache-Control": cache},
    )
    tag = response.headers["etag"]
    known = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    if tag in known and "range" not in request.headers:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": cache})
    return response
