"""Verify an envelope and sort its items: new, already known, or bad."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from watchline.detections.ledger import SeqSet
from watchline_sensors.contract import (
    UNREADABLE,
    Detection,
    Envelope,
    Health,
    Item,
    Rejection,
    SensorInfo,
    signing_input,
)

_msgpack = msgspec.msgpack.Decoder(Item)
_json = msgspec.json.Decoder(Item)

#: What is kept of a quarantined item.
MAX_PAYLOAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """An item that cannot be used, with the code that says why and the head of its bytes."""

    seq: int
    code: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What an envelope brings that was not known before, in seq order."""

    seqs: Sequence[int]
    detections: Sequence[Detection]
    other_seqs: Sequence[int]
    others: Sequence[SensorInfo | Health]
    quarantined: Sequence[Quarantined]
    lost: Sequence[tuple[int, int]]
    duplicates: int

    def rejections(self) -> list[Rejection]:
        """The quarantined items as the edge is told of them."""
        return [Rejection(seq=q.seq, code=q.code) for q in self.quarantined]


def signature_holds(public_key: bytes, signature: bytes, body: bytes) -> bool:
    """Whether `signature` is the edge's Ed25519 signature of this body."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signing_input(body))
    except InvalidSignature:
        return False
    return True


def accept(
    envelope: Envelope,
    known: SeqSet,
    sensors: frozenset[str],
    foreign: frozenset[str] = frozenset(),
    *,
    json: bool = False,
) -> Accepted:
    """Sort the items of a verified envelope; pure.

    `known` holds the boot's seqs that are settled or on their way. `sensors` are the ids
    already described by this edge: a sighting or heartbeat of an undescribed sensor is
    quarantined, because it cannot be placed in the picture; `foreign` ids belong to other
    edges. Nothing raises: what cannot be read is quarantined under a code.
    """
    decoder = _json if json else _msgpack
    described = set(sensors)
    seqs: list[int] = []
    detections: list[Detection] = []
    other_seqs: list[int] = []
    others: list[SensorInfo | Health] = []
    bad: list[Quarantined] = []
    duplicates = 0
    for seq, raw in zip(envelope.seqs, envelope.items, strict=True):
        if seq in known:
            duplicates += 1
            continue
        try:
            item = decoder.decode(raw)
        except UNREADABLE:
            bad.append(_quarantine(seq, "item.malformed", raw))
            continue
        code = item.defect()
        if code is None and item.sensor in foreign:
            code = "item.sensor_of_another_edge"
        if code is None and not isinstance(item, SensorInfo) and item.sensor not in described:
            code = "item.sensor_unknown"
        if code is not None:
            bad.append(_quarantine(seq, code, raw))
        elif isinstance(item, Detection):
            seqs.append(seq)
            detections.append(item)
        else:
            if isinstance(item, SensorInfo):
                described.add(item.sensor)
            other_seqs.append(seq)
            others.append(item)
    lost = [hole for low, high in envelope.lost for hole in known.missing_from(low, high)]
    return Accepted(
        seqs=seqs,
        detections=detections,
        other_seqs=other_seqs,
        others=others,
        quarantined=bad,
        lost=lost,
        duplicates=duplicates,
    )


def _quarantine(seq: int, code: str, raw: msgspec.Raw) -> Quarantined:
    return Quarantined(seq=seq, code=code, payload=bytes(raw)[:MAX_PAYLOAD_BYTES])
