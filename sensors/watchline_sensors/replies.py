"""What a hub's answer to an envelope means for the edge; pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from watchline_sensors.config import is_http_url
from watchline_sensors.contract import UNREADABLE, EnvelopeError, Receipt, decode_receipt

FIRST_WAIT_S = 0.2
_MAX_RETRY_AFTER_S = 60.0
_MAX_URL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The envelope was taken; its receipt says what is settled."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another process owns the sector, at this address."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not taken: keep the rows and come again.

    `refused` means that the envelope itself was not liked, so that somebody should look;
    `wait_s` is what the hub asks for; `too_large` that fewer items might pass.
    """

    code: str
    refused: bool = False
    wait_s: float | None = None
    too_large: bool = False


Answer = Taken | Elsewhere | Later


def judge(status: int, retry_after: str | None, body: bytes) -> Answer:
    """Read one answer. Nothing in it can raise.

    >>> judge(503, "2", b"")
    Later(code='uplink.http_503', refused=False, wait_s=2.0, too_large=False)
    """
    if status == 200:
        try:
            receipt = decode_receipt(body)
        except EnvelopeError as error:
            return Later(code=error.code)
        if not _receipt_holds(receipt):
            return Later(code="receipt.invalid")
        return Taken(receipt=receipt)
    problem = _problem(body)
    code = problem.get("code")
    if not isinstance(code, str) or not 0 < len(code) <= 64 or not code.isprintable():
        code = f"uplink.http_{status}"
    if status == 421:
        params = problem.get("params")
        owner = params.get("owner") if isinstance(params, dict) else None
        if isinstance(owner, str) and len(owner) <= _MAX_URL and is_http_url(owner):
            return Elsewhere(owner=owner.rstrip("/"))
    return Later(
        code=code,
        refused=status in (400, 401, 403, 409, 413, 422),
        wait_s=_seconds(retry_after) if status in (429, 503) else None,
        too_large=status == 413,
    )


def _receipt_holds(receipt: Receipt) -> bool:
    return (
        receipt.version == 1
        and all(0 <= low < high < 2**62 for low, high in receipt.settled)
        and all(0 <= one.seq < 2**62 for one in receipt.rejected)
    )


def _problem(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except UNREADABLE:
        return {}


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date is not used between an edge and its hub."""
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return min(float(text), _MAX_RETRY_AFTER_S)


class Backoff:
    """How long to wait after one failure more: doubling from 0.2 s to `longest_s`, with jitter.

    The jitter takes off up to a half, so that the edges of a hub that comes back do not
    all come at once.
    """

    def __init__(self, longest_s: float, jitter: Callable[[], float] = random.random) -> None:
        self._longest_s = longest_s
        self._failures = 0
        self._jitter = jitter

    def failed(self) -> float:
        """Count a failure; the seconds to wait."""
        wait_s = min(self._longest_s, FIRST_WAIT_S * 2 ** min(self._failures, 10))
        self._failures += 1
        return wait_s * (1.0 - 0.5 * self._jitter())

    def succeeded(self) -> None:
        """Start from the shortest wait again."""
        self._failures = 0
