"""Tracks as rows of the live picture."""

import pytest

from judging import updates
from plain_sector import ORIGIN
from watchline.live.rows import track_rows
from watchline.sectors.plane import SectorPlane
from watchline.tracks.model import TrackStatus

PLANE = SectorPlane(*ORIGIN)


def test_a_row_has_place_spread_speed_status_class_and_time():
    made = updates(4, 1_764_000_000_123_456, 0, 0, sigma=3.0, status=TrackStatus.COASTING)
    made.classes[:] = [[0.1, 0.0, 0.875, 0.0, 0.025]]
    made.vx_mps[:] = 1.234
    ((no, lon, lat, *spread_and_speed, status, best, percent, at_ms),) = track_rows(made, PLANE)
    assert (no, lon, lat) == (4, *ORIGIN)
    assert spread_and_speed == pytest.approx([9.0, 0.0, 9.0, 1.23, 0.0])
    assert (status, best, percent, at_ms) == (TrackStatus.COASTING, 2, 87, 1_764_000_000_123)


def test_no_updates_are_no_rows():
    assert track_rows(updates([], 0, 0, 0), PLANE) == []
