"""Reruns of late stretches: in pages, interrupted, beside live tracks, by one rule version."""

from typing import Any

import numpy as np
import pytest

from hand_writer import SECOND, HandClock, HandWriter, envelope, hand_writer
from own_writer import import_sector
from plain_sector import lon_lat
from watchline import rerun
from watchline.db.engine import connect_sync
from watchline.rerun import Interrupted, rerun_due
from watchline.sectors import writer
from watchline.tracks import stored
from watchline_sensors.contract import Detection, Lane, Position, SensorInfo

NOW_US = 1_700_000_000_000_000
INFO = SensorInfo(
    sensor="radar", at_us=1, kind="radar", name="R", lon_deg=24.0, lat_deg=50.5, height_m=200.0
)


def sighting(at_us: int, east_m: float, north_m: float) -> Detection:
    lon, lat = lon_lat(east_m, north_m)
    return Detection(
        sensor="radar",
        at_us=at_us,
        position=Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0),
    )


def walk(from_us: int, seconds: int = 22, *, east_m: float = 0.0) -> list[Detection]:
    """Northwards at 48 m/s through the meadow and over the ditch, a plot each second."""
    return [
        sighting(from_us + s * SECOND, east_m + 3.0 * (s % 2), -350.0 + 48.0 * s)
        for s in range(seconds)
    ]


class Edge:
    """One edge's numbering."""

    def __init__(self, made: HandWriter) -> None:
        self._writer, self._seq = made, 0

    def send(self, *items: Any, lane: Lane = Lane.LIVE, **changes: Any) -> None:
        now_us = self._writer.clock.now_us()
        self._writer.send(
            envelope("edge-a", self._seq + 1, list(items), now_us, lane=lane, **changes)
        )
        self._seq += len(items)
        self._writer.turn()


@pytest.fixture
def made(database):
    import_sector(database)
    with hand_writer(database, HandClock(NOW_US)) as made:
        yield made


@pytest.fixture
def connection(database):
    with connect_sync(database.url("ingest"), autocommit=True) as connection:
        yield connection


def run(made: HandWriter, connection: Any, **options: Any) -> int:
    assert made.pipeline.hold is not None
    return rerun_due(connection, made.pipeline.hold, 0.0, **options)


def raised(made: HandWriter) -> list[tuple[Any, ...]]:
    return made.query(
        "SELECT rule_id, rule_version, historical, findings FROM incident ORDER BY opened_at"
    )


def test_small_pages_and_interruptions_change_nothing(made, connection, monkeypatch) -> None:
    rest: list[float] = []
    monkeypatch.setattr(stored, "PAGE_ROWS", 7)
    monkeypatch.setattr(rerun, "_FLUSH_S", 0.0)
    monkeypatch.setattr(rerun.time, "sleep", rest.append)
    Edge(made).send(INFO, *walk(NOW_US - 3600 * SECOND), *walk(NOW_US - 3300 * SECOND, east_m=50))
    turns = iter([True, True, True, True, False])
    with pytest.raises(Interrupted):
        run(made, connection, go_on=lambda: next(turns))
    begun = "SELECT begun_at IS NOT NULL, rerun_at IS NULL FROM late_span"
    assert made.query(begun) == [(True, True)]
    assert run(made, connection) == 1
    assert run(made, connection) == 0
    assert [row[0] for row in raised(made)] == ["meadow-enter", "meadow-exit", "ditch-cross"] * 2
    assert all(historical and findings == 1 for _, _, historical, findings in raised(made))
    assert len(rest) > 6, "it rests after each page"
    tracks = "SELECT count(*), sum(ST_NPoints(path)) FROM track WHERE known_to IS NULL"
    assert made.query(tracks) == [(2, 44)]


def test_more_late_rows_meanwhile_open_another_stretch(made, connection) -> None:
    edge = Edge(made)
    first = walk(NOW_US - 3600 * SECOND)
    edge.send(INFO, *first[::2])
    turns = iter([False])
    with pytest.raises(Interrupted):
        run(made, connection, go_on=lambda: next(turns))
    edge.send(*first[1::2], lane=Lane.ARCHIVE)
    assert made.query("SELECT count(*) FROM late_span WHERE rerun_at IS NULL") == [(2,)]
    assert run(made, connection) == 2
    assert [row[0] for row in raised(made)] == ["meadow-enter", "meadow-exit", "ditch-cross"]
    # The track's first version was replaced by the one that knows all plots.
    versions = "SELECT known_to IS NULL, ST_NPoints(path) FROM track ORDER BY known_at"
    assert made.query(versions)[-1] == (True, 22)
    assert sum(open for open, _ in made.query(versions)) == 1


