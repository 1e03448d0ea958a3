"""What a sector's writer tells the hubs after each commit."""

from typing import Any

import msgspec

#: [no, lon, lat, var_east, cov, var_north (m²), east_mps, north_mps, status, class index,
#:  class percent, at_ms (unix)]; status as tracks.model.TrackStatus, class as CLASS_ORDER.
TrackRow = tuple[int, float, float, float, float, float, float, float, int, int, int, int]


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How the sector fares; once a second. From `stored` on it counts from the writer's start."""

    at_us: int
    detections_per_s: float
    lag_ms: float  # median of commit time minus detection time over the last second
    backlog: int  # items received and not yet committed
    edges_connected: int
    edges_total: int
    sensors_ok: int
    sensors_total: int
    stored: int = 0  # detections fed live
    late: int = 0
    uncertain: int = 0
    commits: int = 0
    commit_s: float = 0.0
    spent_s: dict[str, float] = {}  # seconds of each stage of the pipeline


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One commit of one sector, as the worker's feed carries it (msgpack, length-prefixed).

    `up` holds the newest row of each track that changed, `gone` the numbers of ended tracks.
    With `snapshot` the frame holds the whole picture. `changed` names what else to re-read
    from PostGIS: "incidents", "sensors", "geofences".
    """

    sector: str
    epoch: int
    rev: int
    at_us: int
    snapshot: bool = False
    up: list[TrackRow] = []
    gone: list[int] = []
    changed: list[str] = []
    pulse: Pulse | None = None


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Frame).decode
as_json: Any = msgspec.json.Encoder().encode
