"""What an incident rests on, read from the database from the finding down to the sensor's pose."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from watchline.db import sql

_SQL = sql.load("watchline.incidents", "evidence")


class FindingView(TypedDict):
    """A finding with the very versions of rule and geofence that it was judged by."""

    id: UUID
    kind: str
    at: datetime
    lon: float
    lat: float
    track: UUID
    track_no: int | None
    rule: dict[str, Any]
    geofence: dict[str, Any] | None
    evidence: dict[str, Any]


class SensorPart(TypedDict):
    """A sensor that had a part in it: detections of the incident's tracks up to their findings.

    Their number and times are null where only the track itself tells of the sensor: after a
    rerun, or when the detections are older than they are kept. `pose` is the newest that is known;
    it `moved_since` if it was told after the last detection.
    """

    id: str
    no: int
    name: str
    kind: str
    tracks: list[UUID]
    detections: int | None
    first_at: datetime | None
    last_at: datetime | None
    pose: dict[str, Any]
    pose_at: datetime
    moved_since: bool


class Evidence(TypedDict):
    """What an incident rests on."""

    findings: list[FindingView]
    sensors: list[SensorPart]


async def of_incident(connection: AsyncConnection, id: UUID) -> Evidence:
    """The evidence of one incident; both lists are empty for one made by hand."""
    findings = (await connection.exec_driver_sql(_SQL["findings"], {"id": id})).mappings().all()
    sensors = (await connection.exec_driver_sql(_SQL["sensors"], {"id": id})).mappings().all()
    return {
        "findings": [cast(FindingView, dict(row)) for row in findings],
        "sensors": [cast(SensorPart, dict(row)) for row in sensors],
    }
