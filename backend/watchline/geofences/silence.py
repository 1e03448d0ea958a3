"""Where plots raise nothing: inside exclusions, and beyond the limits of detection."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.force import Force
from watchline.geofences.index import GeofenceIndex, compile_sound
from watchline.geofences.model import Geofence, GeofenceKind, Purpose
from watchline.geofences.predicates import Floats

#: Of these an engine must know, though they carry no rules.
SILENCING = frozenset({Purpose.EXCLUSION, Purpose.DETECTION_LIMIT})


class Silence:
    """The exclusions and detection limits of a sector, compiled.

    A plot counts by its most likely place: an exclusion is drawn around what it shall hide.
    """

    def __init__(self, geofences: Sequence[Geofence]) -> None:
        """Takes those of `geofences` that matter; they have no `check.defects`."""
        chosen = [
            geofence
            for geofence in geofences
            if geofence.kind is GeofenceKind.AREA and geofence.purpose in SILENCING
        ]
        self._empty = not chosen
        self._index: GeofenceIndex = compile_sound(chosen)
        self._force = Force(self._index.areas)
        self._excludes = np.array([a.purpose is Purpose.EXCLUSION for a in chosen], np.bool_)
        self._limits = np.flatnonzero(~self._excludes).astype(np.int32)

    def heard(self, x_m: Floats, y_m: Floats, at_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which plots may raise findings, each at its own time; NaN is in no area."""
        heard = np.ones(len(x_m), np.bool_)
        if self._empty:
            return heard
        for limit in self._limits:  # where none is in force, nothing is beyond it
            heard &= ~self._force.holds(np.full(len(at_us), limit, np.int32), at_us)
        start, area = self._index.inside(x_m, y_m)
        row = np.repeat(np.arange(len(x_m)), np.diff(start))
        holds = self._force.holds(area, at_us[row])
        excludes = self._excludes[area]
        heard[row[holds & ~excludes]] = True
        heard[row[holds & excludes]] = False
        return heard
