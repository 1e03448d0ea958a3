"""Sectors and sensors as the API tells of them; pure."""

from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

#: A writer says each second that it lives. After so long a silence it counts as gone: edges are
#: not sent to it, and whoever waits for the sector ends its session and takes over.
WRITER_ALIVE_S = 3.0
#: A sensor whose last heartbeat reached us longer ago than this is offline.
OFFLINE_AFTER_S = 30.0

SensorState = Literal["ok", "degraded", "failed", "goodbye", "offline"]


class SectorView(TypedDict):
    """A sector; `geom` is a GeoJSON Polygon, `origin` [lon, lat] of its metric plane."""

    id: str
    name: str
    time_zone: str
    synthetic: bool
    geom: dict[str, Any]
    origin: tuple[float, float]
    rev: int


class FieldOfViewView(TypedDict):
    """What a sensor covers; azimuth from true north, width 360 is all round."""

    azimuth_deg: float
    width_deg: float
    min_range_m: float
    max_range_m: float


class SensorView(TypedDict):
    """A sensor, where it stands and how it fares; `at` and `known_at` are of its heartbeat."""

    id: str
    no: int
    name: str
    kind: str
    edge: str
    site: str | None
    lon: float
    lat: float
    height_m: float
    field_of_view: FieldOfViewView | None
    simulated: bool
    state: SensorState
    code: str
    at: datetime | None
    known_at: datetime | None


def sensor_state(told: str | None, code: str | None, age_s: float | None) -> tuple[Any, str]:
    """State and code on screen, from the last heartbeat and the seconds since it arrived.

    What a sensor said of itself stands while its heartbeats come; a goodbye stands after them.

    >>> sensor_state("ok", "health.ok", 3.0), sensor_state("ok", "health.ok", 31.0)
    (('ok', 'health.ok'), ('offline', 'health.silent'))
    """
    if told is None or code is None or age_s is None:
        return "offline", "health.never_heard"
    if told != "goodbye" and age_s > OFFLINE_AFTER_S:
        return "offline", "health.silent"
    return told, code
