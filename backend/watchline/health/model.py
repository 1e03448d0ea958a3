"""What is told of the system's health, and when it alarms; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

#: The worker says each second that it lives; a start of it takes some seconds.
WORKER_STOPPED_AFTER = timedelta(seconds=8)
#: An edge sends a watermark ten times a second, and a heartbeat each ten seconds: offline is
#: three missed heartbeats, silent the earlier hint.
SILENT_AFTER = timedelta(seconds=5)
OFFLINE_AFTER = timedelta(seconds=30)
#: Beyond this an edge's clock is wrong (DESIGN §4.17).
SKEW_MS = 2_000.0
#: What was given out longer ago than this and is not settled is missing, not on its way.
MISSING_AFTER = timedelta(seconds=30)
#: For how long a declared loss, or a refused envelope, is told as news.
LOSS_IS_NEWS = timedelta(hours=1)
REFUSAL_IS_NEWS = timedelta(minutes=5)
#: An edge that was just enrolled is unknown for a moment; who stays unknown is a stranger.
STRANGER_AFTER = timedelta(seconds=5)
#: What the edge says of its spool, and the alarm that it means.
_SPOOL_ALARMS = {"spool.full": "edge.spool_full", "spool.damaged": "edge.spool_damaged"}

Severity = Literal["warning", "critical"]
EdgeState = Literal["connected", "silent", "offline", "off", "never_heard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something about the system that a person must know; `sector` is None when it is about all.

    `since` is None only where nobody knows it.
    """

    code: str
    severity: Severity
    sector: str | None
    since: datetime | None
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterRow:
    """A sector and the last sign of life of its writer."""

    sector: str
    seen_at: datetime | None
    since: datetime | None
    reruns_waiting: int = 0
    reruns_done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRow:
    """An enabled edge with the sums of its ledger; `trouble` is what it says of its spool.

    expected = settled + on the way + missing. `missing` counts only what is not on its way any
    more (see MISSING_AFTER), `missing_since` since when, if that is news: a hole that a boot of
    the day before yesterday left will hardly be filled.
    """

    edge: str
    sector: str
    seen_at: datetime | None
    skew_ms: float | None = None
    switched_off: bool = False
    trouble: str | None = None
    trouble_at: datetime | None = None
    expected: int = 0
    detections: int = 0
    others: int = 0
    quarantined: int = 0
    lost: int = 0
    lost_at: datetime | None = None
    missing: int = 0
    missing_since: datetime | None = None

    @property
    def settled(self) -> int:
        """What will not come any more, because it is here or can never come."""
        return self.detections + self.others + self.quarantined + self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """Envelopes refused as a whole; `edge` is empty for somebody who is not enrolled."""

    edge: str
    sector: str | None
    code: str
    total: int
    recent: int
    since: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """Items of an edge that could not be used lately."""

    edge: str
    sector: str
    code: str
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRow:
    """A session that sits in an open transaction and does nothing."""

    application: str
    user: str
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One reading of the database, at the database's time `at`."""

    at: datetime
    writers: Sequence[WriterRow] = ()
    edges: Sequence[EdgeRow] = ()
    refusals: Sequence[RefusalRow] = ()
    quarantine: Sequence[QuarantineRow] = ()
    idle: Sequence[IdleRow] = ()


def edge_state(edge: EdgeRow, writer: WriterRow | None, now: datetime) -> EdgeState:
    """How an edge is connected, as its sector's writer last knew.

    A stopped writer hears nobody: silence counts up to its last sign of life, and from its start.
    """
    if edge.seen_at is None:
        return "never_heard"
    if edge.switched_off:
        return "off"
    heard, until = edge.seen_at, now
    if writer is not None:
        heard = max(heard, writer.since or heard)
        until = min(until, writer.seen_at or until)
    if until - heard > OFFLINE_AFTER:
        return "offline"
    return "silent" if until - heard > SILENT_AFTER else "connected"


