"""Detections as the hub's columns, by way of the wire."""

from collections.abc import Sequence

import msgspec
import numpy as np

from watchline.detections.accept import Accepted, accept
from watchline.detections.ledger import SeqSet
from watchline.detections.parcel import Parcel, decode_parcel
from watchline.detections.rows import Rows
from watchline.detections.wire import Names
from watchline_sensors.contract import Detection, Envelope, Item, Lane, encode_envelope


def parcel(*items: Item | bytes, seqs: Sequence[int] = (), json: bool = False, **changes) -> Parcel:
    """These items (or the octets of some) as the hub takes them, from edge-a, boot 7."""
    coder = msgspec.json if json else msgspec.msgpack
    numbers = list(seqs or range(1, len(items) + 1))
    envelope = Envelope(
        edge="edge-a",
        boot=7,
        lane=Lane.LIVE,
        sent_at_us=0,
        watermark_us=0,
        highest_seq=1000,
        seqs=numbers,
        items=[msgspec.Raw(i if isinstance(i, bytes) else coder.encode(i)) for i in items],
    )
    envelope = msgspec.structs.replace(envelope, **changes)
    body = msgspec.json.encode(envelope) if json else encode_envelope(envelope)
    return decode_parcel(body, json=json)


def taken(*items: Item | bytes, known: SeqSet | None = None, **changes) -> Accepted:
    """What `accept` makes of them when edge-a has described radar-a."""
    return accept(
        parcel(*items, **changes),
        SeqSet() if known is None else known,
        Names(["radar-a"]),
        {"radar-a": "edge-a", "radar-of-b": "edge-b"},
    )


def rows_of(
    detections: Sequence[Detection], *, edge: int, boot: int, arrived_us: int, first_seq: int = 1
) -> Rows:
    """Sightings of the sensors "a" (number 1) and "b" (2), numbered from `first_seq`."""
    seqs = range(first_seq, first_seq + len(detections))
    rows = accept(parcel(*detections, seqs=seqs), SeqSet(), Names(["a", "b"]), {}).rows
    rows["sensor"][:] += 1
    rows["edge"][:], rows["boot"][:], rows["arrived_us"][:] = edge, boot, arrived_us
    assert np.array_equal(rows["seq"], seqs)
    return rows
