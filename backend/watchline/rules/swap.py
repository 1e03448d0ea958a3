"""Carry the state over to an edited set of geofences: nothing judged twice, nothing left out."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.index import GeofenceIndex
from watchline.rules.lines import judge_anew
from watchline.rules.state import Key, RuleState

Floats = NDArray[np.float64]


def swap(
    state: RuleState,
    areas: tuple[Key, ...],
    lines: tuple[Key, ...],
    index: GeofenceIndex,
    z_in: Floats,
) -> RuleState:
    """The state as it stands to other geofences.

    Those of the same version keep their rows, those that are gone lose them. A track inside
    an edited area is still held to be inside: if its next plot is, it does not enter again; if
    not, the area left the track and no exit is raised. What a track has done beside an edited
    line is judged anew by the new version, from its last confident state on.
    """
    if state.areas == areas and state.lines == lines:
        return replace(state, areas=areas, lines=lines)
    members, edited = _moved(state.members, "area", state.areas, areas)
    members["edited"] |= edited
    beside, edited = _moved(state.beside, "line", state.lines, lines)
    if edited.any():
        judge_anew(beside, edited, state.tracks, index.line_grid, z_in)
    return replace(state, areas=areas, lines=lines, members=members, beside=beside)


def _moved(
    rows: NDArray[Any], column: str, old: tuple[Key, ...], new: tuple[Key, ...]
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
