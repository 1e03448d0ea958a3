"""Track and judge again a stretch of time that got late detections; DESIGN §4.7.

The same pure steps as live run over all of the sector's detections of the stretch and a
margin on both sides. A rerun track that shares detections with a live one keeps its id; a
finding already known (same rule, geofence and track within 5 s) is left alone; every other one
opens a *historical* incident: people see it, nobody is pushed.

A rerun judges by the geofences and rules in force when the detections became known, so that a
recording replayed in its original time is judged at all.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import psycopg
import structlog

from watchline.detections import store as detection_store
from watchline.detections.rows import Rows
from watchline.geofences import current as current_geofences
from watchline.incidents import record
from watchline.incidents.lifecycle import Change, raise_findings
from watchline.pipeline import EMPTY_BATCH, edge_number, owned, to_batch
from watchline.rules import current as current_rules
from watchline.rules import engine
from watchline.rules.model import Finding
from watchline.rules.state import RuleState
from watchline.sectors import writer
from watchline.sectors.plane import SectorPlane
from watchline.tracks import projection, tracker
from watchline.tracks.local import localise
from watchline.tracks.model import TrackUpdates
from watchline.tracks.state import TrackerState

log = structlog.get_logger()

#: Nothing late must have come for so long before a stretch is rerun.
QUIET_S = 3.0
MARGIN_US = 60_000_000
MATCH_US = 5_000_000
#: The stretch is read in pages of this length, so that memory stays bounded.
PAGE_US = 600_000_000

_CONFIG = tracker.TrackerConfig()


def rerun_due(connection: writer.Connection, hold: writer.Hold, quiet_s: float = QUIET_S) -> int:
    """Rerun every late span that has gone quiet; returns how many were closed."""
    done = 0
    for span in detection_store.due_late_spans(connection, hold.sector, quiet_s):
        started = time.monotonic()
        incidents = _rerun(connection, hold, span)
        if incidents is not None:
            done += 1
            log.info(
                "sector.rerun",
                sector=hold.sector,
                span_s=(span.to_us - span.from_us) / 1e6,
                incidents=incidents,
                took_s=round(time.monotonic() - started, 2),
            )
    return done


def _rerun(
    connection: writer.Connection, hold: writer.Hold, span: detection_store.LateSpan
) -> int | None:
    plane = SectorPlane(hold.origin_lon_deg, hold.origin_lat_deg)
    compiled = engine.compile_rules(
        current_geofences.current(connection, hold.sector, plane),
        current_rules.current(connection, hold.sector),
    )
    state, rules = TrackerState.empty(), RuleState.empty()
    pages: list[TrackUpdates] = []
    findings: list[Finding] = []
    shared: dict[bytes, Counter[bytes]] = {}
    late: set[bytes] = set()
    from_us, to_us = span.from_us - MARGIN_US, span.to_us + MARGIN_US
    for rows, live_ids in _pages(connection, hold.sector, from_us, to_us):
        state, updates, ids = tracker.step(state, to_batch(rows, plane), None, _CONFIG)
        rules, found = engine.step(rules, updates, None, compiled)
        pages.append(updates)
        findings += found
        for mine, live in zip(ids, live_ids, strict=True):
            key = mine.tobytes()
            if live is None:
                late.add(key)
            else:
                shared.setdefault(key, Counter())[live] += 1
    state, updates, _ = tracker.step(state, EMPTY_BATCH, to_us, _CONFIG)
    rules, found = engine.step(rules, updates, to_us, compiled)
    pages.append(updates)
    findings += found
    return _store(connection, hold, span, plane, pages, findings, late, _adopted(shared))


def _adopted(shared: dict[bytes, Counter[bytes]]) -> dict[bytes, bytes]:
    """Rerun track -> the live track it shares most detections with; no live track twice."""
    claims = sorted(
        (-count, mine, live) for mine, counter in shared.items() for live, count in counter.items()
    )
    adopted: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    for _, mine, live in claims:
        if mine not in adopted and live not in taken:
            adopted[mine] = live
            taken.add(live)
    return adopted


def _store(
    connection: writer.Connection,
    hold: writer.Hold,
    span: detection_store.LateSpan,
    plane: SectorPlane,
    pages: Sequence[TrackUpdates],
    findings: Sequence[Finding],
    late: set[bytes],
    adopted: dict[bytes, bytes],
) -> int | None:
    """One transaction: tracks, historical incidents, the span closed. None: more came meanwhile."""
    known_us = time.time_ns() // 1000
    changes: list[Change] | None = None
    with connection.transaction() as transaction:
        rev = writer.bump(connection, hold)
        if not detection_store.close_late_span(connection, span):
            raise psycopg.Rollback(transaction)
        known = record.known_findings(
            connection, hold.sector, span.from_us - MARGIN_US, span.to_us + MARGIN_US
        )
        fresh = [
            replace(finding, track_id=adopted.get(finding.track_id, finding.track_id))
            for finding in findings
            if finding.track_id in late
            and span.from_us - MATCH_US <= finding.at_us <= span.to_us + MARGIN_US
        ]
        book = record.open_incidents(connection, hold.sector)
        _, changes = raise_findings(
            {id: incident for id, incident in book.items() if incident.historical},
            owned(_unknown(fresh, known), hold.area, plane),
            [],
            set(),
            next_no=record.last_no(connection, hold.sector) + 1,
            historical=True,
        )
        _store_tracks(connection, hold.sector, plane, pages, late, adopted, known_us)
        record.record(connection, hold.sector, rev, known_us, changes, plane.point_to_lon_lat)
        writer.hint(connection, hold.sector)
    return None if changes is None else len(changes)


def _unknown(
    findings: Sequence[Finding], known: Sequence[tuple[str, str, bytes, int]]
) -> list[Finding]:
    """The findings that nobody has raised: no equal one within 5 s."""
    times: dict[tuple[str, str, bytes], list[int]] = {}
    for rule, geofence, track, at_us in known:
        times.setdefault((rule, geofence, track), []).append(at_us)
    return [
        finding
        for finding in findings
        if all(
            abs(finding.at_us - at_us) > MATCH_US
            for at_us in times.get((finding.rule_id, finding.geofence_id, finding.track_id), ())
        )
    ]


def _store_tracks(
    connection: writer.Connection,
    sector: str,
    plane: SectorPlane,
    pages: Sequence[TrackUpdates],
    late: set[bytes],
    adopted: dict[bytes, bytes],
    known_us: int,
) -> None:
    """A version of each rerun track that late detections had a part in."""
    updates = TrackUpdates(
        **{
            f.name: np.concatenate([getattr(page, f.name) for page in pages])
            for f in fields(TrackUpdates)
        }
    )
    local = localise(updates, plane)
    sensor_ids = {no: id for no, id, _ in writer.sensors(connection, sector)}
    places: dict[bytes, list[int]] = {}
    for i in np.flatnonzero(updates.plot).tolist():
        identity = updates.id[i].tobytes()
        if identity in late:
            places.setdefault(identity, []).append(i)
    numbers = projection.numbers_of(connection, list(adopted.values()))
    no = projection.lowest_no(connection, sector)
    for identity, index in places.items():
        kept = adopted.get(identity, identity)
        if kept not in numbers:
            no -= 1
            numbers[kept] = no
        projection.insert_historical(
            connection,
            sector,
            known_us,
            numbers[kept],
            updates,
            np.array(index),
            local,
            sensor_ids,
            kept,
        )


def _pages(
    connection: writer.Connection, sector: str, from_us: int, to_us: int
) -> Iterator[tuple[Rows, list[bytes | None]]]:
    """The stretch's detections in order, page by page, each with its live track."""
    low = from_us - from_us % tracker.SLOT_US
    while low < to_us:
        high = low + PAGE_US
        found = detection_store.detections_between(connection, sector, low, min(high, to_us))
        if found:
            yield _rows(found)
        low = high


