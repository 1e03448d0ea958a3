"""What a CAT048 target report of a radar says, editions 1.27 to 1.32.

Unlike CAT010's, its ranges count nautical miles: rho 1/256, x and y 1/128.
"""

import math
from typing import Any

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import Source, TargetReport

_NM_M = 1852.0
_FOOT_M = 0.3048
_ANGLE_DEG = 360.0 / 2**16

#: Value of the wire -> field and the unit of its lowest bit (None: as it stands).
_FIELDS: dict[str, tuple[str, float | None]] = {
    "020": ("descriptor", None),
    "040.RHO": ("rho_m", _NM_M / 256),
    "040.THETA": ("theta_deg", _ANGLE_DEG),
    "042.X": ("x_m", _NM_M / 128),
    "042.Y": ("y_m", _NM_M / 128),
    "200.GSP": ("speed_mps", _NM_M / 2**14),
    "200.HDG": ("heading_deg", _ANGLE_DEG),
    "170": ("track_status", None),
    "070": ("mode_3a", None),
    "090": ("flight_level", None),
    "240": ("identification", None),
    "250": ("mode_s", None),
    "130.PAM": ("amplitude", None),
    "SP": ("special", None),
    "RE": ("expansion", None),
}


class MonoradarReport(TargetReport, frozen=True, kw_only=True, gc=False):
    """A plot or track update; the items of a `TargetReport` with CAT048's numbers and bits.

    `flight_level` (I048/090) keeps its flags V and G above 14 bits of quarters. `height_m`
    (I048/110) is above mean sea level. Deviations are I048/210's: those of the position are
    left out where there is a plot, because they are the track's.
    """

    @property
    def target_height_m(self) -> float | None:
        """The height a 3D radar measured, else the flight level when it is valid."""
        if self.height_m is not None or self.flight_level is None:
            return self.height_m
        if self.flight_level & 0xC000:
            return None
        return _signed14(self.flight_level) * 25.0 * _FOOT_M

    @property
    def kind(self) -> int:
        """TYP: 0 no detection, 1 primary, 2 secondary, 3 both, 4 and more with Mode S."""
        return self.descriptor[0] >> 5

    @property
    def simulated(self) -> bool:
        """SIM."""
        return bool(self.descriptor[0] & 0x10)

    @property
    def test(self) -> bool:
        """RAB, a field monitor, or TST, a test target."""
        second = self.descriptor[1] if len(self.descriptor) > 1 else 0
        return bool(self.descriptor[0] & 0x02 or second & 0x80)

    @property
    def type_of_target(self) -> int:
        """Not told."""
        return 0

    @property
    def spare_bits(self) -> int | None:
        """There are none a vendor could use."""
        return None

    @property
    def ends_track(self) -> bool:
        """TRE, in the first extension of I048/170."""
        return self._more_status & 0x80 != 0

    @property
    def extrapolated(self) -> int:
        """1: the radar saw nothing this turn (TYP 0), the position is its own prediction."""
        return int(self.kind == 0)

    @property
    def sensor_plane(self) -> bool:
        """TCC = 0: the radar did not correct x and y for slant range."""
        return self.track_status is not None and self._more_status & 0x10 == 0

    @property
    def _more_status(self) -> int:
        status = self.track_status
        return status[1] if status is not None and len(status) > 1 else 0


def report(source: Source, tod_128: int, values: Values) -> MonoradarReport:
    """Scale what is there; what is not is None. Raises Refused: `asterix.descriptor_missing`."""
    said: dict[str, Any] = {}
    for name, value in values.items():
        known = _FIELDS.get(name)
        if known is not None:
            field, unit = known
            said[field] = value if unit is None else value * unit
    if "descriptor" not in said:
        raise Refused("asterix.descriptor_missing")
    if "161" in values:
        said["track"] = values["161"] & 0x0FFF  # the upper four bits are spare
    if "220" in values:
        said["address"] = int.from_bytes(values["220"], "big")
    if "110" in values:
        said["height_m"] = _signed14(values["110"]) * 25.0 * _FOOT_M
    if "210.SIGX" in values:
        _deviations(values, said)
    return MonoradarReport(source=source, tod_128=tod_128, **said)


def _deviations(values: Values, said: dict[str, Any]) -> None:
    """I048/210; across its heading a velocity errs by the speed times the angle's error."""
    across = said.get("speed_mps", 0.0) * math.radians(values["210.SIGH"] * 360.0 / 2**12)
    said["sigma_speed_mps"] = max(values["210.SIGV"] * _NM_M / 2**14, across)
    if "rho_m" not in said:
        said["sigma_x_m"] = values["210.SIGX"] * _NM_M / 128
        said["sigma_y_m"] = values["210.SIGY"] * _NM_M / 128


def _signed14(value: int) -> int:
    """The lower 14 bits as a two's complement number."""
    value &= 0x3FFF
    return value - 0x4000 if value & 0x2000 else value
