"""The official border line from files: chainage by the pillars, and what is refused."""

import json

import pytest
import shapely

from plain_sector import ORIGIN, SECTOR, lon_lat
from watchline.errors import WatchlineError
from watchline.geofences import border_file, files
from watchline.geofences.files import Feature, Format
from watchline.geofences.schedule import GREENWICH
from watchline.geofences.store import Frame
from watchline.sectors.plane import SectorPlane

HOME = shapely.Polygon(SECTOR["sector"]["geom"]["coordinates"][0])
FRAME = Frame(area=HOME, plane=SectorPlane(*ORIGIN), local=GREENWICH)
LINE = shapely.LineString([lon_lat(-1000, 0), lon_lat(0, 0), lon_lat(1000, 0)])


def pillar(number, east_m, chainage_m=None, north_m=3.0):
    fields = {"name": "", "pillar": number, "chainage_m": chainage_m}
    return Feature(geometry=shapely.Point(lon_lat(east_m, north_m)), fields=fields)


def read(*features, format=Format.GEOJSON, line=LINE):
    whole = Feature(geometry=line, fields={"name": "Border", "pillar": None, "chainage_m": None})
    data = files.write([whole, *features], format, "border")
    return border_file.read(data, format, FRAME)


@pytest.mark.parametrize("format", list(Format))
def test_chainage_is_shared_out_between_pillars_that_have_one(format):
    found = read(
        pillar("2", 500, 12_000.0), pillar("1", -500, 10_000.0), pillar("1/1", 0), format=format
    )
    assert found.name == "Border" and found.repair is None
    assert [p["number"] for p in found.pillars] == ["1", "1/1", "2"]
    told = [p["chainage_m"] for p in found.pillars]
    assert told == pytest.approx([10_000, 11_000, 12_000], abs=1)
    # Beyond the outermost a metre is a metre.
    assert found.lon_lat_m[:, 2] == pytest.approx([9_500, 10_000, 11_000, 12_000, 12_500], abs=3)


def test_without_official_chainage_it_is_the_length_from_the_beginning():
    found = read(pillar("7", 250))
    assert found.lon_lat_m[:, 2] == pytest.approx([0, 1000, 2000], abs=3)
    assert found.pillars[0]["chainage_m"] == pytest.approx(1250, abs=3)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        ([pillar("", 0)], "pillar_without_number"),
        ([pillar("1", 0), pillar("1", 100)], "pillar_twice"),
        ([pillar("1", 0, north_m=260)], "pillar_off_line"),
        ([pillar("1", 0, 5.0), pillar("2", 100, 4.0)], "chainage_not_rising"),
        ([Feature(geometry=LINE, fields=pillar("1", 0).fields)], "one_line_needed"),
    ],
)
def test_what_cannot_be_a_border_is_refused(features, reason):
    with pytest.raises(WatchlineError) as refused:
        read(*features)
    assert refused.value.params["reason"] == reason


def test_exchanged_axes_are_seen():
    swapped = [[lat, lon] for lon, lat in LINE.coords]
    geometry = {"type": "LineString", "coordinates": swapped}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    data = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    found = border_file.read(data, Format.GEOJSON, FRAME)
    assert found.repair == "axes_swapped" and found.lon_lat_m[0, 0] < 24.0
