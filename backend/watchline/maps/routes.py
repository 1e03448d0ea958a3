"""The built-in area data and the operator's maps; both need a login."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from watchline.access.model import Action
from watchline.access.policy import requires, settings_of
from watchline.maps.catalogue import MapView, catalogue
from watchline.web.files import REVALIDATE, send_file

router = APIRouter(tags=["maps"])


@router.get("/api/maps", dependencies=[requires(Action.SEE)])
async def maps(request: Request) -> list[MapView]:
    """The maps that were imported."""
    return await run_in_threadpool(catalogue, settings_of(request).hub.maps)


@router.get("/maps/{path:path}", dependencies=[requires(Action.SEE)], include_in_schema=False)
async def map_file(request: Request, path: str) -> Response:
    """A map's archive; browsers read it by ranges."""
    return await send_file(request, settings_of(request).hub.maps, path, REVALIDATE)


@router.get("/basemap/{path:path}", dependencies=[requires(Action.SEE)], include_in_schema=False)
async def basemap_file(request: Request, path: str) -> Response:
    """Land, borders and relief of the area, and the style's own parts."""
    return await send_file(request, settings_of(request).hub.basemap, path, REVALIDATE)
