"""What a CAT010 record of a ground radar says, edition 1.1."""

from typing import Any

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import (
    Report,
    ServiceMessage,
    Source,
    SystemState,
    TargetReport,
)

_ANGLE_DEG = 360.0 / 2**16
_WGS84_DEG = 180.0 / 2**31
_FOOT_M = 0.3048
_MAX_SPEED = 2 << 14  # I010/200 holds at most 2 NM/s
_MAX_LATITUDE = 1 << 30  # 90 degrees in I010/041

#: Value of the wire -> field and the unit of its lowest bit (None: as it stands).
#: I010/202 and 210: 1/4, because only that fills the ranges the standard gives (8192 m/s,
#: 31 m/s²) and makes 202 agree with 200 in recordings; libasterix 0.36.3 says 1/16.
_FIELDS: dict[str, tuple[str, float | None]] = {
    "020": ("descriptor", None),
    "041.LAT": ("lat_deg", _WGS84_DEG),
    "041.LON": ("lon_deg", _WGS84_DEG),
    "040.RHO": ("rho_m", None),
    "040.TH": ("theta_deg", _ANGLE_DEG),
    "042.X": ("x_m", None),
    "042.Y": ("y_m", None),
    "200.GSP": ("speed_mps", 1852.0 / 2**14),
    "200.TRA": ("heading_deg", _ANGLE_DEG),
    "202.VX": ("vx_mps", 1 / 4),
    "202.VY": ("vy_mps", 1 / 4),
    "161": ("track", None),
    "170": ("track_status", None),
    "060": ("mode_3a", None),
    "220": ("address", None),
    "245": ("identification", None),
    "250": ("mode_s", None),
    "300": ("fleet", None),
    "090": ("flight_level", None),
    "091": ("height_m", 6.25 * _FOOT_M),
    "310": ("message", None),
    "500.DEVX": ("sigma_x_m", 1 / 4),
    "500.DEVY": ("sigma_y_m", 1 / 4),
    "500.COVXY": ("covariance", 1 / 4),
    "280": ("presence", None),
    "131": ("amplitude", None),
    "210.AX": ("ax_mps2", 1 / 4),
    "210.AY": ("ay_mps2", 1 / 4),
    "SP": ("special", None),
    "RE": ("expansion", None),
}


def report(source: Source, tod_128: int, values: Values) -> Report:
    """By its message type; raises Refused: `asterix.message_type_invalid`, `target_report`'s."""
    match values.get("000"):
        case 1:
            return target_report(source, tod_128, values)
        case 2:
            return ServiceMessage(source=source, tod_128=tod_128, kind="start_of_cycle")
        case 3 | 4 as kind:
            return ServiceMessage(
                source=source,
                tod_128=tod_128,
                kind="status" if kind == 3 else "other",
                state=_state(values.get("550", 0)),
            )
    raise Refused("asterix.message_type_invalid")


def _state(system: int) -> SystemState:
    """I010/550; all is well where it is not told."""
    return SystemState(
        nogo=system >> 6, overloaded=bool(system & 0x20), time_invalid=bool(system & 0x10)
    )


def target_report(source: Source, tod_128: int, values: Values) -> TargetReport:
    """Scale what is there; what is not is None.

    Raises Refused where a value cannot be: `asterix.descriptor_missing`,
    `asterix.latitude_invalid`, `asterix.speed_invalid`. Such values mean another edition or
    damaged octets, and then nothing else in the record is to be believed either.
    """
    said: dict[str, Any] = {}
    for name, value in values.items():
        known = _FIELDS.get(name)
        if known is not None:
            field, unit = known
            said[field] = value if unit is None else value * unit
    if "descriptor" not in said:
        raise Refused("asterix.descriptor_missing")
    if abs(values.get("041.LAT", 0)) > _MAX_LATITUDE:
        raise Refused("asterix.latitude_invalid")
    if values.get("200.GSP", 0) > _MAX_SPEED:
        raise Refused("asterix.speed_invalid")
    if "161" in values:
        said["track"] = values["161"] & 0x0FFF  # the upper four bits are spare
    if "220" in values:
        said["address"] = int.from_bytes(values["220"], "big")
    if "270" in values:
        _size(values["270"], said)
    return TargetReport(source=source, tod_128=tod_128, **said)


def _size(octets: bytes, said: dict[str, Any]) -> None:
    """I010/270: length, then orientation, then width, seven bits each."""
    said["length_m"] = octets[0] >> 1
    if len(octets) > 1:
        said["orientation_deg"] = (octets[1] >> 1) * 360.0 / 128.0
    if len(octets) > 2:
        said["width_m"] = octets[2] >> 1
