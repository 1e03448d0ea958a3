"""Our own recording: what another package encoded comes out as what other geometry expects."""

import importlib.util
import json
from datetime import date

import pytest
from pyproj import Geod

from watchline_sensors.adapters.replay.adapter import build_replay

GEOD = Geod(ellps="WGS84")


async def test_every_expected_detection_comes_out(walkers_path, radar_config, feed):
    expected = json.loads(walkers_path.with_name("walkers.expected.json").read_text("utf-8"))
    replay = build_replay(
        walkers_path,
        [radar_config("walkers", **expected["sensor"])],
        day=date.fromisoformat(expected["first_day"]),
    )
    await replay.run(feed)
    (health,) = replay.health(0)
    assert health.counters["datablocks_in"] == health.counters["decoded"] == expected["datablocks"]
    for name, count in expected["records"].items():
        assert health.counters[name] == count
    assert len(feed.detections) == len(expected["detections"])
    for made, wanted in zip(feed.detections, expected["detections"], strict=True):
        assert made.defect() is None
        assert (made.at_us, made.sensor_track) == (wanted["at_us"], wanted["sensor_track"])
        assert {key: made.extras.get(key) for key in wanted["extras"]} == wanted["extras"]
        if wanted["lon_deg"] is None:
            assert made.position is None
            continue
        place = made.position
        assert (
            GEOD.inv(place.lon_deg, place.lat_deg, wanted["lon_deg"], wanted["lat_deg"])[2] < 0.02
        )
        if wanted["velocity_mps"] is not None:
            assert [made.velocity.east_mps, made.velocity.north_mps] == pytest.approx(
                wanted["velocity_mps"], abs=1e-6
            )
        if "covariance_m2" in wanted:
            found = [place.var_east_m2, place.cov_east_north_m2, place.var_north_m2]
            assert found == pytest.approx(wanted["covariance_m2"])


def test_the_recording_is_what_its_script_makes(walkers_path):
    pytest.importorskip("aviconv_asterix")
    script = walkers_path.with_name("make_walkers.py")
    spec = importlib.util.spec_from_file_location("make_walkers", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stream, expected = module.recording()
    assert stream == walkers_path.read_bytes()
    written = json.loads(walkers_path.with_name("walkers.expected.json").read_text("utf-8"))
    assert json.loads(json.dumps(expected)) == written