def alarms(facts: Facts) -> list[Alarm]:
    """All alarms that these facts mean, the critical ones first."""
    writers = {row.sector: row for row in facts.writers}
    found = [*_of_writers(facts), *_of_sessions(facts), *_of_refusals(facts)]
    for edge in facts.edges:
        found += _of_edge(edge, writers.get(edge.sector), facts.at)
    found += _of_quarantine(facts)
    return sorted(found, key=lambda alarm: alarm.severity != "critical")


def with_since(found: Sequence[Alarm], before: Sequence[Alarm], now: datetime) -> list[Alarm]:
    """Alarms whose beginning the rows do not tell began when they were first found."""
    began = {_key(alarm): alarm.since for alarm in before}
    return [
        alarm
        if alarm.since is not None or alarm.code == "worker.stopped"
        else replace(alarm, since=began.get(_key(alarm)) or now)
        for alarm in found
    ]


def _key(alarm: Alarm) -> tuple[str, str | None, str | None]:
    return alarm.code, alarm.sector, alarm.params.get("edge")


def _of_writers(facts: Facts) -> Iterator[Alarm]:
    for row in facts.writers:
        if row.seen_at is None or facts.at - row.seen_at > WORKER_STOPPED_AFTER:
            yield Alarm(
                code="worker.stopped", severity="critical", sector=row.sector, since=row.seen_at
            )


def _of_sessions(facts: Facts) -> Iterator[Alarm]:
    for row in facts.idle:
        yield Alarm(
            code="database.idle_transaction",
            severity="warning",
            sector=None,
            since=row.since,
            params={"application": row.application, "user": row.user, "pid": row.pid},
        )


def _of_refusals(facts: Facts) -> Iterator[Alarm]:
    for row in facts.refusals:
        # "Come later" is no fault of the sender's.
        if facts.at - row.last_at > REFUSAL_IS_NEWS or row.code.startswith("uplink."):
            continue
        if row.code == "edge.unknown" and row.last_at - row.since < STRANGER_AFTER:
            continue
        yield Alarm(
            code="uplink.edge_refused" if row.edge else "uplink.stranger_refused",
            severity="critical",
            sector=row.sector,
            since=row.since,
            params={"edge": row.edge, "reason": row.code, "count": row.recent},
        )


def _of_quarantine(facts: Facts) -> Iterator[Alarm]:
    for row in facts.quarantine:
        yield Alarm(
            code="edge.quarantine",
            severity="warning",
            sector=row.sector,
            since=row.since,
            params={"edge": row.edge, "reason": row.code, "count": row.count},
        )


def _of_edge(edge: EdgeRow, writer: WriterRow | None, now: datetime) -> Iterator[Alarm]:
    def alarm(
        code: str, severity: Severity, since: datetime | None, **params: int | float
    ) -> Alarm:
        return Alarm(
            code=code,
            severity=severity,
            sector=edge.sector,
            since=since,
            params={"edge": edge.edge, **params},
        )

    state = edge_state(edge, writer, now)
    if state == "offline":
        yield alarm("edge.offline", "critical", edge.seen_at)
    elif state == "silent":
        yield alarm("edge.silent", "warning", edge.seen_at)
    if edge.skew_ms is not None and abs(edge.skew_ms) > SKEW_MS and state == "connected":
        yield alarm("edge.clock_wrong", "warning", None, skew_ms=round(edge.skew_ms))
    if edge.trouble in _SPOOL_ALARMS:
        yield alarm(_SPOOL_ALARMS[edge.trouble], "critical", edge.trouble_at)
    if edge.missing_since is not None:
        yield alarm("edge.missing", "warning", edge.missing_since, count=edge.missing)
    if edge.lost_at is not None and now - edge.lost_at < LOSS_IS_NEWS:
        yield alarm("edge.lost", "warning", edge.lost_at, count=edge.lost)
