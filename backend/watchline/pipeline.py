"""The hub's half of the way of one detection: accept, track, judge, raise, commit, tell.

One thread per sector runs this list. What it keeps in memory is a cache of committed rows:
any doubt (an error, an unknown outcome, another writer) is answered by throwing the memory
away and starting from what PostGIS holds; the edges then send again what is not settled.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import structlog
from numpy.typing import NDArray
from psycopg.pq import TransactionStatus

from watchline.db.engine import connect_sync
from watchline.detections import store as detection_store
from watchline.detections.copy import pack
from watchline.detections.inbox import Arrival, Inbox
from watchline.detections.intake import Intake, Work, stamped_by
from watchline.detections.lateness import FUTURE_US, LATE, LIVE, LIVE_WINDOW_US, UNCERTAIN
from watchline.detections.parcel import Parcel
from watchline.detections.placing import edge_number
from watchline.detections.rows import Rows, concatenate
from watchline.detections.store import Settlement
from watchline.geofences import current as current_geofences
from watchline.incidents import record
from watchline.incidents.lifecycle import finding_id
from watchline.live.meter import Meter
from watchline.live.model import Frame, Pulse, TrackRow
from watchline.live.rows import track_rows
from watchline.renewal import PATIENCE_S, Renewal
from watchline.rules import current as current_rules
from watchline.rules import suppressed
from watchline.rules.state import RuleState
from watchline.rules.state import StateUnreadable as RuleStateUnreadable
from watchline.sectors import writer
from watchline.sectors.clock import SectorClock
from watchline.sectors.plane import SectorPlane
from watchline.step import Judged, Memory, News, Tracked, around, judge, news_of, track
from watchline.stopwatch import Stopwatch
from watchline.tracks import projection, tracker
from watchline.tracks.errors import StateUnreadable as TrackerStateUnreadable
from watchline.tracks.model import TrackStatus, TrackUpdates
from watchline.tracks.projector import Projector
from watchline.tracks.state import TrackerState
from watchline.units import store as units
from watchline.units.model import Fix
from watchline_sensors.contract import Receipt, SensorInfo

log = structlog.get_logger()

TICK_US = 1_000_000
#: A commit at most each so often: batches stay worth their flush.
MIN_CYCLE_S = 0.02
#: Partitions are made ahead so often, and at once when the clock says a day that has none.
DAYS_S = 3600.0
#: Live judging may tell so long after the fact, when a rerun has told of it already.
TOLD_LATE_US = 600_000_000
#: How often a sector that another process writes is tried.
TAKE_S = 0.5
_NO_STAMPS = np.zeros(0, np.int64)


class NotOwner(Exception):
    """This process does not write the sector now."""


class ClockStepped(Exception):
    """The sector's time has been put right: everything in memory was timed by a wrong one."""


