"""Track and judge again a stretch of time that got late detections; DESIGN §4.7.

The same pure steps as live run over all of the sector's detections of the stretch and a
margin on both sides. A rerun track that shares detections with a live one keeps its id; a
finding already known is left alone: same rule and geofence, and a live track that shares
detections; within 5 s, or with nothing seen between. Every other one opens a *historical*
incident: people see it, nobody is pushed.

Detections are read in small pages, and after each the rerun rests as long as it worked. A track
is stored once it has ended, in a transaction of milliseconds. A rerun that was interrupted begins
again: ids come from the detections, so whatever it had stored is found and not raised twice.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from watchline.detections import store as detection_store
from watchline.detections.placing import EMPTY_BATCH, to_batch
from watchline.detections.rows import Rows
from watchline.geofences import current as current_geofences
from watchline.incidents import record
from watchline.incidents.lifecycle import MATCH_US, Retold, not_told, raise_findings
from watchline.renewal import read_and_compile
from watchline.rules import current as current_rules
from watchline.rules import engine
from watchline.rules.model import Finding
from watchline.rules.raising import raised
from watchline.rules.state import RuleState
from watchline.sectors import writer
from watchline.sectors.plane import SectorPlane
from watchline.step import owned
from watchline.tracks import projection, tracker
from watchline.tracks.local import localise
from watchline.tracks.model import TrackUpdates
from watchline.tracks.state import TrackerState
from watchline.tracks.stored import pages

log = structlog.get_logger()

#: Nothing late must have come for so long before a stretch is rerun …
QUIET_S = 3.0
#: … unless it has waited for so long: an edge that is always late is judged too.
MOST_S = 60.0
MARGIN_US = 60_000_000
#: What is younger than this is left to live judging, which is not through with it yet.
LIVE_US = 10_000_000
#: A longer path keeps every second of its points, again and again.
MAX_POINTS = 4_096
_LONGEST_REST_S = 0.5
_FLUSH_S = 1.0
_TRACKS_AT_ONCE = 8

_CONFIG = tracker.TrackerConfig()


class Interrupted(Exception):
    """The rerun stopped before its end, because asked to or because a rule has changed."""


@dataclass(slots=True)
class _Story:
    """What a rerun knows of one of its tracks."""

    late: bool = False  # a late detection had a part in it
    shared: Counter[bytes] = field(default_factory=Counter)  # live track -> common detections
    points: list[NDArray[np.float64]] = field(default_factory=list)  # (k, 3) lon, lat, unix s
    last: TrackUpdates | None = None
    findings: list[Finding] = field(default_factory=list)
    seen_us: list[int] = field(default_factory=list)  # its plots …
    live_us: list[int] = field(default_factory=list)  # … and those that were live

    def retold(self, finding: Finding, kept: bytes) -> Retold:
        """A finding of this track, which is known as `kept`."""
        before = bisect_left(self.seen_us, finding.at_us) - 1
        after = bisect_left(self.live_us, finding.at_us)
        return Retold(
            finding=replace(finding, track_id=kept),
            tracks=self.shared.keys(),
            from_us=self.seen_us[before] if before >= 0 else finding.at_us,
            until_us=self.live_us[after] if after < len(self.live_us) else finding.at_us,
        )

    def add(self, points: NDArray[np.float64], last: TrackUpdates) -> None:
        self.points.append(points)
        self.last = last
        if sum(map(len, self.points)) > MAX_POINTS:
            whole = np.concatenate(self.points)
            self.points = [np.concatenate([whole[:-1:2], whole[-1:]])]


def rerun_due(
    connection: writer.Connection,
    hold: writer.Hold,
    quiet_s: float = QUIET_S,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Rerun every stretch that is due; how many were closed. Raises Fenced, Interrupted."""
    done = 0
    for id in detection_store.due_late_spans(
        connection, hold.sector, quiet_s=quiet_s, most_s=MOST_S
    ):
        with connection.transaction():
            writer.bump(connection, hold)
            span = detection_store.begin_late_span(connection, id)
        live_us = writer.database_us(connection) - LIVE_US
        if span is None or span[1] > live_us:
            continue
        started = time.monotonic()
        rerun = _Rerun(connection, hold, *span, live_us)
        rerun.run(go_on)
        with connection.transaction():
            writer.bump(connection, hold)
            detection_store.close_late_span(connection, id)
        done += 1
        log.info(
            "sector.rerun",
            sector=hold.sector,
            span_s=(span[1] - span[0]) / 1e6,
            detections=rerun.detections,
            tracks=rerun.tracks,
            incidents=rerun.incidents,
            took_s=round(time.monotonic() - started, 2),
        )
    return done


