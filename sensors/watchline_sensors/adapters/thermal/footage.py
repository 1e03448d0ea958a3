"""What a ring has of a wanted piece, as the hub is told it."""

from watchline_sensors.adapters.thermal.clip import clip
from watchline_sensors.adapters.thermal.picture import within
from watchline_sensors.adapters.thermal.ring import Ring
from watchline_sensors.contract import (
    MAX_CLIP_US,
    MAX_FOOTAGE_BYTES,
    FootageAnswer,
    FootageKind,
    WantedFootage,
)


def answer(ring: Ring, edge: str, wanted: WantedFootage) -> FootageAnswer:
    """The piece, or why there is none; takes the time that a film takes to be made."""
    if wanted.kind is FootageKind.CLIP:
        told = _clip(ring, edge, wanted)
    else:
        told = _snapshot(ring, edge, wanted)
    if told is not None:
        return told
    code = "footage.expired" if ring.expired(wanted.until_us) else "footage.absent"
    return FootageAnswer(edge=edge, id=wanted.id, code=code)


def _snapshot(ring: Ring, edge: str, wanted: WantedFootage) -> FootageAnswer | None:
    shot = ring.nearest(wanted.from_us)
    if shot is None:
        return None
    return FootageAnswer(
        edge=edge,
        id=wanted.id,
        media_type="image/jpeg",
        from_us=shot.at_us,
        until_us=shot.at_us,
        frames=1,
        outlines=list(shot.outlines),
        octets=within(shot.jpeg, MAX_FOOTAGE_BYTES),
    )


def _clip(ring: Ring, edge: str, wanted: WantedFootage) -> FootageAnswer | None:
    from_us = wanted.from_us
    until_us = min(wanted.until_us, from_us + MAX_CLIP_US)
    made = clip(
        lambda: ring.shots(from_us, until_us),
        length_us=until_us - from_us,
        max_bytes=MAX_FOOTAGE_BYTES,
    )
    if made is None:
        return None
    return FootageAnswer(
        edge=edge,
        id=wanted.id,
        media_type="video/webm",
        from_us=made.from_us,
        until_us=made.until_us,
        frames=made.frames,
        octets=made.octets,
    )
