"""Findings open incidents or join open ones; the end of their tracks clears them. Pure.

A machine opens, joins, raises and clears; it never closes: `cleared` is a condition beside the
status, and the incident goes on waiting for a person.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from watchline.incidents.deadlines import acknowledge_s
from watchline.incidents.grouping import distance_apart_m
from watchline.incidents.model import Event, Incident, Mark, Source, Trigger, derive_id
from watchline.incidents.projection import (
    MACHINE,
    apply,
    marks_json,
    opened,
    tracks_json,
    triggers_json,
)
from watchline.rules.model import NO_TRACK, Finding, Severity

#: (x_m, y_m) in the sector's plane to (lon_deg, lat_deg).
ToLonLat = Callable[[float, float], tuple[float, float]]
#: Findings of one rule, geofence and track so close in time are the same; DESIGN §4.7.
MATCH_US = 5_000_000
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An event of the machine, the incident after it, and the finding it is about, if any."""

    incident: Incident
    event: Event
    finding: Finding | None = None


def finding_id(finding: Finding) -> UUID:
    """The finding's identity: rule version, geofence version, what it is about, and time."""
    return derive_id(
        finding.at_us,
        "finding",
        finding.rule_id,
        str(finding.rule_version),
        finding.geofence_id,
        str(finding.geofence_version),
        _subject(finding),
    )


