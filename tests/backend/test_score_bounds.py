import numpy as np
import pytest

from watchline.score import Score, clopper_pearson, score


@pytest.mark.parametrize(
    ("found", "expected", "low", "high"),
    [
        (0, 10, 0.0, 0.2589),  # 1 - 0.05 ** (1 / 10)
        (10, 10, 0.7411, 1.0),  # 0.05 ** (1 / 10)
        (49, 50, 0.909, 0.9990),  # the pairs that intrusion detection asks for: at least 0.9
        (98, 100, 0.9384, 0.9964),
        (50, 50, 0.9418, 1.0),
        (59, 59, 0.950, 1.0),
        (92, 93, 0.950, 0.9994),
        (298, 300, 0.979, 0.9988),
        (1, 2, 0.0253, 0.9747),  # 1 - 0.95 ** 0.5 and 0.95 ** 0.5
    ],
)
def test_bounds_of_a_share(found: int, expected: int, low: float, high: float) -> None:
    assert clopper_pearson(found, expected) == pytest.approx((low, high), abs=6e-4)


def test_the_bounds_are_where_a_share_as_seen_is_as_rare_as_they_say() -> None:
    """By the binomial itself: at the lower bound, 47 or more of 50 come in 5 % of all cases."""
    low, high = clopper_pearson(47, 50)
    draws = np.random.default_rng(1).binomial(50, [[low], [high]], (2, 200_000))
    assert np.mean(draws[0] >= 47) == pytest.approx(0.05, abs=0.003)
    assert np.mean(draws[1] <= 47) == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize(("found", "expected"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_is_refused(found: int, expected: int) -> None:
    with pytest.raises(ValueError, match="found"):
        clopper_pearson(found, expected)


def test_a_score_of_nothing_has_no_bounds() -> None:
    sector = {"sector": {"origin": [24.0, 50.6]}, "geofences": [], "rules": []}
    done: Score = score(sector, [], [])
    assert (done.pd_bounds, done.delay_s(99.0), done.life_at_risk_missed) == (None, None, 0)