class _Rerun:
    """One stretch [from_us, to_us] from its first page to its last track, not beyond `live_us`."""

    def __init__(
        self,
        connection: writer.Connection,
        hold: writer.Hold,
        from_us: int,
        to_us: int,
        live_us: int,
    ) -> None:
        self.detections = self.tracks = self.incidents = 0
        self._connection = connection
        self._hold = hold
        self._from_us, self._end_us = from_us, min(to_us + MARGIN_US, live_us)
        self._plane = SectorPlane(hold.origin_lon_deg, hold.origin_lat_deg)
        self._rules_rev = current_geofences.newest_rev(connection, hold.sector)
        self._compiled = read_and_compile(connection, hold.sector, self._plane)
        self._sensors = current_rules.numbered_places(connection, hold.sector)
        self._state, self._rules = TrackerState.empty(), RuleState.empty()
        self._stories: dict[bytes, _Story] = {}
        self._ended: dict[bytes, _Story] = {}
        self._taken: set[bytes] = set()  # live tracks whose id was adopted

    def run(self, go_on: Callable[[], bool]) -> None:
        """Page by page; raises Interrupted when `go_on` says no or the rules have changed."""
        from_us, to_us = self._from_us - MARGIN_US, self._end_us
        flushed = time.monotonic()
        with closing(pages(self._connection, self._hold.sector, from_us, to_us)) as stored:
            for rows, live_ids in stored:
                began = time.monotonic()
                if not go_on():
                    raise Interrupted
                self._take(rows, live_ids)
                if self._ended and began - flushed > _FLUSH_S:
                    self._flush()
                    flushed = began
                time.sleep(min(time.monotonic() - began, _LONGEST_REST_S))
        self._step(EMPTY_BATCH, to_us)
        self._ended |= {
            id: story
            for id, story in self._stories.items()
            if story.late and story.last is not None
        }
        self._flush()

    def _take(self, rows: Rows, live_ids: Sequence[bytes | None]) -> None:
        self.detections += len(rows)
        ids = self._step(to_batch(rows, self._plane, self._sensors), None)
        for mine, live, at_us in zip(ids, live_ids, rows["at_us"].tolist(), strict=True):
            story = self._stories.setdefault(mine.tobytes(), _Story())
            story.seen_us.append(at_us)
            if live is None:
                story.late = True
            else:
                story.shared[live] += 1
                story.live_us.append(at_us)
        # What lives no more has ended, or was never confirmed.
        for id in self._stories.keys() - self._state.live_ids():
            story = self._stories.pop(id)
            if story.late and story.last is not None:
                self._ended[id] = story

    def _step(self, batch: Any, tick_us: int | None) -> NDArray[np.uint8]:
        self._state, updates, ids = tracker.step(self._state, batch, tick_us, _CONFIG)
        self._rules, found = engine.step(self._rules, updates, tick_us, self._compiled)
        plots = updates.take(np.flatnonzero(updates.plot))
        local = localise(plots, self._plane)
        points = np.column_stack([local.lon_deg, local.lat_deg, plots.at_us / 1e6])
        order = np.argsort(plots.no, kind="stable")
        for index in np.split(order, np.flatnonzero(np.diff(plots.no[order])) + 1):
            if len(index):
                story = self._stories.setdefault(plots.id[index[0]].tobytes(), _Story())
                story.add(points[index], plots.take(index[-1:]))
        for finding in raised(found):
            self._stories[finding.track_id].findings.append(finding)
        return ids

    def _flush(self) -> None:
        """Store the tracks that have ended, a few at once: live judging waits for each commit."""
        stories, self._ended = self._ended, {}
        adopted = _adopted(stories, self._taken)
        ids = list(stories)
        for low in range(0, len(ids), _TRACKS_AT_ONCE):
            self._put({id: stories[id] for id in ids[low : low + _TRACKS_AT_ONCE]}, adopted)

    def _put(self, stories: dict[bytes, _Story], adopted: dict[bytes, bytes]) -> None:
        """Store some tracks, and what they did that nobody has raised."""
        fresh = sorted(
            (
                story.retold(finding, adopted.get(id, id))
                for id, story in stories.items()
                for finding in story.findings
                if self._from_us - MATCH_US <= finding.at_us <= self._end_us
            ),
            key=lambda one: (one.finding.at_us, one.finding.rule_id, one.finding.track_id),
        )
        connection, sector = self._connection, self._hold.sector
        with connection.transaction():
            rev = writer.bump(connection, self._hold)
            if current_geofences.newest_rev(connection, sector) != self._rules_rev:
                raise Interrupted
            known_us = writer.database_us(connection)
            _, changes = raise_findings(
                record.open_incidents(connection, sector, historical=True),
                owned(self._unknown(fresh), self._hold.area, self._plane),
                set(),
                self._plane.point_to_lon_lat,
                next_no=record.last_no(connection, sector) + 1,
                historical=True,
            )
            self._store_tracks(stories, adopted, known_us)
            record.record(connection, sector, rev, known_us, changes)
            writer.hint(connection, sector)
        self.tracks += len(stories)
        self.incidents += len(changes)

    def _unknown(self, fresh: Sequence[Retold]) -> list[Finding]:
        """The findings that nobody has raised."""
        if not fresh:
            return []
        known = record.known_findings(
            self._connection,
            self._hold.sector,
            min(one.from_us for one in fresh) - MATCH_US,
            max(one.until_us for one in fresh) + MATCH_US,
            {one.finding.track_id for one in fresh}.union(*(one.tracks for one in fresh)),
        )
        return not_told(fresh, known)

    def _store_tracks(
        self, stories: dict[bytes, _Story], adopted: dict[bytes, bytes], known_us: int
    ) -> None:
        """A version of each track with its whole path."""
        connection, sector = self._connection, self._hold.sector
        sensor_ids = {no: id for no, id, _ in writer.sensors(connection, sector)}
        numbers = projection.numbers_of(connection, [adopted.get(id, id) for id in stories])
        no = projection.lowest_no(connection, sector)
        for id, story in stories.items():
            kept = adopted.get(id, id)
            if kept not in numbers:
                no -= 1
                numbers[kept] = no
            assert story.last is not None  # only those with plots end here
            projection.insert_historical(
                connection,
                sector,
                known_us,
                numbers[kept],
                story.last,
                np.concatenate(story.points),
                localise(story.last, self._plane),
                sensor_ids,
                kept,
            )


def _adopted(stories: dict[bytes, _Story], taken: set[bytes]) -> dict[bytes, bytes]:
    """Rerun track -> the live track it shares most detections with; no live track twice."""
    claims = sorted(
        (-count, mine, live)
        for mine, story in stories.items()
        for live, count in story.shared.items()
    )
    adopted: dict[bytes, bytes] = {}
    for _, mine, live in claims:
        if mine not in adopted and live not in taken:
            adopted[mine] = live
            taken.add(live)
    return adopted
