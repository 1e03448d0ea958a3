"""The signed parcel that carries spooled items from an edge to its sector's worker.

An item's natural key is (edge, boot, seq): `boot` is 63 random bits drawn at each process
start, `seq` counts from 1 in memory. The receiver keeps the settled seqs per (edge, boot);
the sender frees a row only when a receipt's `settled` ranges cover it, so a reply, a lost
reply and a repeated envelope all end the same way.
"""

import itertools
from enum import StrEnum

import msgspec

from watchline_sensors.contract.detection import Detection
from watchline_sensors.contract.sensor import Health, SensorInfo

SCHEMA_VERSION = 1
MAX_ITEMS = 2000
MAX_ENVELOPE_BYTES = 2 * 1024 * 1024
_MAX_RANGES = 1000
_SIGNING_DOMAIN = b"watchline envelope v1\n"

Item = Detection | SensorInfo | Health

#: A half-open range [from, to) of seqs.
SeqRange = tuple[int, int]


#: What msgspec raises over bytes from outside: a text that is not UTF-8 is no DecodeError.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Lane(StrEnum):
    """Live is first-in-first-out over the last 30 s; archive is what an outage left behind."""

    LIVE = "live"
    ARCHIVE = "archive"


class EnvelopeHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an envelope says beside its items.

    `watermark_us` promises that no later live envelope of this boot holds a detection with
    `at_us` at or before it. `highest_seq` is the last seq the boot has given out, so that a
    missing tail shows. `lost` are seqs the edge will never send.
    """

    version: int = SCHEMA_VERSION
    edge: str
    boot: int
    lane: Lane
    sent_at_us: int
    watermark_us: int
    highest_seq: int
    lost: list[SeqRange] = []

    def holds(self) -> bool:
        """Whether every number is within its bounds."""
        return (
            0 < len(self.edge) <= 64
            and 0 <= self.boot < 2**63
            and 0 <= self.highest_seq < 2**62
            and len(self.lost) <= _MAX_RANGES
            and all(1 <= a < b <= self.highest_seq + 1 for a, b in self.lost)
            and abs(self.sent_at_us) < 2**60
            and abs(self.watermark_us) < 2**60
        )


class Envelope(EnvelopeHeader, frozen=True, kw_only=True):
    """Items of one boot of one edge, in ascending seq order: `seqs[i]` belongs to `items[i]`.

    On the wire `items` are encoded apart so that one bad item harms no other.
    """

    seqs: list[int] = []
    items: list[msgspec.Raw] = []


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """An item that was quarantined: it is settled, and never to be sent again."""

    seq: int
    code: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an envelope.

    `accepted` and `duplicate` count this envelope's items; an accepted item is not safe yet.
    Only `settled` (half-open ranges of this boot, committed in PostGIS) frees rows at the edge.
    `epoch` changes when the writer restarts: whatever was accepted before and is not settled
    must be sent again.
    """

    version: int = SCHEMA_VERSION
    epoch: int
    accepted: int
    duplicate: int
    rejected: list[Rejection] = []
    settled: list[SeqRange] = []


class EnvelopeError(ValueError):
    """An envelope refused as a whole; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Version(msgspec.Struct):
    version: int


_encoder = msgspec.msgpack.Encoder()
_version_decoder = msgspec.msgpack.Decoder(_Version)
_decoder = msgspec.msgpack.Decoder(Envelope)
_json_version_decoder = msgspec.json.Decoder(_Version)
_json_decoder = msgspec.json.Decoder(Envelope)
_receipt_decoder = msgspec.msgpack.Decoder(Receipt)
_json_encoder = msgspec.json.Encoder()


def encode_envelope(envelope: Envelope) -> bytes:
    """The envelope as msgpack; items are the bytes the spool holds, untouched."""
    return _encoder.encode(envelope)


def decode_envelope(body: bytes, *, json: bool = False) -> Envelope:
    """Read an envelope and check its frame; items stay encoded (see `msgspec.Raw`).

    Raises EnvelopeError: `envelope.too_large`, `envelope.malformed`,
    `envelope.version_unknown`, `envelope.frame_invalid`.
    """
    if len(body) > MAX_ENVELOPE_BYTES:
        raise EnvelopeError("envelope.too_large")
    try:
        version = (_json_version_decoder if json else _version_decoder).decode(body).version
        if version != SCHEMA_VERSION:
            raise EnvelopeError("envelope.version_unknown")
        envelope = (_json_decoder if json else _decoder).decode(body)
    except UNREADABLE as error:
        raise EnvelopeError("envelope.malformed") from error
    if not _frame_holds(envelope):
        raise EnvelopeError("envelope.frame_invalid")
    return envelope


def _frame_holds(envelope: Envelope) -> bool:
    seqs = envelope.seqs
    return (
        envelope.holds()
        and len(seqs) == len(envelope.items) <= MAX_ITEMS
        and all(a < b for a, b in itertools.pairwise(seqs))
        and (not seqs or (seqs[0] >= 1 and seqs[-1] <= envelope.highest_seq))
    )


def encode_receipt(receipt: Receipt, *, json: bool = False) -> bytes:
    """The receipt in the encoding its envelope came in."""
    return (_json_encoder if json else _encoder).encode(receipt)


def decode_receipt(body: bytes) -> Receipt:
    """Read a msgpack receipt; raises EnvelopeError `receipt.malformed`."""
    try:
        return _receipt_decoder.decode(body)
    except UNREADABLE as error:
        raise EnvelopeError("receipt.malformed") from error


def signing_input(body: bytes) -> bytes:
    """What an edge signs with its Ed25519 key: the body under this protocol's own prefix."""
    return _SIGNING_DOMAIN + body
