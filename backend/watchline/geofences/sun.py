"""How light it is, by the sun's position."""

from enum import StrEnum
from functools import lru_cache

import ephem

#: The sun's upper edge on the horizon: half its disc and the usual refraction below it.
_SUNRISE_DEG = -50.0 / 60.0
#: The end of civil twilight. Both figures: US Naval Observatory, "Rise, Set, and Twilight
#: Definitions".
_CIVIL_DEG = -6.0
_DEG = 57.29577951308232
#: ephem counts days from 1899-12-31 12:00 UTC.
_EPHEM_EPOCH_S = -2_209_032_000


class Light(StrEnum):
    """Twilight is the time between day and dark, mornings and evenings alike."""

    DAY = "day"
    TWILIGHT = "twilight"
    DARK = "dark"


def light_at(unix_s: int, lon_deg: float, lat_deg: float) -> Light:
    """The light under an open sky, at sea level, whatever the weather."""
    elevation = elevation_deg(unix_s, lon_deg, lat_deg)
    if elevation >= _SUNRISE_DEG:
        return Light.DAY
    return Light.TWILIGHT if elevation >= _CIVIL_DEG else Light.DARK


@lru_cache(maxsize=4096)
def elevation_deg(unix_s: int, lon_deg: float, lat_deg: float) -> float:
    """How high the middle of the sun stands, refraction left out."""
    observer = ephem.Observer()
    observer.lon, observer.lat = lon_deg / _DEG, lat_deg / _DEG
    observer.pressure = 0.0
    observer.date = (unix_s - _EPHEM_EPOCH_S) / 86400.0
    return float(ephem.Sun(observer).alt) * _DEG
