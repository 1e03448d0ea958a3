"""Our own units and where they say that they are."""

from datetime import datetime

from typing_extensions import TypedDict

#: A position tells where a unit is for so long; rules.watching.FRESH_US is the same for judging.
FRESH_S = 60.0


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
