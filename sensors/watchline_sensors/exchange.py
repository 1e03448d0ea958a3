"""One envelope out, one receipt back: what both lanes of the uplink share."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.config import EdgeConfig
from watchline_sensors.contract import Envelope, Lane, Receipt, encode_envelope
from watchline_sensors.hub_client import HubClient
from watchline_sensors.keys import EdgeKey
from watchline_sensors.pace import Pace
from watchline_sensors.ranges import RangeSet
from watchline_sensors.replies import FIRST_WAIT_S, Answer, Backoff, Elsewhere, Later, Taken
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Row

log = logging.getLogger("watchline.uplink")

_MAX_LOST_RANGES = 1000


@dataclass(slots=True, kw_only=True)
class UplinkStats:
    """Counters since this process started. `sent` counts an item each time it goes out."""

    envelopes: int = 0
    failures: int = 0
    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    settled: int = 0
    resends: int = 0
    connected: bool = False
    last_error: str | None = None


class Exchange:
    """Envelopes to whoever owns the sector now; use `hub` as a context manager around it."""

    def __init__(self, config: EdgeConfig, spool: Spool, key: EdgeKey) -> None:
        self.stats = UplinkStats()
        self.pace = Pace()
        self.hub = HubClient(config, key)
        self._config, self._spool = config, spool
        self._target = config.hub
        self._told = RangeSet()  # seqs of this boot that some envelope has held

    async def send(
        self,
        lane: Lane,
        boot: int,
        rows: Sequence[Row],
        *,
        watermark_us: int,
        highest_seq: int,
        backoff: Backoff,
    ) -> Receipt | None:
        """Send these rows of a boot, ascending. None when they were not taken; that is noted,
        and the wait it calls for is over.
        """
        lost = [r for r in self._spool.lost(boot) if r[1] <= highest_seq + 1][:_MAX_LOST_RANGES]
        body = encode_envelope(
            Envelope(
                edge=self._config.id,
                boot=boot,
                lane=lane,
                sent_at_us=now_us(),
                watermark_us=watermark_us,
                highest_seq=highest_seq,
                lost=lost,
                seqs=[row.seq for row in rows],
                items=[msgspec.Raw(row.body) for row in rows],
            )
        )
        if boot == self._spool.boot:
            self._told.update(RangeSet.of(row.seq for row in rows))
            self._told.update(lost)
        answer = await self._post(body)
        if isinstance(answer, Taken) and not self._may_settle(boot, answer.receipt):
            answer = Later(code="receipt.settles_unsent")
        if not isinstance(answer, Taken):
            await self._wait(answer, len(body), backoff)
            return None
        backoff.succeeded()
        self.stats.envelopes += 1
        self.stats.sent += len(rows)
        if not self.stats.connected:
            log.info("uplink.connected: %s", self._target)
        self.stats.connected, self.stats.last_error = True, None
        return answer.receipt

    async def _post(self, body: bytes) -> Answer:
        """To where the sector's owner was last seen; follows one redirection."""
        started_us = steady_us()
        answer = await self.hub.post(self._target, body)
        if isinstance(answer, Elsewhere) and answer.owner != self._target:
            log.info("uplink.misdirected: the owner is %s", answer.owner)
            self._target = answer.owner
            answer = await self.hub.post(self._target, body)
        elif isinstance(answer, Taken):
            self.pace.took(len(body), (steady_us() - started_us) / 1e6)
        return answer

    def _may_settle(self, boot: int, receipt: Receipt) -> bool:
        """Whether all that a receipt settles of this boot was sent: whatever else answers, a
        hub with another's ledger or a proxy with an old answer, must not free a row.
        """
        return boot != self._spool.boot or all(
            self._told.covers(low, high) for low, high in receipt.settled
        )

    async def _wait(self, answer: Answer, size: int, backoff: Backoff) -> None:
        later = answer if isinstance(answer, Later) else Later(code="uplink.misdirected")
        self.stats.failures += 1
        if later.wait_s is None:
            # The owner may have gone or moved: the hub knows.
            self._target = self._config.hub
        if later.too_large:
            self.pace.too_large(size)
        elif later.code in ("uplink.timeout", "uplink.unreachable"):
            self.pace.failed()
        self.note(later.code, "refused" if later.refused else "not taken")
        if later.wait_s is None:
            await asyncio.sleep(backoff.failed())
        else:
            # A hub that says how long is not guessed at.
            await asyncio.sleep(max(later.wait_s, FIRST_WAIT_S))

    def note(self, code: str, what: str) -> None:
        """Say what is wrong, once."""
        if self.stats.connected or self.stats.last_error != code:
            log.warning("%s: %s", code, what)
        self.stats.connected, self.stats.last_error = False, code
