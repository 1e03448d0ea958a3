"""What footage is, who may have what of a camera, and which answers are answers; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from typing_extensions import TypedDict

from watchline.errors import (
    FootageCodeWrong,
    FootageMediaWrong,
    FootageNotYet,
    FootageOctetsWrong,
    FootageTimesInvalid,
)
from watchline_sensors.contract import MAX_CLIP_US, FootageAnswer, FootageKind, Outline
from watchline_sensors.contract.detection import is_plain_text

State = Literal["asked", "kept", "absent"]

#: Around the opening of an incident a clip is asked for from … before until … after it.
BEFORE_S = 10.0
AFTER_S = 20.0
#: A camera has seen a track at a finding if it told of it so near to it.
NEAR_S = 10.0
#: An incident asks so many cameras by itself.
MOST_CAMERAS = 2
#: What nobody has answered for so long, nobody will.
PATIENCE = timedelta(hours=1)
#: A person may ask so often …
MOST_ASKED = 20
#: … within this.
ASKED_WITHIN = timedelta(minutes=10)
#: And may ask for what is still to come by so much.
AHEAD = timedelta(seconds=60)
#: The first and last frame of an answer may lie so far outside what was asked for.
LOOSE_US = 15_000_000

UNANSWERED = "footage.unanswered"
#: Why an edge may have nothing.
_REASONS = frozenset({"footage.absent", "footage.expired", "footage.camera_unknown"})
_MEDIA = {
    FootageKind.SNAPSHOT: ("image/jpeg", b"\xff\xd8\xff"),
    FootageKind.CLIP: ("video/webm", b"\x1a\x45\xdf\xa3"),
}
SUFFIX = {"image/jpeg": "jpg", "video/webm": "webm"}


class OutlineView(TypedDict):
    """Where a tracklet was in a picture: sides as shares of its width and height."""

    sensor_track: str
    x0: float
    y0: float
    x1: float
    y1: float


#: A piece of footage, `asked_by` nobody if an incident asked by itself. `from` and `until` are what
#: was asked for, `first_at` and `last_at` the frames that came; an absent one has a `code`.
FootageView = TypedDict(
    "FootageView",
    {
        "id": UUID,
        "sector": str,
        "incident": UUID | None,
        "sensor": str,
        "edge": str,
        "kind": FootageKind,
        "state": State,
        "code": str | None,
        "from": datetime,
        "until": datetime,
        "asked_by": str | None,
        "reason": str | None,
        "asked_at": datetime,
        "expires_at": datetime,
        "received_at": datetime | None,
        "first_at": datetime | None,
        "last_at": datetime | None,
        "media_type": str | None,
        "sha256": str | None,
        "bytes": int | None,
        "frames": int | None,
        "outlines": list[OutlineView],
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A sensor that takes pictures, and the edge that has them."""

    id: str
    sector: str
    edge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of a camera: for an incident, by a person with a reason, or both."""

    camera: Camera
    kind: FootageKind
    from_at: datetime
    until_at: datetime
    incident: UUID | None
    asked_by: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A camera saw a track of an incident when a rule held for it, at `at`."""

    incident: UUID
    camera: Camera
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A row that waits for its answer; times in µs since 1970 UTC."""

    kind: FootageKind
    from_us: int
    until_us: int


def asks_of(
    sightings: Iterable[Sighting], asked: Mapping[UUID, Collection[str]]
) -> list[tuple[Ask, Ask]]:
    """A snapshot and a clip of each camera that saw an incident, MOST_CAMERAS of them at most.

    The cameras of the earliest findings come first; `asked` are those that were asked before.
    """
    chosen: list[tuple[Ask, Ask]] = []
    taken = {incident: set(cameras) for incident, cameras in asked.items()}
    for seen in sorted(sightings, key=lambda it: (it.at, it.camera.id)):
        cameras = taken.setdefault(seen.incident, set())
        if seen.camera.id in cameras or len(cameras) >= MOST_CAMERAS:
            continue
        cameras.add(seen.camera.id)
        chosen.append((_ask(seen, 0, 0), _ask(seen, BEFORE_S, AFTER_S)))
    return chosen


def _ask(seen: Sighting, before_s: float, after_s: float) -> Ask:
    return Ask(
        camera=seen.camera,
        kind=FootageKind.CLIP if before_s or after_s else FootageKind.SNAPSHOT,
        from_at=seen.at - timedelta(seconds=before_s),
        until_at=seen.at + timedelta(seconds=after_s),
        incident=seen.incident,
    )


def check_times(kind: FootageKind, from_at: datetime, until_at: datetime, now: datetime) -> None:
    """Whether a person may ask for it; errors: FootageTimesInvalid, FootageNotYet."""
    length = until_at - from_at
    if kind is FootageKind.SNAPSHOT:
        holds = length == timedelta(0)
    else:
        holds = timedelta(0) < length <= timedelta(microseconds=MAX_CLIP_US)
    if not holds:
        raise FootageTimesInvalid(most_s=MAX_CLIP_US // 1_000_000)
    if until_at > now + AHEAD:
        raise FootageNotYet(until=until_at.isoformat())


def check_answer(wanted: Wanted, answer: FootageAnswer) -> None:
    """Whether an answer is one to what was asked.

    An edge does not send more than it was asked for, give or take LOOSE_US.
    Errors: FootageCodeWrong, FootageMediaWrong, FootageOctetsWrong, FootageTimesInvalid.
    """
    if answer.code is not None:
        if answer.code not in _REASONS or answer.octets:
            raise FootageCodeWrong
        return
    media_type, magic = _MEDIA[wanted.kind]
    if answer.media_type != media_type:
        raise FootageMediaWrong(expected=media_type)
    named = all(is_plain_text(outline.sensor_track) for outline in answer.outlines)
    if not answer.octets.startswith(magic) or not 1 <= answer.frames < 2**31 or not named:
        raise FootageOctetsWrong(expected=media_type)
    if not (
        wanted.from_us - LOOSE_US <= answer.from_us <= answer.until_us
        and answer.until_us <= wanted.until_us + LOOSE_US
    ):
        raise FootageTimesInvalid(most_s=MAX_CLIP_US // 1_000_000)


def is_picture(octets: bytes) -> bool:
    """Whether it begins as a JPEG does."""
    return octets.startswith(_MEDIA[FootageKind.SNAPSHOT][1])


def outline_json(outlines: Iterable[Outline]) -> list[dict[str, Any]]:
    """Outlines as they are stored."""
    return [
        {"sensor_track": it.sensor_track, "x0": it.x0, "y0": it.y0, "x1": it.x1, "y1": it.y1}
        for it in outlines
    ]