def test_a_live_track_keeps_its_row_and_gives_its_id(made, connection) -> None:
    edge, clock = Edge(made), made.clock
    edge.send(INFO)
    # The start of a walk is heard live, then some of it late, while the track lives on.
    plots = walk(NOW_US, 12)
    late = [plots[4], plots[6]]
    for plot in plots:
        clock.time_us = plot.at_us + 100_000
        if plot not in late:
            edge.send(plot, watermark_us=plot.at_us)
        clock.time_us += 700_000
        made.turn()
    ((track, no, status),) = made.query("SELECT id, no, status FROM track")
    assert status == "confirmed"
    edge.send(*late, lane=Lane.ARCHIVE)
    assert run(made, connection) == 1
    rows = made.query("SELECT id, no, historical, known_to FROM track ORDER BY known_at")
    assert rows == [(track, no, False, None), (track, no, True, None)]
    before = raised(made)
    assert [row[0] for row in before] == ["meadow-enter"] and before[0][2] is False
    # The live track goes on in its own row, over the ditch.
    for plot in walk(NOW_US)[12:]:
        clock.time_us = plot.at_us + 100_000
        edge.send(plot, watermark_us=plot.at_us)
        clock.time_us += 700_000
        made.turn()
    hits = "SELECT hits FROM track WHERE NOT historical AND known_to IS NULL"
    assert made.query(hits)[0][0] > 15
    assert [row[:3:2] for row in raised(made)] == [
        ("meadow-enter", False), ("meadow-exit", False), ("ditch-cross", False),
    ]  # fmt: skip


def test_what_live_judging_told_at_the_end_of_a_gap_is_told_once(made, connection) -> None:
    edge, clock = Edge(made), made.clock
    edge.send(INFO)
    plots = walk(NOW_US)
    late = plots[3:10]  # it enters the meadow with the second of these
    for plot in plots:
        clock.time_us = plot.at_us + 100_000
        if plot not in late:
            edge.send(plot, watermark_us=plot.at_us)
        clock.time_us += 700_000
        made.turn()
    live = raised(made)
    assert [row[::2] for row in live] == [
        ("meadow-enter", False), ("meadow-exit", False), ("ditch-cross", False),
    ]  # fmt: skip
    ((told_us,),) = made.query(
        "SELECT (extract(epoch FROM at) * 1e6)::bigint FROM finding WHERE rule_id = 'meadow-enter'"
    )
    edge.send(*late, lane=Lane.ARCHIVE)
    clock.time_us += 60 * SECOND
    assert run(made, connection) == 1
    assert told_us - plots[4].at_us > 5 * SECOND, "so late that five seconds do not join them"
    assert raised(made) == live


def test_an_edge_that_is_always_late_is_judged_too(made, connection, database) -> None:
    edge = Edge(made)
    edge.send(INFO, *walk(NOW_US - 3600 * SECOND))
    assert rerun_due(connection, made.pipeline.hold, 1000.0) == 0, "not quiet yet"
    with database.connect("owner") as owner:
        owner.execute("UPDATE late_span SET opened_at = opened_at - interval '61 s'")
    assert rerun_due(connection, made.pipeline.hold, 1000.0) == 1


def test_what_is_hardly_past_is_left_to_live_judging(
    made, connection, database, monkeypatch
) -> None:
    made.clock.time_us = now_us = writer.database_us(connection)
    edge = Edge(made)
    edge.send(INFO, sighting(now_us, 5000.0, 0.0))
    made.clock.time_us += 3 * SECOND
    edge.send(sighting(now_us + SECOND, 5000.0, 0.0))
    edge.send(*walk(now_us - 22 * SECOND))
    assert made.query("SELECT count(*) FROM late_span") == [(1,)]
    assert run(made, connection) == 0
    monkeypatch.setattr(rerun, "LIVE_US", 0)
    assert run(made, connection) == 1


def test_a_writer_that_was_replaced_reruns_nothing(made, connection, database) -> None:
    Edge(made).send(INFO, *walk(NOW_US - 3600 * SECOND))
    with database.connect("owner") as owner:
        owner.execute("UPDATE sector SET epoch = epoch + 1")
    with pytest.raises(writer.Fenced):
        run(made, connection)
    assert raised(made) == []


def test_a_rule_edited_meanwhile_starts_the_rerun_again(made, connection, database) -> None:
    Edge(made).send(INFO, *walk(NOW_US - 3600 * SECOND))

    def edit() -> bool:
        with database.connect("owner") as owner:
            owner.execute("UPDATE rule SET valid_to = now(), rev = 1000 WHERE id = 'meadow-exit'")
        return True

    with pytest.raises(Interrupted):
        run(made, connection, go_on=edit)
    assert raised(made) == []
    assert run(made, connection) == 1
    assert [row[0] for row in raised(made)] == ["meadow-enter", "ditch-cross"]


def test_stamps_over_fifty_years_cost_a_bounded_number_of_reruns(made, connection) -> None:
    rng = np.random.default_rng(3)
    edge = Edge(made)
    edge.send(INFO)
    for _ in range(2):
        stamps = sorted(rng.integers(0, NOW_US - 8 * 86_400 * SECOND, 900).tolist())
        edge.send(*(sighting(at_us, 0.0, 0.0) for at_us in stamps), lane=Lane.ARCHIVE)
    assert made.query("SELECT count(*) <= 100 FROM late_span") == [(True,)]
    timings = dict(made.query("SELECT timing::text, count(*) FROM detection GROUP BY 1"))
    assert timings["u"] > 1600 and timings["a"] + timings["u"] == 1800
    assert made.query("SELECT settled::text FROM ledger") == [("{[1,1802)}",)]
