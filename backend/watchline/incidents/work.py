"""What people do to incidents that takes more than one step; each is one transaction of the caller.

The simple verbs need no more than `Hand.happen`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from watchline.db import sql
from watchline.errors import (
    IncidentNotApart,
    IncidentNotSplit,
    IncidentNotYet,
    IncidentOutsideSector,
    IncidentSleepsTooLong,
    WatchlineError,
)
from watchline.incidents.deadlines import acknowledge_s, longest_snooze_s
from watchline.incidents.hand import Hand
from watchline.incidents.model import Incident, Source
from watchline.incidents.projection import (
    marks_json,
    tracks_json,
    tracks_of,
    triggers_json,
    triggers_of,
)
from watchline.incidents.transitions import Disposition, Verb
from watchline.rules.model import Severity

_SQL = sql.load("watchline.incidents", "hand")


async def make(
    hand: Hand,
    *,
    source: Source,
    title: str,
    severity: Severity,
    life_at_risk: bool,
    lon: float,
    lat: float,
    at: datetime | None,
    note: str | None,
) -> Incident:
    """An incident by hand; `at` is when it happened (None: now).

    Errors: IncidentOutsideSector, IncidentNotYet.
    """
    found = await hand.connection.exec_driver_sql(
        _SQL["is_in_sector"], {"sector": hand.sector, "lon": lon, "lat": lat}
    )
    if not found.scalar_one():
        raise IncidentOutsideSector
    at_us = hand.now_us if at is None else round(at.timestamp() * 1e6)
    if at_us > hand.now_us:
        raise IncidentNotYet
    return await hand.open(
        source=source.value,
        title=title,
        rule=None,
        rule_version=None,
        geofence=None,
        geofence_version=None,
        severity=severity.value,
        life_at_risk=life_at_risk,
        historical=False,
        opened_us=at_us,
        last_us=at_us,
        lon=lon,
        lat=lat,
        condition="active",
        triggers=[],
        tracks=[],
        marks={},
        findings=0,
        note=note,
    )


async def alarm_again(hand: Hand, id: UUID, verb: Verb) -> Incident:
    """Hand back or wake: what is new again waits as an alarm again."""
    held = hand.held[id]
    within_s = None if held.historical else acknowledge_s(held.severity, held.life_at_risk)
    return await hand.happen(id, verb, within_s=within_s)


async def snooze(hand: Hand, id: UUID, seconds: int, reason: str) -> Incident:
    """Put it off; the sector's clock wakes it. Errors: IncidentSleepsTooLong."""
    most_s = longest_snooze_s(hand.held[id].life_at_risk)
    if seconds > most_s:
        raise IncidentSleepsTooLong(most_s=most_s)
    until_us = hand.now_us + seconds * 1_000_000
    return await hand.happen(id, Verb.SNOOZE, until_us=until_us, reason=reason)


async def merge(hand: Hand, id: UUID, into: UUID) -> Incident:
    """Two incidents are one: `into` goes on with the tracks and findings of both.

    Errors: IncidentNotApart, IncidentWrongStatus.
    """
    if id == into:
        raise IncidentNotApart
    one, other = hand.held[id], hand.held[into]
    await hand.happen(id, Verb.MERGE, into=str(into), into_no=other.no)
    merged = await hand.happen(
        into,
        Verb.ABSORB,
        incident=str(id),
        no=one.no,
        severity=one.severity.value,
        life_at_risk=one.life_at_risk,
        historical=one.historical,
        opened_us=one.opened_us,
        last_us=one.last_us,
        lon=one.lon,
        lat=one.lat,
        condition=one.condition,
        triggers=triggers_json(one.triggers),
        tracks=tracks_json(one.track_ids),
        marks=marks_json(one.marks),
        findings=one.findings,
    )
    await _move(hand, id, into)
    return merged


