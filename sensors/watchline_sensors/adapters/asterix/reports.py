"""What a source reports, in units and still in its own frame.

Azimuths and track angles are degrees clockwise from the device's own north, x runs east and
y north of it; `place.py` turns them. Items a record does not carry are None.
"""

import msgspec

#: Times of day count 1/128 s in every category.
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


class SystemState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a source says it fares.

    `nogo`: 0 operational, 1 degraded, 2 not to be used, 3 undefined. `overloaded`: it drops
    work. `time_invalid`: its stamps are not to be trusted.
    """

    nogo: int = 0
    overloaded: bool = False
    time_invalid: bool = False


class ServiceMessage(Report, frozen=True, kw_only=True, gc=False):
    """No target: `kind` is what it is counted as, `state` what it says of its source."""

    kind: str
    state: SystemState | None = None


class TargetReport(Report, frozen=True, kw_only=True, gc=False):
    """One plot or track update of a radar. The items are CAT010's; CAT048 reads others into them.

    `descriptor` (I010/020) and `track_status` (I010/170) keep every octet with its
    extension bit, because vendors put meaning into bits the standard leaves spare.
    """

    descriptor: bytes
    lat_deg: float | None = None  # I010/041, WGS 84
    lon_deg: float | None = None
    rho_m: float | None = None  # I010/040, slant range
    theta_deg: float | None = None
    x_m: float | None = None  # I010/042
    y_m: float | None = None
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
    sigma_speed_mps: float | None = None  # CAT048 only
    presence: bytes | None = None  # I010/280
    amplitude: int | None = None  # I010/131
    ax_mps2: float | None = None  # I010/210
    ay_mps2: float | None = None
    special: bytes | None = None  # SP
    expansion: bytes | None = None  # RE

    @property
    def target_height_m(self) -> float | None:
        """How high the target flies, where that shortens its slant range; None: on the ground."""
        return None

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
