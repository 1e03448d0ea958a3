"""The picture as server-sent events: bytes, made once for all screens that lack the same."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from watchline.live.model import as_json
from watchline.live.picture import Change, Picture

#: A comment line: it says that the hub is alive when there is nothing else to say.
HEARTBEAT = b":\n\n"
_ID = re.compile(r"(?P<sector>[^:]+(?::[^:]+)*):(?P<epoch>\d{1,18}):(?P<rev>\d{1,18})")


def event(kind: str, data: Any, id: str | None = None) -> bytes:
    """One event; JSON has no line breaks, so one data line holds it."""
    head = f"event: {kind}\n" if id is None else f"event: {kind}\nid: {id}\n"
    return b"%bdata: %b\n\n" % (head.encode(), as_json(data))


def event_id(picture: Picture) -> str:
    """`<sector>:<epoch>:<rev>`: a screen with this id lacks nothing up to that commit."""
    return f"{picture.sector}:{picture.epoch}:{picture.rev}"


def read_id(text: str, sector: str) -> tuple[int, int] | None:
    """Epoch and rev of a Last-Event-ID of this sector; None for anything else.

    >>> read_id("north:3:1200", "north"), read_id("south:3:1200", "north"), read_id("x", "north")
    ((3, 1200), None, None)
    """
    match = _ID.fullmatch(text)
    if match is None or match["sector"] != sector:
        return None
    return int(match["epoch"]), int(match["rev"])


def pulse(picture: Picture) -> dict[str, Any] | None:
    """The newest pulse, whether the sector's writer answers, and the system's alarms."""
    if picture.pulse is None:
        return None
    since = datetime.fromtimestamp(picture.writer_since_us / 1e6, UTC)
    return {
        **msgspec.structs.asdict(picture.pulse),
        "writer": "up" if picture.writer_up else "down",
        "writer_since": since,
        "alarms": picture.alarms,
    }


def snapshot(picture: Picture) -> bytes:
    """The whole picture."""
    data = {
        "rev": picture.rev,
        "at_us": picture.at_us,
        "tracks": list(picture.tracks.values()),
        "incidents": list(picture.incidents.values()),
        "sensors": list(picture.sensors.values()),
        "pulse": pulse(picture),
    }
    return event("snapshot", data, event_id(picture))


def delta(picture: Picture, change: Change) -> bytes:
    """What changed, as up to five events; empty when nothing did.

    Alarms first. Only the last event carries the id: a screen that loses the connection between
    two of them comes back with the old one, and misses nothing.
    """
    rev = picture.rev
    told: list[tuple[str, Any]] = []
    if change.incidents:
        told.append(("incidents", {"rev": rev, "changed": change.incidents}))
    if change.sensors:
        told.append(("sensors", {"rev": rev, "changed": change.sensors}))
    if change.geofences:
        told.append(("geofences", {"rev": rev}))
    if change.up or change.gone:
        told.append(
            ("tracks", {"rev": rev, "at_us": picture.at_us, "up": change.up, "gone": change.gone})
        )
    if change.pulse:
        told.append(("pulse", pulse(picture)))
    parts = [event(kind, data) for kind, data in told[:-1]]
    parts += [event(kind, data, event_id(picture)) for kind, data in told[-1:]]
    return b"".join(parts)


def bye(code: str, **params: Any) -> bytes:
    """The last event of a stream: the hub closes it, and why."""
    return event("bye", {"code": code, "params": params})
