"""Sends what is spooled and frees what the hub has settled: the I/O half of the uplink.

Three loops share an `Exchange` and what receipts have told. Live: one POST at a time, at least
each 100 ms. Archive: its own POSTs, one at a time, oldest boot and row first; it reads ahead, and
gives way while the live lane is behind. Free: what is settled leaves the spool, so that neither
lane waits for the disk. What goes when is decided in `lanes.py`, what an answer means in
`replies.py`, how large an envelope may be in `pace.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.config import EdgeConfig
from watchline_sensors.contract import MAX_ITEMS, Lane, Receipt
from watchline_sensors.errors import SpoolError
from watchline_sensors.exchange import Exchange
from watchline_sensors.keys import EdgeKey
from watchline_sensors.lanes import ArchiveLane, LiveLane
from watchline_sensors.ranges import RangeSet
from watchline_sensors.replies import Backoff
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Boot, Row

log = logging.getLogger("watchline.uplink")

LIVE_PERIOD_S = 0.1
#: The longest wait after a failure. Live: within 2 s of the link's return it is used again.
LIVE_WAIT_S, ARCHIVE_WAIT_S = 1.0, 5.0
#: From this lag on the archive gives way, but for one envelope in as long a time.
BEHIND_US = 2_000_000
_LIVE_GAP_S = 0.02
_POLL_S = 0.2
_FREE_PERIOD_S = 0.25
_MAX_LIVE_ROWS = 1000  # the pinned ones come on top
_MAX_REJECTED = 10_000


@dataclass(slots=True, kw_only=True)
class _BootState:
    """What receipts have told about one boot."""

    settled: RangeSet = field(default_factory=RangeSet)
    freed: RangeSet = field(default_factory=RangeSet)
    rejected: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What an envelope may hold of a boot's rows above `after_seq`; `more` when it is full."""

    boot: int
    after_seq: int
    rows: list[Row]
    more: bool


