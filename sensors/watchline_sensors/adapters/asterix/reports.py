"""What CAT010 records say, in units and still in the radar's own frame.

Azimuths and track angles are degrees clockwise from the device's own north, x runs east and
y north of it; `place.py` turns them. Items a record does not carry are None.
"""

import msgspec

#: I010/140 counts 1/128 s.
TICKS_PER_S = 128
DAY_TICKS = 86_400 * TICKS_PER_S

Source = tuple[int, int]


class Report(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Any record: who sent it (SAC, SIC) and when, in 1/128 s since UTC midnight."""

    source: Source
    tod_128: int

    @property
    def time_of_day_s(self) -> float:
        """Seconds since UTC midnight; exact."""
        return self.tod_128 / TICKS_PER_S


class StartOfUpdateCycle(Report, frozen=True, kw_only=True, gc=False):
    """I010/000 = 2: the antenna began another turn."""


class Status(Report, frozen=True, kw_only=True, gc=False):
    """I010/000 = 3 or 4: how the radar fares; `event` marks the kind sent on a change."""

    event: bool
    system: int | None = None  # I010/550 as it stands

    @property
    def nogo(self) -> int:
        """0 operational, 1 degraded, 2 not to be used, 3 undefined; 0 when not told."""
        return (self.system or 0) >> 6

    @property
    def overloaded(self) -> bool:
        """The radar drops work."""
        return bool((self.system or 0) & 0x20)

    @property
    def time_invalid(self) -> bool:
        """The radar's time source is not valid: its stamps are not to be trusted."""
        return bool((self.system or 0) & 0x10)


class TargetReport(Report, frozen=True, kw_only=True, gc=False):
    """I010/000 = 1: one plot or track update.

    `descriptor` (I010/020) and `track_status` (I010/170) keep every octet with its
    extension bit, because vendors put meaning into bits the standard leaves spare.
    """

    descriptor: bytes
    lat_deg: float | None = None  # I010/041, WGS 84
    lon_deg: float | None = None
    rho_m: int | None = None  # I010/040, slant range
    theta_deg: float | None = None
    x_m: int | None = None  # I010/042
    y_m: int | None = None
    speed_mps: float | None = None  # I010/200
    heading_deg: float | None = None
    vx_mps: float | None = None  # I010/202
    vy_mps: float | None = None
    track: int | None = None  # I010/161
    track_status: bytes | None = None
    mode_3a: int | None = None  # I010/060 with its flags
    address: int | None = None  # I010/220
    identification: bytes | None = None  # I010/245
    mode_s: bytes | None = None  # I010/250
    fleet: int | None = None  # I010/300
    flight_level: int | None = None  # I010/090 with its flags
    height_m: float | None = None  # I010/091
    length_m: int | None = None  # I010/270
    orientation_deg: float | None = None
    width_m: int | None = None
    message: int | None = None  # I010/310
    sigma_x_m: float | None = None  # I010/500
    sigma_y_m: float | None = None
    covariance: float | None = None
    presence: bytes | None = None  # I010/280
    amplitude: int | None = None  # I010/131
    ax_mps2: float | None = None  # I010/210
    ay_mps2: float | None = None
    special: bytes | None = None  # SP
    expansion: bytes | None = None  # RE

    @property
    def kind(self) -> int:
        """TYP: 3 primary radar, 0, 1, 5 multilateration, 2 ADS-B, 4 magnetic loop, 7 other."""
        return self.descriptor[0] >> 5

    @property
    def simulated(self) -> bool:
        """SIM: made by the radar's own simulator."""
        return len(self.descriptor) > 1 and bool(self.descriptor[1] & 0x80)

    @property
    def test(self) -> bool:
        """TST: a test target."""
        return len(self.descriptor) > 1 and bool(self.descriptor[1] & 0x40)

    @property
    def type_of_target(self) -> int:
        """TOT: 0 not determined, 1 aircraft, 2 ground vehicle, 3 helicopter."""
        return self.descriptor[1] >> 1 & 3 if len(self.descriptor) > 1 else 0

    @property
    def spare_bits(self) -> int | None:
        """The six bits beside SPI that the standard leaves spare; some radars classify here."""
        return self.descriptor[2] >> 1 & 0x3F if len(self.descriptor) > 2 else None

    @property
    def ends_track(self) -> bool:
        """TRE: the radar gives this track number up with this report."""
        return self.track_status is not None and bool(self.track_status[0] & 0x40)

    @property
    def extrapolated(self) -> int:
        """CST: 0 measured; 1, 2, 3 the position is the radar's own prediction."""
        return 0 if self.track_status is None else self.track_status[0] >> 4 & 3

    @property
    def sensor_plane(self) -> bool:
        """TCC = 0: the radar did not correct x and y for slant range."""
        return self.track_status is not None and not self.track_status[0] & 0x04