async def reopen(hand: Hand, id: UUID) -> Incident:
    """Take a resolution back, or a merge: then it gets its tracks back from where they are now."""
    one = hand.held[id]
    within: list[UUID] = []
    above = one.merged_into
    while above is not None:
        await hand.hold([above])
        within.append(above)
        above = hand.held[above].merged_into
    reopened = await hand.happen(id, Verb.REOPEN)
    if not within:
        return reopened
    root = within[-1]
    await _move(hand, root, id, tracks=one.track_ids, triggers=one.triggers)
    for each in within:
        gone, remain = one.track_ids, hand.held[each]
        triggers = remain.triggers - one.triggers
        findings = max(remain.findings - one.findings, 0)
        if each == root:
            found = await hand.connection.exec_driver_sql(_SQL["remains"], {"id": root})
            left = found.mappings().one()
            gone -= tracks_of(left["tracks"])
            triggers |= triggers_of(left["triggers"])
            findings = left["findings"]
        if remain.rule_id is not None:
            triggers |= {(remain.rule_id, remain.geofence_id)}
        await hand.happen(
            each,
            Verb.RELEASE,
            incident=str(id),
            no=one.no,
            tracks=tracks_json(gone),
            triggers=triggers_json(triggers),
            findings=findings,
        )
    return reopened


async def split(hand: Hand, id: UUID, tracks: Iterable[UUID]) -> tuple[Incident, Incident]:
    """Some tracks go to a new incident, in the hands of who does it; gives (old, new).

    Errors: IncidentNotSplit, IncidentWrongStatus.
    """
    one = hand.held[id]
    gone = frozenset(track.bytes for track in tracks)
    if not gone or not gone < one.track_ids:
        raise IncidentNotSplit
    found = await hand.connection.exec_driver_sql(
        _SQL["newest_of_tracks"], {"id": id, "tracks": tracks_json(gone)}
    )
    newest = found.mappings().one_or_none()
    if newest is None:
        raise IncidentNotSplit
    new = await hand.open(
        source=one.source.value,
        title=one.title,
        rule=newest["rule_id"],
        rule_version=newest["rule_version"],
        geofence=newest["geofence_id"],
        geofence_version=newest["geofence_version"],
        severity=one.severity.value,
        life_at_risk=one.life_at_risk,
        historical=one.historical,
        opened_us=newest["opened_us"],
        last_us=newest["last_us"],
        lon=newest["lon"],
        lat=newest["lat"],
        condition=one.condition,
        triggers=triggers_json(one.triggers),
        tracks=tracks_json(gone),
        marks=marks_json({track: one.marks[track] for track in gone & one.marks.keys()}),
        findings=newest["findings"],
        split_from=str(id),
        from_no=one.no,
    )
    old = await hand.happen(
        id,
        Verb.SPLIT,
        into=str(new.id),
        into_no=new.no,
        tracks=tracks_json(gone),
        triggers=triggers_json(one.triggers),
        findings=max(one.findings - newest["findings"], 0),
    )
    await _move(hand, id, new.id, tracks=gone)
    return old, new


async def link(hand: Hand, id: UUID, to: UUID, verb: Verb) -> Incident:
    """Link or unlink two incidents; both know it. Errors: IncidentNotApart."""
    if id == to:
        raise IncidentNotApart
    one, other = hand.held[id], hand.held[to]
    await hand.happen(to, verb, to=str(id), no=one.no)
    return await hand.happen(id, verb, to=str(to), no=other.no)


async def resolve_all(
    hand: Hand, ids: Sequence[UUID], disposition: Disposition, note: str | None
) -> list[tuple[UUID, str]]:
    """Resolve many as the same; gives (id, code) of those that could not be."""
    refused = []
    for id in sorted(set(ids)):
        try:
            await hand.happen(id, Verb.RESOLVE, disposition=disposition.value, note=note)
        except WatchlineError as error:
            refused.append((id, error.code))
    return refused


async def _move(
    hand: Hand,
    id: UUID,
    to: UUID,
    tracks: frozenset[bytes] | None = None,
    triggers: frozenset[Any] | None = None,
) -> None:
    await hand.connection.exec_driver_sql(
        _SQL["move"],
        {
            "id": id,
            "to": to,
            "tracks": None if tracks is None else tracks_json(tracks),
            "triggers": None if triggers is None else Jsonb(triggers_json(triggers)),
        },
    )