class Uplink:
    """One edge's connection to its hub; `run` goes on until it is cancelled."""

    def __init__(self, config: EdgeConfig, spool: Spool, lane: LiveLane, key: EdgeKey) -> None:
        self._spool = spool
        self._exchange = Exchange(config, spool, key)
        self.stats = self._exchange.stats
        self._live = lane
        self._archive = ArchiveLane()
        self._archive_us = 0  # when its last envelope was done with
        self._ahead: _Page | None = None
        self._boots: dict[int, _BootState] = {}
        self._old_boots: list[Boot] | None = None
        self._epoch: int | None = None

    async def run(self) -> NoReturn:
        """Send until cancelled. Whatever goes wrong is counted, waited out and tried again."""
        async with self._exchange.hub, asyncio.TaskGroup() as group:
            live = self._loop(self._live_turn, Backoff(LIVE_WAIT_S))
            group.create_task(live, name="uplink live")
            archive = self._loop(self._archive_turn, Backoff(ARCHIVE_WAIT_S))
            group.create_task(archive, name="uplink archive")
            free = self._loop(self._free_turn, Backoff(ARCHIVE_WAIT_S))
            group.create_task(free, name="uplink free")
        raise AssertionError("the loops of the uplink never end")

    async def _loop(self, turn: Callable[[Backoff], Awaitable[None]], backoff: Backoff) -> NoReturn:
        while True:
            try:
                await turn(backoff)
            except SpoolError as error:
                self._exchange.note(error.code, str(error))
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
        page = await self._page(spool.boot, lane.cursor, _MAX_LIVE_ROWS)
        read_to_seq = page.rows[-1].seq if page.more else max(decided_seq, lane.cursor)
        fresh = lane.take([row for row in page.rows if row.seq <= read_to_seq])
        pins = lane.pins(read_to_seq, spool.lost(spool.boot))
        said = [
            row
            for seq, row in spool.unspooled.items()
            if seq <= read_to_seq and seq not in lane.pinned
        ]
        rows = sorted((*pins, *said, *fresh), key=lambda row: row.seq)
        highest_seq = max(decided_seq, read_to_seq)
        receipt = await self._exchange.send(
            Lane.LIVE,
            spool.boot,
            rows,
            watermark_us=lane.watermark_us(read_to_seq, now_us()),
            highest_seq=highest_seq,
            backoff=backoff,
        )
        if receipt is None:
            return
        lane.sent(generation, read_to_seq, [row.seq for row in rows], started_us)
        self._take_receipt(spool.boot, receipt, highest_seq)
        if not page.more:
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
        now_us = steady_us()
        if self._live.lag_us(now_us) > BEHIND_US > now_us - self._archive_us:
            await asyncio.sleep(_POLL_S)
            return
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
            await self._free(boot.boot, state)
            await self._spool.forget(boot.boot)
            self._boots.pop(boot.boot, None)
            self._old_boots = None
            return
        rows: list[Row] = []
        if lane.may_send():
            rows = (await self._archive_page(boot.boot)).rows
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
        page = await self._archive_page(spool.boot)
        rows = [row for row in page.rows if row.seq in self._live.archive]
        if rows:
            await self._send_archive(spool.boot, decided_seq, rows, backoff)
        elif page.more:
            lane.after_seq = page.rows[-1].seq
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
        sending = self._exchange.send(
            Lane.ARCHIVE,
            boot,
            rows,
            watermark_us=max(0, self._live.promised_us),
            highest_seq=highest_seq,
            backoff=backoff,
        )
        receipt, self._ahead = await asyncio.gather(sending, self._page_after(boot, rows))
        self._archive_us = steady_us()
        if receipt is None:
            return
        self._archive.sent(generation, rows, started_us)
        self._take_receipt(boot, receipt, highest_seq)

    async def _archive_page(self, boot: int) -> _Page:
        """The next page; read already, if it is a full one: what is no full page may grow."""
        after_seq, ahead, self._ahead = self._archive.after_seq, self._ahead, None
        if ahead is not None and ahead.more and (ahead.boot, ahead.after_seq) == (boot, after_seq):
            return ahead
        return await self._page(boot, after_seq, MAX_ITEMS)

    async def _page_after(self, boot: int, rows: Sequence[Row]) -> _Page | None:
        return await self._page(boot, rows[-1].seq, MAX_ITEMS) if rows else None

    # ── freeing ──────────────────────────────────────────────────────────────────────────────

    async def _free_turn(self, backoff: Backoff) -> None:
        await asyncio.sleep(_FREE_PERIOD_S)
        for boot, state in list(self._boots.items()):
            await self._free(boot, state)
        backoff.succeeded()

    async def _free(self, boot: int, state: _BootState) -> None:
        """Let the spool go of what is settled and was not freed yet."""
        fresh = [hole for low, high in state.settled for hole in state.freed.holes(low, high)]
        if not fresh:
            return
        freed = await self._spool.free(boot, fresh, state.rejected)
        self.stats.settled += freed  # not in one line: the sum would be read before the wait
        state.freed.update(fresh)
        for seq in [seq for seq in state.rejected if seq in state.freed]:
            del state.rejected[seq]

    # ── all ──────────────────────────────────────────────────────────────────────────────────

    async def _page(self, boot: int, after_seq: int, limit: int) -> _Page:
        max_bytes = self._exchange.pace.max_bytes
        rows = await self._spool.rows_after(boot, after_seq, limit=limit, max_bytes=max_bytes)
        full = len(rows) == limit or sum(len(row.body) for row in rows) >= max_bytes
        return _Page(boot=boot, after_seq=after_seq, rows=rows, more=full)

    def _note_resend(self, why: str) -> None:
        log.warning("uplink.resend: %s", why)
        self.stats.resends += 1

    def _state(self, boot: int) -> _BootState:
        return self._boots.setdefault(boot, _BootState())

    def _take_receipt(self, boot: int, receipt: Receipt, highest_seq: int) -> None:
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
        # Beyond the highest is what a copy of this spool has sent elsewhere, or nonsense.
        settled = [(low, min(high, highest_seq + 1)) for low, high in receipt.settled]
        state.settled.update(settled)
        if boot == self._spool.boot:
            self._live.settle(settled)
        self._archive.settle(boot, settled, steady_us())
