import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline_sensors.ranges import RangeSet

_STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(-1, 9)), max_size=40)


@settings(deadline=None, max_examples=300)
@given(_STEPS, st.integers(0, 45), st.integers(0, 55))
def test_it_is_a_set_of_integers(steps: list[tuple[bool, int, int]], low: int, high: int) -> None:
    ranges, model = RangeSet(), set()
    for adds, start, length in steps:
        if adds:
            ranges.add(start, start + length)
            model |= set(range(start, start + length))
        else:
            ranges.remove(start, start + length)
            model -= set(range(start, start + length))
    listed = ranges.ranges()
    assert {seq for a, b in listed for seq in range(a, b)} == model
    assert all(a < b for a, b in listed)
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(listed)), "they touch"
    assert len(ranges) == len(model)
    assert bool(ranges) == bool(model)
    assert (low in ranges) == (low in model)
    assert ranges.covers(low, high) == (set(range(low, high)) <= model)
    holes = ranges.holes(low, high)
    assert {seq for a, b in holes for seq in range(a, b)} == set(range(low, high)) - model
    assert ranges.first() == min(model, default=None)
    assert ranges.end() == (max(model) + 1 if model else None)


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_unions_and_differences(left: set[int], right: set[int]) -> None:
    both = RangeSet.of(sorted(left))
    both.update(RangeSet.of(sorted(right)))
    assert both == RangeSet.of(sorted(left | right))
    rest = RangeSet.of(sorted(left))
    copy = rest.copy()
    rest.difference_update(RangeSet.of(sorted(right)))
    assert rest == RangeSet.of(sorted(left - right))
    assert copy == RangeSet.of(sorted(left)), "a copy is independent"
