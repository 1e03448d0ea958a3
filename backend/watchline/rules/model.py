"""A rule, the finding that it held, and what a step is told beside tracks."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: The track of a finding that is about a unit, a sensor or nobody.
NO_TRACK = bytes(16)


class Severity(StrEnum):
    """EUROSUR's four levels for incidents."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of a rule: a kind (a file in rules/kinds) over one geofence."""

    id: str
    version: int
    kind: str
    geofence_id: str
    severity: Severity
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The fact that a rule held for a track, with its evidence.

    `at_us` and the place (sector plane, metres) are interpolated where the kind says so.
    `evidence` is JSON: probabilities, `weak`, direction, the states that bracket a crossing.
    The track's velocity is None where the kind has none at hand. `suppressed` says why it is
    kept but not raised (`friendly`: one of our own). A finding about no track has `track_id`
    NO_TRACK, and its evidence says what it is about.
    """

    rule_id: str
    rule_version: int
    kind: str
    severity: Severity
    geofence_id: str
    geofence_version: int
    track_id: bytes
    track_no: int
    at_us: int
    x_m: float
    y_m: float
    var_x_m2: float
    cov_xy_m2: float
    var_y_m2: float
    evidence: dict[str, Any]
    vx_mps: float | None = None
    vy_mps: float | None = None
    life_at_risk: bool = False
    suppressed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFix:
    """Where one of our own units reports to be (sector plane), good to `sigma_m` on each axis."""

    unit: str
    at_us: int
    x_m: float
    y_m: float
    sigma_m: float = 10.0
    vx_mps: float = 0.0
    vy_mps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSign:
    """A sign of life of a sensor that stands at a place: a heartbeat, or a detection.

    `working` is whether the heartbeat says that it sees; `expected_gap_s` how long it is usually
    silent at this hour at most, if history tells.
    """

    sensor: str
    at_us: int
    x_m: float
    y_m: float
    detection: bool = False
    working: bool = True
    expected_gap_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AirReading:
    """The air temperature of a sector."""

    at_us: int
    celsius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What has become known since the last step beside tracks, each in order of `at_us`.

    A tick judges absence by what was given up to it, so nothing older may follow.
    """

    units: tuple[UnitFix, ...] = ()
    sensors: tuple[SensorSign, ...] = ()
    air: tuple[AirReading, ...] = ()


#: Nothing has become known.
NOTHING = Surroundings()
