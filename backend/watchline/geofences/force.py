"""Which of many geofences are in force at many instants: `model.in_force`, for whole columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.model import Geofence
from watchline.geofences.schedule import (
    GREENWICH,
    MINUTE_US,
    as_us,
    light_at_minute,
    minute_of_week,
    span,
)
from watchline.geofences.sun import Light

_LIGHTS = list(Light)
_EVER_US = 2**62


class Force:
    """The schedules and pauses of geofences, by their index; `local` is that of all of them."""

    def __init__(self, geofences: Sequence[Geofence]) -> None:
        self._local = geofences[0].local if geofences else GREENWICH
        n = len(geofences)
        self._from_us = np.full(n, -_EVER_US)
        self._until_us = np.full(n, _EVER_US)
        self._light = np.ones((len(_LIGHTS), n), np.bool_)
        windows: list[tuple[int, int, int]] = []
        pauses: list[tuple[int, int, int]] = []
        for k, geofence in enumerate(geofences):
            pauses += [(k, pause.from_us, pause.until_us) for pause in geofence.pauses]
            schedule = geofence.schedule
            if schedule is None:
                continue
            if schedule.valid_from is not None:
                self._from_us[k] = as_us(schedule.valid_from)
            if schedule.valid_until is not None:
                self._until_us[k] = as_us(schedule.valid_until)
            self._light[:, k] = [light in schedule.light for light in _LIGHTS]
            windows += [(k, *span(window)) for window in schedule.weekly]
        self._windows = np.array(windows, np.int64).reshape(-1, 3)
        self._all_week = np.ones(n, np.bool_)
        self._all_week[self._windows[:, 0]] = False
        self._pauses = pauses
        self._by_light = not self._light.all()
        self._always = not (
            windows
            or pauses
            or self._by_light
            or (self._from_us > -_EVER_US).any()
            or (self._until_us < _EVER_US).any()
        )
        self._known: dict[int, NDArray[np.bool_]] = {}

    def holds(self, which: NDArray[np.int32], at_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether geofence `which[i]` is in force at `at_us[i]`."""
        held = np.ones(len(which), np.bool_)
        if self._always or not len(which):
            return held
        minutes = at_us // MINUTE_US
        for minute in np.unique(minutes):
            rows = minutes == minute
            held[rows] = self._at_minute(int(minute))[which[rows]]
        held &= (self._from_us[which] <= at_us) & (at_us < self._until_us[which])
        for k, from_us, until_us in self._pauses:
            held &= (which != k) | (at_us < from_us) | (at_us >= until_us)
        return held

    def _at_minute(self, minute: int) -> NDArray[np.bool_]:
        held = self._known.get(minute)
        if held is None:
            held = self._all_week.copy()
            if len(self._windows):
                now = minute_of_week(minute, self._local)
                k, start, end = self._windows.T
                now_too = now + 7 * 1440
                open_ = ((start <= now) & (now < end)) | ((start <= now_too) & (now_too < end))
                held[k[open_]] = True
            if self._by_light:
                held &= self._light[_LIGHTS.index(light_at_minute(minute, self._local))]
            if len(self._known) >= 64:
                self._known.clear()
            self._known[minute] = held
        return held
