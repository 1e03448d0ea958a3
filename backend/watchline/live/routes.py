"""The live picture of a sector as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from watchline.access import sessions
from watchline.access.model import Action
from watchline.access.policy import requires, session_token
from watchline.live import packing
from watchline.live.manager import LiveManager
from watchline.web.types import SectorId

router = APIRouter(tags=["live"])


@router.get(
    "/api/sectors/{s}/live",
    dependencies=[requires(Action.SEE)],
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def live(
    request: Request,
    sector: SectorId,
    last_event_id: Annotated[str | None, Header(max_length=128)] = None,
    since: Annotated[str | None, Query(max_length=128)] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Events snapshot, tracks, incidents, sensors, geofences, pulse, bye.

    Browsers send Last-Event-ID when they reconnect by themselves; `since` is the same for those
    who open a new stream.
    """
    token = session_token(request)
    assert token is not None  # the policy has found the session
    manager: LiveManager = request.app.state.live
    return await manager.open(
        sector,
        sessions.token_hash(token),
        last_event_id or since,
        packed=packing.accepts(accept_encoding),
    )
