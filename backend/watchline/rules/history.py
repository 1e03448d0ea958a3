"""What a rule made of a stored track: its detections run through tracker and rules again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from watchline.db.sql import load
from watchline.detections.placing import EMPTY_BATCH, to_batch
from watchline.errors import RuleUnknown, TrackUnknown
from watchline.geofences import current as current_geofences
from watchline.rules import current as current_rules
from watchline.rules.explain import WITHIN_US, explain
from watchline.sectors.plane import SectorPlane
from watchline.tracks import tracker
from watchline.tracks.model import TrackUpdates
from watchline.tracks.stored import rows_of

_sql = load("watchline.rules", "history.sql")
#: Of longer tracks the part up to the time asked for.
MOST_DETECTIONS = 50_000
#: How much of a track before the time asked for is judged again, at most.
_BEFORE = timedelta(hours=6)


def explain_track(
    connection: psycopg.Connection[Any], rule_id: str, track_no: int, at: datetime
) -> dict[str, Any]:
    """Why the version of a rule in force at a time did or did not hold for a live track then.

    Raises RuleUnknown (also: not in force then), TrackUnknown.
    """
    found = connection.execute(_sql["sector_of"], {"rule": rule_id}).fetchone()
    if found is None:
        raise RuleUnknown(id=rule_id)
    sector, lon, lat, zone = found
    plane = SectorPlane(lon, lat)
    geofences = {g.id: g for g in current_geofences.current(connection, sector, plane, at)}
    rules = {rule.id: rule for rule in current_rules.current(connection, sector, at)}
    if rule_id not in rules or rules[rule_id].geofence_id not in geofences:
        raise RuleUnknown(id=rule_id)
    track = connection.execute(_sql["track"], {"sector": sector, "no": track_no}).fetchone()
    if track is None:
        raise TrackUnknown(no=track_no)
    rows = connection.execute(
        _sql["detections_of"],
        {
            "sector": sector,
            "track": track[0],
            "first": max(track[1], at - _BEFORE),
            "last": at + timedelta(microseconds=WITHIN_US),
            "limit": MOST_DETECTIONS,
        },
    ).fetchall()
    at_us = round(at.timestamp() * 1e6)
    sensors = current_rules.numbered_places(connection, sector)
    answer = explain(updates_of(rows, plane, sensors), rules[rule_id], geofences, at_us, zone=zone)
    return answer | {"track": track_no, "at": at.isoformat(), "detections": len(rows)}


def sector_of(connection: psycopg.Connection[Any], rule_id: str) -> str:
    """The sector that a rule belongs to; raises RuleUnknown."""
    found = connection.execute(_sql["sector_of"], {"rule": rule_id}).fetchone()
    if found is None:
        raise RuleUnknown(id=rule_id)
    return str(found[0])


def updates_of(
    rows: list[tuple[Any, ...]],
    plane: SectorPlane,
    sensors: Mapping[int, tuple[float, float]],
) -> TrackUpdates:
    """The updates that the tracker makes of one track's detections."""
    state = tracker.TrackerState.empty()
    batch = to_batch(rows_of(rows)[0], plane, sensors) if rows else EMPTY_BATCH
    _, updates, _ = tracker.step(state, batch, None, tracker.TrackerConfig())
    # More than one where it was out of sight for long: the parts are the one track's.
    ids = np.unique(updates.no)
    return updates if len(ids) < 2 else updates.take(np.argsort(updates.at_us, kind="stable"))
