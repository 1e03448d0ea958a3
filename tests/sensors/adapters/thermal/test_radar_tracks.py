from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.adapters.thermal.calibrate import CalibrationFailed
from watchline_sensors.adapters.thermal.radar_tracks import (
    MAX_GAP_US,
    RadarTrack,
    read_tracks,
)

HEAD = "at,track,lon_deg,lat_deg,sigma_m\n"
S = 1_000_000


def test_a_longer_gap_is_not_bridged() -> None:
    times = np.array([0, MAX_GAP_US, 2 * MAX_GAP_US + 1])
    track = RadarTrack("a", times, np.ones((3, 3)))
    known = ~np.isnan(track.at(np.array([MAX_GAP_US - 1, MAX_GAP_US + 1, 2 * MAX_GAP_US])))
    assert known[:, 0].tolist() == [True, False, False]


@given(
    gaps_us=st.lists(st.integers(1, 2 * MAX_GAP_US), min_size=1, max_size=8),
    at_us=st.integers(-S, 90 * S),
)
def test_it_is_on_the_line_between_two_plots_and_nowhere_else(
    gaps_us: list[int], at_us: int
) -> None:
    times = np.cumsum([0, *gaps_us])
    # A place that tells its time.
    plots = np.stack([times / 1e9, times / 2e9, np.full(len(times), 3.0)], axis=1)
    (found,) = RadarTrack("a", times, plots).at(np.array([at_us]))
    before, after = times[times <= at_us], times[times >= at_us]
    known = at_us in times or (
        len(before) and len(after) and after.min() - before.max() <= MAX_GAP_US
    )
    if known:
        assert found == pytest.approx([at_us / 1e9, at_us / 2e9, 3.0], rel=1e-9, abs=1e-12)
    else:
        assert np.isnan(found).all()


def test_the_file_is_read_by_tracks(tmp_path: Path) -> None:
    path = tmp_path / "plots.csv"
    path.write_text(
        HEAD + "2026-11-26T18:00:01.500001+00:00,b,22.5,49.2,5\n"
        "2026-11-26T19:00:00+01:00,a,22.25,49.125,4.5\n"
        "2026-11-26T18:00:01.500001Z,b,23,50,6\n"
        "2026-11-26T18:00:00.25Z,b,22.75,49.5,7\n"
    )
    a, b = read_tracks(path)
    assert (a.name, b.name) == ("a", "b")
    assert a.at_us.tolist() == [1_795_716_000_000_000]
    assert (b.at_us - a.at_us[0]).tolist() == [250_000, 1_500_001]
    assert a.plots.tolist() == [[22.25, 49.125, 4.5]]
    assert b.plots.tolist() == [[22.75, 49.5, 7.0], [22.5, 49.2, 5.0]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at,track\n", "no column lon_deg, lat_deg, sigma_m"),
        (HEAD, "no plots"),
        (HEAD + "2026-11-26T18:00:00Z,a,22,49\n", "line 2"),
        (HEAD + "2026-11-26T18:00:00Z,a,22,49,5\nnow,a,22,49,5\n", "line 3: .*now"),
        (HEAD + "2026-11-26T18:00:00,a,22,49,5\n", "line 2: a time without its offset"),
        (HEAD + "2026-11-26T18:00:00Z,,22,49,5\n", "line 2: no track"),
        (HEAD + "2026-11-26T18:00:00Z,a,22,149,5\n", "line 2: .*swapped"),
        (HEAD + "2026-11-26T18:00:00Z,a,nan,49,5\n", "line 2"),
        (HEAD + "2026-11-26T18:00:00Z,a,22,49,0\n", "line 2: sigma_m"),
        (HEAD + "2026-11-26T18:00:00Z,a,22,49,inf\n", "line 2: sigma_m"),
    ],
)
def test_a_bad_file_is_refused_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plots.csv"
    path.write_text(text)
    with pytest.raises(CalibrationFailed, match=told):
        read_tracks(path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationFailed, match="No such file"):
        read_tracks(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CalibrationFailed):
        read_tracks(tmp_path / "bytes.csv")
