"""A time of day finds its day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.adapters.asterix.reports import DAY_TICKS
from watchline_sensors.adapters.asterix.time_of_day import DAY_US, nearest_instant_us

NOON = 20_000 * DAY_US + DAY_US // 2
MIDNIGHT = 20_000 * DAY_US


@given(st.integers(0, DAY_TICKS - 1), st.integers(DAY_US, 2**55))
def test_is_the_time_of_day_and_the_nearest(tod_128, reference_us):
    instant_us = nearest_instant_us(tod_128, reference_us)
    assert instant_us % DAY_US == tod_128 * 15_625 // 2
    assert abs(instant_us - reference_us) <= DAY_US // 2


@given(st.integers(0, DAY_TICKS - 1), st.integers(0, DAY_US))
def test_a_clock_that_starts_in_1970_stamps_nothing_before(tod_128, reference_us):
    instant_us = nearest_instant_us(tod_128, reference_us)
    assert instant_us % DAY_US == tod_128 * 15_625 // 2
    assert 0 <= instant_us < reference_us + DAY_US


@given(st.integers(0, 2**55), st.integers(-43_199_000_000, 43_199_000_000))
def test_gives_back_an_instant_up_to_twelve_hours_from_the_reference(instant_us, delay_us):
    tod_128 = instant_us % DAY_US * 2 // 15_625
    found_us = nearest_instant_us(tod_128, instant_us + delay_us)
    assert 0 <= instant_us - found_us <= 7_813 or instant_us % DAY_US > DAY_US - 7_813


def test_a_late_packet_is_of_yesterday_and_an_early_one_of_tomorrow():
    assert nearest_instant_us(DAY_TICKS - 128, MIDNIGHT + 1_000_000) == MIDNIGHT - 1_000_000
    assert nearest_instant_us(128, MIDNIGHT - 1_000_000) == MIDNIGHT + 1_000_000
    assert nearest_instant_us(DAY_TICKS // 2, NOON) == NOON


def test_ticks_are_128ths_of_a_second():
    assert nearest_instant_us(1, MIDNIGHT) - MIDNIGHT == 7_812
    assert nearest_instant_us(128, MIDNIGHT) - MIDNIGHT == 1_000_000


@pytest.mark.parametrize("tod_128", [-1, DAY_TICKS])
def test_outside_the_day_is_a_mistake_of_the_caller(tod_128):
    with pytest.raises(ValueError, match="outside the day"):
        nearest_instant_us(tod_128, NOON)
