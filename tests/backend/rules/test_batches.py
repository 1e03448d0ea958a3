"""The same findings however the updates are cut into batches, kept, and read again."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from judging import SECOND, area, compiled, cut, judge, line, star, updates
from watchline.geofences.model import Geofence
from watchline.rules import engine
from watchline.rules.state import RuleState
from watchline.tracks.model import TrackStatus, TrackUpdates


def some_geofences(rng: np.random.Generator) -> list[Geofence]:
    made = [area(*star(rng, hole=k % 2 == 0), id=f"a{k}") for k in range(rng.integers(1, 6))]
    for k in range(rng.integers(1, 5)):
        steps = np.cumsum(rng.normal(0, 80, (rng.integers(2, 7), 2)), axis=0)
        made.append(line(steps + rng.uniform(-150, 150, 2), id=f"l{k}"))
    return made


def some_walks(rng: np.random.Generator, seconds: int) -> TrackUpdates:
    """Up to eight tracks at their own pace; some coast for a time, some end."""
    rows = []
    for track in range(1, rng.integers(2, 9)):
        speed = 10.0 ** rng.uniform(0, 2)
        steps = np.cumsum(rng.normal(0, speed, (seconds, 2)), axis=0) + rng.normal(0, 150, 2)
        end = rng.integers(seconds // 2, 2 * seconds)
        sigma = 10.0 ** rng.uniform(-1, 1.7)
        for t in range(rng.integers(0, seconds), min(seconds, end + 1)):
            status = TrackStatus.ENDED if t == end else TrackStatus.CONFIRMED
            rows.append((t * SECOND, track, *steps[t], sigma, rng.random() > 0.2, status))
    rows.sort(key=lambda row: row[:2])
    at, track, x, y, sigma, plot, status = zip(*rows, strict=True) if rows else [()] * 7
    return updates(track, at, x, y, sigma=sigma, plot=plot, status=status)


def known(state: RuleState) -> list[tuple]:
    """What the state holds of each track, in an order that does not depend on its history."""
    rows = []
    for k, track in enumerate(state.tracks):
        inside = [
            (state.areas[row["area"]], *row.tolist()[2:])
            for row in state.members[state.members["track"] == k]
        ]
        beside = [
            (state.lines[row["line"]], *row.tolist()[2:])
            for row in state.beside[state.beside["track"] == k]
        ]
        rows.append((track.tolist(), inside, beside))
    return sorted(rows)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.floats(0, 1), max_size=12))
def test_batches_do_not_matter(seed: int, cuts: list[float]) -> None:
    rng = np.random.default_rng(seed)
    rules = compiled(*some_geofences(rng))
    walks = some_walks(rng, 40)
    whole, expected = judge(rules, walks)
    state, found = RuleState.empty(), []
    places = sorted({0, len(walks), *(int(share * len(walks)) for share in cuts)})
    for low, high in pairwise(places):
        before = state.pack()
        after, more = engine.step(state, cut(walks, low, high), high, rules)
        assert state.pack() == before
        found += more
        state = RuleState.unpack(after.pack()) if rng.random() < 0.5 else after
    assert found == expected
    assert known(state) == known(whole)


def test_findings_stand_in_the_order_of_the_updates() -> None:
    """Twenty tracks walk in step over a line into an area."""
    tracks, seconds = 20, 6
    track = np.tile(np.arange(1, tracks + 1), seconds)
    at = np.repeat(np.arange(seconds), tracks)
    walk = updates(track, at * SECOND, 30.0 * at - 5.0 * track, track)
    rules = compiled(line([(60, -50), (60, 50)]), area([(0, -9), (99, -9), (99, 99), (0, -9)]))
    _, found = judge(rules, walk)
    told_at = [f.evidence["after"]["at_us"] if f.kind == "cross" else f.at_us for f in found]
    assert len(found) > tracks
    assert told_at == sorted(told_at)


def test_nothing_to_judge() -> None:
    rules = compiled()
    state, found = judge(rules, updates([], [], [], []))
    assert found == []
    state, found = judge(rules, updates([1, 2], 0, 5, 5), state=state)
    assert found == []
    assert len(state.tracks) == 2
