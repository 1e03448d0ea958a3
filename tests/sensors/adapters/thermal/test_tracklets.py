import copy

import numpy as np
import pytest

from watchline_sensors.adapters.thermal.detect import CLASSES
from watchline_sensors.adapters.thermal.moving import MOVING
from watchline_sensors.adapters.thermal.tracklets import MOST, Tracklet, Tracklets
from watchline_sensors.contract import ObjectClass

PERSON, ANIMAL = CLASSES.index("person"), CLASSES.index("animal")
STEP_US = 200_000


def row(x: float, y: float, *, size: float = 6.0, score: float = 0.7, kind: int = PERSON) -> list:
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2, score, kind]


def played(frames: list[list[list]]) -> tuple[Tracklets, list[list[Tracklet]]]:
    tracklets = Tracklets()
    told = [
        copy.deepcopy(tracklets.take(np.array(rows, np.float32).reshape(-1, 6), k * STEP_US))
        for k, rows in enumerate(frames)
    ]
    return tracklets, told


def test_a_walker_is_one_tracklet_told_each_second() -> None:
    tracklets, told = played([[row(100 + 2 * k, 200)] for k in range(31)])
    assert [one.no for one in tracklets.live] == [1]
    times = [k for k, some in enumerate(told) if some]
    assert times == [3, 8, 13, 18, 23, 28]
    last = told[28][0]
    assert last.middle == pytest.approx([156, 200], abs=1.5)
    assert last.speed == pytest.approx([10, 0], abs=1.0)
    assert last.foot == pytest.approx((156, 203), abs=1.5)


def test_a_flicker_is_never_told() -> None:
    _, told = played([[row(100, 200)] if k in (0, 1, 2) else [] for k in range(30)])
    assert not any(told)


def test_two_that_cross_keep_their_numbers() -> None:
    frames = [[row(100 + 3 * k, 200), row(160 - 3 * k, 204)] for k in range(21)]
    tracklets, _ = played(frames)
    assert sorted(one.no for one in tracklets.live) == [1, 2]
    first = next(one for one in tracklets.live if one.no == 1)
    assert first.middle[0] == pytest.approx(160, abs=3)


def test_unsure_finds_continue_but_never_begin() -> None:
    begun, _ = played([[row(100, 200)]] + [[row(100, 200, score=0.2)]] * 10)
    assert begun.live[0].hits == 11
    assert not played([[row(100, 200, score=0.2)]] * 10)[0].live


def test_a_gap_is_bridged_and_a_long_one_is_not() -> None:
    walk = [[row(100 + 2 * k, 200)] for k in range(40)]
    short = [rows if not 10 <= k < 16 else [] for k, rows in enumerate(walk)]
    assert [one.no for one in played(short)[0].live] == [1]
    long = [rows if not 10 <= k < 26 else [] for k, rows in enumerate(walk)]
    assert [one.no for one in played(long)[0].live] == [2]


def test_the_class_is_evidence_over_time() -> None:
    _, told = played(
        [[row(100 + k, 200, kind=ANIMAL if k % 5 == 0 else PERSON)] for k in range(60)]
    )
    early, late = (some[0].classes() for some in (told[3], told[58]))
    assert early[ObjectClass.UNKNOWN] > 0.3
    assert late[ObjectClass.PERSON] > 0.7 > 0.25 > late[ObjectClass.ANIMAL] > 0.1
    assert sum(late.values()) == pytest.approx(1.0)


def test_a_mixed_opinion_is_none() -> None:
    """A group far away is a person, an animal and nothing in turn: that says nothing of it."""
    walk = range(60)
    for kinds, certain in (
        ((PERSON,), ObjectClass.PERSON),
        ((PERSON, ANIMAL), None),
        ((ANIMAL, MOVING, PERSON), None),
        ((MOVING,), ObjectClass.UNKNOWN),
    ):
        rows = [[row(100 + k, 200, kind=kinds[k % len(kinds)])] for k in walk]
        last = next(some[0] for some in reversed(played(rows)[1]) if some)
        opinion = last.opinion()
        if certain is None:
            assert opinion is None
        else:
            assert opinion == last.classes() and opinion[certain] > 0.7


def test_what_only_moves_must_have_gone_somewhere() -> None:
    sway = [[row(100 + (k % 3), 200, kind=MOVING, score=0.5)] for k in range(60)]
    assert not any(played(sway)[1])
    gone = [[row(100 + k, 200, kind=MOVING, score=0.5)] for k in range(60)]
    told = [some for some in played(gone)[1] if some]
    assert told and told[-1][0].classes()[ObjectClass.UNKNOWN] == pytest.approx(1.0)


def test_a_frame_full_of_noise_is_bounded() -> None:
    rng = np.random.default_rng(0)
    frames = [
        [row(*rng.uniform(0, 640, 2), score=float(rng.uniform(0.1, 0.9))) for _ in range(250)]
        for _ in range(8)
    ]
    assert len(played(frames)[0].live) <= MOST


def test_a_clock_that_steps_back_ties_no_strangers_together() -> None:
    tracklets = Tracklets()
    tracklets.take(np.array([row(100, 200)], np.float32), 10_000_000)
    tracklets.take(np.array([row(400, 300)], np.float32), 8_000_000)
    assert len(tracklets.live) == 2
