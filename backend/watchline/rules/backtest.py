"""A draft of a rule over what is stored of the last days, as psycopg reads it.

The same tracker and the same step as live run over the sector's detections, a page at a time. What
the draft finds is held against what the rule has raised: incidents that would appear, vanish,
and those among them that people have confirmed. PostGIS's set-based SQL over the same
tracks, uncertainty left out, is the second opinion.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import shapely

from watchline.db.sql import load
from watchline.detections.placing import EMPTY_BATCH, to_batch
from watchline.errors import RuleInvalid, RuleUnknown
from watchline.geofences import current as current_geofences
from watchline.geofences.model import Direction, Geofence, GeofenceKind
from watchline.rules import current as current_rules
from watchline.rules import engine
from watchline.rules.model import Finding, Rule, Severity
from watchline.rules.state import RuleState
from watchline.sectors.plane import SectorPlane
from watchline.tracks import tracker
from watchline.tracks.model import TrackUpdates
from watchline.tracks.stored import pages

_sql = load("watchline.rules", "backtest.sql")
_opinion = load("watchline.rules", "second_opinion.sql")
#: A finding is the stored one when rule and track are the same and the times this near.
MATCH_US = 5_000_000
#: How much of the second opinion is asked for: its cost grows with tracks and corners.
_MOST_OPINION_PLOTS = 2_000_000

Connection = psycopg.Connection[Any]


def run(
    connection: Connection,
    sector: str,
    rule_id: str,
    draft: Mapping[str, Any],
    days: int,
    until: datetime,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Judge the `days` before `until` by the rule with the draft's kind, severity, params.

    Raises RuleUnknown, RuleInvalid. The answer is JSON, see docs/howto/operate.md.
    """
    row = connection.execute(_sql["sector"], {"sector": sector}).fetchone()
    if row is None:
        raise RuleUnknown(id=rule_id)
    plane, zone = SectorPlane(row[0], row[1]), row[2]
    rules = {rule.id: rule for rule in current_rules.current(connection, sector)}
    if rule_id not in rules:
        raise RuleUnknown(id=rule_id)
    now = rules[rule_id]
    rule = Rule(
        id=rule_id,
        version=now.version + 1,
        kind=draft.get("kind", now.kind),
        geofence_id=now.geofence_id,
        severity=Severity(draft.get("severity", now.severity)),
        params=draft.get("params", now.params),
    )
    geofences = current_geofences.current(connection, sector, plane)
    compiled = engine.compile_rules(geofences, [rule], zone=zone)
    for refused in compiled.refused:
        if isinstance(refused, RuleInvalid):
            raise refused
    from_us = round((until - timedelta(days=days)).timestamp() * 1e6)
    to_us = round(until.timestamp() * 1e6)
    judged = _judge(connection, sector, plane, compiled, from_us, to_us, progress)
    geofence = next(g for g in geofences if g.id == rule.geofence_id)
    stored = connection.execute(
        _sql["incidents"], {"sector": sector, "rule": rule_id, "from_us": from_us, "to_us": to_us}
    ).fetchall()
    return {
        "from": datetime.fromtimestamp(from_us / 1e6, UTC).isoformat(),
        "to": until.isoformat(),
        "detections": judged.detections,
        "findings": len(judged.findings),
        "findings_per_day": _per_day(f.at_us for f in judged.findings),
        **_compared(judged, stored),
        "postgis": _second_opinion(connection, geofence, judged, rule.kind),
    }


class _Judged:
    """The findings under the ids of the live tracks, and the plots they were made of."""

    def __init__(self) -> None:
        self.detections = 0
        self.findings: list[Finding] = []
        self.plots: list[TrackUpdates] = []
        self.shared: dict[bytes, Counter[bytes]] = defaultdict(Counter)


