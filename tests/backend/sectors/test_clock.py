"""The sector's time while clocks around it are wrong."""

from hypothesis import given
from hypothesis import strategies as st

from watchline.sectors.clock import STEP_US, SectorClock

SECOND = 1_000_000
HOUR = 3600 * SECOND


class World:
    """True time, and a database whose clock is `off_us` from it."""

    def __init__(self) -> None:
        self.true_us = 1_790_000_000 * SECOND
        self.off_us = 0
        self.clock = SectorClock(lambda: self.true_us - 5)
        self.clock.set(self.true_us)

    def second(self, *edges_off_us: int) -> tuple[int, bool]:
        """One comparison; each edge's envelope took 40 ms."""
        self.true_us += SECOND
        now_us = self.clock.now_us()
        skews = [now_us - (self.true_us - 40_000 + off_us) for off_us in edges_off_us]
        return self.clock.observe(now_us - 3_000, self.true_us + self.off_us, skews)

    @property
    def error_us(self) -> int:
        return self.clock.now_us() - self.true_us


@given(st.lists(st.sampled_from([HOUR, -2 * HOUR, -50 * 365 * 24 * HOUR, 5 * SECOND, 0])))
def test_no_step_of_the_database_leads_it_astray_while_edges_are_heard(steps: list[int]) -> None:
    world = World()
    for off_us in steps:
        world.off_us = off_us
        step_us, followed = world.second(0, 200_000, HOUR)
        assert not followed and abs(step_us - off_us) < 10_000
        assert abs(world.error_us) < 10_000


def test_a_box_that_started_wrong_is_put_right() -> None:
    world = World()
    world.clock.set(300 * SECOND)  # 1970
    step_us, followed = world.second(0, 0)
    assert followed and step_us > HOUR
    assert abs(world.error_us) < 10_000


def test_without_edges_the_database_is_believed() -> None:
    world = World()
    world.off_us = HOUR
    assert world.second() == (HOUR - 0, True)
    assert world.error_us == HOUR


@given(st.lists(st.integers(-STEP_US // 4, STEP_US // 4), min_size=1))
def test_small_differences_are_followed_at_once(offs: list[int]) -> None:
    world = World()
    for off_us in offs:
        world.off_us = off_us
        assert world.second(0) == (0, False)
        assert abs(world.error_us - off_us) <= 3_000
