"""Late stamps make stretches to rerun: all covered, few, and bounded whatever comes."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.detections import spans
from watchline.detections.spans import GAP_US, MAX_OLD, MAX_OLD_US, RECENT_US, clusters, widen

NOW_US = 1_800_000_000_000_000
MINUTE = 60_000_000
YEAR = 365 * 86_400_000_000

stamp = st.one_of(
    st.integers(NOW_US - 3 * GAP_US, NOW_US),
    st.integers(NOW_US - RECENT_US - 3 * GAP_US, NOW_US - RECENT_US + 3 * GAP_US),
    st.integers(NOW_US - 50 * YEAR, NOW_US),
)


def taken_in(waiting: list[spans.Span], at_us: np.ndarray) -> tuple[list[spans.Span], np.ndarray]:
    """What waits after the store has replaced what lies within the changed stretches."""
    changed, refused = widen(waiting, at_us, NOW_US)
    kept = [s for s in waiting if not any(c[0] <= s[0] and s[1] <= c[1] for c in changed)]
    return kept + changed, refused


@settings(max_examples=300)
@given(st.lists(st.lists(stamp, min_size=1, max_size=30), min_size=1, max_size=8))
def test_every_late_stamp_is_covered_or_refused(arrivals: list[list[int]]) -> None:
    waiting: list[spans.Span] = []
    for stamps in arrivals:
        at_us = np.array(stamps, np.int64)
        before = waiting
        waiting, refused = taken_in(waiting, at_us)
        for at, no in zip(stamps, refused, strict=True):
            assert no or any(low <= at <= high for low, high in waiting)
        for low, high in before:
            assert any(a <= low and high <= b for a, b in waiting)
        ordered = sorted(s for s in waiting if s[0] >= NOW_US - RECENT_US)
        for (_, high), (low, _) in itertools.pairwise(ordered):
            assert low - high > GAP_US, "recent stretches that are near are one"


def test_an_outage_of_three_days_with_a_hole_is_two_stretches() -> None:
    minutes = np.arange(3 * 24 * 60)
    at_us = NOW_US - (minutes[(minutes < 1000) | (minutes > 1100)] * MINUTE)
    waiting: list[spans.Span] = []
    for envelope in np.array_split(np.random.default_rng(1).permutation(at_us), 30):
        waiting, refused = taken_in(waiting, envelope)
        assert not refused.any()
    assert len(waiting) == 2


def test_stamps_over_fifty_years_are_bounded() -> None:
    rng = np.random.default_rng(2)
    waiting: list[spans.Span] = []
    refused_rows = 0
    for _ in range(40):
        waiting, refused = taken_in(waiting, rng.integers(0, NOW_US, 1000))
        refused_rows += int(refused.sum())
    assert refused_rows > 30_000
    # An honest edge's outage still finds its place.
    waiting, refused = taken_in(waiting, NOW_US - np.arange(0, 3 * 3600) * 1_000_000)
    assert not refused.any()
    assert len(waiting) <= MAX_OLD + RECENT_US // GAP_US


def test_a_chain_of_old_stamps_is_cut_into_days() -> None:
    waiting: list[spans.Span] = []
    for year in np.array_split(np.arange(0, NOW_US // 2, 9 * MINUTE)[:200_000], 200):
        waiting, _ = taken_in(waiting, year)
    assert len(waiting) <= MAX_OLD
    assert all(high - low <= MAX_OLD_US for low, high in waiting)


def test_a_recording_of_an_hour_is_one_stretch() -> None:
    at_us = NOW_US - 5 * YEAR + np.arange(3600) * 1_000_000
    assert clusters(at_us) == [(int(at_us[0]), int(at_us[-1]))]
    assert widen([], at_us, NOW_US)[0] == clusters(at_us)