def _rows(found: Sequence[tuple[Any, ...]]) -> tuple[Rows, list[bytes | None]]:
    n = len(found)
    edges = [edge_number(row[2]) for row in found]
    numbers = np.array([[np.nan if v is None else v for v in row[5:13]] for row in found], float)
    classes = np.array([row[13] if row[13] is not None else [np.nan] * 5 for row in found])
    absent = np.full(n, np.nan)
    at_us = np.array([row[0] for row in found], np.int64)
    rows = Rows(
        at_us=at_us,
        arrived_us=at_us,
        edge=np.array(edges, np.int32),
        boot=np.array([row[3] for row in found], np.int64),
        seq=np.array([row[4] for row in found], np.int64),
        sensor=np.array([row[1] for row in found], np.int32),
        lon_deg=numbers[:, 0],
        lat_deg=numbers[:, 1],
        var_east_m2=numbers[:, 2],
        cov_m2=numbers[:, 3],
        var_north_m2=numbers[:, 4],
        bearing_deg=absent,
        bearing_sigma_deg=absent,
        range_m=absent,
        range_sigma_m=absent,
        east_mps=numbers[:, 5],
        north_mps=numbers[:, 6],
        speed_sigma_mps=numbers[:, 7],
        score=absent,
        classes=classes.astype(np.float32),
        sensor_track=np.full(n, None),
        extras=np.full(n, None),
    )
    order = np.lexsort((rows.seq, rows.boot, rows.edge, rows.at_us))
    live = [found[i][14] for i in order.tolist()]
    return rows.take(order), [None if id is None else id.bytes for id in live]
