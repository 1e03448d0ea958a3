"""An envelope as the hub takes it: its seqs as an array, its items still as octets."""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchline.detections.wire import count_of, read_seqs
from watchline_sensors.contract import (
    MAX_ENVELOPE_BYTES,
    MAX_ITEMS,
    SCHEMA_VERSION,
    UNREADABLE,
    EnvelopeError,
    EnvelopeHeader,
    decode_envelope,
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A checked envelope: as many items as seqs.

    `items` is the MessagePack array of all of them, or, when they came as JSON, each item apart.
    """

    header: EnvelopeHeader
    seqs: NDArray[np.int64]  # (n,) ascending
    items: NDArray[np.uint8] | list[msgspec.Raw]


class _Parts(EnvelopeHeader, frozen=True, kw_only=True):
    version: int
    seqs: msgspec.Raw = msgspec.Raw(b"\x90")
    items: msgspec.Raw = msgspec.Raw(b"\x90")


class _Version(msgspec.Struct):
    version: int


_decoder = msgspec.msgpack.Decoder(_Parts)
_version = msgspec.msgpack.Decoder(_Version)


def decode_parcel(body: bytes, *, json: bool = False) -> Parcel:
    """Read an envelope and check all but its items; raises EnvelopeError as `decode_envelope`."""
    if json:
        envelope = decode_envelope(body, json=True)
        return Parcel(envelope, np.array(envelope.seqs, np.int64), envelope.items)
    if len(body) > MAX_ENVELOPE_BYTES:
        raise EnvelopeError("envelope.too_large")
    try:
        parts = _decoder.decode(body)
    except UNREADABLE as error:
        raise EnvelopeError(_unreadable(body)) from error
    if parts.version != SCHEMA_VERSION:
        raise EnvelopeError("envelope.version_unknown")
    octets, items = np.frombuffer(parts.seqs, np.uint8), np.frombuffer(parts.items, np.uint8)
    count = count_of(octets)
    if count < 0 or count_of(items) < 0:
        raise EnvelopeError("envelope.malformed")
    if not (parts.holds() and count_of(items) == count <= MAX_ITEMS):
        raise EnvelopeError("envelope.frame_invalid")
    seqs = read_seqs(octets, count)
    if seqs is None:
        raise EnvelopeError("envelope.malformed")
    ascending = bool(np.all(seqs[1:] > seqs[:-1]))
    if not ascending or (count and not 1 <= seqs[0] <= seqs[-1] <= parts.highest_seq):
        raise EnvelopeError("envelope.frame_invalid")
    return Parcel(parts, seqs, items)


def _unreadable(body: bytes) -> str:
    """Another version may look different altogether: then that is what is wrong."""
    try:
        known = _version.decode(body).version == SCHEMA_VERSION
    except UNREADABLE:
        known = True
    return "envelope.malformed" if known else "envelope.version_unknown"
