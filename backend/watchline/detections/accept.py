"""Verify an envelope and sort its items: new, already known, or bad."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from numpy.typing import NDArray

from watchline.detections.ledger import SeqSet
from watchline.detections.parcel import Parcel
from watchline.detections.rows import Rows, blank, fill
from watchline.detections.wire import KNOWN, TAKEN, UNREAD, Names, read_items
from watchline_sensors.contract import (
    UNREADABLE,
    Detection,
    EnvelopeError,
    Health,
    Item,
    Rejection,
    SensorInfo,
    signing_input,
)
from watchline_sensors.contract.detection import extras_hold

_msgpack = msgspec.msgpack.Decoder(Item)
_json = msgspec.json.Decoder(Item)
_extras = msgspec.msgpack.Decoder(dict[str, int | float | str])
_encoder = msgspec.json.Encoder()

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
    """What an envelope brings that was not known before, in seq order.

    `rows["sensor"]` is an index into `names`; arrival, edge and boot are not set yet.
    """

    rows: Rows
    names: Sequence[str]
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


def accept(parcel: Parcel, known: SeqSet, names: Names, owners: Mapping[str, str]) -> Accepted:
    """Sort the items of a verified envelope; pure.

    `known` holds the boot's seqs that are settled or on their way. `names` are the sensors
    already described by this edge: a sighting or heartbeat of an undescribed sensor is
    quarantined, because it cannot be placed in the picture; `owners` is the edge of every
    sensor that has been described. What cannot be read is quarantined under a code.
    Raises EnvelopeError when not even the items' parcel holds.
    """
    sorter = _Sorter(parcel, known.holding(parcel.seqs), names, owners)
    sorter.run()
    fresh = [hole for low, high in parcel.header.lost for hole in known.missing_from(low, high)]
    return sorter.accepted(fresh)


class _Sorter:
    """One envelope at work: in bulk what machine code can read, the rest item by item."""

    def __init__(
        self, parcel: Parcel, known: NDArray[np.bool_], names: Names, owners: Mapping[str, str]
    ) -> None:
        self.edge, self.owners = parcel.header.edge, owners
        self.seqs, self.items = parcel.seqs, parcel.items
        self.names = list(names.names)
        self.others: list[tuple[int, SensorInfo | Health]] = []
        self.bad: list[Quarantined] = []
        self.texts: list[bytes] = []
        if isinstance(parcel.items, list):
            self.table, self.heap = blank(len(known)), np.zeros(0, np.uint8)
            self.fate = np.where(known, KNOWN, UNREAD).astype(np.uint8)
            self.starts, self.extras = np.zeros(0, np.int64), np.zeros((len(known), 2), np.int64)
        else:
            read = read_items(parcel.items, known, names)
            if read is None:
                raise EnvelopeError("envelope.malformed")
            self.table, self.heap, self.fate, self.starts, self.extras = read
        self.size = len(self.heap)

    def run(self) -> None:
        """Bring every item that is not known to its end."""
        for k in np.flatnonzero((self.extras[:, 1] > 0) & (self.fate == TAKEN)).tolist():
            try:
                extras = _extras.decode(self._octets(*self.extras[k].tolist()))
            except UNREADABLE:
                extras = {}
            if extras and extras_hold(extras):
                self._keep(k, "extras", _encoder.encode(extras))
            else:
                self.fate[k] = UNREAD
        for k in np.flatnonzero(self.fate == UNREAD).tolist():
            self._read(k)

    def _read(self, k: int) -> None:
        """One item as msgspec reads it, and as the contract judges it."""
        seq = int(self.seqs[k])
        raw: bytes | msgspec.Raw = b""
        try:
            if isinstance(self.items, list):
                raw = self.items[k]
                item = _json.decode(raw)
            else:
                raw = self._octets(int(self.starts[k]), int(self.starts[k + 1]))
                item = _msgpack.decode(raw)
        except UNREADABLE:
            self.bad.append(_quarantine(seq, "item.malformed", raw))
            return
        code = item.defect()
        if code is None and self.owners.get(item.sensor, self.edge) != self.edge:
            code = "item.sensor_of_another_edge"
        elif code is None and item.sensor not in self.names:
            if isinstance(item, SensorInfo):
                self.names.append(item.sensor)
            else:
                code = "item.sensor_unknown"
        if code is not None:
            self.bad.append(_quarantine(seq, code, raw))
        elif isinstance(item, Detection):
            self._take(k, item)
        else:
            self.others.append((seq, item))

    def _octets(self, low: int, high: int) -> bytes:
        return bytes(self.items[low:high])  # type: ignore[arg-type]  # these are octets

    def _take(self, k: int, detection: Detection) -> None:
        self.fate[k] = TAKEN
        self.table[k] = blank(1)[0]  # the bulk reader may have begun it
        fill(self.table[k], detection)
        self.table["sensor"][k] = self.names.index(detection.sensor)
        if detection.sensor_track is not None:
            self._keep(k, "track", detection.sensor_track.encode())
        if detection.extras is not None:
            self._keep(k, "extras", _encoder.encode(detection.extras))

    def _keep(self, k: int, name: str, text: bytes) -> None:
        """Put a text of row k behind the heap."""
        self.table[f"{name}_from"][k], self.table[f"{name}_size"][k] = self.size, len(text)
        self.texts.append(text)
        self.size += len(text)

    def accepted(self, lost: Sequence[tuple[int, int]]) -> Accepted:
        """What came of it."""
        taken = self.fate == TAKEN
        heap = np.concatenate([self.heap, np.frombuffer(b"".join(self.texts), np.uint8)])
        rows = Rows(self.table, heap).take(taken)
        rows["seq"][:] = self.seqs[taken]
        return Accepted(
            rows=rows,
            names=self.names,
            other_seqs=[seq for seq, _ in self.others],
            others=[item for _, item in self.others],
            quarantined=self.bad,
            lost=lost,
            duplicates=int(np.count_nonzero(self.fate == KNOWN)),
        )


def _quarantine(seq: int, code: str, raw: bytes | msgspec.Raw) -> Quarantined:
    return Quarantined(seq=seq, code=code, payload=bytes(raw)[:MAX_PAYLOAD_BYTES])
