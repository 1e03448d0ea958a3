"""Rows of `track`: at once what nobody may miss, each second where the others are."""

import numpy as np
import pytest

from judging import SECOND, updates
from own_writer import import_sector
from plain_sector import ORIGIN
from watchline.db.engine import connect_sync
from watchline.sectors.plane import SectorPlane
from watchline.tracks import projection, projector
from watchline.tracks.model import TrackStatus
from watchline.tracks.projector import Projector, last_of_each

SENSORS = {7: "radar"}
START_US = 1_764_000_000_000_000


@pytest.fixture
def connection(database):
    import_sector(database)
    with connect_sync(database.url("ingest"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def made(connection):
    return Projector("test", SectorPlane(*ORIGIN), [])


def seen(tracks, second, status=TrackStatus.CONFIRMED):
    return updates(tracks, START_US + int(second * SECOND), second, 0, status=status)


def rows(connection):
    """Second of the newest plot and status of each track, by number."""
    found = connection.execute(
        "SELECT no, extract(epoch FROM last_at)::float8, status, sensors FROM track ORDER BY no"
    )
    return {no: (round(at - START_US / 1e6, 1), status) for no, at, status, _ in found}


def both(made, connection, news, second, epoch=0):
    now_us = START_US + int(second * SECOND)
    made.commit(connection, epoch, news, SENSORS, now_us)
    made.refresh(connection, epoch, news, SENSORS, now_us)


def test_a_row_is_there_from_the_first_commit_and_follows_each_second(made, connection):
    for second in (0.0, 0.4, 0.9):
        both(made, connection, seen([1, 2], second), second)
        assert rows(connection) == {1: (0.0, "confirmed"), 2: (0.0, "confirmed")}
    both(made, connection, seen([1], 1.0), 1.0)
    assert rows(connection) == {1: (1.0, "confirmed"), 2: (0.0, "confirmed")}
    (sensors, classes, geom_x) = connection.execute(
        "SELECT sensors, classes, ST_X(geom) FROM track WHERE no = 1"
    ).fetchone()
    assert sensors == ["radar"] and classes == pytest.approx([0.2] * 5)
    assert geom_x == pytest.approx(ORIGIN[0] + 1.0 / 70_945, abs=1e-7)


def test_who_coasts_or_ends_is_written_in_the_commit_itself(made, connection):
    both(made, connection, seen([1, 2, 3], 0.0), 0.0)
    made.commit(connection, 0, seen([1], 0.1, TrackStatus.COASTING), SENSORS, START_US + 100_000)
    made.commit(connection, 0, seen([2], 0.1, TrackStatus.ENDED), SENSORS, START_US + 100_000)
    assert rows(connection) == {1: (0.1, "coasting"), 2: (0.1, "ended"), 3: (0.0, "confirmed")}
    assert {id[0] for id in projection.live_ids(connection, "test")} == {1, 3}


def test_the_longest_waiting_come_first(made, connection, monkeypatch):
    monkeypatch.setattr(projector, "MOST_ROWS", 2)
    both(made, connection, seen([1], 0.0), 0.0)
    both(made, connection, seen([2, 3], 0.5), 0.5)
    both(made, connection, seen([1, 2, 3], 2.0), 2.0)
    both(made, connection, seen([1, 2, 3], 2.1), 2.1)
    assert rows(connection) == {
        1: (2.0, "confirmed"),
        2: (2.0, "confirmed"),
        3: (2.1, "confirmed"),
    }


def test_a_writer_that_was_replaced_writes_no_rows(made, connection):
    both(made, connection, seen([1], 0.0), 0.0)
    connection.execute("UPDATE sector SET epoch = 5")
    made.refresh(connection, 4, seen([1], 3.0), SENSORS, START_US + 3 * SECOND)
    assert rows(connection) == {1: (0.0, "confirmed")}


def test_after_a_start_every_row_is_due(made, connection):
    both(made, connection, seen([1], 0.0), 0.0)
    again = Projector("test", SectorPlane(*ORIGIN), projection.live_ids(connection, "test"))
    both(again, connection, seen([1], 0.2), 0.2)
    assert rows(connection) == {1: (0.2, "confirmed")}


def test_the_last_of_each_track_in_order():
    assert last_of_each(updates([1, 2, 1, 3, 2], 0, 0, 0)).tolist() == [2, 3, 4]
    assert last_of_each(updates([], 0, 0, 0)).tolist() == []


def test_sensors_with_odd_names_arrive_as_they_are_called(database) -> None:
    names = {1: 'a"b', 2: "c\\d", 3: "e, {f}"}
    rows = np.array([[1, 2, 0], [3, 0, 0], [1, 2, 0]], np.int32)
    told = projection._array(projection._quoted_names(rows, names))
    with database.connect("ingest") as connection:
        (found,) = connection.execute("SELECT %s::text[]", [told]).fetchone()
    assert [line.split("\n") for line in found] == [['a"b', "c\\d"], ["e, {f}"], ['a"b', "c\\d"]]
