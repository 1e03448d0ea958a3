"""The ledger's rows in PostGIS: what is settled, what is lost, and when it was given out."""

from typing import Any

import pytest

from watchline.detections import store
from watchline.detections.store import MAX_LOST_RANGES, Settlement

T0_US = 1_800_000_000_000_000


@pytest.fixture
def connection(database):
    with database.connect("owner") as owner:
        owner.execute(
            """INSERT INTO sector (id, name, geom, origin, time_zone) VALUES ('s', 's',
                 ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326),
                 ST_GeomFromText('POINT(0 0)', 4326), 'UTC')"""
        )
        owner.execute(
            """INSERT INTO edge (id, sector_id, public_key)
               VALUES ('e', 's', decode(repeat('00', 32), 'hex'))"""
        )
    with database.connect("ingest") as made:
        yield made


def settle(connection: Any, at_s: float, *ranges: tuple[int, int], highest: int, lost=()) -> None:
    counted = sum(high - low for low, high in ranges) - sum(high - low for low, high in lost)
    store.settle(
        connection,
        Settlement(
            edge="e",
            boot=7,
            settled=ranges,
            highest_seq=highest,
            detections=counted,
            others=0,
            quarantined=0,
            lost=lost,
        ),
        T0_US + round(at_s * 1e6),
    )


def rows(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement).fetchall()


def test_a_mark_each_ten_seconds_says_what_had_been_given_out(connection):
    for second in range(31):
        settle(connection, second, (10 * second + 1, 10 * second + 11), highest=10 * second + 10)
    assert rows(
        connection,
        f"""SELECT highest_seq, extract(epoch FROM known_at) - {T0_US / 1e6}
              FROM ledger_mark ORDER BY 1""",
    ) == [(10, 0), (110, 10), (210, 20), (310, 30)]
    assert rows(connection, "SELECT settled::text, detections FROM ledger") == [("{[1,311)}", 310)]


def test_what_is_lost_is_settled_and_stays_visible(connection):
    settle(connection, 0, (1, 4), highest=9)
    settle(connection, 1, (4, 8), highest=9, lost=[(4, 6)])
    assert rows(
        connection,
        f"""SELECT settled::text, lost_ranges::text, lost, detections,
                   extract(epoch FROM lost_at) - {T0_US / 1e6} FROM ledger""",
    ) == [("{[1,8)}", "{[4,6)}", 2, 5, 1)]
    settle(connection, 2, (8, 10), highest=9)
    assert rows(connection, "SELECT lost_ranges::text, lost FROM ledger") == [("{[4,6)}", 2)]


def test_however_much_is_lost_the_row_stays_small_and_the_count_exact(connection):
    for start in range(0, 3000, 1000):
        lost = [(2 * n + 1, 2 * n + 2) for n in range(start, start + 1000)]
        settle(connection, start, (2 * start + 1, 2 * start + 2001), highest=6000, lost=lost)
    (row,) = rows(
        connection,
        """SELECT lost, detections, settled::text, lower(lost_ranges),
                  (SELECT count(*) FROM unnest(lost_ranges)), pg_column_size(lost_ranges)
             FROM ledger""",
    )
    assert row[:5] == (3000, 3000, "{[1,6001)}", 4001, MAX_LOST_RANGES)
    assert row[5] < 20_000
