from pathlib import Path
from typing import Any

import pytest

from watchline_sensors.config import is_http_url, load_config, parse_config
from watchline_sensors.contract import FieldOfView, NorthReference, SensorKind
from watchline_sensors.errors import ConfigError

GOOD = """
[edge]
id = "edge-1"
hub = "https://hub.example:8610/"
state = "var"

[[sensor]]
id = "radar-1"
adapter = "asterix"
name = "Radar north"
kind = "radar"
site = "hill"
lon_deg = 2
lat_deg = 41.3
height_m = 10
north = "magnetic"
north_offset_deg = 1.5
simulated = true
[sensor.field_of_view]
azimuth_deg = 0
width_deg = 360
min_range_m = 50
max_range_m = 9000
[sensor.asterix]
listen = "127.0.0.1:8600"
sac = 1
"""


def _problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "edge.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.code == "config.invalid"
    return "\n".join(caught.value.problems)


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(GOOD)
    config = load_config(path)
    assert config.edge.hub == "https://hub.example:8610"
    assert config.edge.spool_path == tmp_path / "var" / "spool.db"
    assert (config.edge.spool_max_mb, config.edge.watermark_delay_ms) == (1500, 50)
    (sensor,) = config.sensors
    assert sensor.options == {"listen": "127.0.0.1:8600", "sac": 1}
    info = sensor.info(7)
    assert (info.sensor, info.at_us, info.kind) == ("radar-1", 7, SensorKind.RADAR)
    assert (info.north, info.north_offset_deg) == (NorthReference.MAGNETIC, 1.5)
    assert info.field_of_view == FieldOfView(
        azimuth_deg=0, width_deg=360, min_range_m=50, max_range_m=9000
    )
    assert (info.site, info.simulated, info.defect()) == ("hill", True, None)


def test_an_absolute_state_folder_stays(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text(GOOD.replace('"var"', '"/srv/edge"'))
    assert load_config(path).edge.state == Path("/srv/edge")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('hub = "https', 'hubb = "https', "[edge]: there is no key 'hubb' (did you mean 'hub'?)"),
        ('hub = "https', 'hubb = "https', "[edge]: hub is missing"),
        ("https://hub.example:8610/", "hub.example", "use an address like"),
        ('id = "edge-1"', 'id = "edge 1"', "use 1 to 64 letters"),
        ('state = "var"', "state = 3", "[edge]: state: expected str"),
        ('state = "var"', 'state = "v"\nspool_max_mb = 0', "spool_max_mb"),
        ('state = "var"', 'state = "v"\nwatermark_delay_ms = -1', "watermark_delay_ms"),
        ("lon_deg = 2", 'lon_deg = "2"', "sensor radar-1: lon_deg: expected float, got str"),
        ("lon_deg = 2", "lon_deg = nan", "are they swapped"),
        ("lat_deg = 41.3", "lat_deg = 141.3", "are they swapped"),
        ("height_m = 10", "", "sensor radar-1: height_m is missing"),
        ('kind = "radar"', 'kind = "rader"', "sensor radar-1: kind: use one of radar, thermal"),
        ("width_deg = 360", "width_deg = 0", "field_of_view needs"),
        ("width_deg = 360", "width_deg = 360\nwidth = 3", "there is no key 'width'"),
        ("[sensor.asterix]", "[sensor.asterics]", "no key 'asterics' (did you mean 'asterix'?)"),
        ("[[sensor]]", "[sensor]", "two brackets"),
        ("[edge]", "[egde]", "there is no key 'egde' (did you mean 'edge'?) at the top level"),
        ("[edge]", "[egde]", "the table [edge] is missing"),
        ("[edge]", "[edge", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    assert told in _problems(tmp_path, GOOD.replace(old, new))


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('hub = "', 'hubb = "').replace("lat_deg = 41.3", "lat_deg = 99")
    problems = _problems(tmp_path, text + '[[sensor]]\nid = "x"\n')
    for told in ("'hubb'", "hub is missing", "swapped", "sensor x: adapter is missing"):
        assert told in problems


def test_a_camera_needs_a_watermark_that_waits_for_its_frames(tmp_path: Path) -> None:
    camera = GOOD.replace('adapter = "asterix"', 'adapter = "thermal"')
    camera = camera.replace("[sensor.asterix]", "[sensor.thermal]")
    assert "watermark_delay_ms: use 300" in _problems(tmp_path, camera)
    path = tmp_path / "edge.toml"
    path.write_text(camera.replace("[edge]", "[edge]\nwatermark_delay_ms = 1000"))
    assert load_config(path).sensors[0].adapter == "thermal"


def test_an_id_is_used_once(tmp_path: Path) -> None:
    assert "used twice" in _problems(tmp_path, GOOD + GOOD[GOOD.index("[[sensor]]") :])


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "latin.toml")


@pytest.mark.parametrize("raw", [{}, {"edge": 3}, {"edge": {}, "sensor": 3}, {"sensor": [3]}])
def test_no_shape_crashes_it(raw: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        parse_config(raw, base=tmp_path)


def test_addresses() -> None:
    assert is_http_url("http://[::1]:8620") and is_http_url("https://hub")
    for bad in ("", "hub:8610", "ftp://hub", "http://", "http://hub:x", "http://hub:99999"):
        assert not is_http_url(bad), bad
