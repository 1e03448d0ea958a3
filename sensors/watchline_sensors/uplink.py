"""Sends what is spooled and frees what the hub has settled: the I/O half of the uplink.

Two loops share a client, a target and the receipts. Live: one POST at a time, at least each
100 ms. Archive: its own POSTs, one at a time, oldest boot and row first. What goes when is
decided in `lanes.py`, what an answer means in `replies.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec

from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.config import EdgeConfig
from watchline_sensors.contract import Envelope, Lane, Receipt, encode_envelope
from watchline_sensors.errors import SpoolError
from watchline_sensors.hub_client import HubClient
from watchline_sensors.keys import EdgeKey
from watchline_sensors.lanes import ArchiveLane, LiveLane
from watchline_sensors.ranges import RangeSet
from watchline_sensors.replies import Answer, Backoff, Elsewhere, Later, Taken
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Boot, Row

log = logging.getLogger("watchline.uplink")

LIVE_PERIOD_S = 0.1
_LIVE_GAP_S = 0.02
_POLL_S = 0.2
_FREE_PERIOD_US = 250_000
_MAX_ROWS = 1000
_MAX_BODY_BYTES = 1024 * 1024
_MAX_LOST_RANGES = 1000
_MAX_REJECTED = 10_000


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


@dataclass(slots=True, kw_only=True)
class _BootState:
    """What receipts have told about one boot."""

    settled: RangeSet = field(default_factory=RangeSet)
    freed: RangeSet = field(default_factory=RangeSet)
    rejected: dict[int, str] = field(default_factory=dict)
    freed_us: int = 0


class Uplink:
    """One edge's connection to its hub; `run` goes on until it is cancelled."""

    def __init__(self, config: EdgeConfig, spool: Spool, lane: LiveLane, key: EdgeKey) -> None:
        self.stats = UplinkStats()
        self._config, self._spool = config, spool
        self._live = lane
        self._archive = ArchiveLane()
        self._boots: dict[int, _BootState] = {}
        self._old_boots: list[Boot] | None = None
        self._epoch: int | None = None
        self._target = config.hub
        self._limit = _MAX_ROWS
        self._hub = HubClient(config, key)

    async def run(self) -> NoReturn:
        """Send until cancelled. Whatever goes wrong is counted, waited out and tried again."""
        async with self._hub, asyncio.TaskGroup() as group:
            group.create_task(self._loop(self._live_turn), name="uplink live")
            group.create_task(self._loop(self._archive_turn), name="uplink archive")
        raise AssertionError("the loops of the uplink never end")

    async def _loop(self, turn: Callable[[Backoff], Awaitable[None]]) -> NoReturn:
        backoff = Backoff()
        while True:
            try:
                await turn(backoff)
            except SpoolError as error:
                self._note(error.code, str(error))
                await asyncio.sleep(backoff.failed())
            except Exception:  # a lane that dies is a deaf hub: say so and go on
                log.exception("uplink.internal")
                self.stats.last_error = "uplink.internal"
                await asyncio.sleep(backoff.failed())

    # ── the live lane ────────────────────────────────────────────────────────────────────────

    async def _live_turn(self, backoff: Backoff) -> None:
        started_us = steady_us()
        lane, spool = self._live, self._spool
        if lane.is_overdue(started_us):
            self._note_resend("a live row stayed unsettled for 5 s")
            lane.rewind()
        lane.expire(started_us)
        spool.committed.clear()
        generation, decided_seq = lane.generation, spool.decided_seq
        read = await self._rows(spool.boot, lane.cursor)
        more = len(read) == self._limit or _size(read) >= _MAX_BODY_BYTES
        read_to_seq = read[-1].seq if more else max(decided_seq, lane.cursor)
        read = [row for row in read if row.seq <= read_to_seq]
        pins = lane.pins(read_to_seq, spool.lost(spool.boot))
        fresh = lane.take(read)
        body = self._envelope(
            spool.boot,
            Lane.LIVE,
            [*pins, *fresh],
            watermark_us=lane.watermark_us(read_to_seq, now_us()),
            highest_seq=max(decided_seq, read_to_seq),
        )
        answer = await self._post(body, len(pins) + len(fresh))
        if not isinstance(answer, Taken):
            await self._wait(answer, backoff)
            return
        backoff.succeeded()
        seqs = [row.seq for row in (*pins, *fresh)]
        lane.sent(generation, read_to_seq, seqs, started_us)
        await self._take_receipt(spool.boot, answer.receipt)
        if not more:
            await self._until_more(started_us)

    async def _until_more(self, started_us: int) -> None:
        """Until new rows are there or the next watermark is due; never two POSTs in 20 ms."""
        due_s = LIVE_PERIOD_S - (steady_us() - started_us) / 1e6
        if due_s > 0:
            try:
                # Not wait_for: before Python 3.12 it may swallow a cancellation.
                async with asyncio.timeout(due_s):
                    await self._spool.committed.wait()
            except TimeoutError:
                return
        await asyncio.sleep(max(0.0, _LIVE_GAP_S - (steady_us() - started_us) / 1e6))

    # ── the archive lane ─────────────────────────────────────────────────────────────────────

    async def _archive_turn(self, backoff: Backoff) -> None:
        if self._old_boots is None:
            self._old_boots = await self._spool.old_boots()
        if self._old_boots:
            boot = self._old_boots[0]
            self._archive.turn_to(boot.boot)
            await self._old_boot_turn(boot, backoff)
        elif self._live.archive and not self._live.pinned:
            self._archive.turn_to(self._spool.boot)
            await self._own_boot_turn(backoff)
        else:
            await asyncio.sleep(_POLL_S)

    async def _old_boot_turn(self, boot: Boot, backoff: Backoff) -> None:
        """Send an earlier boot's rows; when all is settled, forget it."""
        lane, state = self._archive, self._state(boot.boot)
        if lane.is_overdue(steady_us()):
            self._note_resend("an archive row stayed unsettled for 5 s")
            lane.rewind()
        if state.settled.covers(1, boot.highest_seq + 1):
            await self._free(boot.boot)
            await self._spool.forget(boot.boot)
            self._boots.pop(boot.boot, None)
            self._old_boots = None
            return
        rows = await self._rows(boot.boot, lane.after_seq) if lane.may_send() else []
        if not rows and not lane.in_flight and lane.asked:
            holes = await self._spool.holes(boot, state.settled)
            if holes:
                log.warning("uplink.holes: boot %d has lost %d ranges", boot.boot, len(holes))
                await self._spool.declare_lost(boot.boot, holes)
        if not rows and lane.asked:
            await asyncio.sleep(_POLL_S)
        await self._send_archive(boot.boot, boot.highest_seq, rows, backoff)

    async def _own_boot_turn(self, backoff: Backoff) -> None:
        """Send what this boot's live lane skipped."""
        lane, spool = self._archive, self._spool
        if lane.is_overdue(steady_us()):
            self._note_resend("an archive row stayed unsettled for 5 s")
            lane.rewind()
        if not lane.may_send():
            await asyncio.sleep(_POLL_S)  # the live lane's receipts settle these too
            return
        decided_seq = spool.decided_seq
        read = await self._rows(spool.boot, lane.after_seq)
        rows = [row for row in read if row.seq in self._live.archive]
        if rows:
            await self._send_archive(spool.boot, decided_seq, rows, backoff)
        elif len(read) == self._limit or _size(read) >= _MAX_BODY_BYTES:
            lane.after_seq = read[-1].seq
        else:
            if not lane.in_flight:
                # Whatever of the archive is no row any more was settled or refused.
                self._live.archive.remove(lane.after_seq + 1, decided_seq + 1)
                lane.after_seq = 0
            await asyncio.sleep(_POLL_S)

    async def _send_archive(
        self, boot: int, highest_seq: int, rows: Sequence[Row], backoff: Backoff
    ) -> None:
        generation, started_us = self._archive.generation, steady_us()
        if rows:
            highest_seq = max(highest_seq, rows[-1].seq)
        body = self._envelope(
            boot,
            Lane.ARCHIVE,
            rows,
            watermark_us=max(0, self._live.promised_us),
            highest_seq=highest_seq,
        )
        answer = await self._post(body, len(rows))
        if not isinstance(answer, Taken):
            await self._wait(answer, backoff)
            return
        backoff.succeeded()
        self._archive.sent(generation, rows, started_us)
        await self._take_receipt(boot, answer.receipt)

    # ── both ─────────────────────────────────────────────────────────────────────────────────

    async def _rows(self, boot: int, after_seq: int) -> list[Row]:
        return await self._spool.rows_after(
            boot, after_seq, limit=self._limit, max_bytes=_MAX_BODY_BYTES
        )

    def _envelope(
        self, boot: int, lane: Lane, rows: Sequence[Row], *, watermark_us: int, highest_seq: int
    ) -> bytes:
        lost = self._spool.lost(boot)
        return encode_envelope(
            Envelope(
                edge=self._config.id,
                boot=boot,
                lane=lane,
                sent_at_us=now_us(),
                watermark_us=watermark_us,
                highest_seq=highest_seq,
                lost=[r for r in lost if r[1] <= highest_seq + 1][:_MAX_LOST_RANGES],
                seqs=[row.seq for row in rows],
                items=[msgspec.Raw(row.body) for row in rows],
            )
        )

    async def _post(self, body: bytes, items: int) -> Answer:
        """One envelope to where the sector's owner was last seen; follows one redirection."""
        answer = await self._hub.post(self._target, body)
        if isinstance(answer, Elsewhere) and answer.owner != self._target:
            log.info("uplink.misdirected: the owner is %s", answer.owner)
            self._target = answer.owner
            answer = await self._hub.post(self._target, body)
        if isinstance(answer, Taken):
            self.stats.envelopes += 1
            self.stats.sent += items
            if not self.stats.connected:
                log.info("uplink.connected: %s", self._target)
            self.stats.connected, self.stats.last_error = True, None
        return answer

    async def _wait(self, answer: Answer, backoff: Backoff) -> None:
        """After an envelope that was not taken: note why, ask the hub next, and wait."""
        later = answer if isinstance(answer, Later) else Later(code="uplink.misdirected")
        self.stats.failures += 1
        if later.wait_s is None:
            # The owner may have gone or moved: the hub knows.
            self._target = self._config.hub
        if later.too_large:
            self._limit = max(1, self._limit // 2)
        self._note(later.code, "refused" if later.refused else "not taken")
        wait_s = backoff.failed()
        await asyncio.sleep(wait_s if later.wait_s is None else max(wait_s, later.wait_s))

    def _note(self, code: str, what: str) -> None:
        if self.stats.connected or self.stats.last_error != code:
            log.warning("%s: %s", code, what)
        self.stats.connected, self.stats.last_error = False, code

    def _note_resend(self, why: str) -> None:
        log.warning("uplink.resend: %s", why)
        self.stats.resends += 1

    def _state(self, boot: int) -> _BootState:
        return self._boots.setdefault(boot, _BootState())

    async def _take_receipt(self, boot: int, receipt: Receipt) -> None:
        self.stats.accepted += receipt.accepted
        self.stats.duplicate += receipt.duplicate
        self.stats.rejected += len(receipt.rejected)
        if self._epoch is not None and receipt.epoch != self._epoch:
            self._note_resend("the sector's writer has changed")
            self._live.rewind()
            self._archive.rewind()
        self._epoch = receipt.epoch
        state = self._state(boot)
        for one in receipt.rejected:
            if len(state.rejected) < _MAX_REJECTED:
                state.rejected[one.seq] = one.code
        state.settled.update(receipt.settled)
        if boot == self._spool.boot:
            self._live.settle(receipt.settled)
        self._archive.settle(boot, receipt.settled, steady_us())
        if steady_us() - state.freed_us >= _FREE_PERIOD_US:
            await self._free(boot)

    async def _free(self, boot: int) -> None:
        """Let the spool go of what is settled and was not freed yet."""
        state = self._state(boot)
        fresh = [hole for low, high in state.settled for hole in state.freed.holes(low, high)]
        if not fresh:
            return
        state.freed_us = steady_us()
        freed = await self._spool.free(boot, fresh, state.rejected)
        self.stats.settled += freed  # not in one line: the sum would be read before the wait
        state.freed.update(fresh)
        for seq in [seq for seq in state.rejected if seq in state.freed]:
            del state.rejected[seq]


def _size(rows: Sequence[Row]) -> int:
    return sum(len(row.body) for row in rows)
