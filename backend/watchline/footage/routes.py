"""Footage for people: what is asked for, what was kept, and a camera's picture as it comes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, Field

from watchline.access import sessions
from watchline.access.model import Action, User
from watchline.access.policy import engine_of, requires, session_token, settings_of
from watchline.errors import FootageNotKept, FootageTimesInvalid, RangeUnsatisfiable
from watchline.footage import edges, store
from watchline.footage.live import LiveStream, Relay
from watchline.footage.looks import Looks
from watchline.footage.model import SUFFIX, Ask, FootageView, check_times
from watchline.footage.ranges import stretch
from watchline.web import problem
from watchline.web.types import ID_PATTERN, Body, Id, Name, Note
from watchline_sensors.contract import MAX_CLIP_US, FootageKind

router = APIRouter(tags=["footage"])
router.include_router(edges.router)

_SensorId = Annotated[str, Path(pattern=ID_PATTERN)]
_MEDIA: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}, "video/webm": {}}},
    206: {"description": "A stretch of it", "content": {"video/webm": {}}},
    304: {"description": "The browser has it"},
}


def _worded(text: str) -> str:
    text = text.strip()
    if len(text) < _LEAST_REASON:
        raise ValueError("too few words")
    return text


_LEAST_REASON = 10
_Reason = Annotated[Note, Field(min_length=_LEAST_REASON, max_length=500), AfterValidator(_worded)]


class AskBody(Body):
    """What is asked of a camera, and why: a clip from … until, or a snapshot `at`."""

    sensor: Id
    kind: FootageKind
    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime | None = None
    at: AwareDatetime | None = None
    incident: UUID | None = None
    reason: _Reason


@router.get("/api/incidents/{id}/footage", dependencies=[requires(Action.SEE_FOOTAGE)])
async def of_incident(request: Request, id: UUID) -> list[FootageView]:
    """The incident's footage, the newest first."""
    async with engine_of(request).connect() as connection:
        await store.require_incident(connection, id)
        return await store.of_incident(connection, id)


@router.post("/api/footage", status_code=201)
async def ask(
    request: Request, body: AskBody, user: Annotated[User, requires(Action.ASK_FOOTAGE)]
) -> FootageView:
    """Ask a camera's edge for footage; it comes when the edge has next asked what is wanted."""
    from_at, until_at = _times(body)
    check_times(body.kind, from_at, until_at, datetime.now(UTC))
    keeping = settings_of(request).retention
    keep = (
        timedelta(hours=keeping.footage_hours)
        if body.incident is None
        else timedelta(days=keeping.incident_footage_days)
    )
    async with engine_of(request).begin() as connection:
        wanted = Ask(
            camera=await store.camera(connection, body.sensor),
            kind=body.kind,
            from_at=from_at,
            until_at=until_at,
            incident=body.incident,
            asked_by=user.id,
            reason=body.reason,
        )
        (id,) = await store.ask(connection, [wanted], keep)
        return await store.one(connection, id)


@router.get("/api/footage/{id}", dependencies=[requires(Action.SEE_FOOTAGE)])
async def one(request: Request, id: UUID) -> FootageView:
    """One piece, without its pictures."""
    async with engine_of(request).connect() as connection:
        return await store.one(connection, id)


@router.get("/api/footage/{id}/octets", response_class=Response, responses=_MEDIA)
async def octets(
    request: Request,
    id: UUID,
    user: Annotated[User, requires(Action.SEE_FOOTAGE)],
    range: Annotated[str | None, Header(max_length=128)] = None,
    if_range: Annotated[str | None, Header(max_length=128)] = None,
    if_none_match: Annotated[str | None, Header(max_length=1024)] = None,
) -> Response:
    """The pictures themselves, or a stretch of them; the audit trail tells who has looked."""
    looks: Looks = request.app.state.footage_looks
    async with engine_of(request).begin() as connection:
        piece = await store.one(connection, id)
        media_type, sha256, size = piece["media_type"], piece["sha256"], piece["bytes"]
        if media_type is None or sha256 is None or size is None:
            raise FootageNotKept(state=piece["state"], code=piece["code"])
        tag = f'"{sha256}"'
        headers = {
            "ETag": tag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'inline; filename="{id}.{SUFFIX[media_type]}"',
        }
        if tag in [part.strip() for part in (if_none_match or "").split(",")]:
            return Response(status_code=304, headers=headers)
        try:
            part = stretch(range if if_range in (None, tag) else None, size)
        except RangeUnsatisfiable as error:
            return problem.answer(error, {"Content-Range": f"bytes */{size}"})
        first, last = part or (0, size - 1)
        content = await store.octets(connection, id, first, last - first + 1)
        new_look = looks.is_new(user.id, id, time.monotonic())
        if new_look:
            await store.note_look(
                connection,
                user.id,
                piece["sector"],
                "footage.view",
                f"footage {id}",
                sensor=piece["sensor"],
                kind=piece["kind"],
                sha256=sha256,
            )
    if new_look:
        looks.note(user.id, id, time.monotonic())
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content, 200 if part is None else 206, headers, media_type)


@router.get(
    "/api/sensors/{sensor}/live.mjpeg",
    response_class=Response,
    responses={200: {"content": {"multipart/x-mixed-replace": {}}}},
)
async def live(
    request: Request,
    sensor: _SensorId,
    user: Annotated[User, requires(Action.WATCH_LIVE)],
    reason: Annotated[Name, Query()],
) -> Response:
    """A camera's pictures as they come, for ten minutes at most; none of them is stored."""
    token = session_token(request)
    assert token is not None  # the policy has found the session
    relay: Relay = request.app.state.footage_live
    async with engine_of(request).connect() as connection:
        camera = await store.camera(connection, sensor)
    viewer = relay.enter(user.id, sessions.token_hash(token), camera)
    try:
        async with engine_of(request).begin() as connection:
            await store.note_look(
                connection,
                user.id,
                camera.sector,
                "footage.watch",
                f"sensor {camera.id}",
                reason=reason,
            )
    except BaseException:
        relay.leave(viewer)
        raise
    return LiveStream(relay, viewer)


def _times(body: AskBody) -> tuple[datetime, datetime]:
    """From when until when; errors: FootageTimesInvalid."""
    if body.at is not None and body.from_ is None and body.until is None:
        return body.at, body.at
    if body.at is None and body.from_ is not None and body.until is not None:
        return body.from_, body.until
    raise FootageTimesInvalid(most_s=MAX_CLIP_US // 1_000_000)
