"""A recording's clock and the clock it is played by."""

from datetime import UTC, date, datetime

import pytest

from watchline_sensors.adapters.asterix.decode import Datablock
from watchline_sensors.adapters.asterix.reports import DAY_TICKS, ServiceMessage
from watchline_sensors.adapters.asterix.time_of_day import DAY_US
from watchline_sensors.adapters.replay.timeline import (
    Extent,
    Timeline,
    Unroller,
    extent,
    first_instant_us,
)

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US


def cycle(tod_s: float) -> ServiceMessage:
    tod_128 = round(tod_s * 128) % DAY_TICKS
    return ServiceMessage(source=(0, 7), tod_128=tod_128, kind="start_of_cycle")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND_US


def test_records_run_over_midnights_and_step_back_a_little():
    unroller = Unroller(86_390 * SECOND_US)
    seen = [
        unroller.instant_us(cycle(tod_s)) / SECOND_US
        for tod_s in (86_390, 86_399.5, 0.5, 86_399.75, 1, 40_000, 80_000, 10_000)
    ]
    day = 86_400
    assert seen == [
        86_390,
        86_399.5,
        day + 0.5,
        86_399.75,
        day + 1,
        day + 40_000,
        day + 80_000,
        2 * day + 10_000,
    ]


def test_extent_is_from_the_first_record_to_the_latest():
    def block(*tods: float) -> Datablock:
        return Datablock((0, 7), tuple(cycle(tod) for tod in tods))

    assert extent([]) is None
    assert extent([block(86_390, 86_389), block(5, 3)]) == Extent(
        first_tod_us=86_390 * SECOND_US, length_us=15 * SECOND_US
    )


@pytest.mark.parametrize(
    ("now", "length_h", "wanted"),
    [
        ("2026-01-14T12:00", 2, "2026-01-14T08:00"),
        ("2026-01-14T09:59", 2, "2026-01-13T08:00"),
        ("2026-01-14T10:00", 2, "2026-01-14T08:00"),
        ("2026-01-14T07:00", 30, "2026-01-12T08:00"),
    ],
)
def test_without_a_day_it_was_the_newest_time_that_is_past(now, length_h, wanted):
    recording = Extent(first_tod_us=8 * HOUR_US, length_us=length_h * HOUR_US)
    assert first_instant_us(recording, None, at(now)) == at(wanted)


def test_a_day_is_taken_at_its_word():
    recording = Extent(first_tod_us=8 * HOUR_US, length_us=2 * HOUR_US)
    wanted = at("2031-05-06T08:00")
    assert first_instant_us(recording, date(2031, 5, 6), 0) == wanted


def test_stamps_and_waits():
    def line(speed: float | None, retime: bool) -> Timeline:
        return Timeline(
            extent=Extent(first_tod_us=0, length_us=10 * HOUR_US),
            first_us=100 * DAY_US,
            started_us=200 * DAY_US,
            speed=speed,
            retime=retime,
        )

    later = 100 * DAY_US + 4 * HOUR_US
    assert line(None, False).stamp_us(later) == later
    assert line(20.0, False).stamp_us(later) == later
    assert line(None, True).stamp_us(later) == 200 * DAY_US - 6 * HOUR_US
    assert line(20.0, True).stamp_us(later) == 200 * DAY_US + HOUR_US // 5
    assert line(None, True).due_us(later) == 0
    assert line(20.0, False).due_us(later) == HOUR_US // 5
    assert [line(20.0, True).speed_up, line(20.0, False).speed_up, line(None, True).speed_up] == [
        20.0,
        1.0,
        1.0,
    ]
