"""Pictures, which leave the edge only when somebody asks: what the hub wants, and the answer.

The edge asks `POST /api/footage/wanted` (a `FootageCall`, every 2 s) and gets a `FootageWanted`.
It answers each wanted piece with `POST /api/footage/answer` (a `FootageAnswer`), and while a camera
is wanted live, sends its pictures to `POST /api/footage/live` (a `LivePicture`), which answers with
a `LiveReceipt`. All bodies are msgpack, signed as an envelope is: Watchline-Edge is the edge's id
and Watchline-Signature the base64 of its Ed25519 signature over the body's octets. Masks are
burned in before anything is kept or sent. Unknown fields are ignored: the other side may be newer.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

#: An answer's octets at most.
MAX_FOOTAGE_BYTES = 8_000_000
#: A live picture's octets at most.
MAX_LIVE_BYTES = 400_000
#: A clip lasts at most this long.
MAX_CLIP_US = 120_000_000

_Us = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class FootageKind(StrEnum):
    """One picture, or moving ones."""

    SNAPSHOT = "snapshot"
    CLIP = "clip"


class FootageCall(msgspec.Struct, frozen=True, kw_only=True):
    """An edge with cameras asks what is wanted of them; `at_us` is its clock."""

    edge: _Id
    at_us: _Us
    cameras: Annotated[list[_Id], msgspec.Meta(max_length=256)]


class WantedFootage(msgspec.Struct, frozen=True, kw_only=True):
    """One piece: of `sensor`, from `from_us` until `until_us` (equal for a snapshot).

    It may still lie in the future: then it is sent when it is over.
    """

    id: _Id
    sensor: _Id
    kind: FootageKind
    from_us: _Us
    until_us: _Us


class WantedLive(msgspec.Struct, frozen=True, kw_only=True):
    """A camera whose pictures somebody is looking at now: at most `fps` of them a second."""

    sensor: _Id
    fps: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]


class FootageWanted(msgspec.Struct, frozen=True, kw_only=True):
    """All that is wanted of one edge now."""

    footage: Annotated[list[WantedFootage], msgspec.Meta(max_length=256)] = []
    live: Annotated[list[WantedLive], msgspec.Meta(max_length=256)] = []


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tracklet was in a picture: sides as shares of its width and height."""

    sensor_track: _Id
    x0: _Share
    y0: _Share
    x1: _Share
    y1: _Share


class FootageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge has of a wanted piece, or a `code` that says why it has nothing.

    `footage.absent` (nothing was kept then), `footage.expired` (it is gone already) or
    `footage.camera_unknown`; then `octets` is empty. `media_type` is image/jpeg for a snapshot,
    video/webm for a clip; `from_us` and `until_us` are the times of its first and last frame,
    by the clock of the frames. Of a snapshot `outlines` are the tracklets in it.
    """

    edge: _Id
    id: _Id
    code: str | None = None
    media_type: str = ""
    from_us: _Us = 0
    until_us: _Us = 0
    frames: Annotated[int, msgspec.Meta(ge=0)] = 0
    outlines: Annotated[list[Outline], msgspec.Meta(max_length=200)] = []
    octets: Annotated[bytes, msgspec.Meta(max_length=MAX_FOOTAGE_BYTES)] = b""


class LivePicture(msgspec.Struct, frozen=True, kw_only=True):
    """One JPEG of a camera that is wanted live."""

    edge: _Id
    sensor: _Id
    at_us: _Us
    octets: Annotated[bytes, msgspec.Meta(max_length=MAX_LIVE_BYTES)]


class LiveReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Whether anybody still looks."""

    wanted: bool
