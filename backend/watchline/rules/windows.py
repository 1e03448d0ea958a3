"""When each watch may be told: a rule's hours and the cold, second by second; pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from watchline.rules.compiling import CompiledRule, CompiledRules
from watchline.rules.memory import air_at
from watchline.rules.model import AirReading
from watchline.rules.state import RuleState
from watchline.rules.watch import Windows

_SECOND = 1_000_000
_EVER = 1 << 62
#: No track is looked at again after so long.
_MOST_S = 600


def windows_of(
    state: RuleState,
    at_us: NDArray[np.int64],
    tick_us: int | None,
    air: Sequence[AirReading],
    compiled: CompiledRules,
) -> Windows:
    """The windows of all watches from the last look at any of them up to now.

    What changes within a second counts from the next on, so that the same seconds are open
    whatever is looked at together.
    """
    if not compiled.changing:
        return _columns(compiled.armed.astype(np.int64), np.zeros((0, 2), np.int64), ())
    times = [int(at_us.min()), int(at_us.max())] if len(at_us) else []
    times += [] if tick_us is None else [tick_us]
    if len(state.watch):
        times.append(int(state.tracks["at_us"][state.watch["track"]].min()))
    low, high = (min(times) // _SECOND, max(times) // _SECOND) if times else (0, 0)
    low = max(low, high - _MOST_S)
    airs = tuple((second, air_at(air, second * _SECOND)) for second in range(low, high + 1))
    made = compiled.windows.get(airs)
    if made is None:
        made = _made(airs, compiled)
        compiled.windows.clear()
        compiled.windows[airs] = made
    return made


def _made(airs: Sequence[tuple[int, float | None]], compiled: CompiledRules) -> Windows:
    counts = compiled.armed.astype(np.int64)
    found: list[tuple[int, int]] = []
    for r in compiled.changing:
        before = len(found)
        found += _windows(compiled.made[r], airs, compiled)
        counts[r] = len(found) - before
    return _columns(counts, np.array(found, np.int64).reshape(-1, 2), compiled.changing)


def _columns(
    counts: NDArray[np.int64], spans: NDArray[np.int64], changing: Sequence[int]
) -> Windows:
    """The windows of all rules: `spans` are those of the changing ones, others are always open."""
    start = np.concatenate([[0], np.cumsum(counts)])
    whole = np.empty((start[-1], 2), np.int64)
    whole[:] = (-_EVER, _EVER)
    if len(spans):
        some = np.array(changing)
        rows = np.repeat(start[some] - np.cumsum(counts[some]) + counts[some], counts[some])
        whole[rows + np.arange(len(spans))] = spans
    return Windows(
        start=start,
        from_us=np.ascontiguousarray(whole[:, 0]),
        to_us=np.ascontiguousarray(whole[:, 1]),
    )


def _windows(
    made: CompiledRule, airs: Sequence[tuple[int, float | None]], compiled: CompiledRules
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for second, air_c in airs:
        if not compiled.may_hold(made, second, air_c):
            continue
        at_us = second * _SECOND
        if found and found[-1][1] == at_us:
            found[-1] = (found[-1][0], at_us + _SECOND)
        else:
            found.append((at_us, at_us + _SECOND))
    return found
