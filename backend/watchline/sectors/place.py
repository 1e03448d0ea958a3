"""A place as people say it: military grid reference, chainage and border pillar."""

from mgrs import MGRS
from typing_extensions import TypedDict

from watchline.sectors.border import Border, along
from watchline.sectors.plane import SectorPlane

_MGRS = MGRS()


class PlaceView(TypedDict):
    """`mgrs` to the metre; the rest is null where the sector's border line is not known.

    `offset_m` is positive on the left as seen along the border, `past_pillar_m` negative before
    the pillar.
    """

    mgrs: str
    chainage_m: float | None
    offset_m: float | None
    pillar: str | None
    past_pillar_m: float | None


def mgrs_of(lon_deg: float, lat_deg: float) -> str:
    """The MGRS reference of a place on WGS 84, to the metre (GEOTRANS, by the package mgrs)."""
    return str(_MGRS.toMGRS(lat_deg, lon_deg, MGRSPrecision=5))


def place_of(
    border: Border | None, plane: SectorPlane, lon_deg: float, lat_deg: float
) -> PlaceView:
    """A place in a sector."""
    if border is None:
        return {
            "mgrs": mgrs_of(lon_deg, lat_deg),
            "chainage_m": None,
            "offset_m": None,
            "pillar": None,
            "past_pillar_m": None,
        }
    x, y = plane.to_plane(lon_deg, lat_deg)
    found = along(border, float(x), float(y))
    past = found.past_pillar_m
    return {
        "mgrs": mgrs_of(lon_deg, lat_deg),
        "chainage_m": round(found.chainage_m, 1),
        "offset_m": round(found.offset_m, 1),
        "pillar": found.pillar,
        "past_pillar_m": None if past is None else round(past, 1),
    }