def _subject(finding: Finding) -> bytes:
    """What it is about: its track, or what the evidence says of a unit or a sensor."""
    if finding.track_id != NO_TRACK:
        return finding.track_id
    return json.dumps(finding.evidence, sort_keys=True, default=str).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A finding of a rerun, and what live judging may have told it as.

    It may have been told of any of `tracks`, and at any time of [`from_us`, `until_us`]: from
    the plot before, until the first that was live.
    """

    finding: Finding
    tracks: Set[bytes]
    from_us: int
    until_us: int


def unknown(
    findings: Sequence[Finding], known: Sequence[tuple[str, str | None, bytes, int]]
) -> list[Finding]:
    """The findings that are none of the `known` ones: (rule, geofence, track, at_us)."""
    return [findings[row] for row in _unmatched(findings, known, set())]


def not_told(
    retold: Sequence[Retold], known: Sequence[tuple[str, str | None, bytes, int]]
) -> list[Finding]:
    """As `unknown`; beyond MATCH_US and the own track a known finding is one finding only."""
    findings = [one.finding for one in retold]
    used: set[tuple[str, str | None, bytes, int]] = set()
    left = []
    by_rule: dict[tuple[str, str | None], list[tuple[bytes, int]]] = {}
    for rule, geofence, track, at_us in known:
        by_rule.setdefault((rule, geofence), []).append((track, at_us))
    for row in _unmatched(findings, known, used):
        one, finding = retold[row], findings[row]
        same = [
            (abs(finding.at_us - at_us), track, at_us)
            for track, at_us in by_rule.get((finding.rule_id, finding.geofence_id), ())
            if (track == finding.track_id or track in one.tracks)
            and one.from_us - MATCH_US <= at_us <= one.until_us + MATCH_US
            and (finding.rule_id, finding.geofence_id, track, at_us) not in used
        ]
        if same:
            _, track, at_us = min(same)
            used.add((finding.rule_id, finding.geofence_id, track, at_us))
        else:
            left.append(finding)
    return left


def _unmatched(
    findings: Sequence[Finding],
    known: Sequence[tuple[str, str | None, bytes, int]],
    used: set[tuple[str, str | None, bytes, int]],
) -> list[int]:
    """Which findings no known one of the track is within MATCH_US of; those that are go to used."""
    times: dict[tuple[str, str | None, bytes], list[int]] = {}
    for rule, geofence, track, at_us in known:
        times.setdefault((rule, geofence, track), []).append(at_us)
    rows = []
    for row, finding in enumerate(findings):
        key = finding.rule_id, finding.geofence_id, finding.track_id
        same = [at for at in times.get(key, ()) if abs(finding.at_us - at) <= MATCH_US]
        used.update((*key, at_us) for at_us in same)
        if not same:
            rows.append(row)
    return rows


def raise_findings(
    open_incidents: Mapping[UUID, Incident],
    findings: Sequence[Finding],
    live_tracks: Set[bytes],
    to_lon_lat: ToLonLat,
    *,
    next_no: int,
    ended: Iterable[tuple[bytes, int]] = (),
    now_us: int | None = None,
    historical: bool = False,
) -> tuple[dict[UUID, Incident], list[Change]]:
    """What the findings of one step, and a tick of the clock, make of the open incidents.

    A finding joins the open incident that holds its rule, geofence and track, or a track that
    moves together with its own; then the incident is raised again, so that a second intruder
    never hides in the first's. Otherwise it opens one, numbered from `next_no`. What has no track
    among the `live_tracks` left is cleared: when the last of them `ended` (track, time) in this
    step, or, if people have put tracks together since, at a tick (`now_us`, the sector's time),
    which also looks at deadlines. However findings are cut into steps, the changes are the same.
    """
    book = dict(open_incidents)
    watched = _Watched(book, historical)
    changes: list[Change] = []
    for finding in findings:
        held, fresh = watched.holding(finding)
        if held is None:
            change = _opened(finding, next_no, to_lon_lat, historical)
            next_no += 1
        else:
            change = _joined(held, finding, to_lon_lat, fresh)
        changes.append(change)
        book[change.incident.id] = change.incident
        watched.put(change.incident)
    ends = dict(ended)
    for incident in list(book.values()) if ends else []:
        if not ends.keys().isdisjoint(incident.track_ids) and _left(incident, live_tracks):
            at_us = max(ends.get(track, 0) for track in incident.track_ids)
            change = _happened(incident, "cleared", at_us)
            changes.append(change)
            book[incident.id] = change.incident
    if now_us is not None:
        for change in _tick(book, live_tracks, now_us):
            changes.append(change)
            book[change.incident.id] = change.incident
    return book, changes


class _Watched:
    """The open incidents by what they watch for."""

    def __init__(self, book: Mapping[UUID, Incident], historical: bool) -> None:
        self._by_trigger: dict[Trigger, dict[UUID, Incident]] = {}
        for incident in book.values():
            if incident.historical == historical:
                self.put(incident)

    def put(self, incident: Incident) -> None:
        for trigger in incident.triggers:
            self._by_trigger.setdefault(trigger, {})[incident.id] = incident

    def holding(self, finding: Finding) -> tuple[Incident | None, bool]:
        """The incident that the finding belongs to, and whether its track is new to it.

        What is about no track is an incident of its own: nothing says that two are the same.
        """
        if finding.track_id == NO_TRACK:
            return None, True
        trigger = (finding.rule_id, finding.geofence_id)
        incidents = self._by_trigger.get(trigger, {}).values()
        of_track = [each for each in incidents if finding.track_id in each.track_ids]
        if of_track:
            return min(of_track, key=lambda each: each.no), False
        mark = _mark(finding)
        beside = [
            (apart_m, incident.no, incident)
            for incident in incidents
            for other in incident.marks.values()
            if (apart_m := distance_apart_m(other, mark)) is not None
        ]
        return (min(beside, key=lambda each: each[:2])[2], True) if beside else (None, True)


def _opened(finding: Finding, no: int, to_lon_lat: ToLonLat, historical: bool) -> Change:
    detail = _told(finding, to_lon_lat) | {
        "no": no,
        "source": Source.RULE.value,
        "title": None,
        "historical": historical,
        "opened_us": finding.at_us,
        "last_us": finding.at_us,
        "condition": "cleared" if historical else "active",
        "triggers": triggers_json([(finding.rule_id, finding.geofence_id)]),
        "tracks": tracks_json(_marks(finding)),
        "findings": 1,
        "within_s": None if historical else acknowledge_s(finding.severity, finding.life_at_risk),
    }
    id = derive_id(finding.at_us, finding.rule_id, finding.geofence_id, _subject(finding))
    event = _event("opened", finding.at_us, detail)
    return Change(incident=opened(id, event), event=event, finding=finding)


def _joined(held: Incident, finding: Finding, to_lon_lat: ToLonLat, fresh: bool) -> Change:
    worse = _RANK[finding.severity] > _RANK[held.severity] or (
        finding.life_at_risk and not held.life_at_risk
    )
    detail = _told(finding, to_lon_lat)
    kind = "joined"
    if fresh or worse:
        kind = "raised"
        detail["count"] = len(held.track_ids | {finding.track_id})
        severity = max(held.severity, finding.severity, key=_RANK.__getitem__)
        life = held.life_at_risk or finding.life_at_risk
        detail["within_s"] = None if held.historical else acknowledge_s(severity, life)
    event = _event(kind, finding.at_us, detail)
    return Change(incident=apply(held, event), event=event, finding=finding)


def _tick(book: Mapping[UUID, Incident], live_tracks: Set[bytes], now_us: int) -> list[Change]:
    """Alarms that nobody has acknowledged in time, sleep that is over, tracks that are gone."""
    changes = []

    def happen(incident: Incident, kind: str, at_us: int, **detail: Any) -> Incident:
        changes.append(_happened(incident, kind, at_us, **detail))
        return changes[-1].incident

    for incident in book.values():
        until_us = incident.snoozed_until_us
        if until_us is not None and until_us <= now_us:
            within_s = acknowledge_s(incident.severity, incident.life_at_risk)
            incident = happen(incident, "rang_again", until_us, within_s=within_s)
        if incident.due_us is not None and incident.due_us <= now_us and not incident.overdue:
            incident = happen(incident, "overdue", incident.due_us)
        if _left(incident, live_tracks):
            happen(incident, "cleared", now_us)
    return changes


def _left(incident: Incident, live_tracks: Set[bytes]) -> bool:
    """Whether all tracks of an active incident are gone."""
    return (
        incident.condition == "active"
        and bool(incident.track_ids)
        and incident.track_ids.isdisjoint(live_tracks)
    )


def _happened(incident: Incident, kind: str, at_us: int, **detail: Any) -> Change:
    event = _event(kind, at_us, detail)
    return Change(incident=apply(incident, event), event=event)


def _told(finding: Finding, to_lon_lat: ToLonLat) -> dict[str, Any]:
    lon, lat = to_lon_lat(finding.x_m, finding.y_m)
    return {
        "finding": str(finding_id(finding)),
        "rule": finding.rule_id,
        "rule_version": finding.rule_version,
        "geofence": finding.geofence_id,
        "geofence_version": finding.geofence_version,
        "severity": finding.severity.value,
        "life_at_risk": finding.life_at_risk,
        "at_us": finding.at_us,
        "lon": lon,
        "lat": lat,
        "marks": marks_json(_marks(finding)),
    }


def _marks(finding: Finding) -> dict[bytes, Mark]:
    return {} if finding.track_id == NO_TRACK else {finding.track_id: _mark(finding)}


def _mark(finding: Finding) -> Mark:
    half = (finding.var_x_m2 + finding.var_y_m2) / 2
    longer = half + math.hypot((finding.var_x_m2 - finding.var_y_m2) / 2, finding.cov_xy_m2)
    return Mark(
        at_us=finding.at_us,
        x_m=finding.x_m,
        y_m=finding.y_m,
        vx_mps=finding.vx_mps,
        vy_mps=finding.vy_mps,
        sigma_m=math.sqrt(longer),
    )


def _event(kind: str, at_us: int, detail: Mapping[str, Any]) -> Event:
    return Event(kind=kind, at_us=at_us, actor=MACHINE, detail=detail)
