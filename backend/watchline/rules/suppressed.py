"""Findings that are kept and not raised: written in the commit that judged them (psycopg)."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from watchline.db.sql import load
from watchline.rules.model import Finding

_sql = load("watchline.rules", "suppressed.sql")


def put(
    connection: psycopg.Connection[Any],
    sector: str,
    known_us: int,
    findings: Sequence[tuple[UUID, Finding]],
    to_lon_lat: Callable[[float, float], tuple[float, float]],
) -> None:
    """Store them under their ids; what is there already stays."""
    for id, finding in findings:
        lon, lat = to_lon_lat(finding.x_m, finding.y_m)
        connection.execute(
            _sql["put"],
            {
                "id": id,
                "sector": sector,
                "rule": finding.rule_id,
                "rule_version": finding.rule_version,
                "geofence": finding.geofence_id,
                "geofence_version": finding.geofence_version,
                "track": UUID(bytes=finding.track_id),
                "track_no": finding.track_no,
                "kind": finding.kind,
                "at_us": finding.at_us,
                "known_us": known_us,
                "lon": lon,
                "lat": lat,
                "reason": finding.suppressed,
                "evidence": Jsonb(finding.evidence),
            },
        )
