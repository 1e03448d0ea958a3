"""Footage for machines: what is wanted of an edge, its answers, its live pictures.

Bodies are msgpack and signed; what is wrong with one is a problem with a code, as everywhere.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from watchline.access.policy import edge_signature, engine_of
from watchline.detections.accept import signature_holds
from watchline.errors import (
    EdgeUnknown,
    EnvelopeEdgeMismatch,
    EnvelopeSignatureWrong,
    FootageMalformed,
    FootageOctetsWrong,
    FootageSensorForeign,
    FootageUnknown,
)
from watchline.footage import store
from watchline.footage.live import Relay
from watchline.footage.model import is_picture
from watchline.web.types import ID_PATTERN
from watchline_sensors.contract import (
    UNREADABLE,
    FootageAnswer,
    FootageCall,
    FootageWanted,
    LivePicture,
    LiveReceipt,
)
from watchline_sensors.contract.detection import is_plain_text

router = APIRouter()

_MSGPACK = "application/msgpack"
_SAID: dict[int | str, dict[str, Any]] = {200: {"content": {_MSGPACK: {}}}}
_call = msgspec.msgpack.Decoder(FootageCall)
_answer = msgspec.msgpack.Decoder(FootageAnswer)
_picture = msgspec.msgpack.Decoder(LivePicture)
_Said = TypeVar("_Said", FootageCall, FootageAnswer, LivePicture)


@router.post(
    "/api/footage/wanted",
    dependencies=[edge_signature()],
    response_class=Response,
    responses=_SAID,
)
async def wanted(request: Request) -> Response:
    """Tell an edge what is wanted of it now: footage, and cameras that somebody looks at."""
    call = await _read(request, _call)
    async with engine_of(request).connect() as connection:
        footage = await store.wanted(connection, call.edge)
    live = [each for each in _relay(request).wanted(call.edge) if each.sensor in call.cameras]
    return _told(FootageWanted(footage=footage, live=live))


@router.post("/api/footage/answer", status_code=204, dependencies=[edge_signature()])
async def answer(request: Request) -> None:
    """Take what an edge has of a piece, or why it has nothing; the same answer twice is one.

    An edge drops what is answered 404, 410, 413 or 422: nobody will ask for it again.
    """
    told = await _read(request, _answer)
    try:
        id = UUID(told.id)
    except ValueError as error:
        raise FootageUnknown from error
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(told.octets).digest())
    async with engine_of(request).begin() as connection:
        wrong = await store.answer(connection, id, told, sha256)
    if wrong is not None:
        raise wrong


@router.post(
    "/api/footage/live", dependencies=[edge_signature()], response_class=Response, responses=_SAID
)
async def live(request: Request) -> Response:
    """Hand a camera's picture on to those who look; tell the edge whether anybody does."""
    told = await _read(request, _picture)
    async with engine_of(request).connect() as connection:
        _, is_its_own = await _key(connection, told.edge, told.sensor)
    if not is_its_own:
        raise FootageSensorForeign
    if not is_picture(told.octets):
        raise FootageOctetsWrong(expected="image/jpeg")
    return _told(LiveReceipt(wanted=_relay(request).show(told.sensor, told.octets)))


async def _read(request: Request, decoder: "msgspec.msgpack.Decoder[_Said]") -> _Said:
    """The body of an enrolled edge, verified as an envelope is.

    Errors: EdgeUnknown, EnvelopeSignatureWrong, FootageMalformed, EnvelopeEdgeMismatch.
    """
    edge = request.headers.get("watchline-edge", "")
    # A stranger's megabytes are not read.
    async with engine_of(request).connect() as connection:
        key, _ = await _key(connection, edge)
    body = await request.body()
    if not await asyncio.to_thread(signature_holds, key, _signature(request), body):
        raise EnvelopeSignatureWrong
    try:
        said = decoder.decode(body)
    except UNREADABLE as error:
        raise FootageMalformed from error
    if said.edge != edge:
        raise EnvelopeEdgeMismatch
    return said


async def _key(connection: AsyncConnection, edge: str, sensor: str = "") -> tuple[bytes, bool]:
    if not re.fullmatch(ID_PATTERN, edge):
        raise EdgeUnknown
    return await store.edge_key(connection, edge, sensor if is_plain_text(sensor) else "")


def _signature(request: Request) -> bytes:
    try:
        return base64.b64decode(request.headers.get("watchline-signature", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _told(message: FootageWanted | LiveReceipt) -> Response:
    return Response(msgspec.msgpack.encode(message), media_type=_MSGPACK)


def _relay(request: Request) -> Relay:
    relay: Relay = request.app.state.footage_live
    return relay
