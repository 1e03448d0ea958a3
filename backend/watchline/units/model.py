"""Our own units and where they say that they are."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import TypedDict

#: A position tells where a unit is for so long; rules.watching.FRESH_US is the same for judging.
FRESH_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where a unit says that it is (m/s to east and north), good to `sigma_m` on each axis."""

    unit: str
    at_us: int
    lon_deg: float
    lat_deg: float
    sigma_m: float
    east_mps: float
    north_mps: float


class UnitView(TypedDict):
    """A unit by its newest report; `fresh` as long as it explains a track."""

    id: str
    at: datetime
    lon: float
    lat: float
    sigma_m: float
    east_mps: float
    north_mps: float
    fresh: bool
