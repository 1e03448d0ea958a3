"""The packed COPY stream, read back from a real table."""

import math
import time
import uuid

import numpy as np
import pytest

from columns import rows_of
from watchline.detections import store
from watchline.detections.copy import pack
from watchline_sensors.contract import Bearing, Detection, ObjectClass, Position, Velocity

AT = 1_790_000_000_123_456


def detections():
    place = Position(
        lon_deg=24.123456789,
        lat_deg=50.5,
        var_east_m2=9.0,
        cov_east_north_m2=1.5,
        var_north_m2=4.0,
    )
    yield Detection(sensor="a", at_us=AT, position=place)
    yield Detection(
        sensor="a",
        at_us=AT + 1,
        position=place,
        bearing=Bearing(bearing_deg=10.0, sigma_deg=0.5, range_m=1000.0, range_sigma_m=3.0),
        velocity=Velocity(east_mps=1.0, north_mps=-2.0, sigma_mps=0.5),
        classes={ObjectClass.PERSON: 0.75},
        score=0.5,
        sensor_track="77",
        extras={"raw": "Ж", "n": 3},
    )
    yield Detection(sensor="b", at_us=AT + 2, bearing=Bearing(bearing_deg=1.0, sigma_deg=0.1))
    yield Detection(sensor="b", at_us=AT + 3, position=place, sensor_track="")


@pytest.fixture
def stored(database):
    rows = rows_of(list(detections()), edge=5, boot=2**62, arrived_us=AT)
    tracks = np.zeros((4, 16), np.uint8)
    tracks[1] = np.frombuffer(uuid.UUID(int=99).bytes, np.uint8)
    stream = pack(
        rows,
        known_us=time.time_ns() // 1000,
        sector="s",
        timing=np.frombuffer(b"lalu", np.uint8),
        track_ids=tracks,
        edge_ids={5: "edge-a"},
        sensor_ids={1: "a", 2: "b"},
    )
    with database.connect("ingest") as connection:
        store.ensure_partitions(connection)
        store.copy_detections(connection, stream)
        return connection.execute(
            """SELECT seq, boot, (extract(epoch FROM at) * 1e6)::bigint - %s, edge_id, sensor_id,
                      timing::text, track_id, ST_X(geom), ST_SRID(geom), var_east_m2, cov_m2,
                      bearing_deg, range_m, north_mps, classes, score, sensor_track, extras
                 FROM detection ORDER BY seq""",
            [AT],
        ).fetchall()


def test_every_column_comes_back_and_absent_ones_are_null(stored):
    assert stored[0] == (
        (1, 2**62, 0, "edge-a", "a", "l", None, 24.123456789, 4326, 9.0, 1.5) + (None,) * 7
    )
    second = stored[1]
    assert second[:7] == (2, 2**62, 1, "edge-a", "a", "a", uuid.UUID(int=99))
    assert second[11:14] == (10.0, 1000.0, -2.0)
    assert second[14] == [0.75, 0.0, 0.0, 0.0, 0.0]
    assert second[15:] == (0.5, "77", {"raw": "Ж", "n": 3})
    assert stored[2][7] is None and stored[2][11] == 1.0
    assert stored[3][5] == "u" and stored[3][16] == ""


def test_nan_is_never_stored(stored):
    assert not any(isinstance(v, float) and math.isnan(v) for row in stored for v in row)
