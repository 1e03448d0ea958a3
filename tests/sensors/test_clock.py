from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.clock import ClockGuard, now_us, steady_us


def test_the_two_clocks_go_on() -> None:
    assert now_us() > 1_700_000_000_000_000
    assert steady_us() <= steady_us()


def test_a_step_is_noticed_with_its_size_and_sign() -> None:
    guard = ClockGuard()
    assert guard.observe(1_000_000, 0) == 0
    assert guard.observe(2_000_000, 1_000_000) == 0
    assert guard.observe(3_603_000_000, 2_000_000) == 3_600_000_000
    assert guard.observe(3_604_000_000, 3_000_000) == 0
    assert guard.observe(4_000_000, 4_000_000) == -3_601_000_000
    assert (guard.steps, guard.last_step_us) == (2, -3_601_000_000)
    assert guard.stepped_within(1_000_000, 4_900_000)
    assert not guard.stepped_within(1_000_000, 5_100_000)


@given(st.lists(st.floats(-500e-6, 500e-6), max_size=50))
def test_slewing_is_no_step(rates: list[float]) -> None:
    guard = ClockGuard()
    wall = steady = 0.0
    for rate in rates:
        steady += 60e6  # looked at once a minute only
        wall += 60e6 * (1 + rate)
        assert guard.observe(int(wall), int(steady)) == 0
