"""What a CAT062 record of a tracker says: one system track, editions 1.16 to 1.21.

Trap: I062/500 COV is not a covariance but its root with its sign, in half metres.
"""

import math
from typing import Any

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import Report, Source

_WGS84_DEG = 180.0 / 2**25
_FOOT_M = 0.3048
_MAX_SPEED_MPS = 2 * 1852.0  # as fast as CAT010 and CAT048 can say

#: Value of the wire -> field and the unit of its lowest bit (None: as it stands).
_FIELDS: dict[str, tuple[str, float | None]] = {
    "105.LAT": ("lat_deg", _WGS84_DEG),
    "105.LON": ("lon_deg", _WGS84_DEG),
    "185.VX": ("vx_mps", 1 / 4),
    "185.VY": ("vy_mps", 1 / 4),
    "040": ("track", None),
    "080": ("track_status", None),
    "060": ("mode_3a", None),
    "136": ("flight_level", None),
    "130": ("height_m", 6.25 * _FOOT_M),
    "245": ("identification", None),
    "300": ("fleet", None),
    "500.APC.X": ("sigma_x_m", 1 / 2),
    "500.APC.Y": ("sigma_y_m", 1 / 2),
    "500.APW.LAT": ("sigma_lat_deg", _WGS84_DEG),
    "500.APW.LON": ("sigma_lon_deg", _WGS84_DEG),
    "500.ATV.X": ("sigma_vx_mps", 1 / 4),
    "500.ATV.Y": ("sigma_vy_mps", 1 / 4),
    "SP": ("special", None),
    "RE": ("expansion", None),
}


class SystemTrack(Report, frozen=True, kw_only=True, gc=False):
    """One update of a track that a tracker made from its sensors.

    x, y and the velocity lie in the tracker's plane, whose north is that of its own reference
    point. `track_status` (I062/080) keeps every octet with its extension bit.
    """

    track: int
    track_status: bytes
    lat_deg: float | None = None  # I062/105, WGS 84
    lon_deg: float | None = None
    x_m: float | None = None  # I062/100
    y_m: float | None = None
    vx_mps: float | None = None  # I062/185
    vy_mps: float | None = None
    mode_3a: int | None = None  # I062/060 with its flags
    flight_level: int | None = None  # I062/136, quarters
    height_m: float | None = None  # I062/130, above the ellipsoid
    address: int | None = None  # I062/380 ADR
    identification: bytes | None = None  # I062/245
    fleet: int | None = None  # I062/300
    sigma_x_m: float | None = None  # I062/500
    sigma_y_m: float | None = None
    covariance_m2: float | None = None
    sigma_lat_deg: float | None = None
    sigma_lon_deg: float | None = None
    sigma_vx_mps: float | None = None
    sigma_vy_mps: float | None = None
    special: bytes | None = None  # SP
    expansion: bytes | None = None  # RE

    @property
    def ends_track(self) -> bool:
        """TSE: the last message of this track."""
        return bool(self._status(1) & 0x40)

    @property
    def simulated(self) -> bool:
        """SIM."""
        return bool(self._status(1) & 0x80)

    @property
    def extrapolated(self) -> int:
        """CST: 1 where no sensor has seen it for longer than it should."""
        return self._status(3) >> 7

    def _status(self, octet: int) -> int:
        return self.track_status[octet] if octet < len(self.track_status) else 0


def report(source: Source, tod_128: int, values: Values) -> SystemTrack:
    """Scale what is there; what is not is None.

    Raises Refused where a value cannot be or one is missing that every record has:
    `asterix.item_missing`, `asterix.latitude_invalid`, `asterix.longitude_invalid`,
    `asterix.speed_invalid`. That is how records of an older edition give themselves away.
    """
    said: dict[str, Any] = {}
    for name, value in values.items():
        known = _FIELDS.get(name)
        if known is not None:
            field, unit = known
            said[field] = value if unit is None else value * unit
    if "track" not in said or "track_status" not in said:
        raise Refused("asterix.item_missing")
    if abs(said.get("lat_deg", 0.0)) > 90.0:
        raise Refused("asterix.latitude_invalid")
    if abs(said.get("lon_deg", 0.0)) > 180.0:
        raise Refused("asterix.longitude_invalid")
    if math.hypot(said.get("vx_mps", 0.0), said.get("vy_mps", 0.0)) > _MAX_SPEED_MPS:
        raise Refused("asterix.speed_invalid")
    if "100" in values:
        said["x_m"] = int.from_bytes(values["100"][:3], "big", signed=True) / 2
        said["y_m"] = int.from_bytes(values["100"][3:], "big", signed=True) / 2
    if "500.COV" in values:
        root_m = values["500.COV"] / 2
        said["covariance_m2"] = math.copysign(root_m * root_m, root_m)
    if "380.ADR" in values:
        said["address"] = int.from_bytes(values["380.ADR"], "big")
    return SystemTrack(source=source, tod_128=tod_128, **said)