class SectorPipeline:
    """One sector's writer. `receive` and `public_key` may be called from another thread."""

    def __init__(
        self,
        sector: str,
        *,
        database_url: str,
        owner_url: str,
        token: str,
        publish: Callable[[Frame], None],
        clock: SectorClock | None = None,
        patience_s: float | None = PATIENCE_S,
    ) -> None:
        """`patience_s`: how long changed rules may hold up a commit; None: until compiled."""
        self.sector = sector
        self._database_url = database_url
        self._owner_url = owner_url
        self._token = token
        self._publish = publish
        self._clock = SectorClock() if clock is None else clock
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._stop = False
        self._hold: writer.Hold | None = None
        self._inbox = Inbox({}, {})
        self._edges: dict[str, writer.EdgeRow] = {}
        #: Where the time of this sector went.
        self.stopwatch = Stopwatch()
        self._committer = ThreadPoolExecutor(2, thread_name_prefix=f"commit {sector}")
        #: Commits take turns: one copies its detections while the one before it ends.
        self._connections: deque[writer.Connection] = deque()
        self._opening: Future[writer.Connection] | None = None
        self._under_way: Future[None] | None = None
        self._untold: TrackUpdates | None = None
        self._patience_s = patience_s

    @property
    def hold(self) -> writer.Hold | None:
        """The sector as this process holds it, or None while it does not."""
        return self._hold

    # ── called by the uplink endpoint ────────────────────────────────────────────────────────
    def public_key(self, edge: str) -> bytes | None:
        """The edge's signature key, or None when it may not send to this sector."""
        with self._lock:
            self._held()
            row = self._edges.get(edge)
        return None if row is None else row.public_key

    def receive(self, parcel: Parcel) -> Receipt:
        """Take a verified envelope into memory; the receipt says what is settled so far.

        Raises NotOwner while another process writes the sector, Busy when the backlog is full,
        SeqsRefused when the ledger cannot hold what the envelope says, EnvelopeError when the
        items' frame does not hold.
        """
        now_us = self._clock.now_us()
        with self._lock:
            receipt = self._inbox.receive(parcel, now_us=now_us, epoch=self._held().epoch)
            self._wake.notify()
        return receipt

    def _held(self) -> writer.Hold:
        if self._hold is None:
            raise NotOwner
        return self._hold

    # ── the sector's thread ──────────────────────────────────────────────────────────────────
    def run(self) -> None:
        """Hold the sector and work until stopped; every failure ends in a fresh start."""
        while not self._stop:
            try:
                with (
                    connect_sync(self._database_url, autocommit=True) as connection,
                    connect_sync(self._database_url, autocommit=True) as other,
                    connect_sync(self._database_url, autocommit=True) as aside,
                ):
                    self._connections = deque([connection, other])
                    while not (self._stop or self.acquire(connection)):
                        self._pause(TAKE_S)
                    for helper in (other, aside):
                        writer.helps(helper, self.sector)
                    try:
                        while not self._stop:
                            self._advance(connection)
                            self._refresh(aside)
                    finally:
                        jobs: list[Future[Any] | None] = [self._opening, self._under_way]
                        wait([job for job in jobs if job is not None])  # they use connections
            except writer.Fenced:
                log.warning("sector.fenced", sector=self.sector)
            except ClockStepped:
                log.warning("sector.clock_put_right", sector=self.sector)
            except psycopg.Error as error:
                # Unknown outcome: what the database holds decides, so forget and re-read.
                log.warning("sector.database", sector=self.sector, error=type(error).__name__)
            except Exception:
                # Ours to mend; but a sector without a writer is worse than one that tries again.
                log.exception("sector.failed", sector=self.sector)
            finally:
                self._forget()
            self._pause(0.5)

    def stop(self) -> None:
        """Ask the thread to end after its present commit."""
        with self._lock:
            self._stop = True
            self._wake.notify()

    def _pause(self, seconds: float) -> None:
        with self._lock:
            if not self._stop:
                self._wake.wait(seconds)

    def _forget(self) -> None:
        with self._lock:
            self._hold = None
            self._inbox = Inbox({}, {})
            self._opening = self._under_way = self._untold = None

    def acquire(self, connection: writer.Connection) -> bool:
        """Take the sector and read what was committed; False while another writer lives."""
        hold = writer.take(connection, self.sector, url=self._owner_url, token=self._token)
        if hold is None:
            return False
        self._clock.set(hold.taken_us)
        now_us = self._clock.now_us()
        self._plane = SectorPlane(hold.origin_lon_deg, hold.origin_lat_deg)
        self._read_edges(connection)
        self._rev = hold.rev
        self._rules_rev = -1
        self._renewal = Renewal(self.sector, self._plane, self._database_url)
        self._projector = Projector(
            self.sector, self._plane, projection.live_ids(connection, self.sector)
        )
        self._ensure_days(connection)
        tracks, rules = self._load_state(connection, now_us)
        self._memory = Memory(tracker=tracks, rules=rules, book={}, next_no=1)
        self._reload(connection)
        heard = [
            row.id
            for row in self._edges.values()
            if row.last_seen_at is not None
            and now_us - row.last_seen_at.timestamp() * 1e6 < 2 * LIVE_WINDOW_US
        ]
        self._intake = Intake(heard, slot_us=tracker.SLOT_US, now_us=now_us)
        self._meter = Meter(now_us)
        self._tick_us = now_us
        self._fixes: Sequence[Fix] = []
        self._fix_us: dict[str, int] = {}
        sensors = {id: (no, edge) for no, id, edge in writer.sensors(connection, self.sector)}
        ledger = {
            (edge, boot): told
            for edge in self._edges
            for boot, told in detection_store.ledger_of(connection, edge).items()
        }
        with self._lock:
            self._inbox = Inbox(ledger, sensors)
            self._hold = hold
        log.info("sector.held", sector=self.sector, epoch=hold.epoch, rev=hold.rev)
        self._publish(self._snapshot(now_us))
        return True

    def _load_state(
        self, connection: writer.Connection, now_us: int
    ) -> tuple[TrackerState, RuleState]:
        """What the last commit left; nothing when it cannot be read, as after a downgrade.

        Nor do tracks count whose clock is ahead of time: they were timed by a wrong one, and
        all that comes would be late for them.
        """
        state = writer.load_state(connection, self.sector)
        if state is not None:
            try:
                tracks, rules = TrackerState.unpack(state[0]), RuleState.unpack(state[1])
                if tracks.clock_us <= now_us + FUTURE_US:
                    return tracks, rules
                log.error("sector.track_clock_ahead", sector=self.sector)
                return replace(TrackerState.empty(), next_no=tracks.next_no), RuleState.empty()
            except (TrackerStateUnreadable, RuleStateUnreadable) as error:
                # A sector that starts blank sees again in seconds; one that refuses never does.
                log.error("sector.state_unreadable", sector=self.sector, error=type(error).__name__)
        return TrackerState.empty(), RuleState.empty()

    def _reload(self, connection: writer.Connection) -> None:
        """Read again what people may have changed."""
        newest = current_geofences.newest_rev(connection, self.sector)
        if newest != self._rules_rev:
            self._going_on = current_rules.ids(connection, self.sector)
            self._rules_rev = newest
        self._renewal.see(newest, self._patience_s)
        self._read_edges(connection)
        self._places = current_rules.sensor_places(connection, self.sector)
        self._memory = replace(
            self._memory,
            book=record.open_incidents(connection, self.sector),
            next_no=record.last_no(connection, self.sector) + 1,
            rerun=record.told_by_reruns(
                connection, self.sector, self._clock.now_us() - TOLD_LATE_US
            ),
        )

    def _read_edges(self, connection: writer.Connection) -> None:
        edges = {row.id: row for row in writer.edges(connection, self.sector)}
        with self._lock:
            self._edges = edges

    def cycle(self, connection: writer.Connection) -> None:
        """Once down the list, to its end, with whatever has arrived; for one thread alone.

        Raises what `run` answers by a start.
        """
        self._connections = deque([connection])
        self._advance(connection)
        self._finish()
        self._refresh(connection)

    def _advance(self, connection: writer.Connection) -> None:
        """Once down the list; the commit is left under way, and the next step is made meanwhile.

        So nothing here may use the connection, or what a commit changes, before `_finish`.
        """
        started = time.monotonic()
        with self._lock:
            if not len(self._inbox):
                self._wake.wait(self._idle_s())
            arrivals = self._inbox.take()
        self.stopwatch.start()
        now_us = self._clock.now_us()
        waited_s = started - self._days_at_s
        if waited_s > DAYS_S or (waited_s > 1.0 and not self._days.hold(now_us)):
            self._finish()
            self._ensure_days(connection)
        self._register(connection, arrivals, now_us)
        work = self._intake.take(
            arrivals, self._inbox, now_us=now_us, clock_us=self._newest().tracker.clock_us
        )
        ticks = now_us - self._tick_us >= TICK_US
        if ticks:
            self._intake.tick(work, now_us)
        self.stopwatch.lap("order")
        commits = bool(work.settling) or work.live is not None or work.beat_us is not None
        if commits:
            work.fixes, self._fixes = self._fixes, []
            if work.live is not None:
                for edge, boot, seqs in self._by_boot(work.live):
                    work.settling[edge, boot].add_all(seqs)
            self._intake.said(work.settling)
            lap = self.stopwatch.lap
            tracked = track(work, self._newest().tracker, self._plane, self._numbered_places(), lap)
            opened = self._open(work, tracked, now_us)
            news = news_of(tracked.updates, self._plane)
            lap("tell")
            judged = self._judge(work, tracked, self._newest())
            self._finish()
            if judged.base is not self._memory:  # people have changed what it was judged by
                judged = self._judge(work, tracked, self._memory)
            self._ahead = judged.memory
            self._under_way = self._committer.submit(
                self._commit, opened, work, tracked, news, judged, now_us
            )
        if ticks:
            self._finish()
            self._beat(connection, now_us)
        if commits:
            time.sleep(max(0.0, MIN_CYCLE_S - (time.monotonic() - started)))

    def _newest(self) -> Memory:
        """What the next step starts from: it will be committed, or all is read again."""
        return self._memory if self._under_way is None else self._ahead

    def _finish(self) -> None:
        """Wait for the commit that is under way; raises what it raised."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def _refresh(self, connection: writer.Connection) -> None:
        """Write where the tracks of the last commit are, while the next is under way."""
        untold, self._untold = self._untold, None
        if untold is not None:
            self.stopwatch.start()
            self._projector.refresh(
                connection, self._held().epoch, untold, self._sensor_ids(), self._clock.now_us()
            )
            self.stopwatch.lap("project")

    def _idle_s(self) -> float:
        """How long to wait for arrivals: rows that wait may leave when the clock ends a slot."""
        if not len(self._intake.reorder):
            return 0.1
        left_us = tracker.SLOT_US - self._clock.now_us() % tracker.SLOT_US
        return min(MIN_CYCLE_S, left_us / 1e6)

    def _ensure_days(self, connection: writer.Connection) -> None:
        self._days = detection_store.ensure_partitions(connection)
        self._days_at_s = time.monotonic()

    # ── 5 accept ─────────────────────────────────────────────────────────────────────────────
    def _register(
        self, connection: writer.Connection, arrivals: Sequence[Arrival], now_us: int
    ) -> None:
        """Give newly described sensors their numbers, in a commit of their own."""
        infos = [
            (arrival.edge, item)
            for arrival in arrivals
            for item in arrival.accepted.others
            if isinstance(item, SensorInfo)
        ]
        if not infos:
            return
        self._finish()
        numbers: dict[str, tuple[int, str]] = {}
        with connection.transaction():
            rev = writer.bump(connection, self._held())
            for edge, info in infos:
                told = stamped_by(info, now_us, now_us)
                self._places[info.sensor] = (info.lon_deg, info.lat_deg)
                no = writer.upsert_sensor(connection, self.sector, edge, told, rev)
                if no is not None:
                    numbers[info.sensor] = (no, edge)
            writer.hint(connection, self.sector)
        if rev != self._rev + 1:
            self._reload(connection)
        self._rev = rev
        with self._lock:
            self._inbox.describe(numbers)
        self._publish(self._frame(now_us, changed=["sensors"]))

    # ── 6 track, 7 judge, 8 raise ────────────────────────────────────────────────────────────
    def _judge(self, work: Work, tracked: Tracked, memory: Memory) -> Judged:
        return judge(
            work,
            tracked,
            memory,
            self._renewal.latest(),
            self._going_on,
            around(work, self._places, self._plane),
            self._held().area,
            self._plane,
            self.stopwatch.lap,
        )

    # ── 9 commit ─────────────────────────────────────────────────────────────────────────────
    def _open(self, work: Work, tracked: Tracked, now_us: int) -> Future[writer.Connection]:
        """Begin the commit's transaction with its detections, beside the commit before."""
        connection = self._connections[0]
        self._connections.rotate()
        stream = None
        if work.live is not None:
            stream = self._pack([(work.live, LIVE, tracked.track_ids)], now_us)
        self.stopwatch.lap("pack")
        self._opening = self._committer.submit(self._copy, connection, stream)
        return self._opening

    def _copy(self, connection: writer.Connection, stream: memoryview | None) -> writer.Connection:
        if stream is not None:
            self.stopwatch.start()
            _begin(connection)
            detection_store.copy_detections(connection, stream)
            self.stopwatch.lap("copy")
        return connection

    def _commit(
        self,
        opened: Future[writer.Connection],
        work: Work,
        tracked: Tracked,
        news: News,
        judged: Judged,
        now_us: int,
    ) -> None:
        """One transaction; judge again when people have written in between."""
        connection = opened.result()
        self.stopwatch.start()
        begun = time.monotonic()
        try:
            while True:
                quiet = not (
                    work.settling or len(tracked.updates) or judged.changes or judged.suppressed
                )
                try:
                    rev = self._fence(connection, quiet=quiet)
                    break
                except writer.RevMoved:
                    # From here on they wait: who writes all the time must not stop the sector.
                    _begin(connection)
                    self._rev = writer.lock(connection, self._held())
                    self._reload(connection)
                    self._publish(
                        self._frame(now_us, changed=["incidents", "geofences", "sensors"])
                    )
                    judged = self._judge(work, tracked, self._memory)
            if not quiet:
                self.stopwatch.lap("fence")
                self._write(connection, work, news, judged, rev, now_us)
            connection.commit()
        except BaseException:
            with suppress(psycopg.Error):  # what went wrong is told, not what that brings
                connection.rollback()
            raise
        self._rev = rev
        self._memory = judged.memory
        if quiet:
            return
        self.stopwatch.lap("flush")
        self._meter.committed(time.monotonic() - begun)
        with self._lock:
            self._inbox.settle(
                [(key, seqs.ranges()) for key, seqs in work.settling.items()], work.rows
            )
        self._tell(work, news, judged, now_us)
        self._untold = news.newest
        self.stopwatch.lap("tell")

    def _fence(self, connection: writer.Connection, *, quiet: bool) -> int:
        """Hold the sector's row for this commit; the new rev. Raises RevMoved and Fenced.

        When all is `quiet` there is nothing to write; but see whether people have.
        """
        if not quiet:
            _begin(connection)
            return writer.fence(connection, self._held(), self._rev)
        epoch, rev = writer.position(connection, self.sector)
        if epoch != self._held().epoch:
            raise writer.Fenced
        if rev != self._rev:
            raise writer.RevMoved
        return rev

    def _write(
        self,
        connection: writer.Connection,
        work: Work,
        news: News,
        judged: Judged,
        rev: int,
        now_us: int,
    ) -> None:
        lap = self.stopwatch.lap
        late, beyond = self._note_late(connection, work.late, now_us)
        aside = [(rows, LATE) for rows in late]
        aside += [(rows, UNCERTAIN) for rows in (*work.uncertain, *beyond)]
        if aside:
            parts = [(rows, letter, np.zeros((len(rows), 16), np.uint8)) for rows, letter in aside]
            detection_store.copy_detections(connection, self._pack(parts, now_us))
        lap("copy")
        detections: dict[tuple[str, int], int] = defaultdict(int)
        live = [] if work.live is None else [work.live]
        for rows in (*live, *(rows for rows, _ in aside)):
            for edge, boot, stored in self._by_boot(rows):
                detections[edge, boot] += len(stored)
        for edge, boot, items in work.quarantined:
            detection_store.quarantine(connection, edge, boot, items, now_us)
        for (edge, boot), settling in sorted(work.settling.items()):
            others, quarantined = work.counts[edge, boot]
            detection_store.settle(
                connection,
                Settlement(
                    edge=edge,
                    boot=boot,
                    settled=settling.ranges(),
                    highest_seq=self._inbox.highest_seq((edge, boot)),
                    detections=detections[edge, boot],
                    others=others,
                    quarantined=quarantined,
                    lost=work.lost[edge, boot],
                ),
                now_us,
            )
        for beat in work.beats:
            writer.upsert_health(connection, beat, now_us)
        lap("ledger")
        self._projector.commit(
            connection, self._held().epoch, news.newest, self._sensor_ids(), now_us
        )
        lap("project")
        record.record(connection, self.sector, rev, now_us, judged.changes)
        told = [(finding_id(finding), finding) for finding in judged.suppressed]
        suppressed.put(connection, self.sector, now_us, told, self._plane.point_to_lon_lat)
        lap("incidents")
        writer.save_state(
            connection,
            self.sector,
            rev,
            judged.memory.tracker.clock_us,
            *judged.packed,
        )
        lap("state")
        if judged.changes or work.beats:
            writer.hint(connection, self.sector)

    def _pack(
        self, parts: Sequence[tuple[Rows, int, NDArray[np.uint8]]], now_us: int
    ) -> memoryview:
        """One COPY stream of rows, each part with its letter of timing and its track ids."""
        return pack(
            concatenate([rows for rows, _, _ in parts]),
            known_us=self._days.known_us(now_us),
            sector=self.sector,
            timing=np.concatenate(
                [np.full(len(rows), letter, np.uint8) for rows, letter, _ in parts]
            ),
            track_ids=np.concatenate([ids for _, _, ids in parts]),
            edge_ids={edge_number(edge): edge for edge in self._edges},
            sensor_ids=self._sensor_ids(),
        )

    def _note_late(
        self, connection: writer.Connection, late: list[Rows], now_us: int
    ) -> tuple[list[Rows], list[Rows]]:
        """Open or widen the stretches to rerun; (late rows, those that are beyond all bounds)."""
        if not late:
            return [], []
        rows = concatenate(late)
        beyond = np.zeros(len(rows), np.bool_)
        placed = np.flatnonzero(~np.isnan(rows["lon_deg"]))
        beyond[placed] = detection_store.note_late(
            connection, self.sector, rows["at_us"][placed], now_us
        )
        if not beyond.any():
            return [rows], []
        log.warning("sector.late_beyond_bounds", sector=self.sector, rows=int(beyond.sum()))
        return [rows.take(~beyond)], [rows.take(beyond)]

    def _by_boot(self, rows: Rows) -> list[tuple[str, int, NDArray[np.int64]]]:
        names = {edge_number(edge): edge for edge in self._edges}
        return [(names[edge], boot, seqs) for edge, boot, seqs in rows.by_boot()]

    def _sensor_ids(self) -> dict[int, str]:
        return {no: id for id, (no, _) in self._inbox.sensors.items()}

    def _numbered_places(self) -> dict[int, tuple[float, float]]:
        return {
            no: self._places[id]
            for id, (no, _) in self._inbox.sensors.items()
            if id in self._places
        }

    # ── 10 tell ──────────────────────────────────────────────────────────────────────────────
    def _tell(self, work: Work, news: News, judged: Judged, now_us: int) -> None:
        newest = news.newest
        changed = []
        if judged.changes:
            changed.append("incidents")
        if work.beats:
            changed.append("sensors")
        self._meter.stored(
            _NO_STAMPS if work.live is None else work.live["at_us"],
            sum(map(len, work.late)),
            sum(map(len, work.uncertain)),
            now_us,
        )
        if len(newest) or changed:
            self._publish(
                self._frame(
                    now_us,
                    up=news.up,
                    gone=newest.no[newest.status == TrackStatus.ENDED].tolist(),
                    changed=changed,
                )
            )

    def _beat(self, connection: writer.Connection, now_us: int) -> None:
        """Once a second: that we live, the pulse, when each edge was heard, and who may send."""
        asked_us = self._clock.now_us()
        skews = [self._intake.clocks[edge].median_us for edge in self._intake.seen]
        database_us = writer.seen(connection, self._held())
        step_us, followed = self._clock.observe(
            asked_us, database_us, [skew for skew in skews if skew is not None]
        )
        if followed:
            raise ClockStepped
        if step_us:
            log.warning("sector.database_clock_off", sector=self.sector, by_s=step_us / 1e6)
        self._read_edges(connection)
        self._publish(self._frame(now_us, pulse=self._pulse(now_us)))
        self._tick_us = now_us
        self._fixes = [fix for fix in units.fresh(connection, self.sector) if self._is_news(fix)]
        with connection.transaction():
            for edge, seen_us in self._intake.seen.items():
                skew_us = self._intake.clocks[edge].median_us
                skew_ms = None if skew_us is None else skew_us / 1000
                writer.edge_seen(connection, edge, seen_us, skew_ms)
        self._intake.seen = {}

    def _is_news(self, fix: Fix) -> bool:
        known_us = self._fix_us.get(fix.unit, 0)
        self._fix_us[fix.unit] = max(known_us, fix.at_us)
        return fix.at_us > known_us

    def _pulse(self, now_us: int) -> Pulse:
        connected = set(self._intake.reorder.connected(now_us))
        owners = [edge_number(edge) for _, edge in self._inbox.sensors.values()]
        return self._meter.pulse(
            now_us,
            backlog=self._inbox.pending,
            edges=(len(connected), len(self._edges)),
            sensors=(sum(edge in connected for edge in owners), len(owners)),
            spent_s=self.stopwatch.spent_s,
        )

    def _frame(
        self,
        now_us: int,
        *,
        up: list[TrackRow] | None = None,
        gone: list[int] | None = None,
        changed: list[str] | None = None,
        pulse: Pulse | None = None,
    ) -> Frame:
        return Frame(
            sector=self.sector,
            epoch=self._held().epoch,
            rev=self._rev,
            at_us=now_us,
            up=up or [],
            gone=gone or [],
            changed=changed or [],
            pulse=pulse,
        )

    def _snapshot(self, now_us: int) -> Frame:
        """The picture at a start: the live tracks as the packed state has them."""
        return Frame(
            sector=self.sector,
            epoch=self._held().epoch,
            rev=self._rev,
            at_us=now_us,
            snapshot=True,
            up=track_rows(tracker.picture(self._memory.tracker), self._plane),
            changed=["incidents", "sensors", "geofences"],
        )


def _begin(connection: writer.Connection) -> None:
    """Begin a transaction, unless one has begun."""
    if connection.info.transaction_status is TransactionStatus.IDLE:
        connection.execute("BEGIN")
