"""Carry the state over to an edited set of geofences: nothing judged twice, nothing left out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.rules.compiling import CompiledRules
from watchline.rules.lines import judge_anew
from watchline.rules.state import Key, RuleState


def swap(state: RuleState, compiled: CompiledRules) -> RuleState:
    """The state as it stands to other geofences and rules.

    Those of the same version keep their rows, those that are gone lose them. A track inside
    an edited area is still held to be inside: if its next plot is, it does not enter again; if
    not, the area left the track and no exit is raised. What a track has done beside an edited
    line is judged anew by the new version, from its last confident state on. An edited rule
    goes on from what the old version has kept: it tells nothing again and forgets nothing.
    """
    areas, lines, rules = compiled.areas, compiled.lines, compiled.watch_ids
    if state.areas != areas or state.lines != lines:
        members, edited = _moved(state.members, "area", state.areas, areas)
        members["edited"] |= edited
        beside, edited = _moved(state.beside, "line", state.lines, lines)
        if edited.any():
            judge_anew(beside, edited, state.tracks, compiled.index.line_grid, compiled.z_in)
        state = replace(state, members=members, beside=beside)
    if state.watches != rules:
        watch, _ = _moved(
            state.watch, "rule", [(id, 0) for id in state.watches], [(id, 0) for id in rules]
        )
        state = replace(state, watch=watch[np.lexsort((watch["rule"], watch["track"]))])
    by_id = compiled.by_id
    if not state.marks.keys() <= by_id.keys():
        state = replace(state, marks={id: m for id, m in state.marks.items() if id in by_id})
    return replace(state, areas=areas, lines=lines, watches=rules)


def _moved(
    rows: NDArray[Any], column: str, old: Sequence[Key], new: Sequence[Key]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(rows of geofences that are still there, whether theirs has another version)."""
    place = {id: (k, version) for k, (id, version) in enumerate(new)}
    to = np.array([place.get(id, (-1, 0))[0] for id, _ in old], np.int64)
    changed = np.array([place.get(id, (-1, 0))[1] != version for id, version in old], bool)
    moved = to[rows[column]] if len(rows) else np.zeros(0, np.int64)
    edited = changed[rows[column]] if len(rows) else np.zeros(0, bool)
    kept = rows[moved >= 0].copy()
    kept[column] = moved[moved >= 0]
    return kept, edited[moved >= 0]