def _judge(
    connection: Connection,
    sector: str,
    plane: SectorPlane,
    compiled: engine.CompiledRules,
    from_us: int,
    to_us: int,
    progress: Callable[[float], None],
) -> _Judged:
    judged = _Judged()
    tracks, rules, config = (
        tracker.TrackerState.empty(),
        RuleState.empty(),
        tracker.TrackerConfig(),
    )
    sensors = current_rules.numbered_places(connection, sector)
    found: list[Finding] = []
    kept = 0
    for rows, live in pages(connection, sector, from_us, to_us):
        tracks, updates, ids = tracker.step(tracks, to_batch(rows, plane, sensors), None, config)
        rules, more = engine.step(rules, updates, tracks.clock_us, compiled)
        found += more
        judged.detections += len(rows)
        for mine, theirs in zip(ids, live, strict=True):
            if theirs is not None:
                judged.shared[mine.tobytes()][theirs] += 1
        if kept < _MOST_OPINION_PLOTS:
            judged.plots.append(updates.take(np.flatnonzero(updates.plot)))
            kept += len(updates)
        progress(min(1.0, (int(rows["at_us"][-1]) - from_us) / (to_us - from_us)))
    _, updates, _ = tracker.step(tracks, EMPTY_BATCH, to_us, config)
    rules, more = engine.step(rules, updates, to_us, compiled)
    judged.findings = [f for f in found + more if f.suppressed is None]
    return judged


def _per_day(times_us: Any) -> dict[str, int]:
    days = Counter(datetime.fromtimestamp(at / 1e6, UTC).date().isoformat() for at in times_us)
    return dict(sorted(days.items()))


def _compared(judged: _Judged, stored: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Incidents that would appear (one a track) and vanish, and the confirmed among these."""
    times: dict[UUID, list[int]] = defaultdict(list)
    for finding in judged.findings:
        claims = judged.shared[finding.track_id].most_common(1)
        times[UUID(bytes=claims[0][0] if claims else finding.track_id)].append(finding.at_us)
    matched: set[UUID] = set()
    known: dict[UUID, tuple[int, bool, bool]] = {}
    for incident, no, confirmed, track, at_us in stored:
        near = any(abs(at_us - mine) <= MATCH_US for mine in times.get(track, ()))
        matched |= {track} if near else set()
        known[incident] = (no, confirmed, near or known.get(incident, (0, False, False))[2])
    vanish = sorted(no for no, _, near in known.values() if not near)
    lost = sorted(no for no, confirmed, near in known.values() if confirmed and not near)
    return {"appear": len(times.keys() - matched), "vanish": vanish, "confirmed_lost": lost}


def _second_opinion(
    connection: Connection, geofence: Geofence, judged: _Judged, kind: str
) -> dict[str, Any] | None:
    """What set-based SQL finds on the same plots per day; None for a kind it cannot judge."""
    plots = [(int(u.no[k]), int(u.at_us[k]), u.x_m[k], u.y_m[k])
             for u in judged.plots for k in range(len(u))]  # fmt: skip
    if kind not in ("enter", "exit", "cross"):
        return None
    connection.execute(_sql["opinion_tables"])
    plots.sort()
    number: Counter[int] = Counter()
    with connection.cursor().copy("COPY plot FROM STDIN") as copy:
        for track, at_us, x, y in plots:
            number[track] += 1
            point = shapely.to_wkb(shapely.Point(x, y), hex=True)
            copy.write_row((track, number[track], at_us, point))
    if geofence.kind is GeofenceKind.AREA:
        drawn: Any = shapely.Polygon(geofence.rings[0], geofence.rings[1:])
    else:
        drawn = shapely.LineString(geofence.rings[0])
    connection.execute(
        "INSERT INTO fence VALUES (%s, %s, ST_GeomFromWKB(%s))",
        [geofence.id, geofence.kind.value, shapely.to_wkb(drawn)],
    )
    if kind == "cross":
        at = [row[3] for row in connection.execute(_opinion["lines"]) if _counts(row, geofence)]
    else:
        rows = connection.execute(_opinion["areas"])
        at = [at_us for _, _, _, at_us, inside in rows if inside == (kind == "enter")]
    return {"findings": len(at), "findings_per_day": _per_day(at)}


def _counts(row: tuple[Any, ...], line: Geofence) -> bool:
    """Whether a crossing is in a direction that its segment has."""
    way = Direction.LEFT_TO_RIGHT if row[4] else Direction.RIGHT_TO_LEFT
    return line.directions[row[5]] in (Direction.BOTH, way)
